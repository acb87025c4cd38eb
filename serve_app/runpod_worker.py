"""The RunPod worker: forwards each job into the graph through a handle, answers RunPod's way.

Knows the job loop of RunPod's SDK and nothing of speech. The SDK takes jobs as soon as it starts,
so it is started only when the graph can speak.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from deployments.handles import unwrap
from serve_app.detached import run_detached
from serve_app.graph_call import GraphCall
from serve_app.runpod_posts import MAX_POST_S, use_patient_posts
from serve_app.runpod_stops import use_patient_stops
from serve_app.runpod_takes import RunPodJob, use_patient_takes
from serve_app.settings import Settings
from serve_app.watch import GraphWatch, can_speak
from speech.errors import (
    DeadlineExceeded,
    InternalError,
    NotReady,
    Overloaded,
    ResultTooLarge,
    SpeechError,
)

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
LOST_POLL_S = 0.5

Output = dict[str, Any]


def begin_import() -> None:
    """Import the SDK on a thread of its own, with our defaults for what it reads meanwhile.

    That takes two seconds, most of them waiting for a program of its own that looks at the CPU, in
    which the graph can start. A later import waits for this one.
    """
    # Not there: a process that Ray starts meanwhile copies the environment.
    for name, value in SDK_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    run_detached(_import_sdk)


def _import_sdk() -> None:
    import runpod  # noqa: F401


def work(ingress: DeploymentHandle[Any], settings: Settings) -> None:
    """Run the SDK's job loop over `ingress`, which can speak, until told to stop.

    `begin_import` comes first.
    """
    import runpod
    from runpod.serverless.modules.worker_state import JobsProgress

    use_patient_posts()
    use_patient_takes()
    use_patient_stops()
    watch = GraphWatch(partial(can_speak, ingress), settings.outage_s)
    watch.start()
    worker = Worker(
        ingress,
        concurrency=settings.runpod_jobs,
        deadline_s=settings.deadline_s,
        drain_s=settings.drain_s,
        num_taken=JobsProgress().get_job_count,
        watch=watch,
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
        watch: GraphWatch,
    ) -> None:
        """Forward jobs to `ingress`.

        Args:
            ingress: Handle to the ingress.
            concurrency: Jobs at a time.
            deadline_s: Longest time of a job.
            drain_s: Longest time of a job once the worker is told to stop.
            num_taken: Counts the jobs that the SDK has taken and whose outputs it has not posted.
            watch: Tells when the graph cannot speak.
        """
        # By value, as plain gRPC: Ray's own calls, cancelled on their way to a replica, may run on.
        self._ingress = ingress.options(_by_reference=False)
        self._concurrency = concurrency
        self._deadline_s = deadline_s
        self._drain_s = drain_s
        self._num_taken = num_taken
        self._watch = watch
        self._calls: dict[asyncio.Task[Any], GraphCall] = {}
        self._watching: asyncio.Task[None] | None = None
        self._draining = self._has_left = False
        self._lost: SpeechError | None = None
        self._exit_status = 0

    async def answer(self, job: RunPodJob) -> Output:
        """Return the job's output, or `{"error": ...}`."""
        try:
            call = self._call(self._ingress.run_job, job)
            output: Output = await call.result()
            _check_size(_posted_bytes(output), job)
        except Exception as error:
            return _failure(error, job)
        return output

    async def stream(self, job: RunPodJob) -> AsyncGenerator[Output, None]:
        """Yield parts of the audio as they are made, then the job's output or `{"error": ...}`."""
        try:
            call = self._call(self._ingress.options(stream=True).stream_job, job)
            num_bytes = _posted_bytes([])
            while (item := await call.next_item()) is not None:
                num_bytes += _json_bytes(item) + len(", ")
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
        new value keeps further jobs out for as long as one is left. At 0 it takes none and does
        not begin those it has taken, so that value has to wait until there are none of these.
        """
        if self._watching is None:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._drain)
            self._watching = loop.create_task(self._end_when_lost())
        if self._draining:
            return self._concurrency + 1
        all_begun = self._num_taken() == len(self._calls)
        return 0 if self._watch.is_out and all_begun else self._concurrency

    async def _end_when_lost(self) -> None:
        """End the process once the graph is lost, each of its jobs answered with an error."""
        while not self._watch.is_lost:  # noqa: ASYNC110 (the watch is a thread without an event)
            await asyncio.sleep(LOST_POLL_S)
        logger.critical(
            "The graph could not speak for %g s: this worker ends, to be replaced",
            self._watch.limit_s,
        )
        self._exit_status = 1
        self._lost = NotReady("The graph cannot speak any more, try again")
        self._end_within(0, self._lost)

    def _call(self, method: Any, job: RunPodJob) -> GraphCall:
        """Call a method of the ingress for `job`, whose task this is."""
        task = asyncio.current_task()
        assert task is not None
        # The SDK runs a job and posts its outputs in one task. When a job is cancelled during a
        # post, this callback is all of ours that runs.
        task.add_done_callback(self._close)
        if self._lost is not None:
            raise self._lost
        start = partial(method.remote, job.get("input"), job["id"])
        call = self._calls[task] = GraphCall(start, self._deadline_s)
        return call

    def _close(self, task: asyncio.Task[Any]) -> None:
        if call := self._calls.pop(task, None):
            call.cancel()
        if self._draining:
            self._leave_if_idle()

    def _drain(self) -> None:
        if self._draining:
            return
        logger.info("Stopping: %d jobs have %g s to finish", self._num_taken(), self._drain_s)
        self._end_within(self._drain_s, DeadlineExceeded.after(self._drain_s))

    def _end_within(self, seconds: float, error: SpeechError) -> None:
        """Take no more jobs, fail those left after `seconds` with `error`, end with the last."""
        self._draining = True
        self._deadline_s = min(self._deadline_s, seconds)
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self._fail_all, error)
        loop.call_later(seconds + MAX_POST_S, self._leave)
        self._leave_if_idle()

    def _fail_all(self, error: SpeechError) -> None:
        for call in self._calls.values():
            call.fail(error)

    def _leave(self) -> None:
        """End the job loop, open polls and all; once, as asyncio then ends what is left of it."""
        if not self._has_left:
            self._has_left = True
            sys.exit(self._exit_status)

    def _leave_if_idle(self) -> None:
        """End the job loop once every output is posted."""
        if self._num_taken() == 0:
            self._leave()


def _posted_bytes(output: Output | list[Output]) -> int:
    """Return the most bytes that the SDK posts for a job of this output."""
    return _json_bytes({"output": output})


def _json_bytes(value: Output) -> int:
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
