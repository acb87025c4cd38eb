"""Made-up speakers with references as the engine gets them: analysed audio.

A speaker is made up on features, where a high voice keeps the low frequencies of the deep one that
it comes from. Its audio has nothing below its pitch, and a model that never met that hears a lower
voice. So most references are spoken by the codec and analysed again, which is slow: speakers of one
voice share them for a while.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.codec import Components, SourceFilterCodec
from training.augment import Speaker
from training.dataset import Dataset

NUM_FRAMES = 128
"""Length of a reference."""
_NEW = 0.1
"""Part of the draws that make up another speaker; the others repeat one."""


@dataclass(frozen=True)
class Actor:
    """A speaker with a reference.

    Attributes:
        speaker: Who it is.
        reference: (NUM_FRAMES, latent_dim), analysed from the audio of the codec.
    """

    speaker: Speaker
    reference: NDArray[np.float32]


class Cast:
    """The actors of a pool of batches, made up as they are needed."""

    def __init__(self, dataset: Dataset, components: Components) -> None:
        self._dataset, self._components = dataset, components
        self._codec = SourceFilterCodec(components)
        self._actors: dict[int, list[Actor]] = defaultdict(list)

    def draw(self, voice: int, rng: np.random.Generator) -> Actor:
        """Return one that flite's `voice` is turned into."""
        actors = self._actors[voice]
        if not actors or rng.random() < _NEW:
            actors.append(self._new(voice, rng))
            return actors[-1]
        return actors[int(rng.integers(len(actors)))]

    def _new(self, voice: int, rng: np.random.Generator) -> Actor:
        speaker = self._dataset.speaker(voice, rng)
        features = self._dataset.reference(voice, NUM_FRAMES, rng, speaker)
        latents = torch.from_numpy(self._components.pack(features.astype(np.float64)))
        audio = self._codec.decode(latents)
        return Actor(speaker, self._codec.encode(audio).numpy())
