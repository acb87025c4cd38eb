"""A RunPod worker as its container runs it: `python handler.py` in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.runpod.platform import Platform

REPOSITORY = Path(__file__).parents[2]
START_S = 200.0
STOP_S = 30.0
MAX_REQUESTS = 3
"""Requests the graph admits, which is as many as a worker takes at a time: so few that a test can
see when one of them is freed."""
MAX_TEXT_CHARS = 12_000

FOREIGN = ("ECHO_", "RUNPOD_", "RAY_", "S3_", "BUCKET_")
"""Variables of the surroundings that must not reach a worker under test."""

TEST_ENVIRONMENT = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_DEDUP_LOGS": "0",  # tests wait for lines of the graph's log
    "RAY_COLOR_PREFIX": "0",
    "OMP_NUM_THREADS": "1",
    "RAY_worker_niceness": "0",
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.25",
}


class WorkerProcess:
    """The process, and what it has printed so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._printed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @property
    def output(self) -> str:
        return "".join(self.lines)

    async def wait_for_line(self, text: str) -> None:
        async with self._printed:
            await self._printed.wait_for(lambda: text in self.output)

    async def wait(self) -> int:
        """Return the exit status once the process, and all it has printed, is here."""
        await asyncio.shield(self._reader)
        return await self.process.wait()

    async def stop(self) -> int:
        """End the process as RunPod does, and by force what outlives that."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_S)
        finally:
            if self.process.returncode is None:
                self.process.kill()
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            await self.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._printed:
                self.lines.append(line.decode(errors="replace"))
                self._printed.notify_all()


@asynccontextmanager
async def run_worker(
    environment: Mapping[str, str], arguments: Sequence[str] = ()
) -> AsyncIterator[WorkerProcess]:
    """Run a worker for as long as the context lasts."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "handler.py",
        *arguments,
        cwd=REPOSITORY,
        env={**surroundings, **TEST_ENVIRONMENT, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**26,
    )
    worker = WorkerProcess(process)
    try:
        yield worker
    finally:
        if process.returncode is None:
            await worker.stop()


@dataclass
class Endpoint:
    """A platform and the worker that takes its jobs."""

    platform: Platform
    worker: WorkerProcess


@asynccontextmanager
async def run_endpoint(environment: Mapping[str, str]) -> AsyncIterator[Endpoint]:
    platform = Platform()
    await platform.start()
    try:
        async with run_worker({**platform.environment, **environment}) as worker:
            ready = asyncio.create_task(platform.wait_for_polls("job-take", 1))
            ended = asyncio.create_task(worker.wait())
            await asyncio.wait((ready, ended), timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            assert ready.done(), f"the worker did not start:\n{worker.output}"
            yield Endpoint(platform, worker)
    finally:
        await platform.close()
