"""A voice that is ready, and the way its audio takes to an engine.

Of a voice from a file, only the name and key travel with a request. An engine that holds nothing
for the key asks VoicePrep for the audio, which lies in Ray's object store; where Ray does not run
(Serve's local testing mode, unit tests) the array itself travels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import ray
from ray.exceptions import ObjectLostError, RayActorError

from deployments.voice_lookup import VoiceLookup
from speech.errors import VoiceLost
from speech.pcm import PCM
from speech.voices import Fingerprint

SharedAudio = ray.ObjectRef[PCM] | PCM

MAX_FETCHES = 2
"""Attempts to get the audio: if the process that shares it dies, another prepares it again."""


@dataclass(frozen=True)
class PreparedVoice:
    """A voice as it crosses handles.

    Attributes:
        name: The file's name, as the request gave it; empty where there is no file.
        key: Names the audio's content: equal keys, equal samples, whichever replica, node or
            copy of a file they come from.
        num_samples: The length of the audio.
        audio: The audio where there is no file; else None, and VoicePrep has it.
        file: Path of the file below the voices folder, links followed; empty where there is none.
        fingerprint: That of the file's content; None once it is of no use, as in a sampler.
    """

    name: str
    key: str
    num_samples: int
    audio: PCM | None = field(default=None, compare=False, repr=False)
    file: str = field(default="", compare=False)
    fingerprint: Fingerprint | None = field(default=None, compare=False, repr=False)


def content_key(audio: PCM) -> str:
    """Return a name for this content; takes tens of milliseconds for minutes of audio."""
    return hashlib.blake2b(audio.data, digest_size=16).hexdigest()


def share(audio: PCM) -> SharedAudio:
    """Put audio where every process can read it; read-only from here on.

    It lives as long as this process runs and a reference to the result exists.
    """
    audio.flags.writeable = False
    return ray.put(audio) if ray.is_initialized() else audio


async def fetch(lookup: VoiceLookup, voice: PreparedVoice) -> PCM:
    """Return the audio, read-only and without a copy on the node that holds it.

    Raises:
        VoiceLost: `voice.name` means other audio by now, or the audio is out of reach.
        SpeechError: The voice can no longer be prepared.
    """
    if voice.audio is not None:
        return voice.audio
    for _ in range(MAX_FETCHES):
        try:
            [shared] = await lookup.ask("audio", voice)
            audio: PCM = await shared if isinstance(shared, ray.ObjectRef) else shared
        except (ObjectLostError, RayActorError):
            continue
        return audio
    raise VoiceLost("The prepared voice was lost, try again")
