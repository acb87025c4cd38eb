"""The worker under RunPod's own SDK: its real job loop against a platform on loopback."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
import pytest
import soundfile

from tests.runpod.platform import Task
from tests.runpod.worker import MAX_REQUESTS, MAX_TEXT_CHARS, Endpoint
from tests.texts import PARAGRAPHS, SENTENCE, THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

SHORT = {"text": "Hello there.", "output_format": "wav"}
ENDLESS = {
    "text": SENTENCE * (MAX_TEXT_CHARS // len(SENTENCE)),
    "parameters": {"num_steps": 20, "stream_steps": [4, 20]},
}
"""Minutes of work, of which a stream's first comes soon."""
LONG = {
    "text": f"{SENTENCE}[pause:10s] " * 9,
    "output_format": "wav",
    "parameters": {"num_steps": 1},
}
"""Some two minutes, mostly silence: 10 MB hold 85 s, 20 MB twice as much."""
OVERLOADED = {"error": "Overloaded, retry later"}
LOST = {"error": "The server was lost, retry later"}


def decode(audio: bytes) -> tuple[Any, int]:
    samples, sample_rate = soundfile.read(io.BytesIO(audio))
    return samples, sample_rate


async def fill(
    *endpoints: Endpoint, job_input: dict[str, Any] = ENDLESS, hold_pieces: bool = True
) -> list[Task]:
    """Return jobs that hold every place of the graph, of each of the endpoints in turn.

    There is one job more than there are places. No worker takes so many, so that it needs two. Once
    one of them is refused, the others are those that hold the places.
    """
    turns = itertools.islice(itertools.cycle(endpoints), MAX_REQUESTS + 1)
    tasks = [
        await endpoint.platform.submit(job_input, hold_pieces=hold_pieces) for endpoint in turns
    ]
    ends = [asyncio.create_task(task.outcome()) for task in tasks]
    (refused,), pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in pending:
        end.cancel()
    assert refused.result() == OVERLOADED
    return [task for task in tasks if not task.done.is_set()]


async def barrier(endpoint: Endpoint) -> None:
    """Return when the graph has begun, or dropped, every job taken before."""
    assert "output" in await endpoint.platform.run({"action": "health_check"})


async def freed(endpoint: Endpoint, task: Task) -> None:
    """Wait until the graph reports that it has dropped a job."""
    await endpoint.worker.wait_for_line(f"request {task.id} cancelled")


