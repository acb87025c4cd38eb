"""Features to audio, block by block: pulses and noise through a minimum-phase filter.

Source: A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", the cepstrum of a
minimum-phase sequence. Low bands of a voiced sound are pulses, high ones noise, as in mixed
excitation: A. V. McCree and T. P. Barnwell, 1995.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.echo.codecs.source_filter.features import (
    BAND_HZ,
    COSINES,
    FIRST_CENTRE,
    HOP,
    NUM_BANDS,
    NUM_CEPSTRA,
    NUM_FEATURES,
    PITCH,
    PITCH_UNIT_HZ,
    POWER_FLOOR,
    RATE_HZ,
    SUBFRAMES,
    VOICING,
    Features,
    Floats,
)
from engine.echo.codecs.source_filter.half_band import REACH, double

_FFT = 1024
_BIN_HZ = np.arange(_FFT // 2 + 1) * RATE_HZ / _FFT
_WINDOW = np.hanning(2 * HOP + 1)[:-1]
_MIN_HZ, _MAX_HZ = 50.0, 600.0
_HARMONICS_END_HZ = 10_900.0
_BAND_EDGE_HZ, _BAND_EDGE_WIDTH_HZ, _BEYOND = 10_800.0, 60.0, 1e-4
_MIN_LOG_POWER, _MAX_LOG_POWER = -25.0, 8.0
_UNVOICED, _VOICED = 0.25, 0.75  # voicings that are all noise, and as many pulses as can be
_NOISE_FROM_HZ, _NOISE_LATER_HZ, _NOISE_SLOPE = 3000.0, 3500.0, 4
_NOISE: Floats = np.random.default_rng(0).standard_normal((512, HOP))
"""Six seconds of noise, repeated: the same latents always sound the same."""
_KNEE, _CEILING = 0.8, 0.98
"""Samples are bent from the one on, and none exceeds the other: encoders cut what is over 1."""
_LEVEL_KNEE, _LEVEL_CEILING = 0.25, 0.35
"""The same for the root mean square of a sub-frame, which peaks at two to five times that: too loud
a sub-frame becomes quieter, so that hardly a sample is left to bend."""
_LEAD = (REACH + 1) // 2
"""Samples at RATE_HZ that the resampler needs on either side of its output."""


def _cepstra_to_bins() -> Floats:
    """Return the map (NUM_CEPSTRA, bins) from cepstra to the log power at each FFT bin."""
    rows = [np.interp(_BIN_HZ, BAND_HZ, row) for row in np.eye(NUM_BANDS)]
    return np.asarray(COSINES @ np.stack(rows))


def _fold() -> Floats:
    """Return the weights that make a real cepstrum that of a minimum-phase filter."""
    weights = np.zeros(_FFT)
    weights[[0, _FFT // 2]] = 1.0
    weights[1 : _FFT // 2] = 2.0
    return weights


_TO_BINS = _cepstra_to_bins()
_FOLD = _fold()
_BAND_EDGE = 2 * np.log(
    1 / (1 + np.exp(np.minimum((_BIN_HZ - _BAND_EDGE_HZ) / _BAND_EDGE_WIDTH_HZ, 50.0))) + _BEYOND
)


@dataclass
class SynthesisStream:
    """The state of a blockwise synthesis at the end of a latent frame.

    Attributes:
        count: The number of sub-frames taken in.
        last: The features of the last one, (1, NUM_FEATURES).
        cycles: Periods of the voice up to the centre of the last one.
        pulses: The pulse excitation of the HOP samples before that centre.
        noise: The noise excitation of the same samples.
        tail: The ringing of the filters, from the last HOP samples on.
        lead: Finished samples that the resampler still needs.
    """

    count: int = 0
    last: Floats = field(default_factory=lambda: np.zeros((1, NUM_FEATURES)))
    cycles: float = 0.0
    pulses: Floats = field(default_factory=lambda: np.zeros((1, HOP)))
    noise: Floats = field(default_factory=lambda: np.zeros((1, HOP)))
    tail: Floats = field(default_factory=lambda: np.zeros(_FFT - HOP))
    lead: Floats = field(default_factory=lambda: np.zeros(0))


def synthesise(features: Features, stream: SynthesisStream) -> Floats:
    """Return audio at 2 RATE_HZ, (2 HOP n,), of the next n sub-frames; `stream` moves on.

    n is a multiple of SUBFRAMES. The blocks joined are the same samples however they are cut.
    """
    if not len(features):
        return np.zeros(0)
    if stream.count == 0:  # as if the first had been there for a while
        before = np.repeat(features[:1], SUBFRAMES, axis=0)
        stream.last, stream.count = before[:1], 1
        early = _at_low_rate(before[1:], stream)
        start = FIRST_CENTRE - (SUBFRAMES + 1) * HOP  # of the sample that `early` begins with
        stream.lead = _at_low_rate(features, stream)
        stream.lead = np.concatenate([early, stream.lead])[-_LEAD - start :]
        return _at_high_rate(np.zeros(0), stream)
    return _at_high_rate(_at_low_rate(features, stream), stream)


def _at_high_rate(audio: Floats, stream: SynthesisStream) -> Floats:
    known = np.concatenate([stream.lead, audio])
    stream.lead = known[-2 * _LEAD :]
    return _limited(double(known)[1:-1])


def _limited(audio: Floats) -> Floats:
    """Return `audio` below the ceiling: bent above the knee, as S1-DAC's tanh does, and not cut."""
    return np.copysign(_bent(np.abs(audio), _KNEE, _CEILING), audio)


