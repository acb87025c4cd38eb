"""Measures a checkpoint through the running engine: is it understood, and whose voice is it?

    python -m training.evaluate --checkpoint checkpoints/echo-mini

Sentences and speakers are none that training had. Prints a table.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch

from engine.echo.codecs.source_filter.codec import Components
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.protocol import Job, Voice
from speech.pcm import PCM, SAMPLE_RATE_HZ
from training.evaluation_voices import Teacher, reference, say, teachers
from training.flite import Flite
from training.pitch import median_pitch_hz
from training.prompts_held_out import SENTENCES
from training.recogniser import Recogniser, num_errors, words
from training.timbre import distance, mean_spectrum

RECORDING = Path("/usr/share/sounds/alsa/Front_Center.wav")
"""A person at a microphone (Debian's alsa-utils)."""


@dataclass(frozen=True)
class Spoken:
    """One sentence by one speaker.

    Attributes:
        sentence: Which.
        teacher: Whose voice was asked for, an index.
        audio: What the model made.
        copy: The codec's copy of the teacher saying it.
    """

    sentence: str
    teacher: int
    audio: PCM
    copy: PCM


async def generate(
    engine: EchoEngine,
    text: str,
    audio: PCM | None,
    seed: int,
    given: Mapping[str, Any],
    stream: bool = False,
) -> PCM:
    """Return `text` in the voice of `audio`."""

    async def load() -> PCM:
        assert audio is not None
        return audio

    voice = None if audio is None else Voice(f"{hash(audio.tobytes())}", load)
    parts = engine.generate(Job(text, seed, given, stream=stream), voice, lambda: None)
    return np.concatenate([part.pcm async for part in parts])


async def speak_all(
    engine: EchoEngine, people: list[Teacher], flite: Flite, num: int, given: Mapping[str, Any]
) -> tuple[list[PCM], list[Spoken]]:
    """Return the references, and sentences spoken in turn by all of them."""
    components = Components.load()
    heard = [reference(teacher, flite, components) for teacher in people]
    spoken = []
    for number, sentence in enumerate(SENTENCES[:num]):
        index = number * 7 % len(people)
        audio = await generate(engine, sentence, heard[index], number, given)
        copy = say(sentence, people[index], flite, components)
        spoken.append(Spoken(sentence, index, audio, copy))
    return heard, spoken


def understood(spoken: list[Spoken]) -> dict[str, str]:
    """Return how many sentences were identified, and the word error rates of dictation."""
    recogniser = Recogniser(SENTENCES)
    rows = {}
    for name in ("audio", "copy"):
        identified = errors = total = 0
        for one in spoken:
            audio, said = getattr(one, name), words(one.sentence)
            identified += recogniser.identify(audio) == said
            errors += num_errors(recogniser.transcribe(audio), said)
            total += len(said)
        who = "model" if name == "audio" else "teacher through the codec"
        rows[f"identified, {who}"] = f"{identified} of {len(spoken)}"
        rows[f"word error rate, {who}"] = f"{100 * errors / total:.0f} %"
    return rows


def like_the_reference(heard: list[PCM], spoken: list[Spoken]) -> dict[str, str]:
    """Return how well pitch and timbre follow the reference."""
    errors, right = [], 0
    spectra = [mean_spectrum(audio) for audio in heard]
    first = {one.teacher: one for one in reversed(spoken)}
    for index, one in sorted(first.items()):
        wanted = median_pitch_hz(heard[index], SAMPLE_RATE_HZ)
        got = median_pitch_hz(one.audio, SAMPLE_RATE_HZ)
        off = 12 * np.log2(got / wanted) if wanted and got else np.inf
        errors.append(abs(off))
        own = mean_spectrum(one.audio)
        right += int(np.argmin([distance(own, other) for other in spectra])) == index
    return {
        "pitch error, median": f"{np.median(errors):.1f} semitones",
        "pitch within 1.5 semitones": f"{sum(e <= 1.5 for e in errors)} of {len(errors)}",
        "nearest reference by spectrum": f"{right} of {len(first)}",
    }


def recording() -> PCM:
    """Return a person's speech."""
    samples, rate = soundfile.read(RECORDING, dtype="float32", always_2d=True)
    audio: PCM = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE_HZ)
    return audio


async def like_a_person(
    engine: EchoEngine, person: PCM, heard: list[PCM], given: Mapping[str, Any]
) -> dict[str, str]:
    """Return whether a recording of a person draws the timbre towards itself."""
    target = mean_spectrum(person)
    copies = [await generate(engine, text, person, 1, given) for text in SENTENCES[:4]]
    others = [await generate(engine, SENTENCES[0], audio, 1, given) for audio in heard[::4]]
    near = np.mean([distance(mean_spectrum(audio), target) for audio in copies])
    far = np.mean([distance(mean_spectrum(audio), target) for audio in others])
    return {"distance to a recorded person": f"{near:.1f} dB; in other voices {far:.1f} dB"}


async def evaluate(
    checkpoint: Path, num_sentences: int, given: Mapping[str, Any]
) -> tuple[dict[str, str], list[Spoken]]:
    """Return the table, and what it was measured on."""
    engine = EchoEngine(EchoOptions(weights_dir=str(checkpoint), device="cpu"))
    flite = Flite()
    try:
        heard, spoken = await speak_all(engine, teachers(flite), flite, num_sentences, given)
        person = await like_a_person(engine, recording(), heard, given)
    finally:
        engine.close()
    seconds = [len(one.audio) / len(one.copy) for one in spoken]
    length = {"length over the teacher's": f"{np.mean(seconds):.2f} +- {np.std(seconds):.2f}"}
    table = understood(spoken) | like_the_reference(heard, spoken) | person | length
    return table, spoken


def main() -> None:
    """Evaluate and print."""
    parser = argparse.ArgumentParser(description="Evaluate a checkpoint.")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=len(SENTENCES))
    parser.add_argument("--audio", type=Path, help="folder to write what was spoken to")
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("NAME", "NUMBER"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = {name: float(value) for name, value in options.set}
    given = {name: int(v) if name == "num_steps" else v for name, v in given.items()}
    table, spoken = asyncio.run(evaluate(options.checkpoint, options.sentences, given))
    for name, value in table.items():
        print(f"| {name} | {value} |")
    if options.audio is not None:
        options.audio.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(spoken):
            soundfile.write(options.audio / f"{number:02d}.wav", one.audio, SAMPLE_RATE_HZ)


if __name__ == "__main__":
    main()
