import asyncio
import base64
import io
import json
import logging
import random
import re
import urllib.request

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployments.bucket_client import BucketConfig
from deployments.jobs import MAX_PART_BYTES, MIN_PART_BYTES, regroup
from deployments.sampler import PCMBlock
from speech.errors import InternalError
from speech.formats import FORMATS
from speech.parameters import PARAMETER_NAMES
from tests.deployments.conftest import local_handle

JOB = {"text": "Every word of this sentence is spoken.", "output_format": "wav"}


@pytest.fixture
def make_ingress_with_bucket(make_ingress, s3_url):
    """Return `make(name)`: an ingress whose outputs go to the bucket called `name`."""
    return lambda name: make_ingress(bucket=BucketConfig(s3_url, "any", "any", name))


def decode(audio):
    return soundfile.read(io.BytesIO(audio))


def inline_audio(output):
    return base64.b64decode(output["audio_base64"], validate=True)


async def test_output_in_a_bucket_has_a_link_instead_of_audio(make_ingress_with_bucket):
    output = await make_ingress_with_bucket("outputs").run_job({**JOB, "session_id": "call-1"})
    assert set(output) == {"status", "filename", "metadata", "url", "s3_key"}
    assert (output["filename"], output["s3_key"]) == ("call-1.wav", "call-1.wav")

    def download():
        with urllib.request.urlopen(output["url"]) as response:
            return response.read(), response.headers["Content-Type"]

    audio, media_type = await asyncio.to_thread(download)
    samples, rate = decode(audio)
    assert media_type == "audio/wav"
    assert len(samples) / rate == pytest.approx(output["metadata"]["duration"], abs=1e-3)


@pytest.mark.slow
async def test_failed_upload_is_an_error_and_nothing_else(make_ingress_with_bucket):
    output = await make_ingress_with_bucket("no-such-bucket").run_job(JOB)
    assert output == {"error": "Upload failed: NoSuchBucket"}


@pytest.mark.parametrize(
    ("bucket", "status", "details"),
    [("outputs", "pass", "the bucket answers"), ("gone", "fail", "Bucket unusable: NoSuchBucket")],
)
async def test_health_tells_whether_the_bucket_answers(
    make_ingress_with_bucket, bucket, status, details
):
    report = await make_ingress_with_bucket(bucket).run_job({"action": "health_check"})
    assert report["checks"]["s3"] == {"status": status, "details": details}
    assert report["status"] == ("healthy" if status == "pass" else "unhealthy")


async def test_job_that_asks_for_a_stream_of_a_unary_worker_is_answered_whole(make_ingress):
    ingress = make_ingress()
    streamed, plain = [await ingress.run_job({**JOB, "stream": stream}) for stream in (True, False)]
    assert inline_audio(streamed) == inline_audio(plain)
    samples, rate = decode(inline_audio(streamed))  # by its header, which knows the true length
    assert len(samples) / rate == pytest.approx(streamed["metadata"]["duration"], abs=1e-3)


async def test_completed_job_is_logged_as_such_once(make_ingress, caplog):
    caplog.set_level(logging.INFO, "deployments.telemetry.request_log")
    await make_ingress().run_job(JOB, "job-1")
    (line,) = [message for message in caplog.messages if message.startswith("request job-1 ")]
    assert line.startswith("request job-1 completed")
    assert JOB["text"] not in line


async def test_book_takes_its_share_of_the_sampler_and_leaves_the_rest(make_ingress, held_sampler):
    sampler, stage = held_sampler
    ingress = make_ingress(sampler, {"max_request_jobs": 3})
    book = {
        "text": "One more sentence. " * 50,
        "speaker_voice": "deep.wav",
        "parameters": {"max_chars_per_chunk": 20},
    }
    tasks = [asyncio.create_task(ingress.run_job(job)) for job in (book, {"text": "A sentence."})]
    for _ in range(3 + 1):
        await asyncio.to_thread(stage.started.acquire)
    assert not stage.started.acquire(blocking=False)
    stage.release.set()
    outputs = await asyncio.gather(*tasks)
    assert [output["metadata"]["chunks"] for output in outputs] == [50, 1]


