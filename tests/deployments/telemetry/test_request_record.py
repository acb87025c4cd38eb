"""The one log line of a request."""

import asyncio
import json
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient, WebSocketDenialResponse

from deployments.held_jobs import HeldJobs
from deployments.telemetry.request_record import RequestRecord
from speech.errors import InvalidRequest, UploadFailed, VoiceNotFound
from speech.request import parse_job

DOCUMENTED = Path(__file__).parents[3] / "docs" / "observability.md"
JOB = {"text": "Every word of this sentence is spoken.", "speaker_voice": "deep.wav"}
HIGH = "high.flac"


@pytest.fixture
def lines(caplog):
    """Return `lines(request_id)`: what was logged of a request, as (result, fields) pairs."""
    caplog.set_level(logging.INFO, "deployments.telemetry.request_log")

    def lines(request_id):
        matches = (
            re.fullmatch(rf"request {request_id} (\w+): (.*)", message)
            for message in caplog.messages
        )
        return [
            (match[1], dict(pair.split("=") for pair in match[2].split()))
            for match in matches
            if match
        ]

    return lines


async def test_completed_job_leaves_a_line_with_all_its_numbers(make_ingress, lines):
    output = await make_ingress().run_job(JOB, "job-1")
    [(result, fields)] = lines("job-1")
    assert result == "completed"
    assert (fields["source"], fields["streamed"], fields["engine"]) == ("runpod", "false", "tone")
    assert (fields["chars"], fields["chunks"]) == (str(len(JOB["text"])), "1")
    assert re.fullmatch("[0-9a-f]{32}", fields["voice"])
    assert json.loads(fields["voice_file"]) == "deep.wav"
    assert float(fields["audio_s"]) == pytest.approx(output["metadata"]["duration"], abs=0.006)
    spoken_s = output["metadata"]["timings"]["generate"] / 1000
    assert float(fields["rtf"]) == pytest.approx(spoken_s / float(fields["audio_s"]), abs=0.002)
    assert 0 < int(fields["first_audio_ms"]) <= int(fields["total_ms"])


async def test_default_voice_speaks_requests_that_name_none(make_ingress, lines):
    ingress = make_ingress(default_voice="deep.wav")
    unnamed = {"text": JOB["text"]}
    jobs = {"named": JOB, "none": unnamed, "other": JOB | {"speaker_voice": HIGH}}
    for job_id, job in jobs.items():
        await ingress.run_job(job, job_id)
    named, none, other = (lines(job_id)[0][1]["voice"] for job_id in jobs)
    assert named == none != other
    await make_ingress().run_job(unnamed, "made-up")
    assert lines("made-up")[0][1]["voice"] == "-"


async def test_streamed_speech_tells_when_its_first_audio_left(make_ingress, connect, lines):
    client = connect(make_ingress())
    body = {"input": JOB["text"] * 6, "voice": "deep.wav"}
    await client.post("/v1/audio/speech", json=body, headers={"X-Request-ID": "call-1"})
    [(result, fields)] = lines("call-1")
    assert (result, fields["source"], fields["streamed"]) == ("completed", "http", "true")
    assert int(fields["first_audio_ms"]) < int(fields["total_ms"])


async def test_refused_request_leaves_its_one_line_too(make_ingress, lines):
    ingress = make_ingress()
    await ingress.run_job({"text": ""}, "job-2")
    [item async for item in ingress.stream_job({"text": "", "stream": True}, "job-3")]
    for job in ("job-2", "job-3"):
        [(result, fields)] = lines(job)
        assert result == "invalid_request"
        assert (fields["source"], fields["engine"], fields["rtf"]) == ("runpod", "-", "-")


async def test_every_http_call_that_is_refused_before_it_is_spoken_leaves_its_line(
    make_ingress, connect, lines
):
    ingress = make_ingress()
    client = connect(ingress)
    speech, job = {"input": "Hello.", "text": "Hello."}, {"input": {"text": "Hello."}}
    bodies = {
        "/v1/audio/speech": speech,
        "/v1/text-to-speech/deep.wav": speech,
        "/runsync": job,
        "/v2/any/run": job,
    }
    for path, body in bodies.items():
        headers = {"X-Request-ID": "call-2", "Content-Type": "application/json"}
        await client.post(path, content=b"{", headers=headers)
        ingress._service._draining.set()
        await client.post(path, json=body, headers=headers)
        ingress._service._draining.clear()
    refusals = [(result, fields["source"]) for result, fields in lines("call-2")]
    assert refusals == len(bodies) * [("invalid_request", "http"), ("not_ready", "http")]


