"""The proof that the fused kernels compute what plain PyTorch does, on the device at hand.

A replica asks twice: with random weights in a process of its own, as a kernel may crash or not
even build, and then with the checkpoint's.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

import engine
from engine.echo.checkpoints.folder import read_config
from engine.echo.checkpoints.load import Models
from engine.echo.checkpoints.tiny import random_models
from engine.echo.codecs.dac.codec import S1DAC, strict_float32
from engine.echo.config import EchoConfig
from engine.echo.forward import Forward, JobStep
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.graphs import GraphCapture
from engine.echo.model.attention import Lane
from engine.echo.model.dit import EchoDiT
from engine.echo.model.ops import ops_for
from engine.echo.model.packing import PlacedLane, Size
from engine.echo.sampling import Rescale, Step, euler, guide, make_plan
from speech.parameters import SamplerParameters

logger = logging.getLogger(__name__)

LIMITS = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
"""Relative error of a velocity that rounding explains: batches of another size differ so, too."""
DECODE_LIMIT = 5e-3
"""The same of decoded audio, whose convolutions round to float16 here and may to TF32 there."""
ENCODE_LIMIT = 1e-4
"""The same of what the codec quantises of a voice: sums in another order differ by 1e-6 or so, and
operands rounded to TF32, which would change codes, by more than this."""
TIMEOUT_S = 300.0
"""A first start compiles several dozen kernels; on a busy host that takes a minute."""
NUM_TOKENS = NUM_LONG_FRAMES = 72
"""More than the queries that attend together, as most texts and jobs have."""
NUM_FRAMES = 32
NUM_VOICE_FRAMES = 8
NUM_LAYERS = 2
PLAN = make_plan(SamplerParameters(), (NUM_FRAMES,))
STEP = Step(t=0.8, dt=-0.5, guided=True, scaled=False, rescale=Rescale(ratio=0.9, pull=0.2))


def find_difference(models: Models, forward: Forward) -> str | None:
    """Return where the fast path differs from plain PyTorch by more than rounding, if anywhere.

    Args:
        models: The networks, of which the codec computes in the way to be proved.
        forward: The way of a step to be proved.
    """
    dit, generator = models.dit, torch.Generator().manual_seed(0)
    definition, limit = PlainForward(dit), LIMITS[dit.dtype]
    for name, error in _context_errors(forward, definition, generator):
        if not error <= limit:  # NaN is no proof
            return f"what it reads of {name} differs by {error:.1e}"
    for name, lanes in _passes(dit, generator):
        longest = max(placed.lane.num_frames for placed in lanes)
        x = torch.randn((longest, dit.config.latent_dim), generator=generator).to(dit.device)
        ours, theirs = (_velocities(each, x, lanes) for each in (forward, definition))
        error = _relative_error(torch.cat(ours), torch.cat(theirs))
        if not error <= limit:
            return f"a {name} step differs by {error:.1e}"
        if name == "guided":
            error = _guidance_error(forward, x, lanes, ours)
            if not error <= limit:
                return f"guidance differs by {error:.1e}"
    if isinstance(models.codec, S1DAC):
        error = _decode_error(models.codec, generator)
        if not error <= DECODE_LIMIT:
            return f"decoded audio differs by {error:.1e}"
        error = _encode_error(models.codec, generator)
        if not error <= ENCODE_LIMIT:
            return f"an encoded voice differs by {error:.1e}"
    return None


def _context_errors(
    forward: Forward, definition: Forward, generator: torch.Generator
) -> Iterator[tuple[str, float]]:
    """Yield the relative error of the keys and values of a text, and of earlier latents."""
    dit = forward.dit
    tokens = torch.arange(NUM_TOKENS, device=dit.device)
    yield "a text", _relative_error(forward.text_context(tokens), definition.text_context(tokens))
    if dit.blockwise:
        latents = torch.randn((NUM_FRAMES, dit.config.latent_dim), generator=generator)
        contexts = (each.latent_context(latents.to(dit.device)) for each in (forward, definition))
        yield "earlier latents", _relative_error(*contexts)


def _passes(dit: EchoDiT, generator: torch.Generator) -> Iterator[tuple[str, Sequence[PlacedLane]]]:
    text = dit.text_context(torch.arange(40, device=dit.device))
    latents = torch.randn((64, dit.config.latent_dim), generator=generator)
    speaker = dit.speaker_context(dit.speaker_state(latents.to(dit.device)))
    guided = [
        PlacedLane(Lane(NUM_FRAMES, context), 0, 0.8)
        for context in ((text, speaker), (speaker,), (text,))
    ]
    context: tuple[Tensor, ...] = (text, speaker)
    if dit.blockwise:  # a later block, which has the most places to look into
        context = (dit.latent_context(latents[:NUM_FRAMES].to(dit.device)), *context)
    yield "guided", guided
    yield "plain", [PlacedLane(Lane(NUM_FRAMES, context), NUM_FRAMES, 0.3)]
    # Of more rows than `few_rows` takes.
    yield "mixed", [*guided, PlacedLane(Lane(NUM_LONG_FRAMES, context), NUM_FRAMES, 0.3)]


def _velocities(forward: Forward, x: Tensor, lanes: Sequence[PlacedLane]) -> list[Tensor]:
    """Return the velocity of each lane, from a step by it alone, of its part of `x`."""
    step = replace(STEP, dt=1.0, rescale=None)
    job_steps = [JobStep(x[: placed.lane.num_frames], PLAN, step, placed) for placed in lanes]
    return [
        after - job_step.x for after, job_step in zip(forward(job_steps), job_steps, strict=True)
    ]


def _guidance_error(
    forward: Forward, x: Tensor, lanes: Sequence[PlacedLane], velocities: Sequence[Tensor]
) -> float:
    """Return the relative error of a guided step.

    It is held against the path's own velocities: guidance would magnify the rounding of others.
    """
    cond, no_text, no_speaker = velocities
    expected = euler(x, guide(cond, no_text, no_speaker, PLAN), STEP)
    [after] = forward([JobStep(x, PLAN, STEP, *lanes)])
    return _relative_error(after - x, expected - x)


def _decode_error(codec: S1DAC, generator: torch.Generator) -> float:
    latents = torch.randn((NUM_FRAMES, codec.latent_dim), generator=generator)
    latents = latents.to(codec.pca.mean.device)
    return _relative_error(codec.decode(latents), codec.decode_whole(latents))


def _encode_error(codec: S1DAC, generator: torch.Generator) -> float:
    """Return the relative error of the vectors to be quantised: any rounding may change a code."""
    audio = 0.1 * torch.randn(NUM_VOICE_FRAMES * codec.frame_samples, generator=generator)
    audio = audio.to(codec.pca.mean.device)
    with strict_float32():
        return _relative_error(codec.unquantized(audio), codec.autoencoder.unquantized(audio[None]))


def _relative_error(ours: Tensor, definition: Tensor) -> float:
    ours, definition = ours.double(), definition.double()
    return float((ours - definition).norm() / definition.norm())


def prove_in_child(
    weights_dir: Path | None, device: torch.device, dtype: torch.dtype
) -> str | None:
    """Try the kernels on random weights in a child process; return why they failed, if they did.

    The child is done before the weights are loaded, so both need not fit on the device, and what
    it compiled is in Triton's cache.
    """
    given = [
        str(device),
        str(dtype).rpartition(".")[2],
        *map(str, [weights_dir] if weights_dir else []),
    ]
    return run_child([sys.executable, "-m", "engine.echo.proof", *given])


def run_child(command: Sequence[str], timeout_s: float = TIMEOUT_S) -> str | None:
    """Run `command`; return how it failed, in a few words, or None."""
    root = str(Path(engine.__file__).parents[1])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return f"their trial did not end within {timeout_s:g} s"
    if done.returncode == 0:
        return None
    logger.warning("the trial of the kernels failed:\n%s", done.stderr[-4000:])
    reason = done.stdout.strip()
    return reason or f"their trial ended with exit code {done.returncode}"


@torch.no_grad()
def _try(config: EchoConfig, device: torch.device, dtype: torch.dtype) -> str | None:
    config = replace(config, dit=replace(config.dit, num_layers=NUM_LAYERS))
    models = random_models(config, device, dtype)
    ops = ops_for(fused=True)
    if isinstance(models.codec, S1DAC):
        models.codec.use_ops(ops)
    own_size = PackedForward(models.dit, ops)
    difference = find_difference(models, own_size)
    if difference is not None or device.type != "cuda":
        return difference
    sizes = [Size(128, 4), Size(192, 4)]
    bucketed = PackedForward(models.dit, ops, sizes, text_lengths=[96], latent_lengths=[40])
    bucketed.capture(GraphCapture())
    if isinstance(models.codec, S1DAC):
        models.codec.prepare_lengths(NUM_FRAMES, GraphCapture())
    return find_difference(models, bucketed)


def main() -> int:
    """Try the device, dtype and checkpoint of the arguments; print what differs."""
    device, dtype, *folder = sys.argv[1:]
    config = read_config(Path(folder[0]) if folder else None)
    reason = _try(config, torch.device(device), getattr(torch, dtype))
    print(reason or "", end="")  # noqa: T201 - this is the answer
    return int(reason is not None)


if __name__ == "__main__":
    sys.exit(main())
