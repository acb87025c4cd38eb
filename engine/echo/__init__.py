"""Echo-TTS: a diffusion transformer draws speech latents, the checkpoint's codec makes PCM of them.

Read in this order: `config`, `dit`, `sampling`, `denoise` (the model and its mathematics), `codec`
(latents to PCM and back), `scheduler`, `runner`, `engine` (many jobs on one device).

Shape letters: N packed tokens, T frames, P patches of 4 frames, L bytes of text, H heads, D head
width, C model width. A *lane* is one pass of one job through the transformer.
"""