async def test_text_is_split_into_what_a_pass_of_the_asked_length_can_speak(make_ingress):
    ingress, text = make_ingress(), JOB["text"] * 3
    num_chunks = []
    for frames in (640, 64, "auto"):
        output = await ingress.run_job({"text": text, "parameters": {"sequence_length": frames}})
        num_chunks.append(output["metadata"]["chunks"])
    assert num_chunks[0] == num_chunks[2] == 1 < num_chunks[1]


async def test_streamed_job_is_parts_in_order_then_its_output(make_ingress):
    ingress = make_ingress()
    job = {**JOB, "text": JOB["text"] * 6, "output_format": "pcm", "session_id": "call-1"}
    *parts, output = [item async for item in ingress.stream_job(job)]
    assert len(parts) > 3
    assert all(set(part) == {"audio_base64", "index"} for part in parts)
    assert [part["index"] for part in parts] == list(range(len(parts)))
    assert set(output) == {"status", "filename", "metadata"}
    assert (output["status"], output["filename"]) == ("completed", "call-1.pcm")
    whole = await ingress.run_job(job)
    assert b"".join(map(inline_audio, parts)) == inline_audio(whole)
    assert output["metadata"]["duration"] == whole["metadata"]["duration"]


async def test_streamed_job_that_fails_ends_with_the_error(make_ingress):
    class BreakingSampler:
        async def report(self):
            return {"engine": "breaking", "device": "cpu", "defaults": {}}

        async def generate(self, job, voice):
            yield PCMBlock(np.full(44100, 0.1, np.float32), "breaking", "cpu", 0.0)
            raise InternalError("The engine broke")

    ingress = make_ingress(local_handle(BreakingSampler))
    *parts, last = [item async for item in ingress.stream_job(JOB, "job-1")]
    assert [part["index"] for part in parts] == list(range(len(parts)))
    assert parts
    assert last == {"error": "Internal error (request job-1)"}


async def test_streamed_job_that_is_refused_is_the_error_alone(make_ingress):
    items = [item async for item in make_ingress().stream_job({**JOB, "seed": "x"})]
    assert len(items) == 1
    assert items[0]["error"].startswith("Invalid 'seed': ")


async def test_streamed_health_check_is_the_report_alone(make_ingress):
    (report,) = [item async for item in make_ingress().stream_job({"action": "health_check"})]
    assert report["status"] == "healthy"


BYTES = random.Random(0).randbytes(3 * MAX_PART_BYTES)
SIZES = st.one_of(
    st.integers(0, 100),
    st.integers(MIN_PART_BYTES - 2, MIN_PART_BYTES + 2),
    st.integers(MAX_PART_BYTES - 2, MAX_PART_BYTES + 2),
    st.integers(0, 3 * MAX_PART_BYTES),
)


@given(st.lists(SIZES, max_size=8))
@example([100, MIN_PART_BYTES - 1, 1, MAX_PART_BYTES + 1])
@settings(max_examples=60, deadline=None)
async def test_regroup_keeps_the_bytes_and_its_bounds_and_holds_nothing_back(sizes):
    packets = [BYTES[:size] for size in sizes]
    parts, waiting = [], []  # `waiting`: bytes it sat on whenever it asked for more

    async def source():
        taken = 0
        for packet in packets:
            yield packet
            taken += len(packet)
            waiting.append(taken - sum(map(len, parts)))

    async for part in regroup(source()):
        parts.append(part)
    assert b"".join(parts) == b"".join(packets)
    assert all(0 < len(part) <= MAX_PART_BYTES for part in parts)
    assert all(len(part) >= MIN_PART_BYTES for part in parts[1:-1])
    assert all(size < MIN_PART_BYTES for size in waiting)
    first = next((packet for packet in packets if packet), b"")
    assert parts[:1] == ([first[:MAX_PART_BYTES]] if first else [])


