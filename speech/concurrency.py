"""Two asyncio building blocks: work in a thread pool, and tasks that nobody may wait for."""

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
