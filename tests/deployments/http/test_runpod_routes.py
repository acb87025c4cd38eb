import asyncio

import pytest

from deployments import held_jobs
from deployments.http import runpod_routes

JOB = {"input": {"text": "Hello there.", "output_format": "pcm", "seed": 1}}


@pytest.fixture
def client(make_ingress, connect):
    return connect(make_ingress())


async def status_of(client, job_id, wanted):
    while (told := (await client.get(f"/v2/any/status/{job_id}")).json())["status"] != wanted:
        assert told["status"] in ("IN_QUEUE", "IN_PROGRESS")
        await asyncio.sleep(0.01)
    return told


async def test_run_answers_at_once_and_status_brings_the_output(client):
    taken = (await client.post("/v2/any/run", json=JOB)).json()
    assert taken["status"] in ("IN_QUEUE", "IN_PROGRESS")
    told = await status_of(client, taken["id"], "COMPLETED")
    same = (await client.post("/runsync", json=JOB)).json()
    assert told["output"]["audio_base64"] == same["output"]["audio_base64"]
    assert told["delayTime"] >= 0
    assert told["executionTime"] >= 0


async def test_runsync_waits_and_a_failed_job_says_why(client):
    done = (await client.post("/v2/any/runsync", json=JOB)).json()
    assert done["status"] == "COMPLETED"
    failed = (await client.post("/v2/any/runsync", json={"input": {"text": " "}})).json()
    assert (failed["status"], failed["error"]) == ("FAILED", "Text cannot be empty")
    assert "output" not in failed
    counts = (await client.get("/v2/any/health")).json()["jobs"]
    assert (counts["completed"], counts["failed"]) == (1, 1)
    (part,) = (await client.get(f"/v2/any/stream/{done['id']}")).json()["stream"]
    assert part["output"] == done["output"]


async def test_status_sync_waits_for_the_output(client):
    job_id = (await client.post("/v2/any/run", json=JOB)).json()["id"]
    told = (await client.get(f"/v2/any/status-sync/{job_id}")).json()
    assert (told["id"], told["status"]) == (job_id, "COMPLETED")
    assert told["output"]["audio_base64"]


async def test_streamed_job_comes_in_parts_each_told_once(client):
    job = {"input": {**JOB["input"], "stream": True}}
    job_id = (await client.post("/v2/any/run", json=job)).json()["id"]
    done = await status_of(client, job_id, "COMPLETED")
    first = (await client.get(f"/v2/any/stream/{job_id}")).json()
    again = (await client.get(f"/v2/any/stream/{job_id}")).json()
    items = [part["output"] for part in first["stream"]]
    assert items == done["output"]
    assert items[0]["index"] == 0
    assert items[-1]["status"] == "completed"
    assert again == {"id": job_id, "status": "COMPLETED", "stream": []}


async def test_cancel_frees_the_sampler_and_counts(make_ingress, connect, held_sampler):
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler))
    job_id = (await client.post("/v2/any/run", json=JOB)).json()["id"]
    assert await asyncio.to_thread(stage.started.acquire, timeout=60)
    health = (await client.get("/v2/any/health")).json()
    assert health["jobs"]["inProgress"] == 1
    assert health["workers"]["running"] == 1
    cancelled = (await client.post(f"/v2/any/cancel/{job_id}")).json()
    assert cancelled == {"id": job_id, "status": "CANCELLED"}
    stage.release.set()
    assert await asyncio.to_thread(stage.freed.acquire, timeout=60)
    assert (await client.get(f"/v2/any/status/{job_id}")).json()["status"] == "CANCELLED"


async def test_job_beyond_the_places_waits_and_can_be_purged(make_ingress, connect, held_sampler):
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler, limits={"max_requests": 2}))
    first, second = [(await client.post("/v2/any/run", json=JOB)).json()["id"] for _ in "12"]
    assert await asyncio.to_thread(stage.started.acquire, timeout=60)
    assert (await client.get(f"/v2/any/status/{second}")).json()["status"] == "IN_QUEUE"
    purged = (await client.post("/v2/any/purge-queue")).json()
    assert purged == {"removed": 1, "status": "completed"}
    stage.release.set()
    await status_of(client, first, "COMPLETED")


