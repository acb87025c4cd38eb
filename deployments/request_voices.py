"""The named voices of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from deployments.prepared_voice import PreparedVoice
from speech.errors import VoiceLost

PrepareVoice = Callable[[str], Awaitable[PreparedVoice]]


class RequestVoices:
    """Prepares each voice of a request once, when it is first needed.

    Args:
        prepare: Prepares a voice, given its name.
        names: Voices that are known to be needed; see `prepare_all`.
    """

    def __init__(self, prepare: PrepareVoice, names: Iterable[str] = ()) -> None:
        self._prepare = prepare
        self._names = names
        self._prepared: dict[str, PreparedVoice] = {}
        self._heard: dict[str, PreparedVoice] = {}

    async def get(self, name: str) -> PreparedVoice:
        """Return the voice called `name`.

        Raises:
            VoiceLost: It is another by now, and what was heard so far is in the one before.
            SpeechError: The voice cannot be prepared.
        """
        if name not in self._prepared:
            self._prepared[name] = await self._prepare(name)
        self._require_same(name, self._prepared[name])
        return self._prepared[name]

    def hear(self, name: str, voice: PreparedVoice) -> None:
        """Take note that audio in `voice`, called `name`, is heard from now on.

        Raises:
            VoiceLost: Another voice of that name was heard before.
        """
        self._require_same(name, voice)
        self._heard[name] = voice

    def _require_same(self, name: str, voice: PreparedVoice) -> None:
        if self._heard.get(name, voice) != voice:
            raise VoiceLost("The voice was replaced meanwhile, try again")

    async def prepare_all(self) -> None:
        """Prepare the voices that are known to be needed, so that a wrong one costs no speech.

        Raises:
            SpeechError: One of them cannot be prepared.
        """
        for name in self._names:
            await self.get(name)

    def forget(self) -> None:
        """Prepare every voice again when it is needed next: its audio was lost with its owner."""
        self._prepared.clear()
