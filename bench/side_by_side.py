"""Times two implementations alternately, and tells what each took in time and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from engine.echo.config import EchoConfig
from speech.parameters import SamplerParameters
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Cost:
    """The cost of an action: seconds, and GB of GPU memory beyond what was held before it."""

    seconds: float
    memory_gb: float | None = None


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass
class Bench:
    """The model, device and parameters that all cases share, and their results."""

    config: EchoConfig
    device: torch.device
    parameters: SamplerParameters
    voice: np.ndarray
    repeats: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def audio_s(self) -> float:
        """Length of one result."""
        return int(self.parameters.sequence_length) * FRAME_SAMPLES / SAMPLE_RATE_HZ

    def time(self, *actions: Callable[[], object]) -> list[Cost]:
        """Return the best time of each action, measured alternately after one warm-up."""
        best = [Cost(float("inf"))] * len(actions)
        for attempt in range(self.repeats + 1):
            for i, action in enumerate(actions):
                cost = self._once(action)
                if attempt:
                    best[i] = min(best[i], cost, key=lambda cost: cost.seconds)
        return best

    def _once(self, action: Callable[[], object]) -> Cost:
        on_gpu = self.device.type == "cuda"
        _wait(self.device)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
            before = torch.cuda.memory_allocated(self.device)
        started = time.perf_counter()
        action()
        _wait(self.device)
        seconds = time.perf_counter() - started
        if not on_gpu:
            return Cost(seconds)
        return Cost(seconds, (torch.cuda.max_memory_allocated(self.device) - before) / 1e9)

    def report(self, case: str, ours: Cost, theirs: Cost | None, note: str = "") -> None:
        """Print one row and keep it."""
        columns = f"{ours.seconds * 1e3:10.1f}"
        if theirs is None:
            columns += f"{'-':>12}{'-':>7}"
        else:
            columns += f"{theirs.seconds * 1e3:12.1f}{theirs.seconds / ours.seconds:6.2f}x"
        columns += "".join(
            f"{'-':>7}" if cost is None or cost.memory_gb is None else f"{cost.memory_gb:7.2f}"
            for cost in (ours, theirs)
        )
        print(f"{case:44}{columns}  {note}", flush=True)
        self.rows.append(
            {
                "case": case,
                "ours_s": ours.seconds,
                "reference_s": theirs and theirs.seconds,
                "ours_gb": ours.memory_gb,
                "reference_gb": theirs and theirs.memory_gb,
                "note": note,
            }
        )

    def header(self) -> None:
        """Print what the columns are."""
        first = f"best of {self.repeats}"
        print(f"{first:44}{'ours ms':>10}{'theirs ms':>12}{'ratio':>7}{'GB':>7}{'GB':>7}")
