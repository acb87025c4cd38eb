"""Joins the PCM of consecutive chunks into one stream with even pauses and no clicks.

Only what could still belong to a join is held back: the silence at a chunk's end. Speech passes
through bit for bit; whatever a join changes, it changes between the last loud sample of one chunk
and the first loud one of the next.
"""

from __future__ import annotations

import numpy as np

from speech.pcm import PCM

PAUSE_S = 0.25
"""Silence at a join: the shortest that still ends a sentence, and bearable where a chunk had to end
inside one."""
MAX_HELD_S = 2.0
"""Silence held back at most, hence also the longest end of a chunk that a join can shorten."""

_FADE_S = 0.010  # long enough not to click, short enough to fit into the pause twice
_BLOCK_S = 0.005  # what is silent is decided for blocks of this length
_SILENCE_RATIO = 0.02  # silent: 34 dB below the loudest sample so far ...
_SILENCE_FLOOR = 1e-3  # ... or below -60 dB of full scale

_NOTHING: PCM = np.zeros(0, dtype=np.float32)


class Joiner:
    """Joins chunks fed in order; what comes out does not depend on how they are cut into pieces.

    Call `feed` for each piece of a chunk, `next_chunk` between chunks, `finish` once at the end,
    and play whatever they return, in order. With both options off, chunks are concatenated. A
    single chunk comes out as it went in.
    """

    def __init__(self, sample_rate: int, crossfade: bool, normalize: bool) -> None:
        """Set up one stream.

        Args:
            sample_rate: Of all PCM, in Hz.
            crossfade: Fade the end of one chunk's silence into the start of the next one's.
            normalize: Make the silence at each join `PAUSE_S` long; a silent chunk adds nothing.
        """
        self._joins = crossfade or normalize
        self._fade_samples = round(_FADE_S * sample_rate) if crossfade else 0
        self._pause_samples = round(PAUSE_S * sample_rate) if normalize else None
        # A pause is half the one chunk's silence and half the other's; they overlap in the fade.
        self._kept_samples = ((self._pause_samples or 0) + self._fade_samples) // 2
        self._held_samples = round(MAX_HELD_S * sample_rate) if normalize else self._fade_samples
        self._block_samples = max(1, round(_BLOCK_S * sample_rate))
        ramp = np.arange(0.5, self._fade_samples) / max(1, self._fade_samples)
        self._fade_in: PCM = (0.5 - 0.5 * np.cos(np.pi * ramp)).astype(np.float32)
        self._unread = _NOTHING  # less than a block
        self._tail = _NOTHING  # silence after what was given out last
        self._lead: PCM | None = None  # silence at the start of a chunk; None once it is joined
        self._loudest = 0.0  # so far
        self._last_sample = 0.0  # of what was given out

    def feed(self, pcm: PCM) -> PCM:
        """Take the next piece of the current chunk and return what is settled.

        May return `pcm` itself; does not write to it.
        """
        if not self._joins:
            return pcm
        unread = np.concatenate((self._unread, pcm))
        num_read = len(unread) - len(unread) % self._block_samples
        self._unread = unread[num_read:].copy()
        return self._given(self._read(unread[:num_read]))

    def next_chunk(self) -> PCM:
        """Say that the current chunk is complete and another follows; return what is settled."""
        settled = self._read_rest()
        if self._loudest or len(self._tail):
            settled.append(self._hold(self._silence()))
            self._lead = _NOTHING
        return self._given(settled)

    def finish(self) -> PCM:
        """Say that the last chunk is complete; return all that was held back."""
        return self._given([*self._read_rest(), self._silence()])

    def _read_rest(self) -> list[PCM]:
        rest, self._unread = self._unread, _NOTHING
        return self._read(rest)

    def _read(self, pcm: PCM) -> list[PCM]:
        """Take whole blocks (or a chunk's last, short one) and return what is settled, in parts."""
        loud_start, loud_end = self._loud_span(pcm)
        settled: list[PCM] = []
        start = 0
        if self._lead is not None:
            waits_for_speech = self._pause_samples is not None
            missing = self._fade_samples - len(self._lead)
            start = loud_start if waits_for_speech else min(loud_start, missing)
            lead = np.concatenate((self._lead, pcm[:start]))
            if waits_for_speech:
                lead = lead[max(0, len(lead) - self._kept_samples) :]
            if start == len(pcm) and (waits_for_speech or start < missing):
                self._lead = lead
                return []
            settled.append(self._join(lead, pcm[start:]))
            self._tail, self._lead = _NOTHING, None
        if loud_end > start:
            settled += [self._tail, pcm[start:loud_end]]
            self._tail, start = _NOTHING, loud_end
        return [*settled, self._hold(np.concatenate((self._tail, pcm[start:])))]

    def _loud_span(self, pcm: PCM) -> tuple[int, int]:
        """Return where the first loud block starts and the last one ends, or (length, 0)."""
        if not len(pcm):
            return 0, 0
        peaks = np.maximum.reduceat(np.abs(pcm), np.arange(0, len(pcm), self._block_samples))
        loudest = np.maximum.accumulate(np.append(self._loudest, peaks))
        self._loudest = float(loudest[-1])
        (loud,) = np.nonzero(peaks > np.maximum(_SILENCE_RATIO * loudest[1:], _SILENCE_FLOOR))
        if not len(loud):
            return len(pcm), 0
        first, last = int(loud[0]), int(loud[-1])
        return first * self._block_samples, min(len(pcm), (last + 1) * self._block_samples)

    def _hold(self, tail: PCM) -> PCM:
        """Hold the end of `tail` back and return the part that is too long ago for a join."""
        num_settled = max(0, len(tail) - self._held_samples)
        self._tail = tail[num_settled:]
        return tail[:num_settled]

    def _silence(self) -> PCM:
        """Return all silence since what was given out last, less that of silent chunks if even."""
        if self._lead is None or self._pause_samples is not None:
            return self._tail
        return np.concatenate((self._tail, self._lead))

    def _join(self, lead: PCM, speech: PCM) -> PCM:
        """Return the silence between the chunks: the tail fading out, `lead` fading in.

        Where silence is missing, the sample next to it takes its place, so that no fade reaches
        into speech and no step is left.
        """
        fade = self._fade_samples
        left, right = self._tail, lead
        if self._pause_samples is not None:
            left = left[: self._kept_samples]
        if len(left) < fade:
            edge = left[-1] if len(left) else self._last_sample
            left = np.append(left, np.full(fade - len(left), edge, np.float32))
        if len(right) < fade:
            edge = right[0] if len(right) else speech[0]
            right = np.append(np.full(fade - len(right), edge, np.float32), right)
        size = self._pause_samples or len(left) + len(right) - fade
        gap: PCM = np.zeros(size, dtype=np.float32)
        gap[: len(left)] = left
        gap[len(left) - fade : len(left)] *= self._fade_in[::-1]
        right = right.copy()
        right[:fade] *= self._fade_in
        gap[size - len(right) :] += right
        return gap

    def _given(self, parts: list[PCM]) -> PCM:
        pcm = np.concatenate((_NOTHING, *parts))
        if len(pcm):
            self._last_sample = float(pcm[-1])
        return pcm
