"""The RunPod worker: forwards each job into the graph through a handle, answers RunPod's way.

Knows the job loop of RunPod's SDK and nothing of speech. The SDK takes jobs as soon as it starts,
so it is imported and started only when the graph can speak.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from deployments.deadline import Deadline
from deployments.handles import unwrap
from serve_app.settings import Settings
from speech.errors import InternalError, Overloaded, ResultTooLarge, SpeechError

logger = logging.getLogger(__name__)

SDK_ENVIRONMENT = {
    "RUNPOD_LOG_LEVEL": "INFO",  # the SDK's own default, DEBUG, prints every input and output
    # The SDK's checks of the machine load torch here and hold a CUDA context per GPU, beside the
    # replicas that need the memory. That the graph has spoken proves more.
    "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
    "RUNPOD_SKIP_GPU_CHECK": "true",
}
"""Defaults for the variables that the SDK reads while it is imported."""

MAX_RUN_BYTES = 10_000_000
MAX_RUNSYNC_BYTES = 20_000_000
"""RunPod's limits for an output as JSON; a larger one gets a 400, and the SDK drops it."""
MAX_POST_S = 10.0
"""Seconds that the SDK may take to post an output: three attempts, 2 and 5 s apart."""

RunPodJob = dict[str, Any]
Output = dict[str, Any]


def work(ingress: DeploymentHandle[Any], settings: Settings) -> None:
    """Run the SDK's job loop over `ingress`, which can speak, until told to stop."""
    for name, value in SDK_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import runpod
    from runpod.serverless.modules.worker_state import JobsProgress

    worker = Worker(
        ingress,
        concurrency=settings.runpod_concurrency,
        deadline_s=settings.deadline_s,
        drain_s=settings.drain_s,
        num_taken=JobsProgress().get_job_count,
    )
    # Given a single local job, the SDK would print a streaming handler instead of running it.
    has_clients = "RUNPOD_WEBHOOK_GET_JOB" in os.environ or "--rp_serve_api" in sys.argv
    runpod.serverless.start(
        {
            "handler": worker.stream
            if settings.runpod_streaming and has_clients
            else worker.answer,
            "concurrency_modifier": worker.concurrency,
            "return_aggregate_stream": True,
        }
    )


class Worker:
    """The handlers that the SDK calls for its jobs, and the number of jobs it may take."""

    def __init__(
        self,
        ingress: DeploymentHandle[Any],
        *,
        concurrency: int,
        deadline_s: float,
        drain_s: float,
        num_taken: Callable[[], int],
    ) -> None:
        """Forward jobs to `ingress`; `num_taken` counts those the SDK has taken and not posted."""
        # By value, as plain gRPC: Ray's own calls, cancelled on their way to a replica, may run on.
        self._ingress = ingress.options(_by_reference=False)
        self._concurrency = concurrency
        self._deadline_s = deadline_s
        self._drain_s = drain_s
        self._num_taken = num_taken
        self._calls: dict[asyncio.Task[Any], _Call] = {}
        self._handles_signals = False
        self._draining = False

    async def answer(self, job: RunPodJob) -> Output:
        """Return the job's output, or `{"error": ...}`."""
        try:
            call = self._call(self._ingress.run_job, job)
            output: Output = await call.result()
            _check_size(_json_size(output), job)
        except Exception as error:
            return _failure(error, job)
        return output

    async def stream(self, job: RunPodJob) -> AsyncGenerator[Output, None]:
        """Yield parts of the audio as they are made, then the job's output or `{"error": ...}`."""
        try:
            call = self._call(self._ingress.options(stream=True).stream_job, job)
            num_bytes = 0
            while (item := await call.next_item()) is not None:
                num_bytes += _json_size(item)
                _check_size(num_bytes, job)  # at the end RunPod gets all items once more, together
                yield item
        except Exception as error:
            yield _failure(error, job)

    def concurrency(self, _current: int) -> int:
        """Return how many jobs to hold at once; the SDK asks before each take.

        The SDK's own signal handlers leave only when its open polls end, up to 90 s later, and
        lose a job that such a poll still brings. They are in place when this is first asked, and
        are replaced then.

        The SDK changes its concurrency only while it holds no job, and takes none until then: a
        new value keeps further jobs out for as long as one is left.
        """
        if not self._handles_signals:
            self._handles_signals = True
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self._drain)
        return self._concurrency + 1 if self._draining else self._concurrency

    def _call(self, method: Any, job: RunPodJob) -> _Call:
        """Call a method of the ingress for `job`, whose task this is."""
        task = asyncio.current_task()
        assert task is not None
        # The SDK runs a job and posts its outputs in one task. When a job is cancelled during a
        # post, this callback is all of ours that runs.
        task.add_done_callback(self._close)
        response = method.remote(job.get("input"), job["id"])
        call = self._calls[task] = _Call(response, self._deadline_s)
        return call

    def _close(self, task: asyncio.Task[Any]) -> None:
        if call := self._calls.pop(task, None):
            call.cancel()
        if self._draining:
            self._leave_if_idle()

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        logger.info("Stopping: %d jobs have %g s to finish", self._num_taken(), self._drain_s)
        self._deadline_s = min(self._deadline_s, self._drain_s)
        loop = asyncio.get_running_loop()
        loop.call_later(self._drain_s, self._expire_all)
        loop.call_later(self._drain_s + MAX_POST_S, sys.exit)
        self._leave_if_idle()

    def _expire_all(self) -> None:
        for call in self._calls.values():
            call.expire(self._drain_s)

    def _leave_if_idle(self) -> None:
        """End the job loop, open polls and all, once every output is posted."""
        if self._num_taken() == 0:
            sys.exit()