@pytest.mark.parametrize(
    "path", ["/v1/audio/speech/stream", "/v1/text-to-speech/deep.wav/stream-input"]
)
def test_refused_websocket_leaves_its_line(make_ingress, lines, path):
    ingress = make_ingress(limits={"max_connections": 1})
    client = TestClient(ingress.__serve_build_asgi_app__())
    headers = {"X-Request-ID": "call-3"}
    with ingress._service._connections.admit(), pytest.raises(WebSocketDenialResponse):
        client.websocket_connect(path, headers=headers).__enter__()
    ingress._service._draining.set()
    with pytest.raises(WebSocketDenialResponse):
        client.websocket_connect(path, headers=headers).__enter__()
    told = [(result, fields["source"]) for result, fields in lines("call-3")]
    assert told == [("overloaded", "websocket"), ("not_ready", "websocket")]


async def test_held_job_that_is_cancelled_leaves_one_line_begun_or_not(
    make_ingress, lines, held_sampler
):
    sampler, stage = held_sampler
    held = HeldJobs(make_ingress(sampler)._jobs, concurrency=1)
    begun, waiting, health = (held.take(job) for job in (JOB, JOB, {"action": "health_check"}))
    await asyncio.to_thread(stage.started.acquire)
    await held.cancel(health, waiting, begun)
    for job in (begun, waiting):
        [(result, fields)] = lines(job.job_id)
        assert (result, fields["source"]) == ("cancelled", "http")
    assert lines(health.job_id) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UploadFailed("Upload failed: SlowDown"), "Upload failed: SlowDown"),
        (
            VoiceNotFound("speaker_voice 'a=b' not found", "speaker_voice"),
            "speaker_voice 'a=b' not found",
        ),
        (
            InvalidRequest("The request body is not valid JSON"),
            "The request body is not valid JSON",
        ),
        (InvalidRequest("Invalid 'text': got ['my secret']", "text"), "text"),
    ],
)
def test_line_says_why_a_request_failed_and_repeats_no_text(error, told):
    record = RequestRecord("id", "runpod")
    record.failed(error)
    fields = dict(pair.split("=") for pair in str(record).split(" "))
    assert record.result == error.code
    assert json.loads(fields["reason"]) == told


async def test_every_field_is_documented(make_ingress, lines):
    await make_ingress().run_job(JOB, "job-4")
    [(_, fields)] = lines("job-4")
    table = DOCUMENTED.read_text().partition("## The log line")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(fields)


def test_voice_that_is_prepared_again_is_told_once():
    record = RequestRecord("id", "http")
    for file in ("ada.ogg", "otto.ogg", "ada.ogg"):
        record.voice_prepared(file, "key")
    assert record.voice_files == ["ada.ogg", "otto.ogg"]


def test_faulty_takes_are_in_the_metadata_and_the_log_line():
    record, request = RequestRecord("id", "runpod"), parse_job({"text": "Hello."}, 99, 640)
    assert "faulty_takes" not in record.metadata(request)
    record.take_is_faulty(2, "early")
    assert record.metadata(request)["faulty_takes"] == [{"chunk": 2, "fault": "early"}]
    assert " faulty=1 " in str(record)


@settings(deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1))
def test_names_of_voice_files_keep_the_log_line_in_its_form(names):
    record = RequestRecord("id", "runpod")
    for name in names:
        record.voice_prepared(name, "key")
    line = str(record)
    assert line.isascii()
    assert line.isprintable()
    fields = dict(pair.split("=") for pair in line.split(" "))
    told, whole = json.loads(fields["voice_file"]), ", ".join(dict.fromkeys(names))
    assert told in (whole, f"{whole[:128]}…")
    assert len(told) <= 129
