"""What Prometheus reads of a running graph."""

from functools import partial

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from ray import serve

from deployments.telemetry import metrics
from deployments.telemetry.metrics import Metric
from serve_app.boot import metrics_url
from tests.graph.conftest import REPORT_MS, get, wait_until
from tests.texts import ENDLESS, ENDLESS_REQUEST

pytestmark = pytest.mark.ray

SENTENCE = "Every word of this sentence is spoken."
DEADLINE_S = 10  # time enough for the gauges of a running request to arrive


@pytest.fixture(scope="module")
def metered(deploy, graph_voices):
    """The URL and ingress handle of a graph that takes one request at a time, for a few seconds."""
    url, ingress = deploy(
        "metered",
        voices_dir=str(graph_voices),
        max_text_chars=len(ENDLESS),
        max_audio_s=100 * 3600,
        max_requests=1,
        deadline_s=DEADLINE_S,
    )
    yield url, ingress
    serve.delete("metered")


wait_for_metrics = partial(wait_until, period_s=REPORT_MS / 1000 / 4)


def scrape():
    """Return the samples of graph `metered` that are ours, as (name, labels, value)."""
    text = get(metrics_url()).text
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("ray_echo_") and sample.labels["application"] == "metered"
    ]


def total(samples, name, **labels):
    """Return the sum of the samples called `name` that have these labels."""
    found = [
        value
        for sample, held, value in samples
        if sample == f"ray_echo_{name}" and held.items() >= labels.items()
    ]
    return sum(found)


def speak(url, **fields):
    return httpx.post(f"{url}/v1/audio/speech", json={"input": SENTENCE, **fields}, timeout=60)


def stream_endlessly(url):
    # In a named voice: without one, what was spoken becomes another voice of the speaker cache.
    body = ENDLESS_REQUEST | {"voice": "ada.ogg"}
    return httpx.stream("POST", f"{url}/v1/audio/speech", json=body, timeout=60)


def test_counters_are_there_before_they_count(metered):
    kinds = (metric for metric in vars(metrics).values() if isinstance(metric, Metric))
    counters = {f"ray_{metric.name}" for metric in kinds if metric.kind == "counter"}
    wait_for_metrics(lambda: counters <= {name for name, _, _ in scrape()})
    failures = [held for name, held, _ in scrape() if held.get("outcome") == "upload_failed"]
    assert {held["source"] for held in failures} == {"http", "websocket", "runpod"}


def test_every_way_a_request_can_end_is_counted_and_only_what_was_spoken_is_timed(metered):
    url, ingress = metered
    spoken = [speak(url, voice="ada.ogg") for _ in range(2)]
    assert [response.status_code for response in spoken] == [200, 200]
    job = {"text": SENTENCE, "speaker_voice": "ada.ogg"}
    answer = httpx.post(f"{url}/runsync", json={"input": job}, timeout=60).json()["output"]
    output = ingress.run_job.remote(job, "job-1").result(timeout_s=60)
    assert speak(url, input=" ").status_code == 400
    assert speak(url, voice="nobody.ogg").status_code == 404
    assert "error" in ingress.run_job.remote({"text": ""}, "job-2").result(timeout_s=60)
    with stream_endlessly(url) as late:
        arriving = late.iter_raw()
        next(arriving)
        assert speak(url).status_code == 503
        engine = {"engine": "echo-mini", "device": "cpu"}
        wait_for_metrics(lambda: total(scrape(), "requests_open") == 1)
        wait_for_metrics(lambda: total(scrape(), "engine_jobs_open", state="active", **engine) > 0)
        with pytest.raises(httpx.RemoteProtocolError):
            list(arriving)
    with stream_endlessly(url) as left:
        arriving = left.iter_raw()
        next(arriving)

    ends = {
        ("http", "completed"): 3,
        ("runpod", "completed"): 1,
        ("http", "invalid_request"): 1,
        ("runpod", "invalid_request"): 1,
        ("http", "voice_not_found"): 1,
        ("http", "overloaded"): 1,
        ("http", "deadline_exceeded"): 1,
        ("http", "cancelled"): 1,
    }
    wait_for_metrics(lambda: total(scrape(), "requests_total") == sum(ends.values()))
    samples = scrape()
    for (source, outcome), count in ends.items():
        assert total(samples, "requests_total", source=source, outcome=outcome) == count
    assert total(samples, "request_seconds_count", source="http") == 3
    assert total(samples, "request_seconds_count", source="runpod") == 1
    for stage in ("queue", "voice", "generate", "encode"):
        assert total(samples, "stage_seconds_count", stage=stage) == 4
    assert total(samples, "real_time_factor_count") == 4
    # Streamed: what was spoken over HTTP, and both endless ones; never a job's whole answer.
    assert total(samples, "time_to_first_audio_seconds_count") == 2 + 2
    assert total(samples, "text_characters_total", source="runpod") == len(SENTENCE)
    assert total(samples, "text_characters_total", source="http") == 3 * len(SENTENCE) + 2 * len(
        ENDLESS
    )
    duration_s = output["metadata"]["duration"]
    assert answer["metadata"]["duration"] == duration_s
    assert total(samples, "audio_seconds_total", source="runpod") == pytest.approx(duration_s, 1e-3)
    assert total(samples, "audio_seconds_total", source="http") > 3 * duration_s + DEADLINE_S
    assert total(samples, "max_requests") == 1

    wait_for_metrics(lambda: total(scrape(), "engine_jobs_cancelled_total") >= 2)
    wait_for_metrics(lambda: total(scrape(), "requests_open") == 0)
    samples = scrape()
    assert total(samples, "engine_jobs_total") >= 6
    for cache in ("voice", "speaker"):
        assert total(samples, f"{cache}_cache_lookups_total", result="miss") == 1
        assert total(samples, f"{cache}_cache_voices") == 1
    assert total(samples, "voice_cache_lookups_total", result="hit") == 3 + 2
    assert total(samples, "speaker_cache_lookups_total", result="hit") >= 3 + 2
    assert total(samples, "voice_cache_bytes") > 10**5
    assert total(samples, "voice_decodes_total") == 1


def test_samples_tell_the_replica_and_nothing_of_a_request(metered):
    url, _ = metered
    before = total(scrape(), "voice_decodes_total")
    assert speak(url, voice="otto.ogg").status_code == 200
    wait_for_metrics(lambda: total(scrape(), "voice_decodes_total") == before + 1)
    deployments = {"Ingress", "VoicePrep", "Sampler"}
    wait_for_metrics(lambda: {held["deployment"] for _, held, _ in scrape()} == deployments)
    samples = scrape()
    assert all(held["replica"] for _, held, _ in samples)
    values = {value for _, held, _ in samples for value in held.values()}
    assert not [value for value in values if ".ogg" in value]  # ids are hexadecimal
