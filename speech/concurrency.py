"""Asyncio building blocks: work in a thread pool, tasks that end, errors nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


async def run_in(executor: Executor, function: Callable[..., T], *args: object) -> T:
    """Return `function(*args)`, computed on one of the executor's threads."""
    return await asyncio.get_running_loop().run_in_executor(executor, function, *args)


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
