"""eSpeak NG (GPL-3) as a function: text, pitch and tempo in, PCM out.

The library, its data and its voice state belong to the process, so calls take turns. Equal calls
give equal samples whatever was spoken before: the two effects that run on from one utterance to
the next, flutter and roughness, are off, and the random numbers behind the breath are seeded.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import math
import tempfile
import threading
import unicodedata
from pathlib import Path

import espeakng_loader
import numpy as np
import soxr
from numpy.typing import NDArray

from speech.errors import InternalError
from speech.pcm import PCM, SAMPLE_RATE_HZ

MIN_PITCH_HZ = 60.0
MAX_PITCH_HZ = 400.0

_NATIVE_RATE = 22_050
_PIECE_MS = 100  # how often eSpeak asks whether to go on
_WORDS_PER_MINUTE = 165
_FADE_SAMPLES = 220

# From speak_lib.h
_OUTPUT_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_RATE, _VOLUME = 1, 2
_POSITION_CHARACTER = 1
_UTF8, _END_PAUSE = 0x1, 0x1000  # without 0x10 and 0x100, markup and [[phonemes]] are text
_ON_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

_lock = threading.Lock()


def load() -> None:
    """Load the library now rather than at the first call of `speak`.

    Raises:
        OSError: When the library or its data cannot be used.
    """
    with _lock:
        _library()


def speak(text: str, pitch_hz: float, tempo: float, seed: int, stop: threading.Event) -> PCM:
    """Return `text` spoken in American English, a pause at its end included.

    Args:
        text: Any text; what eSpeak cannot pronounce stays silent.
        pitch_hz: Median pitch, held within `MIN_PITCH_HZ` and `MAX_PITCH_HZ`.
        tempo: 1 is a calm reading; the pitch does not follow it.
        seed: Of the breath noise, in [0, 2**31).
        stop: Once set, ends the call within one eSpeak piece; the samples are then incomplete.

    Raises:
        InternalError: When eSpeak refuses.
    """
    pitch_hz = min(max(pitch_hz, MIN_PITCH_HZ), MAX_PITCH_HZ)
    variant = round(12 * math.log2(pitch_hz / MIN_PITCH_HZ))
    shift = pitch_hz / _variant_pitch_hz(variant)  # within half a semitone
    words_per_minute = round(_WORDS_PER_MINUTE * tempo / shift)
    volume = round(105 - pitch_hz / 10)  # evens out the loudness; English peaks below 0.9
    with _lock:
        native = _speak_native(_plain(text), variant, words_per_minute, volume, seed, stop)
    samples = native.astype(np.float32) / np.float32(32768)
    pcm: PCM = soxr.resample(samples, _NATIVE_RATE * shift, SAMPLE_RATE_HZ)
    ramp = np.linspace(0, 1, _FADE_SAMPLES, dtype=np.float32)[: len(pcm)]
    pcm[: len(ramp)] *= ramp  # eSpeak opens a vowel with a step, which clicks
    return np.clip(pcm, -1, 1, out=pcm)


def _speak_native(
    text: str,
    variant: int,
    words_per_minute: int,
    volume: int,
    seed: int,
    stop: threading.Event,
) -> NDArray[np.int16]:
    pieces: list[bytes] = []

    def on_samples(samples: int | None, num_samples: int, _events: int | None) -> int:
        if samples and num_samples > 0:
            pieces.append(ctypes.string_at(samples, 2 * num_samples))
        return int(stop.is_set())

    if not stop.is_set():
        library = _library()
        callback = _ON_SAMPLES(on_samples)
        library.espeak_SetSynthCallback(callback)
        _check(library.espeak_SetVoiceByName(f"en-us+{_variant_name(variant)}".encode()))
        _check(library.espeak_SetParameter(_RATE, words_per_minute, 0))
        _check(library.espeak_SetParameter(_VOLUME, volume, 0))
        library.espeak_ng_SetRandSeed(seed)
        utf8, flags = text.encode(), _UTF8 | _END_PAUSE
        _check(
            library.espeak_Synth(utf8, len(utf8) + 1, 0, _POSITION_CHARACTER, 0, flags, None, None)
        )
    return np.frombuffer(b"".join(pieces), np.int16)


def _check(status: int) -> None:
    if status != 0:
        raise InternalError(f"The preview engine cannot speak this text (eSpeak NG {status})")


def _plain(text: str) -> str:
    """Drop invisible format characters and blank what is no character: eSpeak obeys controls."""
    kinds = ((c, unicodedata.category(c)) for c in text)
    return "".join(
        c if c == "\n" or kind[0] != "C" else "" if kind == "Cf" else " " for c, kind in kinds
    )


@functools.cache
def _library() -> ctypes.CDLL:
    """Load and initialise libespeak-ng; its voice variants, one per semitone, are our own."""
    # eSpeak's path buffers are short, and a Ray worker's environment can lie deep.
    folder = tempfile.TemporaryDirectory(prefix="espeak-")
    atexit.register(folder.cleanup)
    data = Path(folder.name)
    for entry in Path(espeakng_loader.get_data_path()).iterdir():
        if entry.name != "voices":
            (data / entry.name).symlink_to(entry)
    variants = data / "voices" / "!v"
    variants.mkdir(parents=True)
    for semitone in range(round(12 * math.log2(MAX_PITCH_HZ / MIN_PITCH_HZ)) + 1):
        (variants / _variant_name(semitone)).write_text(_variant(_variant_pitch_hz(semitone)))

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    library.espeak_Synth.argtypes = [
        *(ctypes.c_char_p, ctypes.c_size_t),  # text and its size, the final NUL included
        *(ctypes.c_uint, ctypes.c_int, ctypes.c_uint),  # from and to: the whole
        *(ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),  # flags; nothing of ours to pass on
    ]
    rate = library.espeak_Initialize(
        _OUTPUT_SYNCHRONOUS, _PIECE_MS, str(data).encode(), _DO_NOT_EXIT
    )
    if rate != _NATIVE_RATE:
        raise OSError(f"eSpeak NG did not start: sample rate {rate}, expected {_NATIVE_RATE}")
    return library


def _variant_name(semitone: int) -> str:
    return f"semitone{semitone}"  # a bare number would be one of eSpeak's own


def _variant_pitch_hz(semitone: int) -> float:
    return float(MIN_PITCH_HZ * 2 ** (semitone / 12))


def _variant(pitch_hz: float) -> str:
    """Return the eSpeak voice file of a speaker with this median pitch.

    The numbers were chosen by a speech recogniser's word error rate from 75 to 280 Hz: 0.42 to
    0.79 with eSpeak's narrow formants, 0.04 to 0.12 with these broad ones and some breath.
    """
    # What eSpeak calls 100 is heard as 102, 300 as 319: measured by `median_pitch_hz`.
    nominal_hz = (pitch_hz + 6) / 1.085
    formants = round(100 * (nominal_hz / 105) ** 0.15)  # higher voices have shorter throats
    heights = (80, 80, 70, 70, 80, 80, 70, 70, 70)
    lines = [
        "language variant",
        f"name {pitch_hz:.0f} Hz",
        f"pitch {round(0.82 * nominal_hz)} {round(1.18 * nominal_hz)}",
        "flutter 0",
        "roughness 8",  # past the last of eSpeak's table: none at all
        "breath 0 2 3 3 3 3 3 2",
        "echo 140 10",
        "consonants 125 125",
        *(f"formant {i} {formants} {height} 150" for i, height in enumerate(heights)),
    ]
    return "\n".join(lines) + "\n"
