"""A small RunPod on loopback: the HTTP routes a worker's SDK talks to, as the real one has them.

A worker long-polls job-take and job-stop, posts pieces to job-stream and outputs to job-done.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MAX_RUN_BYTES = 10 * 10**6
MAX_RUNSYNC_BYTES = 20 * 10**6
MAX_PIECE_BYTES = 10**6
POLL_S = 300.0  # longer than any test waits: nothing may depend on the end of a poll


@dataclass
class Task:
    """One job as the platform sees it."""

    job: dict[str, Any]
    platform: Platform
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    pieces: list[Any] = field(default_factory=list)
    posted: dict[str, Any] = field(default_factory=dict)
    hold_pieces: bool = False

    @property
    def id(self) -> str:
        return str(self.job["id"])

    async def cancel(self) -> None:
        """Tell the worker to stop the job, as when its client cancels it."""
        await self.platform.stop(self)

    async def outcome(self) -> dict[str, Any]:
        """Return what the worker posts at the job's end: `output`, `error` or both."""
        await self.done.wait()
        return self.posted


class Platform:
    """RunPod's side of one endpoint."""

    def __init__(self) -> None:
        self.url = ""
        self.refused: list[str] = []
        self.troubles: deque[int] = deque()
        """Statuses that the next posts of outputs are answered with."""
        self.answers: deque[tuple[int, Any]] = deque()
        """Status and JSON that the next takes of jobs are answered with, at once."""
        self.answered_at: list[float] = []
        """When each of these was sent."""
        self.stop_troubles: deque[int] = deque()
        """Statuses that the next polls for stops are answered with, at once."""
        self.stops_failed_at: list[float] = []
        """When each of these was sent."""
        self._tasks: dict[str, Task] = {}
        self._queue: deque[Task] = deque()
        self._stops: list[str] = []
        self._open_polls: Counter[str] = Counter()
        self._closing = False
        self._changed = asyncio.Condition()
        app = web.Application(client_max_size=2 * MAX_RUNSYNC_BYTES)
        for path, handler in (
            ("job-take/{worker}", self._take),
            ("job-take-batch/{worker}", self._take),
            ("job-stop/{worker}", self._stop),
            ("ping/{worker}", self._ping),
        ):
            app.router.add_get(f"/v2/test/{path}", handler)
        app.router.add_post("/v2/test/job-stream/{worker}/{id}", self._stream)
        app.router.add_post("/v2/test/job-done/{worker}/{id}", self._done)
        # Without it a poll that the worker has left, as it does after 90 s, would go on here and
        # take the next job or stop with it.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v2/test"

    async def close(self) -> None:
        self._closing = True
        await self._tell()
        await self._runner.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """What RunPod puts into a worker's environment."""
        worker = "$RUNPOD_POD_ID"
        return {
            "RUNPOD_POD_ID": "worker-1",
            "RUNPOD_ENDPOINT_ID": "test",
            "RUNPOD_AI_API_KEY": "a-key",
            "RUNPOD_WEBHOOK_GET_JOB": f"{self.url}/job-take/$ID?gpu=none",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{self.url}/job-done/{worker}/$ID?gpu=none",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{self.url}/job-stream/{worker}/$ID?gpu=none",
            "RUNPOD_WEBHOOK_PING": f"{self.url}/ping/{worker}?gpu=none",
        }

    def expect(
        self, job_input: Any, *, sync: bool = False, hold_pieces: bool = False, **beside: Any
    ) -> Task:
        """Return a job that is known here and not queued; for the arguments see `submit`."""
        job_id = f"{'sync-' if sync else ''}{uuid.uuid4()}-u1"
        job = {"id": job_id, "input": job_input, **beside}
        task = self._tasks[job_id] = Task(job, self, hold_pieces=hold_pieces)
        return task

    async def submit(
        self, job_input: Any, *, sync: bool = False, hold_pieces: bool = False, **beside: Any
    ) -> Task:
        """Queue a job.

        Args:
            sync: As if it came through /runsync.
            hold_pieces: Never answer the worker's post of a piece.
            beside: Goes next to the input, as a client may send it.
        """
        task = self.expect(job_input, sync=sync, hold_pieces=hold_pieces, **beside)
        self._queue.append(task)
        await self._tell()
        return task

    async def run(self, job_input: Any, *, sync: bool = False, **beside: Any) -> dict[str, Any]:
        """Run a job to its end."""
        return await (await self.submit(job_input, sync=sync, **beside)).outcome()

    async def answer(self, *answers: tuple[int, Any]) -> None:
        """Answer the next takes so, those that wait already included."""
        self.answers.extend(answers)
        await self._tell()

    async def fail_stops(self, *statuses: int) -> None:
        """Answer the next polls for stops so, those that wait already included."""
        self.stop_troubles.extend(statuses)
        await self._tell()

    async def stop(self, task: Task) -> None:
        """Tell the worker to stop a job."""
        self._stops.append(task.id)
        await self._tell()

    async def wait_for_polls(self, kind: str, count: int) -> None:
        """Return when that many polls for `job-take` or `job-stop` are open."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._open_polls[kind] == count)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _poll(self, kind: str, ready: Callable[[], bool]) -> bool:
        async def wait() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: self._closing or ready())

        self._open_polls[kind] += 1
        await self._tell()
        try:
            await asyncio.wait_for(wait(), POLL_S)
        except TimeoutError:
            return False
        finally:
            self._open_polls[kind] -= 1
            await self._tell()
        return ready()

    async def _take(self, request: web.Request) -> web.Response:
        if not await self._poll("job-take", lambda: bool(self._queue or self.answers)):
            return web.Response(status=204)
        if self.answers:
            self.answered_at.append(time.monotonic())
            status, body = self.answers.popleft()
            return web.json_response(body, status=status)
        room = int(request.query.get("batch_size", "1"))
        tasks = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        for task in tasks:
            task.taken.set()
        jobs = [task.job for task in tasks]
        return web.json_response(jobs if "batch_size" in request.query else jobs[0])

    async def _stop(self, _request: web.Request) -> web.Response:
        if not await self._poll("job-stop", lambda: bool(self._stops or self.stop_troubles)):
            return web.Response(status=204)
        if self.stop_troubles:
            self.stops_failed_at.append(time.monotonic())
            return web.Response(status=self.stop_troubles.popleft())
        stops, self._stops = self._stops, []
        return web.json_response({"jobsToStop": stops})

    async def _stream(self, request: web.Request) -> web.Response:
        task, body = await self._posted(request)
        if len(body) > MAX_PIECE_BYTES:
            return self._refuse(task)
        task.pieces.append(json.loads(body)["output"])
        task.streaming.set()
        if task.hold_pieces:
            await self._poll("job-stream", lambda: False)
        return web.Response()

    async def _done(self, request: web.Request) -> web.Response:
        task, body = await self._posted(request)
        if self.troubles:
            return web.Response(status=self.troubles.popleft())
        if len(body) > (MAX_RUNSYNC_BYTES if task.id.startswith("sync-") else MAX_RUN_BYTES):
            return self._refuse(task)
        task.posted = json.loads(body, parse_constant=_refuse_constant)
        task.done.set()
        return web.Response()

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.Response()

    async def _posted(self, request: web.Request) -> tuple[Task, bytes]:
        return self._tasks[request.match_info["id"]], await request.read()

    def _refuse(self, task: Task) -> web.Response:
        """Answer as RunPod does to what is too large; the SDK then drops it."""
        self.refused.append(task.id)
        return web.Response(status=400)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
