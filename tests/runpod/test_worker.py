"""The worker's handlers over a real Serve handle, in process: no cluster and no SDK.

`Graph` stands in for the ingress, so that it can fail in every way; the job's input says how.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from ray import serve
from ray.exceptions import ActorUnavailableError
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from serve_app.graph_call import PAUSES_S
from serve_app.runpod_worker import MAX_RUN_BYTES, MAX_RUNSYNC_BYTES, Worker
from serve_app.watch import GraphWatch
from speech.errors import DeadlineExceeded, VoiceNotFound

REPLICA_LOST = ActorUnavailableError("killed", None)
LOST = {"error": "The server was lost, retry later"}
TOO_LARGE = "configure a bucket or ask for a compressed output_format"


class Graph:
    """Answers with the job's input, raises it if it is an error, never answers to "wait".

    To "lose once" the first call is lost with its replica.
    """

    def __init__(self) -> None:
        self._freed = asyncio.Event()
        self._num_calls = 0

    async def run_job(self, job_input: Any, _job_id: str) -> Any:
        self._num_calls += 1
        if isinstance(job_input, Exception):
            raise job_input
        if job_input == "lose once" and self._num_calls == 1:
            raise REPLICA_LOST
        if job_input == "wait":
            try:
                await asyncio.Event().wait()
            finally:
                self._freed.set()
        return job_input

    async def stream_job(self, job_input: Any, job_id: str) -> AsyncGenerator[Any, None]:
        for item in job_input:
            yield await self.run_job(item, job_id)

    async def num_calls(self) -> int:
        return self._num_calls

    async def wait_until_freed(self) -> None:
        await self._freed.wait()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve_app.graph_call.PAUSES_S", (0.0,) * len(PAUSES_S))


@pytest.fixture
def graph() -> DeploymentHandle[Any]:
    return serve.run(serve.deployment(Graph).bind(), _local_testing_mode=True)


def make_worker(
    graph: DeploymentHandle[Any],
    *,
    deadline_s: float = 60,
    drain_s: float = 60,
    num_taken: Callable[[], int] = lambda: 1,
) -> Worker:
    return Worker(
        graph,
        concurrency=3,
        deadline_s=deadline_s,
        drain_s=drain_s,
        num_taken=num_taken,
        watch=GraphWatch(lambda: True, outage_s=60),
    )


async def answer(worker: Worker, job_input: Any, job_id: str = "1-u1") -> Any:
    """Run the unary handler as the SDK does: in a task of its own."""
    return await asyncio.create_task(worker.answer({"id": job_id, "input": job_input}))


async def stream(worker: Worker, items: list[Any], job_id: str = "1-u1") -> list[Any]:
    async def run() -> list[Any]:
        return [item async for item in worker.stream({"id": job_id, "input": items})]

    return await asyncio.create_task(run())


async def test_answer_is_the_job_output(graph: DeploymentHandle[Any]) -> None:
    assert await answer(make_worker(graph), {"status": "completed"}) == {"status": "completed"}


async def test_stream_yields_pieces_and_then_the_job_output(graph: DeploymentHandle[Any]) -> None:
    items = [{"audio_base64": "AA==", "index": 0}, {"status": "completed"}]
    assert await stream(make_worker(graph), items) == items


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("/secret/path"), "Internal error (request 1-u1)"),
        (
            BackPressureError(num_queued_requests=1, max_queued_requests=1),
            "Overloaded, retry later",
        ),
        (VoiceNotFound("speaker_voice 'a.wav' not found"), "speaker_voice 'a.wav' not found"),
        (DeadlineExceeded("Deadline of 5 s exceeded"), "Deadline of 5 s exceeded"),
    ],
)
async def test_errors_of_the_graph_become_one_line(
    graph: DeploymentHandle[Any], error: Exception, text: str
) -> None:
    worker = make_worker(graph)
    assert await answer(worker, error) == {"error": text}
    assert await stream(worker, [{"index": 0}, error]) == [{"index": 0}, {"error": text}]


@pytest.mark.usefixtures("no_pauses")
async def test_a_job_outlives_a_replica_that_is_lost_under_it(graph: DeploymentHandle[Any]) -> None:
    assert await answer(make_worker(graph), "lose once") == "lose once"


@pytest.mark.usefixtures("no_pauses")
async def test_a_stream_outlives_a_replica_lost_before_its_first_item(
    graph: DeploymentHandle[Any],
) -> None:
    assert await stream(make_worker(graph), ["lose once", "more"]) == ["lose once", "more"]


@pytest.mark.usefixtures("no_pauses")
async def test_a_stream_fails_with_a_replica_lost_after_its_first_item(
    graph: DeploymentHandle[Any],
) -> None:
    assert await stream(make_worker(graph), ["first", REPLICA_LOST]) == ["first", LOST]
    assert await graph.num_calls.remote() == 2


@pytest.mark.usefixtures("no_pauses")
async def test_a_job_under_which_replica_after_replica_is_lost_is_given_up(
    graph: DeploymentHandle[Any],
) -> None:
    assert await answer(make_worker(graph), REPLICA_LOST) == LOST
    assert await graph.num_calls.remote() == 1 + len(PAUSES_S)


async def test_a_job_past_its_deadline_is_not_run_again(graph: DeploymentHandle[Any]) -> None:
    worker = make_worker(graph, deadline_s=0.05)
    assert await answer(worker, REPLICA_LOST) == {"error": "Deadline of 0.05 s exceeded"}
    assert await graph.num_calls.remote() == 1


async def test_unforeseen_errors_are_logged_with_their_traceback(
    graph: DeploymentHandle[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="serve_app.runpod_worker"):
        await answer(make_worker(graph), RuntimeError("what happened"))
    assert "1-u1" in caplog.text
    assert "what happened" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("output", [{"duration": float("nan")}, {"audio": b"\0"}, {1: {2}}])
async def test_outputs_that_are_not_json_are_internal_errors(
    graph: DeploymentHandle[Any], output: Any
) -> None:
    assert await answer(make_worker(graph), output) == {"error": "Internal error (request 1-u1)"}


@pytest.mark.parametrize(
    ("job_id", "limit"), [("1-u1", MAX_RUN_BYTES), ("sync-1-u1", MAX_RUNSYNC_BYTES)]
)
async def test_results_may_be_as_large_as_their_envelope(
    graph: DeploymentHandle[Any], job_id: str, limit: int
) -> None:
    worker = make_worker(graph)
    frame = len(json.dumps({"output": {"audio_base64": ""}}))  # all that the SDK posts
    largest = {"audio_base64": "A" * (limit - frame)}
    assert await answer(worker, largest, job_id) == largest

    refused = await answer(worker, {"audio_base64": "A" * (limit - frame + 1)}, job_id)
    assert list(refused) == ["error"]
    assert f"{limit // 10**6} MB" in refused["error"]
    assert TOO_LARGE in refused["error"]


async def test_a_stream_ends_before_its_pieces_together_are_too_large(
    graph: DeploymentHandle[Any],
) -> None:
    frame = len(json.dumps({"output": [{"audio_base64": ""}] * 10}))
    share = (MAX_RUN_BYTES - frame) // 10
    whole = [{"audio_base64": "A" * share}] * 10
    assert await stream(make_worker(graph), whole) == whole

    *pieces, last = await stream(make_worker(graph), [{"audio_base64": "A" * (share + 1)}] * 10)
    assert len(pieces) == 9
    assert TOO_LARGE in last["error"]


async def test_a_job_past_its_deadline_fails_and_frees_the_graph(
    graph: DeploymentHandle[Any],
) -> None:
    worker = make_worker(graph, deadline_s=0.05)
    assert await answer(worker, "wait") == {"error": "Deadline of 0.05 s exceeded"}
    await asyncio.wait_for(graph.wait_until_freed.remote(), 10)


async def test_a_stream_past_its_deadline_fails_and_frees_the_graph(
    graph: DeploymentHandle[Any],
) -> None:
    worker = make_worker(graph, deadline_s=0.05)
    assert await stream(worker, ["wait"]) == [{"error": "Deadline of 0.05 s exceeded"}]
    await asyncio.wait_for(graph.wait_until_freed.remote(), 10)


def test_loop_ends_what_is_left_of_it_where_several_jobs_are_its_last(
    graph: DeploymentHandle[Any],
) -> None:
    ended = []
    jobs: list[asyncio.Task[Any]] = []

    async def poll() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("poll")

    async def loop() -> None:
        worker = make_worker(
            graph, drain_s=0, num_taken=lambda: sum(not job.done() for job in jobs)
        )
        worker.concurrency(0)
        jobs.extend(
            asyncio.create_task(worker.answer({"id": each, "input": "wait"})) for each in "ab"
        )
        polling = asyncio.create_task(poll())
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        await polling

    with pytest.raises(SystemExit) as exit_:
        asyncio.run(loop())
    assert (exit_.value.code, ended) == (0, ["poll"])
    assert [job.result() for job in jobs] == [{"error": "Deadline of 0 s exceeded"}] * 2


async def test_concurrency_is_constant(graph: DeploymentHandle[Any]) -> None:
    worker = make_worker(graph)
    assert [worker.concurrency(current) for current in (1, 3, 7)] == [3, 3, 3]
