"""Echo-TTS: a diffusion transformer draws speech latents, and the checkpoint's codec decodes them.

Reading order, one job's way through:

- `config`, `options`, `sizes`: a checkpoint, an operator's choices, the smaller models.
- `sampling`, `length`: the mathematics of a step, and how many frames to draw. No networks.
- `denoise`: one step of many jobs in one pass of the transformer; `forward` runs the pass.
- `job`, `scheduler`: a job with its progress, and which jobs take the next step.
- `speakers`, `isolation`, `runner`: the work on the device, tick by tick.
- `block_ends`: from a block's last step to its audio. `end_search` looks for the end of the speech,
  `speech_end` judges it, and `ending` fades it out.
- `loading`, `resident`: the way into the device's memory, and the thread that owns the device.
- `engine`: jobs from asyncio; `device` makes the `auto` choices.

Below them are `model` (the networks; `model.ops` is where kernels replace functions), `codecs` and
`checkpoints`; `transfer` and `side_queue` spare the host its waits. Beside them, `text_attention`,
`alignment` and `word_timer` tell when a word is said, in heads that `alignment_heads` finds, and
`fast_path`, `proof`, `graphs` and `kernel_cache` see to fused kernels and CUDA graphs.

Shape letters: N packed positions (all lanes' frames), T frames, P patches of 4 frames, L bytes of
text, H heads, D head width, C model width. A *lane* is one pass of one job through the transformer.
"""
