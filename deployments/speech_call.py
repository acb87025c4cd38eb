"""One request, spoken under supervision as a stream or whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from deployments.admission import Place
from deployments.deadline import Deadline
from deployments.pipeline import SpeechPipeline
from deployments.supervision import Supervision
from deployments.telemetry.request_record import RequestRecord, RequestSource
from speech.request import SpeechRequest

T = TypeVar("T")


@dataclass(frozen=True)
class SpeechStream:
    """Speech that has begun.

    Attributes:
        packets: The encoded audio, the first packet included. Closing it ends the request.
        record: The record of the request, complete when `packets` has ended.
        deadline: The request's; whoever sends the packets to a client keeps it.
    """

    packets: AsyncGenerator[bytes, None]
    record: RequestRecord
    deadline: Deadline


@dataclass(frozen=True)
class SpeechCall:
    """A valid request that may be spoken once, as a stream or whole.

    `place` is its place, if it has waited for one.
    """

    request: SpeechRequest
    request_id: str
    source: RequestSource
    pipeline: SpeechPipeline
    supervision: Supervision
    place: Place | None = None

    async def start(self) -> SpeechStream:
        """Begin to speak; return with the first packet.

        Raises:
            SpeechError: The request failed before any audio; `packets` raises it later on.
        """
        record = self._record(streamed=True)
        deadline = self.supervision.deadline()
        packets = self._packets(record, deadline)
        await anext(packets)
        return SpeechStream(packets, record, deadline)

    async def deliver(
        self,
        send: Callable[[bytes, float], Awaitable[T]],
        follow: Callable[[RequestRecord], None] | None = None,
    ) -> tuple[RequestRecord, T]:
        """Speak, then pass the whole audio and the seconds left to `send`; keep the deadline.

        `follow` is given the record as it begins.

        Returns:
            The record of the request, and the result of `send`.

        Raises:
            SpeechError: The request failed, or `send` raised it.
        """
        record = self._record(streamed=False)
        if follow is not None:
            follow(record)

        async def speak_and_send(deadline: Deadline) -> T:
            async with aclosing(self.pipeline.packets(self.request, record, whole=True)) as packets:
                audio = b"".join([packet async for packet in packets])
            return await send(audio, deadline.left_s)

        with self.supervision.over(record, given=self.place) as (deadline, _):
            sent = await deadline.run(speak_and_send(deadline))
            record.delivered()
        return record, sent

    def _record(self, *, streamed: bool) -> RequestRecord:
        return RequestRecord(self.request_id, self.source, streamed, len(self.request.text))

    async def _packets(
        self, record: RequestRecord, deadline: Deadline
    ) -> AsyncGenerator[bytes, None]:
        """Yield an empty packet once the first one is there, then all packets.

        The empty one is taken before the generator is handed out: only a generator that has begun
        frees what it holds when it is closed.
        """
        with self.supervision.over(record, deadline, self.place):
            async with aclosing(
                self.pipeline.packets(self.request, record, whole=False)
            ) as packets:
                packet = await deadline.run(anext(packets, None))
                record.delivered()
                yield b""
                while packet is not None:
                    yield packet
                    packet = await deadline.run(anext(packets, None))
