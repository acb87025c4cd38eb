"""The levelling of a request's jobs, between the sampler and the join."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import replace

from deployments.dispatch import Sampled
from deployments.sampler import PCMBlock
from speech.concurrency import run_in
from speech.levelling import LevelledChunk, Leveller


async def level(
    sampled: AsyncGenerator[Sampled, None],
    leveller: Leveller,
    voice_of: Callable[[int], str | None],
    threads: Executor,
) -> AsyncGenerator[Sampled, None]:
    """Yield the blocks of a request's jobs and their ends, levelled, off the event loop.

    `voice_of` returns the voice of a job, given its number.
    """
    chunk: LevelledChunk | None = None
    waiting: deque[PCMBlock] = deque()
    async with aclosing(sampled):
        async for item in sampled:
            if chunk is None:
                chunk = await run_in(threads, leveller.chunk, voice_of(item.job_index))
            if item.block is None:
                ready = await run_in(threads, chunk.end)
            else:
                waiting.append(item.block)
                ready = await run_in(threads, chunk.feed, item.block.pcm)
            for pcm in ready:
                yield item._replace(block=replace(waiting.popleft(), pcm=pcm))
            if item.block is None:
                yield item
                chunk = None
