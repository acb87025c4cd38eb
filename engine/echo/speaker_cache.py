"""What is kept of each voice, so that it is encoded once.

The speaker state is small and stays on the host; keys and values are some hundred times larger
and stay on the device for the voices used last. They come back from the state in one product.
"""

from __future__ import annotations

import threading

from torch import Tensor

from engine.echo.model.attention import KeyValues
from speech.cache import ByteLRU


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
        """Whether anything is held of `key`."""
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

    def stats(self) -> dict[str, float]:
        """Return what is held, and how often a voice was dropped to make room."""
        with self._lock:
            states, contexts = self._states.stats(), self._contexts.stats()
        return {
            "speaker_cache_voices": states.entries,
            "speaker_cache_host_bytes": states.bytes,
            "speaker_cache_device_bytes": contexts.bytes,
            "speaker_cache_host_evictions": states.evictions,
            "speaker_cache_device_evictions": contexts.evictions,
        }
