"""An utterance: text that arrives in fragments and is spoken sentence by sentence."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from deployments.admission import Place
from deployments.deadline import Deadline
from speech.errors import Cancelled
from speech.parameters import ModelParameters
from speech.request import SpeechRequest
from speech.text.incremental import Sentence, SentenceReader
from speech.text.passage import has_words
from speech.text.turns import read_apart

LONG_FRAGMENT = 256
"""Characters from which a fragment is read off the event loop."""


class Utterance:
    """The text of one utterance, from its first fragment until it has been spoken.

    Attributes:
        index: Number of the utterance within its session.
        request: The voice, format and parameters; its text plays no part.
        finished: Whether no more text comes.
    """

    def __init__(self, index: int, request: SpeechRequest, parameters: ModelParameters) -> None:
        self.index = index
        self.request = request
        self.finished = False
        splits = parameters.max_chars_per_chunk > 0
        self._longest_wait_s = parameters.target_duration_seconds if splits else 0.0
        self._reader = SentenceReader(self._longest_wait_s)
        self._sentences: deque[Sentence] = deque()
        self._news = asyncio.Event()
        self._deadline: Deadline | None = None
        self._place: Place | None = None
        self._num_being_spoken = 0

    @property
    def num_waiting(self) -> int:
        """The number of characters that have come and are not being spoken."""
        return self._reader.num_waiting + sum(len(sentence.text) for sentence in self._sentences)

    @property
    def is_quiet(self) -> bool:
        """True if nothing is spoken until more text comes."""
        return not (self._sentences or self._num_being_spoken or self.finished)

    @property
    def is_empty(self) -> bool:
        """True if no sentence waits and none will come, as of one that was cancelled."""
        return self.finished and not self._sentences

    async def add(self, fragment: str) -> None:
        """Take the next part of the text.

        Raises:
            InvalidRequest: It holds half a character.
        """
        reader = self._reader
        if len(fragment) < LONG_FRAGMENT:
            sentences = reader.feed(fragment)
        else:  # text that is hard to read would hold up all other requests
            sentences = await asyncio.to_thread(reader.feed, fragment)
        if reader is self._reader:  # else the text was dropped meanwhile
            self._put(sentences)

    def flush(self) -> None:
        """Let what has come be spoken, ended or not; more may follow."""
        self._put(self._reader.flush())

    def finish(self) -> None:
        """Let what has come be spoken; nothing follows."""
        self.finished = True
        self.flush()
        self._news.set()
        if self._deadline is not None:
            self._deadline.renew()

    def cancel(self) -> None:
        """Stop at once: drop what waits and end what is being spoken."""
        self.finished = True
        self.drop()
        if self._deadline is not None:
            self._deadline.expire(Cancelled("Cancelled"))

    def drop(self) -> None:
        """Forget the text that waits."""
        self._sentences.clear()
        self._reader = SentenceReader(self._longest_wait_s)  # the other may be at work on a thread
        self._num_being_spoken = 0
        self._news.set()

    def sentence_ended(self) -> None:
        """Take note that a sentence has been spoken."""
        self._num_being_spoken -= 1
        self._rest()

    def _rest(self) -> None:
        """Let no time count, and hold no place, while there is nothing to speak."""
        if not self.is_quiet:
            return
        if self._deadline is not None:
            self._deadline.suspend()
        if self._place is not None:
            self._place.leave()

    async def begun(self) -> None:
        """Return once there is a sentence, or none will come."""
        while not (self._sentences or self.finished):
            await self._next_news()

    async def over(self) -> None:
        """Return once no more text comes; what does is dropped."""
        while not self.finished:
            await self._next_news()
            self._sentences.clear()

    async def sentences(self, deadline: Deadline, place: Place) -> AsyncGenerator[Sentence, None]:
        """Yield the sentences as they come.

        Each that comes renews the deadline; no time counts, and no place is held, while there is
        nothing to speak.
        """
        self._deadline, self._place = deadline, place
        while True:
            while self._sentences:
                sentence = self._sentences.popleft()
                if self._says(sentence):
                    self._num_being_spoken += 1
                    await place.take()
                yield sentence
            if self.finished:
                return
            self._rest()
            await self._next_news()

    def _says(self, sentence: Sentence) -> bool:
        """Tell whether any of a sentence is spoken: of what is not, no end will be told.

        A dialogue's tags are not, whatever their number.
        """
        return any(map(has_words, read_apart(sentence.text, self.request.voices)))

    async def _next_news(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _put(self, sentences: list[Sentence]) -> None:
        if sentences:
            self._sentences += sentences
            self._news.set()
            if self._deadline is not None:
                self._deadline.renew()
