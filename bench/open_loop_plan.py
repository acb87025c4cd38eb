"""The requests of an open-loop run: when each arrives, its sentence and its voice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

COLD_SHARE = 0.25
"""The share of requests with a voice the server has not spoken with before."""

SENTENCES = (
    "The kettle is on, come and sit down.",
    "She left her umbrella on the early train.",
    "Nobody had told the driver about the closed bridge.",
    "He folded the map twice and put it into his coat pocket.",
    "The library opens at nine, but the reading room is often full by then.",
    "After the storm had passed, the children went out to look for broken branches.",
    "My grandfather kept bees behind the barn, and every autumn he gave honey to the neighbors.",
    "The engineers checked the pump a second time before they let any water into the upper basin.",
    "If you follow the river for an hour, you will come to a small wooden house with a green door.",
    "There was a time when letters took three weeks to cross the ocean, and people waited "
    "for each one of them.",
    "The market was quiet that morning, apart from a man who sold apples and sang the same old "
    "song over and over again.",
    "They planned to reach the summit before noon, but the snow was deeper than they had thought, "
    "and so they turned back at the ridge.",
    "When the concert was over, the audience stayed in their seats for a while, as though a single "
    "step might wake them from a dream they had shared.",
    "The old clock in the station had stopped years ago, yet travelers still looked up at it, "
    "compared it with their own watches, shook their heads and hurried on.",
    "Most of what we know about the village comes from the diary of a teacher, who wrote down the "
    "weather, the price of bread and the names of everyone who passed through.",
    "Before the bridge was built, a ferry carried people, horses and carts across the bay, and in "
    "winter, when the ice was thick enough, the bravest walked to the other side.",
)
"""Sentences of 2 to 12 s of speech, from short to long, as those of the SeedTTS test set."""

WEIGHTS = tuple(0.75**place for place in range(len(SENTENCES)))
"""The weight of each sentence among the requests: a quarter less than that of the one before.

Requests then take 4 s in the mean, as those of SeedTTS; all alike they would take 7 s.
"""


@dataclass(frozen=True)
class Request:
    """A request to be made `arrival_s` after the run's start."""

    arrival_s: float
    text: str
    voice: str
    is_cold: bool = False


def plan_requests(
    rate: float, num_requests: int, seed: int, voices: Sequence[str], cold_voices: Iterator[str]
) -> list[Request]:
    """Return `num_requests` Poisson arrivals at `rate` requests per second, the same for a seed.

    Args:
        rate: Mean arrivals per second.
        num_requests: The length of the run.
        seed: The seed of the arrivals, the sentences and the voices.
        voices: The voices the server knows.
        cold_voices: Voices it has not spoken with; each is taken once, as long as they last.
    """
    rng = random.Random(seed)
    requests = []
    arrival_s = 0.0
    for _ in range(num_requests):
        arrival_s += rng.expovariate(rate)
        (text,) = rng.choices(SENTENCES, WEIGHTS)
        voice = rng.choice(voices)
        cold = next(cold_voices, None) if rng.random() < COLD_SHARE else None
        requests.append(Request(arrival_s, text, cold or voice, cold is not None))
    return requests


def changed_copies(samples: Sequence[Path], folder: Path) -> Iterator[str]:
    """Write copies of `samples` into `folder`, each a little quieter, and yield their names."""
    recordings = [soundfile.read(path) for path in samples]
    count = 0
    while True:
        audio, rate_hz = recordings[count % len(recordings)]
        count += 1
        name = f"cold-{count}.wav"
        soundfile.write(folder / name, audio * 0.9995**count, rate_hz)
        yield name
