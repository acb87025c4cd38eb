"""The report on a reference file: the voice it will give, and the faults it has."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Literal

from serve_app.voice_check.measurement import VoiceMeasurement, measure_voice
from speech.decoding.audio import Source, UndecodableAudio
from speech.reference_audio import MAX_SECONDS, Reference, describe_source, read_reference
from speech.resampling import resample_soxr

MIN_S = 1.0
"""The least audio that makes a voice."""
RECOMMENDED_S = (10.0, 30.0)
MAX_WORTHWHILE_S = 60.0
"""The length up to which more audio steadies a voice; beyond, it only costs memory."""

_MAX_CUT_RATIO = 1.01
"""The file's length over the part used, up to which no warning is given: of the recommended 30 s, a
checkpoint uses 29.7 s (640 frames)."""
_MIN_SPEECH_RATIO = 0.6
_MAX_SILENT_END_S = 1.0
_MAX_PAUSE_S = 2.0
_MIN_SPEECH_DBFS = -30.0
_MIN_SNR_DB = 20.0
_MAX_LOUDNESS_RANGE_LU = 10.0
_MIN_BANDWIDTH_HZ = 6000.0
_MAX_CLIPPED_PER_S = 0.5
"""Flat peaks per second of speech that may be chance."""


@dataclass(frozen=True)
class VoiceReport:
    """One reference file as the system sees it.

    Attributes:
        source: The file's codec and layout, or None if it has no audio.
        measured: Measurements of the decoded audio, or None.
        used_s: Seconds of the beginning that become the voice.
        unusable: The reason why it can be no voice, or None.
        warnings: Faults of a usable file, most important first.
    """

    source: Source | None
    measured: VoiceMeasurement | None
    used_s: float
    unusable: str | None
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> Literal["good", "usable", "unusable"]:
        """The report in a word."""
        if self.unusable is not None:
            return "unusable"
        return "usable" if self.warnings else "good"


def report_voice(file: io.RawIOBase, max_used_s: float = MAX_SECONDS) -> VoiceReport:
    """Decode an open, seekable file as requests for its voice do, and judge the audio.

    The resampler may differ from the server's: it is the one that loads quickly.

    Args:
        file: The file, read from its start.
        max_used_s: Seconds of a voice that the engine uses.

    Raises:
        OSError: Reading the file failed.
    """
    source = None
    try:
        source = describe_source(file)
        file.seek(0)
        reference = read_reference(file, resample_soxr)
    except UndecodableAudio as error:
        return VoiceReport(source, None, 0.0, str(error))
    source = reference.source
    measured = measure_voice(reference.pcm)
    used_s = min(measured.duration_s, max_used_s)
    if measured.duration_s < MIN_S:
        told_s = math.floor(100 * measured.duration_s) / 100
        why = f"only {told_s:.2f} s of audio, at least {MIN_S:g} s are needed"
        return VoiceReport(source, measured, used_s, why)
    warnings = [*_warnings_of_reading(reference), *_warnings(source, measured, used_s)]
    return VoiceReport(source, measured, used_s, None, tuple(warnings))


def _warnings_of_reading(reference: Reference) -> list[str]:
    warnings = []
    if reference.source.track:
        number = reference.source.track + 1
        warnings.append(f"tracks: only track {number} is used, the first with audible audio")
    if reference.num_runs > 1:
        warnings.append(
            f"joined: {reference.num_runs} parts of different rate or channels, all are used"
        )
    if reference.channel is not None:
        warnings.append(
            f"channels: they cancel each other, only channel {reference.channel + 1} is used"
        )
    if reference.skipped_s:
        warnings.append(f"silence: the first {reference.skipped_s:.1f} s are silent and left out")
    return warnings


def _warnings(source: Source, measured: VoiceMeasurement, used_s: float) -> list[str]:
    if measured.snr_db is None:
        return ["no speech stands out from the background"]
    return [
        *_warnings_of_sound(measured, measured.snr_db),
        *_warnings_of_length(source, measured, used_s),
        *_warnings_of_silence(measured),
    ]


def _warnings_of_sound(measured: VoiceMeasurement, snr_db: float) -> list[str]:
    # Numbers are rounded away from the limit: 19.6 dB are not the 20 dB to aim at.
    warnings = []
    if measured.num_clipped > _MAX_CLIPPED_PER_S * measured.speech_s:
        warnings.append(f"clipped: {measured.num_clipped} peaks are cut off flat")
    if snr_db < _MIN_SNR_DB:
        warnings.append(
            f"noisy: speech is {math.floor(snr_db)} dB above the background, "
            f"aim at {_MIN_SNR_DB:.0f} dB"
        )
    if measured.speech_dbfs is not None and measured.speech_dbfs < _MIN_SPEECH_DBFS:
        warnings.append(
            f"quiet: speech is at {measured.speech_dbfs:.0f} dBFS, and so is what it will speak: "
            "aim at -20 dBFS, or ask for a `loudness`"
        )
    loudness_range_lu = measured.loudness_range_lu
    if loudness_range_lu is not None and loudness_range_lu > _MAX_LOUDNESS_RANGE_LU:
        warnings.append(
            f"uneven: the loudness varies by {math.ceil(loudness_range_lu)} LU, "
            f"stay below {_MAX_LOUDNESS_RANGE_LU:.0f} LU"
        )
    if measured.bandwidth_hz < _MIN_BANDWIDTH_HZ:
        warnings.append(
            f"dull: nothing above {measured.bandwidth_hz / 1000:.1f} kHz, as from a telephone"
        )
    return warnings


def _warnings_of_length(source: Source, measured: VoiceMeasurement, used_s: float) -> list[str]:
    shortest, longest = RECOMMENDED_S
    if measured.duration_s < shortest:
        return [f"short: {shortest:.0f} to {longest:.0f} s are recommended"]
    if measured.duration_s > _MAX_CUT_RATIO * used_s:
        # Decoding stopped at its limit: only the container knows how much there is.
        decoded_all = measured.duration_s < MAX_SECONDS or source.duration_s is None
        total_s = measured.duration_s if decoded_all else source.duration_s
        return [f"cut: only the first {used_s:.1f} s of {total_s:.1f} s are used"]
    if measured.duration_s > MAX_WORTHWHILE_S:
        return [f"long: beyond {MAX_WORTHWHILE_S:.0f} s a voice gains little"]
    return []


def _warnings_of_silence(measured: VoiceMeasurement) -> list[str]:
    warnings = []
    if measured.speech_ratio < _MIN_SPEECH_RATIO:
        warnings.append(
            f"sparse: {measured.speech_s:.1f} s of {measured.duration_s:.1f} s are speech"
        )
    for silence_s, limit_s, where in (
        (measured.lead_s, _MAX_SILENT_END_S, "at the start"),
        (measured.tail_s, _MAX_SILENT_END_S, "at the end"),
        (measured.longest_pause_s, _MAX_PAUSE_S, "between speech"),
    ):
        if silence_s > limit_s:
            warnings.append(f"pause: {silence_s:.1f} s {where} without speech, trim it")
    return warnings
