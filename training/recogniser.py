"""A recogniser that knows nothing of the model: pocketsphinx with the model it carries."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pocketsphinx
import soxr
from numpy.typing import NDArray

from speech.pcm import SAMPLE_RATE_HZ

_RATE_HZ = 16_000
_MARGIN = _RATE_HZ // 4  # of silence before and after
_FRAMES_PER_S = 100


def words(text: str) -> list[str]:
    """Return what of a text is compared."""
    return re.findall(r"[a-z0-9']+", text.lower())


class Recogniser:
    """Tells which of a set of sentences it heard, or what it heard at all."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._choices = pocketsphinx.Decoder(samprate=_RATE_HZ, lm=None, loglevel="FATAL")
        options = " | ".join(" ".join(words(sentence)) for sentence in sentences)
        grammar = f"#JSGF V1.0; grammar sentences; public <sentence> = {options};"
        self._choices.add_jsgf_string("sentences", grammar)
        self._choices.activate_search("sentences")
        self._dictation = pocketsphinx.Decoder(samprate=_RATE_HZ, loglevel="FATAL")

    def identify(self, audio: NDArray[np.floating]) -> list[str]:
        """Return the words of the sentence, of the known ones, that `audio` is most like."""
        return _heard(self._choices, audio)

    def transcribe(self, audio: NDArray[np.floating]) -> list[str]:
        """Return the words that `audio` is made of, whatever they may be."""
        return _heard(self._dictation, audio)


class Aligner:
    """Tells when known words were said."""

    def __init__(self) -> None:
        self._decoder = pocketsphinx.Decoder(samprate=_RATE_HZ, lm=None, loglevel="FATAL")

    def align(self, audio: NDArray[np.floating], said: Sequence[str]) -> list[tuple[float, float]]:
        """Return when each of the words that are `said` in `audio` begins and ends, in seconds.

        To a hundredth of a second; nothing where the dictionary lacks a word or none fits.
        """
        decoder = self._decoder
        if not said or any(decoder.lookup_word(word) is None for word in said):
            return []
        decoder.set_align_text(" ".join(said))
        _listen(decoder, audio)
        spoken = [part for part in decoder.seg() or [] if part.word[0] not in "<["]
        if [part.word.partition("(")[0] for part in spoken] != list(said):
            return []
        margin_s = _MARGIN / _RATE_HZ
        return [
            (
                part.start_frame / _FRAMES_PER_S - margin_s,
                (part.end_frame + 1) / _FRAMES_PER_S - margin_s,
            )
            for part in spoken
        ]


def _heard(decoder: pocketsphinx.Decoder, audio: NDArray[np.floating]) -> list[str]:
    _listen(decoder, audio)
    hypothesis = decoder.hyp()
    return words(hypothesis.hypstr) if hypothesis is not None else []


def _listen(decoder: pocketsphinx.Decoder, audio: NDArray[np.floating]) -> None:
    samples = np.pad(soxr.resample(audio, SAMPLE_RATE_HZ, _RATE_HZ), _MARGIN)
    loudest = max(float(np.abs(samples).max()), 1e-6)
    pcm = (samples * (0.8 * 32767 / loudest)).astype(np.int16)
    decoder.start_utt()
    decoder.process_raw(pcm.tobytes(), full_utt=True)
    decoder.end_utt()


def num_errors(heard: Sequence[str], said: Sequence[str]) -> int:
    """Return the fewest insertions, deletions and substitutions between the two."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(heard):
        above, row = row, [i + 1]
        for j, other in enumerate(said):
            row.append(min(above[j] + (word != other), above[j + 1] + 1, row[j] + 1))
    return row[-1]
