"""The echo engine and its reference, part by part."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch

from bench.echo_reference import Reference
from bench.side_by_side import Bench
from engine.echo.checkpoints.load import Models
from engine.echo.config import DiTConfig
from engine.echo.denoise import Trajectory, denoise, new_trajectory
from engine.echo.forward.plain import PlainForward
from engine.echo.model.tokenizer import tokenize
from engine.echo.sampling import Progress, make_plan
from speech.pcm import SAMPLE_RATE_HZ
from tests.engine.echo import reference


@torch.inference_mode()
def stages(bench: Bench, models: Models, theirs: Reference, text: str, peak_flops: float) -> None:
    """The parts of a request."""
    dit, codec, device = models.dit, models.codec, bench.device
    tokens = torch.tensor(tokenize(text), device=device)
    their_tokens, mask = (y.to(device) for y in reference.tokens_and_mask(text))
    ours, their_cost = bench.time(
        lambda: dit.text_context(tokens), lambda: theirs.dit.get_kv_cache_text(their_tokens, mask)
    )
    bench.report("  text", ours, their_cost, "reference: padded to 768")

    audio = torch.from_numpy(bench.voice).to(device)

    def our_voice() -> torch.Tensor:
        return dit.speaker_context(dit.speaker_state(codec.encode(audio)))

    def their_voice() -> tuple[Any, Any, Any]:
        latents, mask = reference.inference.get_speaker_latent_and_mask(
            theirs.codec, theirs.pca, audio[None]
        )
        return theirs.dit.get_kv_cache_speaker(latents.to(dit.dtype)), mask, latents

    ours, their_cost = bench.time(our_voice, their_voice)
    bench.report("  voice", ours, their_cost, f"{len(audio) / SAMPLE_RATE_HZ:.0f} s of audio")
    state = dit.speaker_state(codec.encode(audio)).cpu()
    [held] = bench.time(lambda: dit.speaker_context(state.to(device)))
    saved = 1 - held.seconds / ours.seconds
    bench.report("  voice held on the host", held, None, f"{saved:.1%} saved; on the device all")

    text_context, speaker = dit.text_context(tokens), our_voice()
    their_text = theirs.dit.get_kv_cache_text(their_tokens, mask)
    their_speaker, speaker_mask, _ = their_voice()
    num_frames = int(bench.parameters.sequence_length)
    forward = PlainForward(dit)
    for name, window, num_lanes in (("guided step", 0.0, 3), ("plain step", 1.0, 1)):
        plan = make_plan(replace(bench.parameters, num_steps=2, cfg_min_t=window), (num_frames,))
        trajectory = new_trajectory(dit, Progress(plan, True), text_context, speaker, 0)

        def our_step(trajectory: Trajectory = trajectory) -> None:
            denoise(forward, [trajectory])
            trajectory.progress.step = 0

        def repeated(cache: Any, n: int = num_lanes) -> Any:
            return [(k.repeat(n, 1, 1, 1), v.repeat(n, 1, 1, 1)) for k, v in cache]

        inputs = {
            "x": torch.randn((num_lanes, num_frames, 80), device=device).to(dit.dtype),
            "t": torch.full((num_lanes,), 0.9, device=device).to(dit.dtype),
            "text_mask": mask.repeat(num_lanes, 1),
            "speaker_mask": speaker_mask.repeat(num_lanes, 1),
            "kv_cache_text": repeated(their_text),
            "kv_cache_speaker": repeated(their_speaker),
        }
        ours, their_cost = bench.time(our_step, partial(theirs.dit, **inputs))
        flops = step_flops(bench.config.dit, num_frames, len(tokens), speaker.shape[2], num_lanes)
        bench.report(
            f"  {name}", ours, their_cost, f"{flops / ours.seconds / peak_flops:.0%} of peak"
        )

    z = torch.randn((num_frames, 80), device=device)
    pca = (theirs.codec, theirs.pca)
    ours, their_cost = bench.time(
        lambda: codec.decode(z), lambda: reference.inference.ae_decode(*pca, z[None])
    )
    bench.report("  decode", ours, their_cost, "before cropping")
    [ours] = bench.time(lambda: codec.decode_next(z[:32], codec.new_stream()))
    bench.report("  decode, first 32 frames", ours, None)


def step_flops(
    config: DiTConfig, num_frames: int, num_text: int, num_patches: int, num_lanes: int
) -> float:
    """Return the floating point operations of one step, its matrix products only."""
    per_token = config.num_layers * (5 * config.dim**2 + 3 * config.dim * config.mlp_dim)
    per_token += 2 * config.latent_dim * config.dim
    context = [num_text + num_patches, num_patches, num_text][:num_lanes]
    keys = sum(num_frames + extra for extra in context)
    attention = 4 * num_frames * keys * config.dim * config.num_layers
    return 2.0 * per_token * num_frames * num_lanes + attention


def measure_peak(bench: Bench, dtype: torch.dtype) -> float:
    """Return the device's matrix product rate, in operations per second."""
    size = 8192 if bench.device.type == "cuda" else 1024
    a, b = (torch.randn((size, size), device=bench.device, dtype=dtype) for _ in range(2))
    [cost] = bench.time(lambda: [a @ b for _ in range(4)])
    return 4 * 2 * size**3 / cost.seconds
