"""Streams over HTTP: they begin early, break audibly, and end with their listener."""

import io
import json
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import pytest
import ray
import soundfile
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.util import list_named_actors

from tests.graph.conftest import open_jobs, stats, wait_until, wait_until_given_up
from tests.texts import ENDLESS, ENDLESS_REQUEST, PARAGRAPHS, THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def streams(deploy, graph_voices):
    """The URL of a graph that speaks `ENDLESS`, were it not stopped."""
    url, _ = deploy(
        "streams",
        voices_dir=str(graph_voices),
        max_text_chars=len(ENDLESS),
        max_audio_s=100 * 3600,
    )
    yield url
    serve.delete("streams")


def listen(url, stream_format):
    """Return the open response to an endless request."""
    body = ENDLESS_REQUEST | {"stream_format": stream_format}
    return httpx.stream("POST", f"{url}/v1/audio/speech", json=body, timeout=60)


def paragraphs_by_openai(url):
    import openai  # slow, and every process of the tests collects this one

    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as sdk,
        sdk.audio.speech.with_streaming_response.create(
            model="tts-1", voice="otto.ogg", input=PARAGRAPHS, response_format="mp3"
        ) as response,
    ):
        yield from response.iter_bytes()


def paragraphs_by_curl(url):
    body = json.dumps({"input": PARAGRAPHS, "voice": "otto.ogg", "response_format": "opus"})
    command = ["curl", "-sSfN", f"{url}/v1/audio/speech", "-H", "Content-Type: application/json"]
    with subprocess.Popen([*command, "-d", body], stdout=subprocess.PIPE) as curl:
        while packet := curl.stdout.read1():
            yield packet
    assert curl.returncode == 0


@pytest.mark.parametrize("client", [paragraphs_by_openai, paragraphs_by_curl])
def test_three_paragraphs_stream_in_the_named_voice(graph, client):
    audio = b"".join(client(graph))
    samples, rate = soundfile.read(io.BytesIO(audio), dtype="float32")
    assert 20 < len(samples) / rate < 60
    assert median_pitch_hz(samples, rate) == pytest.approx(102, rel=THREE_SEMITONES)


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_stream_begins_while_the_text_is_spoken_and_frees_the_engine_when_left(
    streams, stream_format
):
    before = stats("streams")
    with listen(streams, stream_format) as response:
        assert response.status_code == 200
        arriving = response.iter_raw()  # kept: httpx hangs up once nobody holds it
        assert next(arriving)
        wait_until(lambda: open_jobs("streams") > 0)
    wait_until_given_up("streams", before)


def test_openai_sdk_hears_the_first_audio_while_the_text_is_spoken(streams):
    import openai  # slow, and every process of the tests collects this one

    with (
        openai.OpenAI(base_url=f"{streams}/v1", api_key="none", max_retries=0) as sdk,
        sdk.audio.speech.with_streaming_response.create(
            model="tts-1",
            voice="default",
            input=ENDLESS,
            extra_body={"parameters": ENDLESS_REQUEST["parameters"]},
        ) as response,
    ):
        arriving = response.iter_bytes()  # kept: httpx hangs up once nobody holds it
        assert next(arriving)
        wait_until(lambda: open_jobs("streams") > 0)
    wait_until(lambda: open_jobs("streams") == 0)


def test_whole_answer_that_nobody_waits_for_frees_the_engine(streams):
    before = stats("streams")
    job = {"text": ENDLESS, "speaker_voice": "ada.ogg"}
    sent = httpx.Request("POST", f"{streams}/runsync", json={"input": job})
    head = [f"POST {sent.url.path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.headers.items())]
    with socket.create_connection((sent.url.host, sent.url.port)) as caller:
        caller.sendall("\r\n".join([*head, "", ""]).encode() + sent.content)
        wait_until(lambda: open_jobs("streams") > 0)
    wait_until_given_up("streams", before)


def test_stream_whose_samplers_die_one_by_one_breaks_off(streams, tmp_path):
    request = tmp_path / "request.json"
    request.write_text(json.dumps(ENDLESS_REQUEST))
    command = ["curl", "-sSN", f"{streams}/v1/audio/speech", "--data-binary", f"@{request}"]
    with ExitStack() as stack:
        curl = stack.enter_context(
            subprocess.Popen(
                [*command, "-H", "Content-Type: application/json"], stdout=subprocess.PIPE
            )
        )
        stack.callback(curl.kill)  # or a test that fails would hear an endless stream out
        raw, events = (stack.enter_context(listen(streams, form)) for form in ("audio", "sse"))
        raw_bytes, lines = raw.iter_raw(), events.iter_lines()
        assert curl.stdout.read(1)
        assert next(raw_bytes)
        assert '"speech.audio.delta"' in next(lines)
        pool = ThreadPoolExecutor()
        stack.callback(pool.shutdown, wait=False)
        ends = [pool.submit(until_broken_off, parts) for parts in (raw_bytes, lines)]
        ends.append(pool.submit(curl.communicate))

        def num_listening():
            return sum(not end.done() for end in ends)

        def are_drawn():
            with suppress(RayError, RayServeException):  # one that was just killed may be asked
                return open_jobs("streams") >= num_listening()
            return False

        # Each is drawn again a few times, then given up; not all need lose a job at every kill.
        while num_listening():
            wait_until(are_drawn, timeout_s=180)
            if num_listening():
                kill_sampler()
    assert curl.returncode != 0
    assert not [line for line in ends[1].result() if "speech.audio.done" in line]


def until_broken_off(parts):
    """Return what still comes of a response that breaks off."""
    told = []
    with pytest.raises(httpx.RemoteProtocolError):
        told.extend(parts)
    return told


def kill_sampler():
    named = list_named_actors(all_namespaces=True)
    for actor in named:
        if "::streams#Sampler#" in actor["name"]:
            with suppress(ValueError):  # the one before it, dead and not yet forgotten
                ray.kill(ray.get_actor(**actor), no_restart=True)