@pytest.mark.parametrize("streams", [False, True])
async def test_job_waits_for_a_place_that_other_requests_have(
    make_ingress, connect, held_sampler, streams
):
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler, limits={"max_requests": 1}))
    other = asyncio.create_task(client.post("/v1/audio/speech", json={"input": "Hello."}))
    assert await asyncio.to_thread(stage.started.acquire, timeout=60)
    job = {"input": {**JOB["input"], "stream": streams}}
    job_id = (await client.post("/v2/any/run", json=job)).json()["id"]
    health = await client.post("/v2/any/run", json={"input": {"action": "health_check"}})
    assert (await client.get(f"/v2/any/status/{job_id}")).json()["status"] == "IN_QUEUE"
    stage.release.set()
    assert (await other).status_code == 200
    await status_of(client, job_id, "COMPLETED")
    await status_of(client, health.json()["id"], "COMPLETED")
    again = await client.post("/v1/audio/speech", json={"input": "Hello."})  # its place is free
    assert again.status_code == 200


async def test_runsync_that_takes_long_answers_the_status(
    make_ingress, connect, held_sampler, monkeypatch
):
    monkeypatch.setattr(runpod_routes, "SYNC_WAIT_S", 0.05)
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler))
    early = (await client.post("/v2/any/runsync", json=JOB)).json()
    assert early["status"] in ("IN_QUEUE", "IN_PROGRESS")
    stage.release.set()
    await status_of(client, early["id"], "COMPLETED")


async def test_held_jobs_are_bounded_in_number_and_bytes(client, monkeypatch):
    monkeypatch.setattr(held_jobs, "MAX_JOBS", 2)
    ids = [(await client.post("/v2/any/runsync", json=JOB)).json()["id"] for _ in range(3)]
    statuses = [(await client.get(f"/v2/any/status/{job_id}")).status_code for job_id in ids]
    assert statuses == [404, 200, 200]
    monkeypatch.setattr(held_jobs, "MAX_JOBS", 9)
    last = (await client.post("/v2/any/runsync", json=JOB)).json()
    size = len(last["output"]["audio_base64"])
    for max_bytes, left in ((2 * size, [False, True]), (1000, [False, False])):
        ids = [*ids[-2:], last["id"]]
        monkeypatch.setattr(held_jobs, "MAX_HELD_BYTES", max_bytes)
        last = (await client.post("/v2/any/runsync", json=JOB)).json()
        statuses = [(await client.get(f"/v2/any/status/{job_id}")).status_code for job_id in ids]
        assert [status == 200 for status in statuses] == [False, *left]
        assert (await client.get(f"/v2/any/status/{last['id']}")).status_code == 200


async def test_held_job_that_ended_first_is_dropped_first(
    make_ingress, connect, held_sampler, monkeypatch
):
    sampler, stage = held_sampler
    monkeypatch.setattr(held_jobs, "MAX_JOBS", 2)
    client = connect(make_ingress(sampler))
    slow, quick = [(await client.post("/v2/any/run", json=JOB)).json()["id"] for _ in range(2)]
    await client.post(f"/v2/any/cancel/{quick}")
    stage.release.set()
    await status_of(client, slow, "COMPLETED")
    assert (await client.post("/v2/any/run", json=JOB)).status_code == 200
    assert (await client.get(f"/v2/any/status/{slow}")).status_code == 200
    assert (await client.get(f"/v2/any/status/{quick}")).status_code == 404


async def test_held_jobs_that_have_not_ended_are_never_dropped(
    make_ingress, connect, held_sampler, monkeypatch
):
    monkeypatch.setattr(held_jobs, "MAX_JOBS", 1)
    client = connect(make_ingress(held_sampler[0]))
    assert (await client.post("/v2/any/run", json=JOB)).status_code == 200
    refused = await client.post("/v2/any/run", json=JOB)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    held_sampler[1].release.set()


async def test_finished_job_is_forgotten_in_time(client, monkeypatch):
    monkeypatch.setattr(held_jobs, "KEEP_S", 0.0)
    job_id = (await client.post("/v2/any/runsync", json=JOB)).json()["id"]
    missing = await client.get(f"/v2/any/status/{job_id}")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "job_not_found")


async def test_runpods_routes_ask_for_the_key(make_ingress, connect):
    client = connect(make_ingress(api_keys=["secret"]))
    assert (await client.post("/v2/any/run", json=JOB)).status_code == 401
    bearer = {"Authorization": "Bearer secret"}
    assert (await client.post("/v2/any/runsync", json=JOB, headers=bearer)).status_code == 200


@pytest.mark.parametrize("body", [{}, {"input": None}, {"input": []}])
async def test_job_without_an_input_object_is_400(client, body):
    assert (await client.post("/v2/any/run", json=body)).status_code == 400
