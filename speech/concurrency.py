"""Asyncio building blocks: work in a thread pool, tasks that end or that nothing else ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


async def run_in(executor: Executor, function: Callable[..., T], *args: object) -> T:
    """Return `function(*args)`, computed on one of the executor's threads."""
    return await asyncio.get_running_loop().run_in_executor(executor, function, *args)


def on_its_own(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run `work` as a task that several requests wait for, or none.

    Its context is not that of the request that begins it: when that one's client leaves, Ray Serve
    cancels what was called from its context, whoever else waits for it.
    """
    return asyncio.get_running_loop().create_task(work, context=Context())


def mark_retrieved(task: asyncio.Future[Any]) -> None:
    """Keep asyncio from reporting an error that nobody waits for any more.

    Meant as a done callback.
    """
    if not task.cancelled():
        task.exception()


async def stop(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and return when all have ended.

    Cancelled meanwhile, this call passes that on, but waits nevertheless: a generator that is
    advanced by a task cannot be closed before the task has ended.
    """
    for task in tasks:
        task.add_done_callback(mark_retrieved)
        task.cancel()
    interruption: asyncio.CancelledError | None = None
    while running := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption
