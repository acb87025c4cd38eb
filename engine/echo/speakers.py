"""The voices of jobs: encoded once, window by window, and kept by voice key.

The speaker state is small and stays on the host. Keys and values are some hundred times larger and
stay on the device for the voices used last; one product makes them from the state again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.checkpoints.load import Models
from engine.echo.config import PATCH_FRAMES
from engine.echo.model.attention import KeyValues
from engine.echo.side_queue import SideQueue
from engine.echo.transfer import Download, upload
from speech.cache import ByteLRU
from speech.pcm import PCM


def _num_bytes(tensor: Tensor) -> int:
    return tensor.nbytes


class SpeakerCache:
    """Two byte-bounded caches by voice key. Any thread may use it.

    Args:
        max_state_bytes: Bound of the speaker states, in host memory.
        max_context_bytes: Bound of the keys and values, in device memory.
    """

    def __init__(self, max_state_bytes: int, max_context_bytes: int) -> None:
        self._lock = threading.Lock()
        self._states = ByteLRU[str, Tensor](max_state_bytes, _num_bytes)
        self._contexts = ByteLRU[str, KeyValues](max_context_bytes, _num_bytes)

    def state(self, key: str) -> Tensor | None:
        """Return the speaker state of `key`, on the host."""
        with self._lock:
            return self._states.get(key)

    def context(self, key: str) -> KeyValues | None:
        """Return the keys and values of `key`, on the device."""
        with self._lock:
            return self._contexts.get(key)

    def holds(self, key: str) -> bool:
        """Return whether a state or a context of `key` is held."""
        with self._lock:
            return key in self._states or key in self._contexts

    def put_state(self, key: str, state: Tensor) -> None:
        """Keep a speaker state, which must be on the host."""
        with self._lock:
            self._states.put(key, state)

    def put_context(self, key: str, context: KeyValues) -> None:
        """Keep keys and values."""
        with self._lock:
            self._contexts.put(key, context)

    def drop_contexts(self) -> None:
        """Free the device memory; the states stay."""
        with self._lock:
            self._contexts.clear()

    def stats(self) -> dict[str, float]:
        """Return how much is held, and how many voices were dropped to make room."""
        with self._lock:
            states, contexts = self._states.stats(), self._contexts.stats()
        return {
            "speaker_cache_voices": states.entries,
            "speaker_cache_host_bytes": states.bytes,
            "speaker_cache_device_bytes": contexts.bytes,
            "speaker_cache_host_evictions": states.evictions,
            "speaker_cache_device_evictions": contexts.evictions,
        }


@dataclass
class JobVoice:
    """One job's voice until its keys and values are computed.

    Attributes:
        key: The voice key.
        audio: The reference audio while it is being encoded; None where the cache holds the voice.
        state: The speaker state from the cache, or from `latents`.
        latents: The latents of each window encoded so far.
        pending: The copy of what was encoded last, where other jobs take steps meanwhile.
    """

    key: str
    audio: PCM | None = None
    state: Tensor | None = None
    latents: list[Tensor] = field(default_factory=list)
    pending: Download | None = None


class SpeakerEncoder:
    """Turns voices into keys and values. All calls must come from one thread.

    Args:
        models: The networks, on their device.
        cache: The voices encoded before.
        side: The queue that encoding takes.
    """

    def __init__(self, models: Models, cache: SpeakerCache, side: SideQueue) -> None:
        self._dit, self._codec, self._cache, self._side = models.dit, models.codec, cache, side
        self._max_frames = models.config.max_voice_frames
        self.totals = dict.fromkeys(("speaker_cache_hits", "speaker_cache_misses"), 0.0)
        """Running totals; any thread may read them."""

    def holds(self, key: str) -> bool:
        """Return whether the voice needs no encoding."""
        return self._cache.holds(key)

    def encode_window(self, voice: JobVoice, *, wait: bool) -> bool:
        """Encode the next window of the voice's audio; return whether the voice is held now.

        Args:
            voice: The voice.
            wait: Whether to wait for the window before, where other jobs take steps meanwhile; if
                not, nothing is done until it is complete.
        """
        if voice.pending is not None:
            if not (wait or voice.pending.is_done()):
                return False
            copy = voice.pending.wait()
            if voice.state is not None:
                self._cache.put_state(voice.key, copy)
                return True
        with self._side.beside():
            self._encode_next(voice)
            if self._side.overlaps:
                last = voice.latents[-1] if voice.state is None else voice.state
                voice.pending = Download(last)
        if voice.state is None or self._side.overlaps:
            return False
        # It only ever goes back to the device, in turn: there is no need to wait for the copy.
        self._cache.put_state(voice.key, Download(voice.state).unfinished)
        return True

    def _encode_next(self, voice: JobVoice) -> None:
        """Encode the next window, and the state after the last."""
        assert voice.audio is not None, "a voice is encoded from its audio"
        if not voice.latents:
            self.totals["speaker_cache_misses"] += 1
        patch = PATCH_FRAMES * self._codec.frame_samples
        window = self._codec.window_frames * self._codec.frame_samples
        longest = self._max_frames * self._codec.frame_samples
        # Whole patches, and at least one: shorter audio is followed by silence.
        end = max(min(len(voice.audio), longest) // patch, 1) * patch
        start = len(voice.latents) * window
        stop = min(start + window, end)
        # Copied, as torch takes no read-only memory.
        audio = torch.from_numpy(np.array(voice.audio[start:stop]))
        audio = upload(audio, self._dit.device)
        voice.latents.append(self._codec.encode(F.pad(audio, (0, stop - start - len(audio)))))
        if stop == end:
            voice.state = self._dit.speaker_state(torch.cat(voice.latents))

    def context(self, voice: JobVoice) -> KeyValues:
        """Return the keys and values of a voice that is held or encoded; drop its audio."""
        context = self._cache.context(voice.key)
        if context is None:
            state = self._cache.state(voice.key) if voice.state is None else voice.state
            assert state is not None, "a voice that is not held comes with its audio"
            self._side.hand_over(state)
            context = self._dit.speaker_context(upload(state, self._dit.device))
            self._cache.put_context(voice.key, context)
        if not voice.latents:
            self.totals["speaker_cache_hits"] += 1
        voice.audio = voice.state = voice.pending = None
        voice.latents.clear()
        return context
