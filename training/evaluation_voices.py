"""References for the evaluation: speakers that no training batch had, evenly over pitch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.echo.codecs.source_filter.analysis import analyse
from engine.echo.codecs.source_filter.codec import Components, SourceFilterCodec
from engine.echo.codecs.source_filter.features import (
    PITCH,
    PITCH_UNIT_HZ,
    RATE_HZ,
    SUBFRAMES,
    Features,
)
from speech.pcm import PCM
from training.augment import Speaker, apply, draw_speaker, median_pitch
from training.flite import VOICES, Flite
from training.shards import FRAME_SAMPLES

NUM_VOICES = 24
LOWEST_HZ, HIGHEST_HZ = 80.0, 300.0
_SEED = 20_000_000  # apart from all that training draws from
_PASSAGE = "The old mill stands by the river. Nobody has worked there for many years, I believe."


@dataclass(frozen=True)
class Teacher:
    """One of flite's voices changed into a speaker.

    Attributes:
        voice: Of flite.
        speaker: What it is changed into.
        median_pitch: Of flite's own voice.
    """

    voice: str
    speaker: Speaker
    median_pitch: float


def teachers(flite: Flite) -> list[Teacher]:
    """Return NUM_VOICES of them, from low to high."""
    rng = np.random.default_rng(_SEED)
    pitches = np.log2(np.geomspace(LOWEST_HZ, HIGHEST_HZ, NUM_VOICES) / PITCH_UNIT_HZ)
    made = []
    for number, pitch in enumerate(pitches):
        voice = VOICES[number % len(VOICES)]
        speaker = replace(draw_speaker(voice, rng, float(pitch)), liveliness=1.0)
        made.append(Teacher(voice, speaker, median_pitch(_analysed(_PASSAGE, voice, flite))))
    return made


def say(text: str, teacher: Teacher, flite: Flite, components: Components) -> PCM:
    """Return the codec's copy of `text` as the teacher says it: the best the model could do."""
    features = _analysed(text, teacher.voice, flite)
    features[:, PITCH] -= teacher.median_pitch
    features = apply(features, teacher.speaker)
    features = features[: len(features) // SUBFRAMES * SUBFRAMES]
    latents = torch.from_numpy(components.pack(features)).float()
    audio: PCM = SourceFilterCodec(components).decode(latents).numpy()
    return audio


def reference(teacher: Teacher, flite: Flite, components: Components) -> PCM:
    """Return what the model hears of a teacher."""
    return say(_PASSAGE, teacher, flite, components)


def _analysed(text: str, voice: str, flite: Flite) -> Features:
    audio = flite.speak(text, voice, RATE_HZ).audio.astype(np.float64)
    return analyse(audio, -(-len(audio) // FRAME_SAMPLES) * SUBFRAMES)
