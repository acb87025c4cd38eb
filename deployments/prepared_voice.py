"""A voice ready for an engine, as it crosses handles: a key, and a reference to its audio.

The audio lies in Ray's object store; where Ray does not run (Serve's local testing mode, unit
tests) the array itself travels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import ray
from numpy.typing import NDArray
from ray.exceptions import ObjectLostError

from speech.errors import VoiceLost


@dataclass(frozen=True)
class PreparedVoice:
    """Reference audio by reference.

    Attributes:
        key: Names the audio's content: equal keys, equal samples, whichever replica, node or
            copy of a file they come from.
        num_samples: At 44.1 kHz.
        audio: Nested in this object, so that Ray passes it on instead of fetching the audio.
    """

    key: str
    num_samples: int
    audio: ray.ObjectRef[NDArray[np.float32]] | NDArray[np.float32] = field(
        compare=False, repr=False
    )

    @property
    def num_bytes(self) -> int:
        """Bytes its audio takes."""
        return self.num_samples * np.dtype(np.float32).itemsize


def publish(audio: NDArray[np.float32]) -> PreparedVoice:
    """Put reference audio where every process can read it; read-only from here on.

    Takes tens of milliseconds for minutes of audio: keep it off the event loop. The audio lives
    as long as this process does and the result is held somewhere.
    """
    audio.flags.writeable = False
    key = hashlib.blake2b(audio.data, digest_size=16).hexdigest()
    return PreparedVoice(key, audio.size, ray.put(audio) if ray.is_initialized() else audio)


async def fetch(prepared: PreparedVoice) -> NDArray[np.float32]:
    """Return the audio, read-only and without a copy on the node that holds it.

    Raises:
        VoiceLost: The process that published it is gone, or its node: prepare the voice again.
    """
    if isinstance(prepared.audio, np.ndarray):
        return prepared.audio
    try:
        audio: NDArray[np.float32] = await prepared.audio
    except ObjectLostError as error:
        raise VoiceLost("The prepared voice was lost, try again") from error
    return audio
