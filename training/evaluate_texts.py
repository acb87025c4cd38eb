"""Measures which words a strong recogniser hears, by kind of text, on a request's whole way.

    python -m training.evaluate_texts --checkpoint checkpoints/echo-mini

Texts are written out, split and joined as the server does. The teacher says the same words.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.echo.config import PASS_LIMITS
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from speech.chunks import plan_chunks
from speech.joining import Joiner
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference
from speech.request import parse_job
from speech.text.english.normalization import normalize
from training.evaluate import generate
from training.flite import Flite
from training.prompts_held_out import TEXTS
from training.recogniser import num_errors
from training.whisper import Whisper, spelled_words

VOICES = Path(__file__).parents[1] / "voices"
MAX_CHARS = 4096
CLIPPED = 0.999


async def read_aloud(
    engine: EchoEngine, text: str, voice: PCM | None, parameters: Mapping[str, Any]
) -> PCM:
    """Return `text` as the server speaks it."""
    job = {"text": text, "parameters": dict(parameters)}
    request = parse_job(job, MAX_CHARS, PASS_LIMITS.max_frames)
    plan = plan_chunks(request, engine.defaults, {}, PASS_LIMITS, math.inf)
    joiner = Joiner(SAMPLE_RATE_HZ, plan.crossfade, plan.chunks[0].pause_s)
    parts: list[PCM] = []
    for number, chunk in enumerate(plan.chunks):
        if number:
            parts += joiner.next_chunk(chunk.pause_s)
        audio = await generate(engine, chunk.text, voice, chunk.seed, request.given)
        parts += joiner.feed(audio)
    return np.concatenate([*parts, *joiner.finish(plan.closing_pause_s)])


class WordCount:
    """Words that were said, and those that were heard wrong."""

    def __init__(self) -> None:
        self.num_said = self.num_wrong = 0

    def add(self, heard: Sequence[str], said: Sequence[str]) -> None:
        """Count one text."""
        self.num_said += len(said)
        self.num_wrong += num_errors(heard, said)

    def __str__(self) -> str:
        """Return the share of words wrong."""
        return f"{100 * self.num_wrong / max(self.num_said, 1):.0f} %"


async def measure(checkpoint: Path, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the words wrong by voice and kind, and how many samples are clipped."""
    engine = EchoEngine(EchoOptions(weights_dir=str(checkpoint), device="cpu"))
    whisper, num_clipped = Whisper(), 0
    counts: dict[str, dict[str, WordCount]] = defaultdict(lambda: defaultdict(WordCount))
    try:
        for name in ("ada", "otto", None):
            voice = None if name is None else sample_voice(name)
            for kind, text in TEXTS:
                audio = await read_aloud(engine, text, voice, given)
                num_clipped += int((np.abs(audio) > CLIPPED).sum())
                heard, said = whisper.transcribe(audio), spelled_words(text)
                for column in (kind, "all"):
                    counts[name or "no voice"][column].add(heard, said)
    finally:
        engine.close()
    flite = Flite()
    for kind, text in TEXTS:
        spoken = flite.speak(normalize(text), "slt", SAMPLE_RATE_HZ)
        heard, said = whisper.transcribe(spoken.audio), spelled_words(text)
        for column in (kind, "all"):
            counts["teacher"][column].add(heard, said)
    rows = {
        who: ", ".join(f"{kind} {count}" for kind, count in kinds.items())
        for who, kinds in counts.items()
    }
    return rows | {"clipped samples": str(num_clipped)}


def sample_voice(name: str) -> PCM:
    """Return the reference audio of one of the sample voices."""
    with open(VOICES / f"{name}.ogg", "rb", buffering=0) as file:
        return decode_reference(file)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure which words are heard.")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("NAME", "NUMBER"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = {name: float(value) for name, value in options.set}
    for name, value in asyncio.run(measure(options.checkpoint, given)).items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
