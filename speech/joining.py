"""Joins the PCM of consecutive chunks into one stream with exact pauses and no clicks.

Only what could still belong to a join is held back: the silence at a chunk's end. Speech passes
through bit for bit; whatever a join changes, it changes between the last loud sample of one chunk
and the first loud one of the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speech.pcm import PCM
from speech.timestamps import TimedWord

MAX_HELD_S = 30.0
"""Silence held back at most, hence also the longest end of a chunk that a join can shorten: a whole
pass, so that a pause is as long as it is meant to be."""

_LONG_PAUSE_S = 60.0  # longer than any chunk
_FADE_S = 0.010  # long enough not to click, short enough to fit into the pause twice
_BLOCK_S = 0.005  # what is silent is decided for blocks of this length
_SILENCE_RATIO = 0.02  # silent: 34 dB below the voice's loudest sample so far ...
_SILENCE_FLOOR = 1e-3  # ... or below -60 dB of full scale
_CHECKED_BLOCKS = 200  # of a voice that is new at a join: they tell how loud it is

_NOTHING: PCM = np.zeros(0, dtype=np.float32)


class Joiner:
    """Joins chunks fed in order; what comes out does not depend on how they are cut into pieces.

    Call `feed` for each piece of a chunk, `next_chunk` between chunks, `finish` once at the end,
    and play whatever they return, in order: mostly one part, but a long pause is one of its own,
    which takes no memory until it is played. Without cross-fade and pauses, chunks are
    concatenated. A single chunk comes out as it went in.

    What is silent is judged by the voice: one may be as loud as another's breath.
    """

    def __init__(
        self,
        sample_rate: int,
        crossfade: bool,
        opening_pause_s: float | None = None,
        voice: str | None = None,
    ) -> None:
        """Set up one stream.

        Args:
            sample_rate: The rate of all PCM, in Hz.
            crossfade: Fade the end of one chunk's silence into the start of the next one's.
            opening_pause_s: Silence before the first chunk; None leaves it as it is.
            voice: The voice of the first chunk.
        """
        self._sample_rate = sample_rate
        self._fade_samples = round(_FADE_S * sample_rate) if crossfade else 0
        self._held_samples = round(MAX_HELD_S * sample_rate)
        self._block_samples = max(1, round(_BLOCK_S * sample_rate))
        self._checked_samples = _CHECKED_BLOCKS * self._block_samples
        self._unread = _NOTHING  # less than a block, or than tells how loud a voice is
        self._tail: list[PCM] = []  # silence after what was given out last
        self._tail_samples = 0
        self._lead: PCM | None = None  # silence at the start of a chunk; None once it is joined
        self._pause_samples: int | None = None  # of the join under way; None: as it is
        self._voice = voice
        self._loudest: dict[str | None, float] = {}  # so far, by voice
        self._has_read = False
        self._last_sample = 0.0  # of what was given out
        self._num_given = 0
        self._num_chunk_read = 0  # of the current chunk
        self._chunk_start: int | None = 0
        self._words: list[TimedWord] = []  # of the current chunk, in its seconds
        self._placed: list[TimedWord] = []  # in those of the stream
        if opening_pause_s is not None:
            self._open_join(opening_pause_s)

    @property
    def chunk_start(self) -> int:
        """The position in the stream of the current chunk's first sample, given out or not.

        Lead of a chunk that was cut away counts as before it. Until it has been joined, a chunk
        begins at the end of what was given out.
        """
        return self._num_given if self._chunk_start is None else self._chunk_start

    def feed(self, pcm: PCM, words: Sequence[TimedWord] = ()) -> list[PCM]:
        """Take the next piece of the current chunk, unchanged, and return what is settled.

        `words` are the next of the chunk, in seconds of its audio; see `take_words`.
        """
        self._words += words
        unread = np.concatenate((self._unread, pcm))
        num_read = len(unread) - len(unread) % self._block_samples
        if self._is_new_at_join and num_read < self._checked_samples:
            num_read = 0
        self._unread = unread[num_read:].copy()
        settled = self._given(self._read(unread[:num_read]))
        if self._chunk_start is not None:
            self._place_words()
        return settled

    def take_words(self) -> list[TimedWord]:
        """Return the words whose place in the stream is known by now, in its seconds, once.

        Those of a chunk that turns out to be silent lie where it would begin.
        """
        placed, self._placed = self._placed, []
        return placed

    def end_chunk(self) -> list[PCM]:
        """Say that the current chunk is complete; return what is settled without a next one."""
        settled = self._given(self._read_rest())
        self._place_words()
        return settled

    def next_chunk(self, pause_s: float | None = None, voice: str | None = None) -> list[PCM]:
        """Say that the current chunk is complete and another follows; return what is settled.

        `pause_s` is the silence to be heard between them, and a silent chunk adds nothing to it;
        with None it is as long as theirs together. `voice` is that of the next chunk.
        """
        settled = self.end_chunk()
        self._num_chunk_read = 0
        self._voice = voice
        if self._has_read or self._lead is not None:
            settled += self._given([self._hold(self._take_silence())])
            self._open_join(pause_s)
        return settled

    def finish(self, pause_s: float | None = None) -> list[PCM]:
        """Say that the last chunk is complete; return all that was held back.

        `pause_s` is the silence to end with; None leaves it as it is.
        """
        settled = self._read_rest()
        silence = self._take_silence()
        if pause_s is not None:
            self._lead = None
            self._open_join(pause_s)
            silence = self._join(silence, _NOTHING, np.zeros(1, dtype=np.float32))
        return self._given([*settled, silence])

    def _open_join(self, pause_s: float | None) -> None:
        pauses = [] if self._lead is None else [self._pause_samples]
        pauses.append(None if pause_s is None else round(pause_s * self._sample_rate))
        self._pause_samples = max((pause for pause in pauses if pause is not None), default=None)
        self._lead = _NOTHING
        self._chunk_start = None

    def _place_words(self) -> None:
        start_s = self.chunk_start / self._sample_rate
        pace = 1 if self._chunk_start is not None else 0
        for word in self._words:
            start, end = start_s + pace * word.start, start_s + pace * word.end
            self._placed.append(TimedWord(word.word, start, end))
        self._words = []

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
                lead = lead[max(0, len(lead) - self._kept_samples()) :]
            if start == len(pcm) and (waits_for_speech or start < missing):
                self._lead = lead
                self._num_chunk_read += len(pcm)
                return []
            settled.append(self._join(self._take_tail(), lead, pcm[start:]))
            self._lead = None
            joined = self._num_given + sum(map(len, settled))
            self._chunk_start = joined - (self._num_chunk_read + start)
        self._num_chunk_read += len(pcm)
        if loud_end > start:
            settled += [self._take_tail(), pcm[start:loud_end]]
            start = loud_end
        return [*settled, self._hold(pcm[start:])]

    @property
    def _is_new_at_join(self) -> bool:
        return self._lead is not None and self._voice not in self._loudest

    def _loud_span(self, pcm: PCM) -> tuple[int, int]:
        """Return where the first loud block starts and the last one ends, or (length, 0)."""
        if not len(pcm):
            return 0, 0
        self._has_read = True
        if self._is_new_at_join:
            self._loudest[self._voice] = float(np.abs(pcm[: self._checked_samples]).max())
        peaks = np.maximum.reduceat(np.abs(pcm), np.arange(0, len(pcm), self._block_samples))
        loudest = np.maximum.accumulate(np.append(self._loudest.get(self._voice, 0.0), peaks))
        self._loudest[self._voice] = float(loudest[-1])
        (loud,) = np.nonzero(peaks > np.maximum(_SILENCE_RATIO * loudest[1:], _SILENCE_FLOOR))
        if not len(loud):
            return len(pcm), 0
        first, last = int(loud[0]), int(loud[-1])
        return first * self._block_samples, min(len(pcm), (last + 1) * self._block_samples)

    def _hold(self, silence: PCM) -> PCM:
        """Hold `silence` back; return the part of all that is held too long ago for a join."""
        self._tail.append(silence)
        self._tail_samples += len(silence)
        num_settled = self._tail_samples - self._held_samples
        if num_settled <= 0:
            return _NOTHING
        tail = self._take_tail()
        self._hold(tail[num_settled:])
        return tail[:num_settled]

    def _take_tail(self) -> PCM:
        tail = np.concatenate((_NOTHING, *self._tail))
        self._tail, self._tail_samples = [], 0
        return tail

    def _take_silence(self) -> PCM:
        """Take all silence since what was given out last, less a silent chunk's in a pause."""
        tail = self._take_tail()
        if self._lead is None or self._pause_samples is not None:
            return tail
        return np.concatenate((tail, self._lead))

    def _join(self, tail: PCM, lead: PCM, speech: PCM) -> PCM:
        """Return the silence between the chunks: `tail` fading out, `lead` fading in.

        Where silence is missing, the sample next to it takes its place, so that no fade reaches
        into speech and no step is left.
        """
        fade = self._fade_samples
        left, right = tail, lead
        if self._pause_samples is not None:
            fade = min(fade, self._pause_samples)
            left = left[: self._kept_samples()]
        if len(left) < fade:
            edge = left[-1] if len(left) else self._last_sample
            left = np.append(left, np.full(fade - len(left), edge, np.float32))
        if len(right) < fade:
            edge = right[0] if len(right) else speech[0]
            right = np.append(np.full(fade - len(right), edge, np.float32), right)
        size = len(left) + len(right) - fade
        if self._pause_samples is not None:
            size = self._pause_samples
        gap: PCM = np.zeros(size, dtype=np.float32)
        ramp = np.arange(0.5, fade) / max(1, fade)
        fade_in = (0.5 - 0.5 * np.cos(np.pi * ramp)).astype(np.float32)
        gap[: len(left)] = left
        gap[len(left) - fade : len(left)] *= fade_in[::-1]
        right = right.copy()
        right[:fade] *= fade_in
        gap[size - len(right) :] += right
        return gap

    def _kept_samples(self) -> int:
        """Return how much of either chunk's own silence a pause keeps: they overlap in the fade."""
        pause = self._pause_samples or 0
        return (pause + min(self._fade_samples, pause)) // 2

    def _given(self, parts: list[PCM]) -> list[PCM]:
        given = [part for part in parts if len(part)]
        if not given:
            return []
        self._last_sample = float(given[-1][-1])
        self._num_given += sum(map(len, given))
        if max(map(len, given)) > _LONG_PAUSE_S * self._sample_rate:
            return given
        return [np.concatenate(given)]