CONTRACT_ERRORS = re.compile(
    r"Missing or invalid 'text' field \(expected string\)"
    r"|Text cannot be empty"
    r"|Text too long: \d+ characters \(max \d+\)"
    r"|Invalid '(speaker_voice|parameters|seed|session_id|output_format|stream)': .+"
    r"|Invalid parameter '\w+': .+"
    r"|Unknown parameter '.*' \(known: .+\)"
    r"|Invalid speaker_voice path"
    r"|speaker_voice '.*' not found"
    r"|Unsupported speaker_voice extension: .*"
    r"|speaker_voice '.*' could not be decoded: .+"
)
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", " ", "\0", "\ud800", "a\nb", "x" * 5000, 2**63, -1, 1e300]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2)
    ),
    max_leaves=4,
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "num_steps": st.integers(1, 100),
        "stream_steps": st.lists(st.integers(1, 100), min_size=1, max_size=3),
        "cfg_min_t": st.floats(0, 0.5),
        "sequence_length": st.sampled_from([32, 640, "auto"]),
        "seed": st.integers(-(2**63), 2**63 - 1),
        "max_chars_per_chunk": st.integers(0, 30),
        "target_duration_seconds": st.floats(0.1, 30),
        "enable_crossfade": st.booleans(),
        "normalize_boundaries": st.booleans(),
    },
)
VOICES = ["deep.wav", "high.flac", "", "broken.ogg", "notes.txt", "nobody.wav", "../deep.wav", "."]
GOOD_JOBS = st.fixed_dictionaries(
    {"text": st.text("Hi, you. Oh!", min_size=1, max_size=12) | st.text(max_size=5)},
    optional={
        "speaker_voice": st.sampled_from(VOICES),
        "parameters": PARAMETERS,
        "seed": st.integers(-(2**63), 2**63 - 1),
        "session_id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "output_format": st.sampled_from(list(FORMATS)),
        "stream": st.booleans(),
    },
)
FAULTS = st.dictionaries(
    st.sampled_from(["text", "speaker_voice", "seed", "session_id", "output_format", "stream"]),
    JUNK,
    max_size=1,
)
FAULTY_PARAMETERS = st.dictionaries(
    st.sampled_from([*PARAMETER_NAMES, "steps"]) | st.text(max_size=5), JUNK, max_size=1
)


def with_faults(job, faults, parameters):
    if parameters:
        faults = {**faults, "parameters": {**job.get("parameters", {}), **parameters}}
    return {**job, **faults}


JOBS = GOOD_JOBS | st.builds(with_faults, GOOD_JOBS, FAULTS, FAULTY_PARAMETERS) | JUNK


@pytest.fixture
def ingress_for_all(make_ingress, voices_dir):
    """An ingress over a folder that also holds what is no voice."""
    (voices_dir / "broken.ogg").write_bytes(b"OggS, but not really")
    (voices_dir / "notes.txt").write_text("no audio")
    return make_ingress()


@given(job=JOBS)
@example(job={**JOB, "speaker_voice": "\ud800.wav"})
@example(job={**JOB, "speaker_voice": "a\nb.wav"})
@example(job={**JOB, "parameters": {"a\nb": 1}})
@settings(
    max_examples=80,
    deadline=None,
    # One ingress for all jobs is what is meant.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_job_is_completed_or_a_contract_error(ingress_for_all, voices_dir, job):
    output = await ingress_for_all.run_job(job)
    json.dumps(output, allow_nan=False)
    if "error" not in output:
        assert set(output) == {"status", "filename", "metadata", "audio_base64"}
        assert output["metadata"]["duration"] > 0
        assert inline_audio(output)
        return
    assert set(output) == {"error"}
    assert output["error"].isprintable()
    assert CONTRACT_ERRORS.fullmatch(output["error"])
    assert "/" in repr(job) or "/" not in output["error"]
    assert str(voices_dir) not in output["error"]
