"""Measures the engine on a GPU in eight minutes: today's state, the kernels, and the reference.

    python -m bench.gpu --out DIR                                  # the published size, CUDA
    TRITON_INTERPRET=1 python -m bench.gpu --out DIR --size tiny   # every line a CPU can reach

The weights are random and made on the device. DIR/results.json is written after every section.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from bench.echo_reference import SIZES
from bench.gpu.profiles import gaps, products, profiles
from bench.gpu.requests import (
    reference_compiled,
    reference_eager,
    requests_fused,
    requests_overlapping,
    requests_plain,
)
from bench.gpu.sections import decode, device, proof, steps
from bench.gpu.setting import Setting
from bench.gpu.timing import Report
from engine.echo.checkpoints.config_file import dumps
from engine.echo.checkpoints.folder import CONFIG
from engine.echo.graphs import Capture, GraphCapture
from speech.pcm import SAMPLE_RATE_HZ

SECTIONS = (
    device,
    proof,
    requests_plain,
    requests_fused,
    steps,
    decode,
    reference_eager,
    profiles,
    gaps,
    products,
    requests_overlapping,
    reference_compiled,
)
"""The sections, most valuable first: one that fails costs no other."""


def about(on: torch.device) -> dict[str, object]:
    """Return what the numbers depend on."""
    known: dict[str, object] = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "host_cpus": os.cpu_count(),
    }
    if on.type == "cuda":
        card = torch.cuda.get_device_properties(on)
        known |= {"gpu": card.name, "gpu_gb": round(card.total_memory / 1e9, 1)}
        known |= {"sm": f"{card.major}.{card.minor}", "cudnn": torch.backends.cudnn.version()}
    return known


def new_capture(on_gpu: bool) -> Callable[[], Capture] | None:
    """Return what makes the captures of graphs, on a GPU."""
    return GraphCapture if on_gpu else None


def main() -> None:
    """Run the sections that the deadline allows."""
    parser = argparse.ArgumentParser("python -m bench.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--deadline", type=float, default=420, help="start no section later, in s")
    parser.add_argument("--only", nargs="+", choices=[each.__name__ for each in SECTIONS])
    options = parser.parse_args()
    on_gpu = torch.cuda.is_available()
    on = torch.device("cuda" if on_gpu else "cpu")
    frames, steps, voice_s = (640, 40, 30.0) if on_gpu else (32, 2, 1.0)
    noise = np.random.default_rng(0).standard_normal(round(voice_s * SAMPLE_RATE_HZ))
    options.out.mkdir(parents=True, exist_ok=True)
    known = about(on) | {"size": options.size, "frames": frames, "steps": steps}
    print("  ".join(f"{name}={value}" for name, value in known.items()))
    report, failures, seconds = Report(on, 5 if on_gpu else 1), {}, {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONFIG).write_text(dumps(SIZES[options.size]))
        setting = Setting(
            report=report,
            config=SIZES[options.size],
            folder=Path(folder),
            out=options.out,
            dtype=torch.bfloat16 if on_gpu else torch.float32,
            frames=frames,
            steps=steps,
            voice=(0.1 * noise).astype(np.float32),
            new_capture=new_capture(on_gpu),
        )
        for section in SECTIONS:
            name, started = section.__name__, time.monotonic()
            if options.only and name not in options.only:
                continue
            if started - began > options.deadline:
                print(f"-- {name} left out: {started - began:.0f} s are over")
                continue
            print(f"-- {name}", flush=True)
            try:
                with torch.inference_mode():
                    section(setting)
            except Exception:  # the other sections are worth their time
                failures[name] = traceback.format_exc()
                print(failures[name], flush=True)
                torch.cuda.empty_cache()
            seconds[name] = round(time.monotonic() - started, 1)
            results = {"about": known, "seconds": seconds, "failed": failures, "rows": report.rows}
            (options.out / "results.json").write_text(json.dumps(results, indent=1))
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
