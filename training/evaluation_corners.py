"""Measures a checkpoint off the beaten track: odd texts, odd references, streams, no voice.

    python -m training.evaluation_corners --checkpoint checkpoints/echo-mini

Prints a table. The teacher's own share of each row, through the codec, says how hard it is.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from engine.echo.codecs.source_filter.codec import Components
from engine.echo.config import PASS_LIMITS
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.text.splitting import split_text
from training.evaluate import generate
from training.evaluation_voices import Teacher, reference, say, teachers
from training.flite import Flite
from training.items import spoken_part
from training.prompts_held_out import SENTENCES
from training.recogniser import Recogniser, num_errors, words

TEXTS = {
    "one word": (
        ("Hello.", "hello"),
        ("Yes.", "yes"),
        ("Wonderful!", "wonderful"),
        ("Tomorrow?", "tomorrow"),
        ("Elephant", "elephant"),
        ("Congratulations!", "congratulations"),
    ),
    "numbers": (
        ("There are 24 hours in 1 day.", "there are twenty four hours in one day"),
        ("He was born in 1987.", "he was born in nineteen eighty seven"),
        ("We need 7 eggs and 12 apples.", "we need seven eggs and twelve apples"),
        ("Call 5 5 5, 0 1 9 8.", "call five five five zero one nine eight"),
        ("It took 30 minutes to fix.", "it took thirty minutes to fix"),
        ("About 80 percent of them agreed.", "about eighty percent of them agreed"),
    ),
    "abbreviations": (
        ("Dr. Brown is on the phone.", "doctor brown is on the phone"),
        ("Ask Mr. Green about the keys.", "ask mister green about the keys"),
        ("It's late, and we can't wait.", "it's late and we can't wait"),
        ("They don't know what I've seen.", "they don't know what i've seen"),
        ("Mr. White and Dr. Black have met.", "mister white and doctor black have met"),
        ("She'll call, won't she?", "she'll call won't she"),
    ),
    "names": (
        ("Elizabeth flew to Vienna with Jonathan.", "elizabeth flew to vienna with jonathan"),
        ("Michael works for Katherine in Boston.", "michael works for katherine in boston"),
        ("Have you met Alexander from Moscow?", "have you met alexander from moscow"),
        ("Rebecca moved from Chicago to Paris.", "rebecca moved from chicago to paris"),
        ("Samuel and Victoria live in Dublin.", "samuel and victoria live in dublin"),
        ("Daniel will teach Sarah Italian.", "daniel will teach sarah italian"),
    ),
    "speaker tags": (
        ("[S1] Are you coming? [S2] I will be there soon.", "are you coming i will be there soon"),
        ("[S2] The bus is late again.", "the bus is late again"),
        ("[S1] Who is it? [S2] It is only me.", "who is it it is only me"),
        ("[S1] Good morning. [S2] Good morning to you.", "good morning good morning to you"),
        ("[S2] I found it. [S1] Where was it?", "i found it where was it"),
        ("[S1] Stop right there! [S2] Why should I?", "stop right there why should i"),
    ),
}
LONG_BYTES = 768
REFERENCE_SECONDS = (1, 3, 30, 300)
_NUM_SENTENCES = 12


class Said(NamedTuple):
    """Spoken audio, and the words it should be heard as."""

    audio: PCM
    words: str


class Corners:
    """A checkpoint, the teacher and a recogniser that chooses among all that may be said."""

    def __init__(self, engine: EchoEngine) -> None:
        self._engine, self._flite, self._components = engine, Flite(), Components.load()
        self._people = teachers(self._flite)[::4]
        self._heard = [self._reference(teacher) for teacher in self._people]
        expected = [said for pairs in TEXTS.values() for _, said in pairs]
        self._recogniser = Recogniser([*SENTENCES, *expected])

    def _reference(self, teacher: Teacher) -> PCM:
        return reference(teacher, self._flite, self._components)

    def _copy(self, text: str, index: int) -> PCM:
        return say(spoken_part(text), self._people[index], self._flite, self._components)

    async def table(self) -> dict[str, str]:
        """Return all rows."""
        rows: dict[str, str] = {}
        for name, pairs in TEXTS.items():
            rows[f"identified, {name}"] = await self._texts(pairs)
        sentences = [(text, text) for text in SENTENCES[:_NUM_SENTENCES]]
        rows["identified, streamed"] = await self._texts(sentences, stream=True)
        rows["identified, no voice"] = await self._texts(sentences, voiceless=True)
        for seconds in REFERENCE_SECONDS:
            rows[f"identified, reference of {seconds} s"] = await self._length(sentences, seconds)
        rows[f"{LONG_BYTES} bytes in one request"] = await self._long()
        return rows

    async def _texts(
        self, pairs: Sequence[tuple[str, str]], stream: bool = False, voiceless: bool = False
    ) -> str:
        spoken, copies = [], []
        for number, (text, said) in enumerate(pairs):
            index = number % len(self._people)
            voice = None if voiceless else self._heard[index]
            audio = await generate(self._engine, text, voice, number, {}, stream)
            spoken.append(Said(audio, said))
            copies.append(Said(self._copy(text, index), said))
        return f"{self._identified(spoken)} (teacher {self._identified(copies)})"

    async def _length(self, pairs: Sequence[tuple[str, str]], seconds: int) -> str:
        """Return how many are identified with references of `seconds`, repeated if need be."""
        spoken = []
        for number, (text, said) in enumerate(pairs):
            heard = self._heard[number % len(self._heard)]
            voice = np.resize(heard[SAMPLE_RATE_HZ // 2 :], seconds * SAMPLE_RATE_HZ)
            audio = await generate(self._engine, text, voice, number, {})
            spoken.append(Said(audio, said))
        return self._identified(spoken)

    def _identified(self, spoken: Sequence[Said]) -> str:
        right = sum(self._recogniser.identify(one.audio) == words(one.words) for one in spoken)
        return f"{right} of {len(spoken)}"

    async def _long(self) -> str:
        """Return the word error rate of a text of `LONG_BYTES`, and how long it came out."""
        text = " ".join(SENTENCES)[:LONG_BYTES].rsplit(" ", 1)[0]
        audio, copy = [], []
        for number, piece in enumerate(split_text(text, 300, 10.0, PASS_LIMITS)):
            audio.append(await generate(self._engine, piece.text, self._heard[2], number, {}))
            copy.append(self._copy(piece.text, 2))
        said = words(text)
        rates = []
        for pieces in (audio, copy):
            heard = [word for pcm in pieces for word in self._recogniser.transcribe(pcm)]
            rates.append(f"{100 * num_errors(heard, said) / len(said):.0f} %")
        length = sum(map(len, audio)) / sum(map(len, copy))
        return f"{rates[0]} of words wrong (teacher {rates[1]}), {length:.2f} times as long"


async def measure(checkpoint: Path) -> dict[str, str]:
    """Return the table."""
    engine = EchoEngine(EchoOptions(weights_dir=str(checkpoint), device="cpu"))
    try:
        return await Corners(engine).table()
    finally:
        engine.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a checkpoint off the beaten track.")
    parser.add_argument("--checkpoint", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, value in asyncio.run(measure(options.checkpoint)).items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
