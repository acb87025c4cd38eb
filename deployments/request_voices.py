"""The named voices of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from deployments.prepared_voice import PreparedVoice

PrepareVoice = Callable[[str], Awaitable[PreparedVoice]]


class RequestVoices:
    """Prepares each voice of a request once, when it is first needed."""

    def __init__(self, prepare: PrepareVoice) -> None:
        self._prepare = prepare
        self._prepared: dict[str, PreparedVoice] = {}

    async def get(self, name: str) -> PreparedVoice:
        """Return the voice called `name`.

        Raises:
            SpeechError: The voice cannot be prepared.
        """
        if name not in self._prepared:
            self._prepared[name] = await self._prepare(name)
        return self._prepared[name]

    def forget(self) -> None:
        """Prepare every voice again when it is needed next: its audio was lost with its owner."""
        self._prepared.clear()
