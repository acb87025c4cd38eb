"""The audio of text that comes sentence by sentence: joined as one request's, told by sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain

from deployments.dispatch import Sampled
from deployments.sampler import PCMBlock
from deployments.telemetry.request_record import RequestRecord
from speech.chunks import Chunk, ChunkPlanner, word_timestamps
from speech.concurrency import run_in
from speech.errors import ResultTooLarge
from speech.joining import Joiner
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.rendering import Renderer
from speech.request import SpeechRequest
from speech.text.incremental import Sentence
from speech.timestamps import TimedWord, Timestamps


@dataclass(frozen=True)
class SentenceStarted:
    """The audio that follows is a sentence's; an empty one is a pause at the end."""

    index: int
    text: str


@dataclass(frozen=True)
class SentenceAudio:
    """The next part of the encoded audio, non-empty, and the words whose times are known by now."""

    audio: bytes
    words: Sequence[TimedWord] = ()


@dataclass(frozen=True)
class SentenceEnded:
    """A sentence's audio is complete but for the silence before the next one.

    Attributes:
        words: All of the sentence, if word times are asked for, in seconds of its file.
    """

    index: int
    words: Sequence[TimedWord] = ()


SentenceEvent = SentenceStarted | SentenceAudio | SentenceEnded


@dataclass(frozen=True)
class _Line:
    """A chunk, and the sentence it belongs to."""

    chunk: Chunk
    sentence_index: int
    sentence: str
    ends_sentence: bool
    timestamps: Timestamps | None


class Script:
    """The chunks of the sentences that have come so far, by number.

    Attributes:
        lines: The line of every chunk given out.
        complete: Whether no further sentence comes.
    """

    def __init__(
        self,
        request: SpeechRequest,
        planner: ChunkPlanner,
        record: RequestRecord,
        threads: Executor,
    ) -> None:
        self.lines: list[_Line] = []
        self.complete = False
        self._request = request
        self._planner = planner
        self._record = record
        self._threads = threads

    @property
    def crossfade(self) -> bool:
        """True if one chunk's silence fades into the next one's."""
        return self._planner.crossfade

    @property
    def closing_pause_s(self) -> float | None:
        """The silence asked for at the end."""
        return self._planner.closing_pause_s

    async def chunks(
        self, sentences: AsyncGenerator[Sentence, None]
    ) -> AsyncGenerator[Chunk, None]:
        """Yield the chunks of `sentences` as they come.

        Raises:
            InvalidRequest: A sentence asks for a pause of the wrong length.
        """
        index = 0
        async with aclosing(sentences):
            async for sentence in sentences:
                self._record.text_received(len(sentence.text))
                chunks = await run_in(self._threads, self._planner.plan, sentence)
                text = sentence.text.strip()
                timestamps = await self._timestamps(text, chunks)
                for chunk in chunks:
                    ends = chunk is chunks[-1]
                    self.lines.append(_Line(chunk, index, text, ends, timestamps))
                    self._record.planned(len(self.lines))
                    yield chunk
                index += bool(chunks)
        self.complete = True

    async def _timestamps(self, text: str, chunks: Sequence[Chunk]) -> Timestamps | None:
        if not self._request.timestamps:
            return None
        return await run_in(self._threads, word_timestamps, self._request, text, chunks)

    def ends_with(self, index: int) -> bool:
        """Tell whether chunk `index` is known to be the last."""
        return self.complete and index == len(self.lines) - 1


