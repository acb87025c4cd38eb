"""Times a small checkpoint on one CPU thread: until ready, until the first audio, per sentence.

    python -m bench.one_thread --weights-dir FOLDER [--voice voices/ada.ogg]

CPU seconds stand beside wall seconds, because a machine that does other work as well slows only
the latter. One thread computes, so on an idle machine they are the same.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded

SENTENCES = (
    "Yes.",
    "The quick brown fox jumps over the lazy dog.",
    "On the 3rd of May, at half past nine, she took the early train to the coast.",
    "She sells sea shells by the sea shore, and what she sells are shells for sure; nobody "
    "who has seen them doubts it, and nobody who has bought one has ever brought it back.",
)
SENTENCE = SENTENCES[2]


@dataclass
class Taken:
    """The time that something took, in seconds."""

    wall: float
    cpu: float


class Clock:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Taken:
        """Return the time since."""
        return Taken(time.perf_counter() - self._wall, time.process_time() - self._cpu)


async def best(
    repeats: int, action: Callable[[], Awaitable[tuple[Taken, int]]]
) -> tuple[Taken, int]:
    """Return what `action` returned when it took the least CPU time, after one warm-up."""
    results = [await action() for _ in range(repeats + 1)][1:]
    return min(results, key=lambda result: result[0].cpu)


def report(rows: list[dict[str, Any]], case: str, taken: Taken, audio_s: float | None) -> None:
    """Print one row and keep it."""
    rtf = "" if audio_s is None else f"{audio_s:9.2f}{taken.cpu / audio_s:8.3f}"
    print(f"{case:34}{taken.wall:8.2f}{taken.cpu:8.2f}{rtf}", flush=True)
    rows.append({"case": case, "wall_s": taken.wall, "cpu_s": taken.cpu, "audio_s": audio_s})


async def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights-dir", required=True)
    parser.add_argument("--voice", type=Path, default=Path("voices/ada.ogg"))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{'':34}{'wall s':>8}{'cpu s':>8}{'audio s':>9}{'rtf':>8}")

    clock = Clock()
    from engine.echo.engine import EchoEngine
    from engine.echo.options import EchoOptions
    from engine.protocol import Job, Voice
    from speech.pcm import SAMPLE_RATE_HZ
    from speech.reference_audio import decode_reference

    report(rows, "import", clock.read(), None)
    clock = Clock()
    engine = EchoEngine(EchoOptions(weights_dir=options.weights_dir, device="cpu"))
    report(rows, "load and warm up", clock.read(), None)
    with options.voice.open("rb", buffering=0) as file:
        reference = decode_reference(file)

    async def load() -> Any:
        return reference

    async def speak(text: str, key: str, first_only: bool) -> tuple[Taken, int]:
        clock, num_samples = Clock(), 0
        parts = engine.generate(Job(text, 0, stream=first_only), Voice(key, load), lambda: None)
        async with aclosing(parts):
            async for part in parts:
                num_samples += len(part.pcm)
                if first_only:
                    break
        return clock.read(), num_samples

    for text in SENTENCES:
        taken, num_samples = await best(options.repeats, partial(speak, text, "cached", False))
        report(rows, f"{len(text.encode())} bytes", taken, num_samples / SAMPLE_RATE_HZ)
    keys = iter(range(1000))
    taken, _ = await best(options.repeats, lambda: speak(SENTENCE, "cached", True))
    report(rows, "first audio, voice cached", taken, None)
    taken, _ = await best(options.repeats, lambda: speak(SENTENCE, f"new {next(keys)}", True))
    length_s = len(reference) / SAMPLE_RATE_HZ
    report(rows, f"first audio, new voice of {length_s:.0f} s", taken, None)
    engine.close()
    print(json.dumps({"model": engine.name, "rows": rows}))


if __name__ == "__main__":
    asyncio.run(main())