def _tamed(power: Floats) -> Floats:
    """Return `power` (n, bins) with the sub-frames that are too loud turned down."""
    level = np.sqrt(power.mean(axis=1, keepdims=True).clip(np.exp(_MIN_LOG_POWER)))
    return np.asarray(power * (_bent(level, _LEVEL_KNEE, _LEVEL_CEILING) / level) ** 2)


def _bent(size: Floats, knee: float, ceiling: float) -> Floats:
    """Return sizes, soft-clipped: unchanged up to the knee, then ever closer to the ceiling."""
    room = ceiling - knee
    return np.where(size > knee, knee + room * np.tanh((size - knee) / room), size)


def _at_low_rate(features: Features, stream: SynthesisStream) -> Floats:
    """Return (HOP n,) samples: those from before the last centre but one up to the next such."""
    known = np.concatenate([stream.last, features])
    pulses = np.concatenate([stream.pulses, _pulses(known, stream)])
    rows = (stream.count + np.arange(len(features))) % len(_NOISE)
    noise = np.concatenate([stream.noise, _NOISE[rows]])
    ringing = _filtered(known[:-1], pulses, noise)
    audio = np.concatenate([stream.tail, np.zeros(HOP * len(features))])
    for part in reversed(range(_FFT // HOP)):  # the oldest first, in whatever blocks
        span = slice(part * HOP, (part + len(features)) * HOP)
        audio[span] += ringing[:, part * HOP : (part + 1) * HOP].ravel()
    stream.count += len(features)
    stream.last, stream.pulses, stream.noise = known[-1:], pulses[-1:], noise[-1:]
    stream.tail = audio[HOP * len(features) :]
    return audio[: HOP * len(features)]


def _pulses(known: Features, stream: SynthesisStream) -> Floats:
    """Return a unit-power pulse train between the centres of `known` (1 + n,): (n, HOP).

    All harmonics below the band's edge, summed in closed form.
    """
    hz = np.clip(PITCH_UNIT_HZ * 2 ** known[:, PITCH], _MIN_HZ, _MAX_HZ)
    start, slope = hz[:-1, None], np.diff(hz)[:, None] / HOP
    sample = np.arange(HOP)
    periods = np.cumsum(np.append(stream.cycles, HOP * (hz[:-1] + hz[1:]) / 2 / RATE_HZ))
    stream.cycles = float(periods[-1])
    cycles = periods[:-1, None] + (start + slope * sample / 2) * sample / RATE_HZ
    now_hz = start + slope * sample
    harmonics = np.floor(_HARMONICS_END_HZ / now_hz)
    half_angle = np.pi * (cycles - np.floor(cycles))
    sine = np.sin(half_angle)
    small = np.abs(sine) < 1e-4
    ratio = np.sin((2 * harmonics + 1) * half_angle) / np.where(small, 1.0, sine)
    comb = np.where(small, harmonics, (ratio - 1) / 2)
    return np.asarray(comb * 2 * np.sqrt(now_hz / RATE_HZ))


def _filtered(features: Features, pulses: Floats, noise: Floats) -> Floats:
    """Return what each sub-frame (n,) makes of the two hops around its centre: (n, _FFT)."""
    log_power = features[:, :NUM_CEPSTRA] @ _TO_BINS
    power = np.exp(np.clip(log_power, None, _MAX_LOG_POWER)) - POWER_FLOOR
    log_power = np.log(np.maximum(_tamed(power), np.exp(_MIN_LOG_POWER))) + _BAND_EDGE
    cepstrum = np.fft.irfft(log_power / 2, _FFT) * _FOLD
    response = np.exp(np.fft.rfft(cepstrum, _FFT))
    share = _pulse_share(features[:, VOICING])
    spectrum = _spectrum(pulses) * np.sqrt(share) + _spectrum(noise) * np.sqrt(1 - share)
    return np.asarray(np.fft.irfft(response * spectrum, _FFT))


def _spectrum(excitation: Floats) -> Floats:
    """Return the windowed spectrum of each pair of neighbours of (n + 1, HOP)."""
    pairs = np.concatenate([excitation[:-1], excitation[1:]], axis=1)
    return np.asarray(np.fft.rfft(pairs * _WINDOW, _FFT))


def _pulse_share(voicing: Floats) -> Floats:
    """Return what part of the power at each bin is pulses: less of high bands, and of breath."""
    voiced = np.clip((voicing - _UNVOICED) / (_VOICED - _UNVOICED), 0.0, 1.0)[:, None]
    edge = _NOISE_FROM_HZ + _NOISE_LATER_HZ * voiced
    return np.asarray(voiced / (1 + (_BIN_HZ / edge) ** _NOISE_SLOPE))
