"""Times `sequence_length: "auto"` against the full window, for texts of different length.

    python -m bench.auto_length --weights-dir FOLDER         # a checkpoint of training/
    python -m bench.auto_length --size full --device cuda    # random weights, the published size

Random weights are made to draw silence: it ends where it was expected to, and is not decoded.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.echo_reference import SIZES, checkpoint
from engine.echo.checkpoints.load import Models, load_models
from engine.echo.config import MAX_FRAMES
from engine.echo.job import make_job
from engine.echo.runner import Runner
from engine.echo.speakers import JobVoice, SpeakerCache
from engine.protocol import Job
from speech.pcm import SAMPLE_RATE_HZ

TEXT = "She sells sea shells by the sea shore, and what she sells are shells for sure. " * 5
NUM_BYTES = (20, 60, 120, 200, 340)
VOICE = "cached"


def speak(runner: Runner, models: Models, text: str, **given: Any) -> dict[str, Any]:
    """Speak `text` to its end; return how long it took, what was drawn, and whether again."""
    job = make_job(Job(text, 0, given), models.config, (), models.dit.dtype, has_voice=True)
    noise = np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE_HZ).astype(np.float32)
    job.voice = JobVoice(VOICE, 0.1 * noise)
    num_frames = job.progress.num_frames
    started = time.perf_counter()
    while not (results := runner.run([job])):
        pass
    [(_, result)] = results
    if result.error is not None:
        raise result.error
    assert result.pcm is not None
    return {
        "s": time.perf_counter() - started,
        "frames": num_frames,
        "again": job.progress.plan.blocks[0].num_frames != num_frames,
        "audio_s": len(result.pcm) / SAMPLE_RATE_HZ,
    }


@torch.inference_mode()
def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights-dir", type=Path, help="the published weights if none")
    parser.add_argument("--size", choices=SIZES, help="random weights instead")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    source = checkpoint(SIZES[options.size]) if options.size else nullcontext(options.weights_dir)
    with source as folder:
        models = load_models(folder, device, dtype, blockwise=False)
    given: dict[str, Any] = {}
    if options.size:
        models.dit.out_proj.weight.zero_()
        models.dit.out_proj.bias.zero_()
        given["truncation_factor"] = 0.0
    runner = Runner(models, SpeakerCache(2**30, 2**30))
    speak(runner, models, TEXT[:20], sequence_length="auto", **given)
    print(f"{models.config.name} on {device}, {options.threads} threads")
    print("bytes  frames   auto ms    640 ms   gain  drawn again  speech s")
    rows = []
    for num_bytes in NUM_BYTES:
        text = TEXT[:num_bytes]
        best = {
            length: min(
                (
                    speak(runner, models, text, sequence_length=length, **given)
                    for _ in range(options.repeats)
                ),
                key=lambda row: row["s"],
            )
            for length in ("auto", MAX_FRAMES)
        }
        auto, full = best["auto"], best[MAX_FRAMES]
        gain = full["s"] / auto["s"]
        print(
            f"{num_bytes:5}{auto['frames']:8}{1e3 * auto['s']:10.0f}{1e3 * full['s']:10.0f}"
            f"{gain:6.1f}x{auto['again']!s:>12}{auto['audio_s']:10.2f}",
            flush=True,
        )
        rows.append({"bytes": num_bytes, **auto, "full_s": full["s"]})
    print(json.dumps({"model": models.config.name, "device": str(device), "rows": rows}))


if __name__ == "__main__":
    main()
