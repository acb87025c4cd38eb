"""Echo-TTS: a diffusion transformer draws speech latents, and the checkpoint's codec decodes them.

Reading order, one job's way through:

- `config`, `options`, `sizes`: a checkpoint, an operator's choices, the smaller models.
- `sampling`, `length`: the mathematics of a step, and how many frames to draw. No networks.
- `denoise`: one step of many jobs in one pass of the transformer; `forward` runs the pass.
- `job`, `scheduler`: a job with its progress, and which jobs take the next step. No tensors.
- `speakers`, `isolation`, `runner`: the work on the device, tick by tick.
- `engine`: jobs from asyncio, on a thread that owns the device; `device` makes the `auto` choices.

Below them are `model` (the networks; `model.ops` is where kernels replace functions), `codecs` and
`checkpoints`. Beside them, `text_attention`, `alignment` and `word_timer` tell when a word is said,
and `fast_path`, `proof` and `graphs` decide on fused kernels and CUDA graphs.

Shape letters: N packed positions (all lanes' frames), T frames, P patches of 4 frames, L bytes of
text, H heads, D head width, C model width. A *lane* is one pass of one job through the transformer.
"""