class _Call:
    """A call into the graph that expires, and that holds nothing there once it is cancelled.

    Cancelling the await, or leaving the stream, does not stop a replica: only `cancel` does.
    """

    def __init__(self, response: Any, deadline_s: float) -> None:
        self._response = response
        self._deadline = Deadline(deadline_s)
        self._is_open = True

    async def result(self) -> Any:
        """Return the result of a unary call.

        Raises:
            DeadlineExceeded: The call expired.
        """
        result = await self._wait_for(self._response)
        self._is_open = False
        return result

    async def next_item(self) -> Any:
        """Return the next item of a streamed call, None at its end.

        Raises:
            DeadlineExceeded: The call expired.
        """
        item = await self._wait_for(anext(self._response, None))
        self._is_open = item is not None
        return item

    async def _wait_for(self, step: Awaitable[Any]) -> Any:
        try:
            return await self._deadline.run(_without_cancellation(step))
        except Exception:
            self.cancel()
            raise

    def expire(self, deadline_s: float) -> None:
        """Let the call fail with a deadline of `deadline_s`."""
        self._deadline.expire(deadline_s)

    def cancel(self) -> None:
        """Free what the call still holds in the graph."""
        if self._is_open:
            self._is_open = False
            self._response.cancel()


async def _without_cancellation(step: Awaitable[Any]) -> Any:
    """Return the result of `step`, or fail: a cancellation would look like that of the job."""
    try:
        return await step
    except asyncio.CancelledError:
        raise RuntimeError("Ray Serve dropped the call") from None


def _json_size(value: Output) -> int:
    """Return the most bytes `value` may take as JSON: what is not ASCII counts escaped."""
    return len(json.dumps(value, allow_nan=False))


def _check_size(num_bytes: int, job: RunPodJob) -> None:
    """Raise ResultTooLarge if RunPod would refuse, and so lose, an output of this size."""
    limit = MAX_RUNSYNC_BYTES if job["id"].startswith("sync-") else MAX_RUN_BYTES
    if num_bytes > limit:
        raise ResultTooLarge(
            f"Result exceeds the {limit // 1_000_000} MB RunPod can carry: "
            "configure a bucket or ask for a compressed output_format"
        )


def _failure(error: Exception, job: RunPodJob) -> Output:
    """Return the output of a failed job; of what was not foreseen only the log tells more."""
    cause = unwrap(error)
    if isinstance(cause, BackPressureError):
        cause = Overloaded()
    elif not isinstance(cause, SpeechError):
        logger.error("Job %s failed", job["id"], exc_info=error)
        cause = InternalError.of_request(job["id"])
    return {"error": cause.message}
