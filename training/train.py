"""Trains the model to speak; `training.read` may have taught its text encoder to read.

    python -m training.train --data DIR --out DIR --steps 4000

Run again with the same folder, it goes on where it stopped; with fewer steps, it comes to its end
sooner. Ended with SIGTERM, it saves first. The rate of learning is constant at first and falls to
nothing over most of the run. Under `torchrun --nproc-per-node 3`, processes share the work of each
step.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.echo.checkpoints.folder import MODEL
from engine.echo.checkpoints.load import open_tensors
from engine.echo.checkpoints.weights import fill
from engine.echo.codecs.source_filter.codec import Components
from engine.echo.model.dit import EchoDiT
from engine.echo.sizes import TRAINED
from training.batches import Batches
from training.dataset import Dataset
from training.losses import Batch, Heads, losses, total
from training.model import build
from training.muon import Muon

STATE = "state.pt"

_LEARNING_RATE = 2e-3
_WARM_UP_STEPS = 60
_DECAY = 0.6
_WEIGHT_DECAY = 0.01
_MOMENTUM = 0.95
_MATRICES = (".weight", "adaln_down", "adaln_up")
_EDGES = ("text_embedding.weight", "in_proj.weight", "out_proj.weight")
_MAX_GRADIENT = 1.0
_AVERAGE_OVER = 100  # steps that the exported average of the weights goes back, in effect
_LOG_EVERY = 20


@dataclass
class Training:
    """All that a run consists of; what `state` returns can be gone on from."""

    dit: EchoDiT
    heads: Heads
    average: dict[str, Tensor]
    optimizers: Sequence[torch.optim.Optimizer]
    step: int = 0
    pool: int = 0
    """Batches are drawn in pools; the number of the next."""
    seconds: float = 0.0
    learning_rate: float = _LEARNING_RATE
    """The highest."""
    mixed: bool = False
    """Whether to compute in bfloat16 what can be."""
    log: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def new(
        cls,
        size: str,
        seed: int,
        device: torch.device,
        mixed: bool,
        reader: Path | None = None,
        checkpoint: Path | None = None,
    ) -> Training:
        """Return a run at its beginning.

        Args:
            size: Name of the model's.
            seed: Of all that is drawn.
            device: Where to train.
            mixed: Whether to compute in bfloat16 what can be.
            reader: Where to take the text encoder from, if anywhere.
            checkpoint: Folder to take all weights from, if any.
        """
        torch.manual_seed(seed)
        dit = build(TRAINED[size], seed)
        heads = Heads(TRAINED[size])
        if reader is not None:
            read = torch.load(reader, weights_only=True)
            dit.text_encoder.load_state_dict(read["text_encoder"])
            heads.spelling.load_state_dict(read["spelling"])
            dit.text_norm.data.copy_(read["text_norm"])
        if checkpoint is not None:
            with open_tensors(checkpoint / MODEL) as file:
                fill(dit, file)
        dit, heads = dit.to(device), heads.to(device)
        average = {name: p.detach().clone() for name, p in dit.named_parameters()}
        return cls(dit, heads, average, _optimizers(dit, heads), mixed=mixed)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that is learned."""
        return [*self.dit.parameters(), *self.heads.parameters()]

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {
            "dit": self.dit.state_dict(),
            "heads": self.heads.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "pool": self.pool,
            "seconds": self.seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to `state`."""
        self.dit.load_state_dict(state["dit"])
        self.heads.load_state_dict(state["heads"])
        self.average = state["average"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.pool, self.seconds = state["step"], state["pool"], state["seconds"]

    def learn(self, batch: Batch, generator: torch.Generator, num_steps: int) -> None:
        """Take one step."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate * pace(self.step, num_steps)
        device = next(self.dit.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.mixed):
            parts = losses(self.dit, self.heads, batch.to(device), generator)
        for p in self.parameters:  # all of them: processes share what only one has used
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad.zero_()
        total(parts).backward()
        _share([p.grad for p in self.parameters if p.grad is not None])
        norm = nn.utils.clip_grad_norm_(self.parameters, _MAX_GRADIENT)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        with torch.no_grad():
            weight = max(1 / self.step, 1 / _AVERAGE_OVER)
            names, new = zip(*self.dit.named_parameters(), strict=True)
            torch._foreach_lerp_([self.average[name] for name in names], list(new), weight)
        for name, value in (*parts.items(), ("norm", norm)):
            self.log[name].append(value.item())
        self.log["frames"].append(len(batch.given.text_given) * batch.latents.shape[1])
        self.log["rows"].append(len(batch.given.text_given))


def _optimizers(dit: EchoDiT, heads: Heads) -> tuple[torch.optim.Optimizer, ...]:
    """Return Muon for the matrices between layers, AdamW for all else."""
    matrices: list[Tensor] = []
    others: list[Tensor] = list(heads.parameters())
    for name, p in dit.named_parameters():
        is_matrix = name.endswith(_MATRICES) and not name.endswith(_EDGES)
        (matrices if is_matrix else others).append(p)
    return (
        Muon(matrices, _LEARNING_RATE, _MOMENTUM, _WEIGHT_DECAY),
        torch.optim.AdamW(
            others, _LEARNING_RATE, (0.9, 0.98), weight_decay=_WEIGHT_DECAY, fused=True
        ),
    )


def _share(gradients: Sequence[Tensor]) -> None:
    """Replace gradients by their mean over all processes."""
    if not dist.is_initialized():
        return
    flat = torch.cat([x.flatten() for x in gradients]) / dist.get_world_size()
    dist.all_reduce(flat)
    for x, mean in zip(gradients, flat.split([x.numel() for x in gradients]), strict=True):
        x.copy_(mean.view_as(x))


def _any(flag: bool) -> bool:
    """Whether `flag` holds in any process: what one ends before a step, all must."""
    held = torch.tensor(flag, dtype=torch.uint8)
    if dist.is_initialized():
        dist.all_reduce(held, dist.ReduceOp.MAX)
    return bool(held)


def pace(step: int, num_steps: int) -> float:
    """Return the factor on the learning rate."""
    return min((step + 1) / _WARM_UP_STEPS, 1.0, (num_steps - step) / (_DECAY * num_steps))


def _batches(
    training: Training, batches: Batches, dataset: Dataset
) -> Iterator[tuple[Batch, torch.Generator]]:
    """Yield batches of this process with the source of their noise, for ever."""
    rank, num_processes = (
        (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    )
    while True:
        dataset.refresh()
        training.pool += 1
        seed = training.pool * num_processes + rank
        generator = torch.Generator().manual_seed(seed)
        for batch in batches.pool(seed):
            yield batch, generator


def save(training: Training, path: Path) -> None:
    """Write the state so that there is always a whole one."""
    temporary = path.with_suffix(".part")
    torch.save(training.state(), temporary)
    os.replace(temporary, path)


def main() -> None:
    """Train until the last step, saving now and then."""
    parser = argparse.ArgumentParser(description="Train the small model.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True, help="of the whole run")
    parser.add_argument("--size", choices=TRAINED, default="mini")
    parser.add_argument("--reader", type=Path, help="text encoder from training.read")
    parser.add_argument("--checkpoint", type=Path, help="folder to take the first weights from")
    parser.add_argument(
        "--learning-rate", type=float, default=_LEARNING_RATE, help="the highest, once warmed up"
    )
    parser.add_argument("--frames", type=int, default=1280, help="latent frames in a batch")
    parser.add_argument("--rows", type=int, default=24, help="utterances in a batch, at most")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-minutes", type=float, default=4.0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    leads = not dist.is_initialized() or dist.get_rank() == 0
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(options.device)
    mixed = options.precision == "bfloat16"
    training = Training.new(
        options.size, options.seed, device, mixed, options.reader, options.checkpoint
    )
    training.learning_rate = options.learning_rate
    path = options.out / STATE
    if path.exists():
        training.restore(torch.load(path, map_location=device, weights_only=True))
    dataset = Dataset(options.data)
    batches = Batches(dataset, Components.load(), options.frames, options.rows)
    started, saved, before = time.monotonic(), time.monotonic(), training.seconds
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    for batch, generator in _batches(training, batches, dataset):
        if training.step >= options.steps or _any(stopped.is_set()):
            break
        training.learn(batch, generator, options.steps)
        training.seconds = before + time.monotonic() - started
        if leads and training.step % _LOG_EVERY == 0:
            _report(training, len(dataset.items))
        if leads and time.monotonic() - saved > 60 * options.save_minutes:
            save(training, path)
            saved = time.monotonic()
    if leads:
        save(training, path)


def _report(training: Training, num_items: int) -> None:
    means = {name: sum(values) / len(values) for name, values in training.log.items()}
    training.log.clear()
    numbers = " ".join(f"{name} {value:.3f}" for name, value in means.items())
    minutes = training.seconds / 60
    print(f"step {training.step} {minutes:.1f} min of {num_items} items: {numbers}", flush=True)


if __name__ == "__main__":
    main()
