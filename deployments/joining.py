"""The join of a request's jobs, between the levelling and the encoder."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from deployments.dispatch import Sampled
from speech.chunks import SpeechPlan
from speech.joining import Joiner
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.timestamps import TimedWord


async def join(
    sampled: AsyncGenerator[Sampled, None],
    plan: SpeechPlan,
    tell: Callable[[Sequence[TimedWord], float], None],
) -> AsyncGenerator[PCM, None]:
    """Yield the audio of a plan's jobs as one stream, with the plan's pauses.

    `tell` is called with the words that come with a block, and with when their job's audio begins
    in the stream, in seconds.
    """
    joiner = Joiner(SAMPLE_RATE_HZ, plan.crossfade, plan.chunks[0].pause_s)
    current = 0
    async with aclosing(sampled):
        async for index, block, _ in sampled:
            if block is None:
                continue
            for following in plan.chunks[current + 1 : index + 1]:
                for pcm in joiner.next_chunk(following.pause_s):
                    yield pcm
            current = index
            settled = joiner.feed(block.pcm)
            if block.words:
                tell(block.words, joiner.chunk_start / SAMPLE_RATE_HZ)
            for pcm in settled:
                yield pcm
    for pcm in joiner.finish(plan.closing_pause_s):
        yield pcm