class SentenceRenderer:
    """Joins and encodes the chunks of a script.

    Args:
        request: The voice, format and parameters; its text plays no part.
        script: The chunks that are spoken.
        record: Filled in on the way.
        threads: The threads that encode the audio.
        max_audio_s: The most there may be of it.
        file_per_sentence: Whether the audio of each sentence is a file of its own.
    """

    def __init__(
        self,
        request: SpeechRequest,
        script: Script,
        record: RequestRecord,
        threads: Executor,
        max_audio_s: float,
        *,
        file_per_sentence: bool,
    ) -> None:
        self._request = request
        self._script = script
        self._record = record
        self._threads = threads
        self._max_audio_s = max_audio_s
        self._file_per_sentence = file_per_sentence
        self._joiner: Joiner | None = None
        self._chunk_index = 0
        self._num_started = 0
        self._is_over = False
        self._words: list[TimedWord] = []  # of the sentence
        self._renderer: Renderer | None = None
        self._num_samples = 0  # of the files before this one, at the speed asked for
        self._busy_s = 0.0
        self._num_joined = 0  # before the change of speed
        self._file_start = 0  # of the joined ones

    async def render(
        self, sampled: AsyncGenerator[Sampled, None]
    ) -> AsyncGenerator[SentenceEvent, None]:
        """Yield the sentences and their audio, in order; the silence before one belongs to it.

        Raises:
            ResultTooLarge: The audio is longer than it may be.
        """
        async with aclosing(sampled):
            async for index, block, _ in sampled:
                line = self._script.lines[index]
                if line.sentence_index == self._num_started:
                    yield self._start_sentence(line)
                async for event in self._events(index, block):
                    yield event
                if self._is_over:
                    return
        if self._joiner is None:
            return
        # Only now is it known that the last sentence was the last.
        if not self._file_per_sentence or self._script.closing_pause_s is not None:
            yield SentenceStarted(self._num_started, "")
            closing = self._joiner.finish(self._script.closing_pause_s)
            async for audio in self._encoded(closing, ends_file=True):
                yield SentenceAudio(audio)
            yield SentenceEnded(self._num_started)

    def _start_sentence(self, line: _Line) -> SentenceStarted:
        self._num_started += 1
        self._words = []
        return SentenceStarted(line.sentence_index, line.sentence)

    async def _events(
        self, index: int, block: PCMBlock | None
    ) -> AsyncGenerator[SentenceAudio | SentenceEnded, None]:
        """Yield the events of a block of chunk `index`, or of the chunk's end."""
        line = self._script.lines[index]
        joiner, settled = self._begin_chunk(index, line)
        ends_sentence = block is None and line.ends_sentence
        self._is_over = block is None and self._script.ends_with(index)
        settled += joiner.end_chunk() if block is None else joiner.feed(block.pcm, block.words)
        known: Sequence[TimedWord] = ()
        if (words := joiner.take_words()) and line.timestamps is not None:
            known = line.timestamps.add(words, -self._file_start / SAMPLE_RATE_HZ)
        self._words += known
        if self._is_over:
            settled += joiner.finish(self._script.closing_pause_s)
        ends_file = ends_sentence and (self._is_over or self._file_per_sentence)
        async for audio in self._encoded(settled, ends_file=ends_file):
            yield SentenceAudio(audio, known)
            known = ()
        if known:
            yield SentenceAudio(b"", known)
        if ends_sentence:
            yield SentenceEnded(line.sentence_index, self._words)

    def _begin_chunk(self, index: int, line: _Line) -> tuple[Joiner, list[PCM]]:
        """Return the joiner, at chunk `index`, and what going on to that chunk settles."""
        settled: list[PCM] = []
        if self._joiner is None:
            self._joiner = Joiner(
                SAMPLE_RATE_HZ, self._script.crossfade, line.chunk.pause_s, line.chunk.voice
            )
        elif index > self._chunk_index:
            settled = self._joiner.next_chunk(line.chunk.pause_s, line.chunk.voice)
        self._chunk_index = index
        return self._joiner, settled

    async def _encoded(
        self, parts: Sequence[PCM], *, ends_file: bool
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is ready, if anything is, of the file that `parts` continue or begin."""
        self._num_joined += sum(map(len, parts))
        if self._renderer is None and parts:
            self._renderer = Renderer(self._request, whole=False)
        renderer = self._renderer
        if renderer is None:
            return
        for piece in chain.from_iterable(map(renderer.pieces, parts)):
            audio = await run_in(self._threads, renderer.render, piece)
            self._note(renderer)
            if audio:
                yield audio
        if ends_file:
            rest = await run_in(self._threads, renderer.finish)
            self._note(renderer)
            self._num_samples += renderer.num_samples
            self._busy_s += renderer.busy_s
            self._file_start = self._num_joined
            self._renderer = None
            if rest:
                yield rest

    def _note(self, renderer: Renderer) -> None:
        num_samples = self._num_samples + renderer.num_samples
        self._record.rendered(num_samples, self._busy_s + renderer.busy_s)
        if num_samples > self._max_audio_s * SAMPLE_RATE_HZ:
            raise ResultTooLarge.beyond(self._max_audio_s)
