"""Echo-TTS: a diffusion transformer draws speech latents, and the checkpoint's codec decodes them.

Reading order, one job's way through: `config`, `sampling` (the mathematics of a step), `length`,
`denoise` (one step of many jobs), `job`, `scheduler`, `runner` (work on the device), `engine` (jobs
from asyncio). Below them are `model` (the networks), `codecs` and `checkpoints`.

Shape letters: N packed positions (all lanes' frames), T frames, P patches of 4 frames, L bytes of
text, H heads, D head width, C model width. A *lane* is one pass of one job through the transformer.
"""