def replica(endpoint: Endpoint, deployment: str) -> psutil.Process:
    """Return the process of a deployment's one replica, in the graph that `endpoint` deployed."""
    found = []
    for process in psutil.Process(endpoint.worker.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            if f"ServeReplica:default:{deployment}" in "".join(process.cmdline()):
                found.append(process)
    (process,) = found
    return process


@contextmanager
def stopped(process: psutil.Process) -> Iterator[None]:
    """Let a process stand still for as long as the context lasts."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


async def test_job_succeeds(endpoint: Endpoint) -> None:
    job_input = {**SHORT, "speaker_voice": "hum.wav", "session_id": "call-1", "seed": 5}
    posted = await endpoint.platform.run(job_input, webhook="https://example.org/hook")
    assert list(posted) == ["output"]
    output = posted["output"]
    assert output["status"] == "completed"
    assert output["filename"] == "call-1.wav"
    metadata = output["metadata"]
    assert metadata["seed"] == 5
    assert metadata["engine"] == "echo-mini"
    samples, sample_rate = decode(base64.b64decode(output["audio_base64"]))
    assert sample_rate == metadata["sample_rate"]
    assert len(samples) / sample_rate == pytest.approx(metadata["duration"], abs=0.01)
    assert abs(samples).max() > 0.01


async def test_health_check_is_a_job(endpoint: Endpoint) -> None:
    posted = await endpoint.platform.run({"action": "health_check"})
    assert posted["output"]["status"] == "healthy"


@pytest.mark.parametrize(
    ("job_input", "error"),
    [
        ({}, "Missing or invalid 'text' field (expected string)"),
        ("hello", "Missing or invalid 'text' field (expected string)"),
        (None, "Missing or invalid 'text' field (expected string)"),
        ({"text": " \n"}, "Text cannot be empty"),
        (
            {"text": "a" * (MAX_TEXT_CHARS + 1)},
            f"Text too long: {MAX_TEXT_CHARS + 1} characters (max {MAX_TEXT_CHARS})",
        ),
        ({"text": "hi", "output_format": "midi"}, "Invalid 'output_format': "),
        ({"text": "hi", "session_id": "../x"}, "Invalid 'session_id': "),
        ({"text": "hi", "parameters": {"num_steps": 0}}, "Invalid parameter 'num_steps': "),
        ({"text": "hi", "parameters": {"stepz": 1}}, "Unknown parameter 'stepz' (known: "),
        ({"text": "hi", "speaker_voice": "../../etc/passwd"}, "Invalid speaker_voice path"),
        ({"text": "hi", "speaker_voice": "gone.wav"}, "speaker_voice 'gone.wav' not found"),
        (
            {"text": "hi", "speaker_voice": "notes.txt"},
            "Unsupported speaker_voice extension: .txt",
        ),
        (
            {"text": "hi", "speaker_voice": "broken.wav"},
            "speaker_voice 'broken.wav' could not be decoded: ",
        ),
    ],
)
async def test_bad_job_fails_with_one_line(
    endpoint: Endpoint, graph_environment: dict[str, str], job_input: object, error: str
) -> None:
    posted = await endpoint.platform.run(job_input)
    assert list(posted) == ["error"]
    assert posted["error"].startswith(error)
    assert posted["error"].isprintable()
    assert graph_environment["AUDIO_VOICES_DIR"] not in posted["error"]


async def test_worker_takes_no_job_that_the_graph_would_refuse(endpoint: Endpoint) -> None:
    tasks = [await endpoint.platform.submit(SHORT) for _ in range(2 * MAX_REQUESTS)]
    for task in tasks:
        assert "output" in await task.outcome()


async def test_jobs_run_side_by_side_until_the_graph_is_full(
    endpoint: Endpoint, streaming: Endpoint
) -> None:
    running = await fill(endpoint, streaming)
    assert len(running) == MAX_REQUESTS
    assert await endpoint.platform.run(SHORT) == OVERLOADED
    for task in running:
        await task.cancel()
        await freed(endpoint, task)


async def test_cancelled_job_frees_the_graph_and_no_other_job(
    endpoint: Endpoint, streaming: Endpoint
) -> None:
    cancelled, *others = await fill(endpoint, streaming)
    await cancelled.cancel()
    await freed(endpoint, cancelled)
    assert "output" in await endpoint.platform.run(SHORT)
    assert not any(other.done.is_set() for other in others)
    for other in others:
        await other.cancel()
        await freed(endpoint, other)
    assert not cancelled.done.is_set()  # nothing is posted for a cancelled job


async def test_jobs_cancelled_on_their_way_to_the_graph_hold_nothing(
    endpoint: Endpoint, streaming: Endpoint
) -> None:
    for has_begun in [True, False] * 2 * MAX_REQUESTS:
        task = await endpoint.platform.submit(ENDLESS)
        await task.taken.wait()
        if has_begun:
            await endpoint.worker.wait_for_line(f'"{task.id}", "message": "Started."')
        await task.cancel()
        await endpoint.worker.wait_for_line(f'"{task.id}", "message": "Job stopped."')
    await barrier(endpoint)
    running = await fill(endpoint, streaming)
    assert len(running) == MAX_REQUESTS
    for task in running:
        await task.cancel()
        await freed(endpoint, task)


async def test_result_too_large_is_refused_and_not_lost(endpoint: Endpoint) -> None:
    posted = await endpoint.platform.run(LONG)
    assert list(posted) == ["error"]
    assert "10 MB" in posted["error"]
    assert "bucket" in posted["error"]
    assert "compressed" in posted["error"]
    assert (await endpoint.platform.run(LONG, sync=True))["output"]["status"] == "completed"
    assert endpoint.platform.refused == []


async def test_three_paragraphs_arrive_in_pieces_in_the_named_voice(streaming: Endpoint) -> None:
    job_input = {"text": PARAGRAPHS, "speaker_voice": "otto.ogg", "output_format": "mp3"}
    task = await streaming.platform.submit(job_input)
    posted = await task.outcome()
    *pieces, last = task.pieces
    assert [piece["index"] for piece in pieces] == list(range(len(pieces)))
    assert len(pieces) > 1
    assert last["status"] == "completed"
    assert "audio_base64" not in last
    assert posted == {"output": task.pieces}
    audio = b"".join(base64.b64decode(piece["audio_base64"]) for piece in pieces)
    samples, sample_rate = decode(audio)
    assert len(samples) / sample_rate == pytest.approx(last["metadata"]["duration"], abs=0.2)
    pitch_hz = median_pitch_hz(samples.astype("float32"), sample_rate)
    assert pitch_hz == pytest.approx(102, rel=THREE_SEMITONES)


async def test_streamed_job_fails_with_one_line(streaming: Endpoint) -> None:
    assert await streaming.platform.run({"text": ""}) == {"error": "Text cannot be empty"}


async def test_streamed_result_too_large_for_the_end_is_refused(streaming: Endpoint) -> None:
    task = await streaming.platform.submit(LONG)
    posted = await task.outcome()
    assert list(posted) == ["error"]
    assert "10 MB" in posted["error"]
    assert task.pieces
    assert streaming.platform.refused == []


async def test_jobs_outlive_their_ingress(endpoint: Endpoint, streaming: Endpoint) -> None:
    with stopped(replica(endpoint, "Sampler")):
        running = await fill(endpoint, streaming, job_input=SHORT, hold_pieces=False)
        replica(endpoint, "Ingress").kill()
    for task in running:
        assert "output" in await task.outcome()
    for worker in (endpoint.worker, streaming.worker):
        assert "an ingress was lost" in worker.output


async def test_stream_that_has_begun_fails_with_its_ingress(
    endpoint: Endpoint, streaming: Endpoint
) -> None:
    begun = await streaming.platform.submit(ENDLESS)
    await begun.streaming.wait()
    replica(endpoint, "Ingress").kill()
    assert await begun.outcome() == LOST
    assert "output" in await streaming.platform.run(SHORT)


async def test_job_cancelled_while_its_piece_is_posted_frees_the_graph(
    endpoint: Endpoint, streaming: Endpoint
) -> None:
    task = await streaming.platform.submit(ENDLESS, hold_pieces=True)
    await task.streaming.wait()
    await task.cancel()
    await freed(endpoint, task)  # it is the first worker that deployed the graph and has its log
    assert not task.done.is_set()
