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
    tell: Callable[[Sequence[TimedWord]], None],
) -> AsyncGenerator[PCM, None]:
    """Yield the audio of a plan's jobs as one stream, with the plan's pauses.

    `tell` is called with words as their times become known, in seconds of the stream.
    """
    first, *others = plan.chunks
    joiner = Joiner(SAMPLE_RATE_HZ, plan.crossfade, first.pause_s, first.voice)
    following = iter(others)
    async with aclosing(sampled):
        async for _, block, _ in sampled:
            settled = joiner.end_chunk() if block is None else joiner.feed(block.pcm, block.words)
            if words := joiner.take_words():
                tell(words)
            if block is None and (chunk := next(following, None)) is not None:
                settled += joiner.next_chunk(chunk.pause_s, chunk.voice)
            for pcm in settled:
                yield pcm
    for pcm in joiner.finish(plan.closing_pause_s):
        yield pcm
