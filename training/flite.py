"""The teacher: CMU flite (Debian's libflite1), driven through ctypes for audio and its timing.

One utterance at a time; the library keeps state, so a process has one of it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import soxr
from numpy.typing import NDArray

VOICES = ("slt", "awb", "rms", "kal16")
SILENCE = "pau"


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


@dataclass(frozen=True)
class Phone:
    """A speech sound and when it ends, in seconds."""

    name: str
    end: float


@dataclass(frozen=True)
class SpokenToken:
    """A piece of the text between spaces, without punctuation, and when it is spoken."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """The speech that flite made of a text."""

    audio: NDArray[np.float32]
    """(num_samples,) at the rate asked for."""
    phones: list[Phone]
    tokens: list[SpokenToken]


class Flite:
    """The library with its voices.

    Raises:
        OSError: When it is not installed (`apt-get install libflite1`).
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        for name in ("libflite_cmulex.so.1", "libflite_usenglish.so.1"):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        self._declare()
        self._library.flite_init()

    def _declare(self) -> None:
        pointer, string = ctypes.c_void_p, ctypes.c_char_p
        for name, result, arguments in (
            ("flite_synth_text", pointer, (string, pointer)),
            ("utt_wave", ctypes.POINTER(_Wave), (pointer,)),
            ("utt_relation", pointer, (pointer, string)),
            ("relation_head", pointer, (pointer,)),
            ("item_next", pointer, (pointer,)),
            ("ffeature_string", string, (pointer, string)),
            ("ffeature_float", ctypes.c_float, (pointer, string)),
            ("delete_utterance", None, (pointer,)),
        ):
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    @cached_property
    def _voices(self) -> dict[str, int]:
        return {name: self._register(name) for name in VOICES}

    def _register(self, name: str) -> int:
        voice = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1", mode=ctypes.RTLD_GLOBAL)
        register = getattr(voice, f"register_cmu_us_{name}")
        register.restype, register.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)
        return int(register(None))

    def speak(self, text: str, voice: str, rate_hz: int) -> Utterance:
        """Return `text` (ASCII) spoken by `voice`, one of `VOICES`."""
        utterance = self._library.flite_synth_text(text.encode("ascii"), self._voices[voice])
        try:
            wave = self._library.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,))
            audio = samples.astype(np.float32) / 32768
            audio = soxr.resample(audio, wave.sample_rate, rate_hz)
            return Utterance(audio, self._phones(utterance), self._tokens(utterance))
        finally:
            self._library.delete_utterance(utterance)

    def _phones(self, utterance: int) -> list[Phone]:
        segments = self._items(utterance, b"Segment")
        return [Phone(self._text(item, b"name"), self._number(item, b"end")) for item in segments]

    def _tokens(self, utterance: int) -> list[SpokenToken]:
        """Return the tokens that are spoken; flite drops some, such as lone dashes."""
        first = b"daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end"
        last = b"daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"
        tokens = []
        for item in self._items(utterance, b"Token"):
            start, end = self._number(item, first), self._number(item, last)
            if end > start:
                tokens.append(SpokenToken(self._text(item, b"name"), start, end))
        return tokens

    def _items(self, utterance: int, relation: bytes) -> Iterator[int]:
        item = self._library.relation_head(self._library.utt_relation(utterance, relation))
        while item:
            yield item
            item = self._library.item_next(item)

    def _text(self, item: int, feature: bytes) -> str:
        value: bytes = self._library.ffeature_string(item, feature)
        return value.decode("ascii", errors="replace")

    def _number(self, item: int, feature: bytes) -> float:
        return float(self._library.ffeature_float(item, feature))
