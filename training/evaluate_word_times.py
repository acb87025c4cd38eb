"""Measures how far word times are off, against a forced alignment of the audio.

python -m training.evaluate_word_times --checkpoint checkpoints/echo-mini
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.protocol import Job, Voice
from speech.pcm import PCM
from training.evaluate_texts import sample_voice
from training.prompts_held_out import SENTENCES
from training.recogniser import Aligner, words


async def errors_s(
    engine: EchoEngine, aligner: Aligner, audio: PCM | None, *, stream: bool
) -> NDArray[np.float64]:
    """Return by how much each start and end of a word is off, over the held-out sentences."""

    async def load() -> PCM:
        assert audio is not None
        return audio

    voice = None if audio is None else Voice(str(hash(audio.tobytes())), load)
    found: list[NDArray[np.float64]] = []
    for number, sentence in enumerate(SENTENCES):
        job = Job(sentence, number, stream=stream, timestamps=True)
        parts = [part async for part in engine.generate(job, voice, lambda: None)]
        told = [(word.start, word.end) for part in parts for word in part.words]
        pcm = np.concatenate([part.pcm for part in parts])
        if known := aligner.align(pcm, words(sentence)):
            found.append(np.abs(np.subtract(told, known)).ravel())
    return np.concatenate(found)


async def measure(checkpoint: Path) -> dict[str, str]:
    """Return the errors by voice."""
    engine, aligner = EchoEngine(EchoOptions(weights_dir=str(checkpoint), device="cpu")), Aligner()
    rows = {}
    try:
        for name, stream in (("ada", False), ("otto", True), (None, False)):
            audio = None if name is None else sample_voice(name)
            off_ms = 1000 * await errors_s(engine, aligner, audio, stream=stream)
            rows[f"{name or 'no voice'}{', streamed' if stream else ''}"] = (
                f"median {np.median(off_ms):.0f} ms, 95 % {np.quantile(off_ms, 0.95):.0f} ms, "
                f"worst {off_ms.max():.0f} ms of {len(off_ms)}"
            )
    finally:
        engine.close()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how far word times are off.")
    parser.add_argument("--checkpoint", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, value in asyncio.run(measure(options.checkpoint)).items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
