"""Voices looked up where requests come in: VoicePrep is asked only about content that is new.

A call to VoicePrep costs several times what looking at the file does.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace

from deployments.file_calls import FileCalls
from deployments.prepared_voice import PreparedVoice
from deployments.telemetry import metrics
from deployments.telemetry.export import StatsExporter
from deployments.voice_lookup import VoiceLookup
from speech import voices
from speech.errors import SpeechError
from speech.voices import Fingerprint

MAX_LOOK_S = 0.25
"""The longest time of a look; VoicePrep waits longer, and is not the only one of its kind."""
MAX_KNOWN = 4096
"""The contents that are remembered, each a few hundred bytes."""


class KnownVoices:
    """Prepares voices by name, as VoicePrep does, and remembers what it answered.

    An answer is kept for the fingerprint of the content that VoicePrep itself saw, and used for a
    file that has that fingerprint here. So a node that sees the folder in another state, or does
    not have it, asks every time.

    Args:
        lookup: Asks VoicePrep.
        voices_dir: Its folder.
    """

    def __init__(self, lookup: VoiceLookup, voices_dir: str) -> None:
        self._lookup = lookup
        self._voices_dir = voices_dir
        self._looks = FileCalls("voice-look", MAX_LOOK_S)
        self._known: OrderedDict[Fingerprint, PreparedVoice] = OrderedDict()
        self._num_hits = 0
        StatsExporter(self.stats, metrics.KNOWN_VOICES_STATS).start()

    def stats(self) -> dict[str, int]:
        """Return the number of voices that VoicePrep was not asked about."""
        return {"hits": self._num_hits}

    async def prepare(self, name: str) -> PreparedVoice:
        """Return the voice that `name` means at this moment; see `VoicePrep.prepare`."""
        seen = await self._look(name)
        if seen is not None and seen in self._known:
            self._known.move_to_end(seen)
            self._num_hits += 1
            return replace(self._known[seen], name=name)
        answered: PreparedVoice = await self._lookup.ask("prepare", name)
        voice = replace(answered, fingerprint=None)  # it has no use in the sampler
        if answered.fingerprint is not None:
            self._known[answered.fingerprint] = voice
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return voice

    async def names(self) -> list[str]:
        """Return the names of the usable voice files, in order; see `VoicePrep.names`."""
        names: list[str] = await self._lookup.ask("names")
        return names

    async def _look(self, name: str) -> Fingerprint | None:
        """Return the fingerprint of the file; None where VoicePrep has to say what it is."""
        try:
            return await self._looks.run(name, self._fingerprint, name)
        except (SpeechError, OSError):
            return None

    def _fingerprint(self, name: str) -> Fingerprint:
        with voices.open_voice(self._voices_dir, name) as file:
            return file.fingerprint(time.time_ns())
