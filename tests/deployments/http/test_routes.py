import asyncio
import base64
import io
import json
import logging

import pytest
import soundfile

from deployments.health_checks import CHECKS
from tests.deployments.conftest import local_handle

SPEECH = {"model": "tts-1", "input": "Hello there.", "voice": "deep.wav"}


def assert_openai_error(response, status, code, param=None):
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert response.headers["X-Request-ID"]


def test_speech_answers_audio_with_seed_rate_engine_and_request_id(api):
    response = api.post("/v1/audio/speech", json={**SPEECH, "seed": 7})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "audio/mpeg"
    assert response.headers["X-Seed"] == "7"
    assert response.headers["X-Audio-Sample-Rate"] == "44100"
    assert response.headers["X-Engine"] == "tone"
    assert response.headers["X-Accel-Buffering"] == "no"
    samples, rate = soundfile.read(io.BytesIO(response.content))
    assert rate == 44100
    assert len(samples) > 0.5 * rate


@pytest.mark.parametrize(
    ("output_format", "media_type"),
    [
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm"),
    ],
)
def test_speech_answers_every_format(api, output_format, media_type):
    body = {"input": "Hi.", "response_format": output_format}
    response = api.post("/v1/audio/speech", json=body)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(media_type)
    assert len(response.content) > 1000


def test_speech_pcm_tells_its_rate(api):
    body = {"input": "Hi.", "response_format": "pcm"}
    by_default = api.post("/v1/audio/speech", json=body)
    asked = api.post("/v1/audio/speech", json={**body, "sample_rate": 48000})
    assert by_default.headers["X-Audio-Sample-Rate"] == "24000"
    assert asked.headers["X-Audio-Sample-Rate"] == "48000"
    assert len(asked.content) == pytest.approx(2 * len(by_default.content), abs=8)


def test_speech_speed_changes_the_length(api):
    body = {"input": "One two three four five.", "response_format": "pcm"}
    plain = api.post("/v1/audio/speech", json=body)
    fast = api.post("/v1/audio/speech", json={**body, "speed": 2})
    assert len(fast.content) == pytest.approx(len(plain.content) / 2, rel=0.01)


def test_speech_as_events_holds_the_same_audio_and_ends_with_usage(api):
    body = {**SPEECH, "response_format": "wav"}
    plain = api.post("/v1/audio/speech", json=body)
    response = api.post("/v1/audio/speech", json={**body, "stream_format": "sse"})
    assert response.headers["Content-Type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in response.text.split("\n\n") if line]
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert all(event["type"] == "speech.audio.delta" for event in events[:-1])
    assert audio == plain.content
    assert events[-1]["type"] == "speech.audio.done"
    usage = events[-1]["usage"]
    assert usage["input_tokens"] == len(SPEECH["input"])
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_pauses_longer_than_any_audio_are_refused_at_once(
    make_ingress, connect, stream_format
):
    client = connect(make_ingress(limits={"max_audio_s": 25}))
    body = {**SPEECH, "input": "One." + "[pause:10s]" * 3, "stream_format": stream_format}
    response = await client.post("/v1/audio/speech", json=body)
    assert_openai_error(response, 400, "invalid_request")
    job = {"input": {"text": body["input"]}}
    answer = (await client.post("/runsync", json=job)).json()
    assert answer["error"] == "Pauses too long: 30 s in all (max 25)"


TIMED = "Well, this is one sentence. [pause:0.5s] And that was another one."
WRITTEN = ["Well,", "this", "is", "one", "sentence.", "And", "that", "was", "another", "one."]


def test_events_tell_words_as_they_become_certain_and_all_at_the_end(api):
    body = {"input": TIMED, "stream_format": "sse", "timestamps": "word", "response_format": "pcm"}
    response = api.post("/v1/audio/speech", json=body)
    events = [json.loads(line[6:]) for line in response.text.split("\n\n") if line]
    told = [word for event in events[:-1] for word in event["words"]]
    assert events[-1]["words"][: len(told)] == told
    assert [word["word"] for word in events[-1]["words"]] == WRITTEN
    assert len([event for event in events[:-1] if event["words"]]) > 1


def test_words_without_events_to_carry_them_are_refused(api):
    response = api.post("/v1/audio/speech", json={**SPEECH, "timestamps": "word"})
    assert_openai_error(response, 400, "invalid_request", "timestamps")


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_word_times_count_pauses_and_speed_in(api, speed):
    body = {"input": TIMED, "stream_format": "sse", "timestamps": "word", "speed": speed}
    response = api.post("/v1/audio/speech", json=body)
    words = json.loads(response.text.split("\n\n")[-2][6:])["words"]
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    pause_s = words[5]["start"] - words[4]["end"]
    assert pause_s == pytest.approx(0.5, abs=0.1)  # and the point's own share of the hum


def test_job_metadata_holds_its_words_if_asked(api):
    job = {"text": "Hello there.", "timestamps": "word"}
    output = api.post("/runsync", json={"input": job}).json()["output"]
    words = output["metadata"]["words"]
    assert [word["word"] for word in words] == ["Hello", "there."]
    assert 0 <= words[0]["start"] < words[0]["end"] <= words[1]["start"]
    assert words[1]["end"] <= output["metadata"]["duration"]
    del job["timestamps"]
    output = api.post("/runsync", json={"input": job}).json()["output"]
    assert "words" not in output["metadata"]


def test_request_id_is_the_clients_own_if_usable(api):
    response = api.get("/v1/models", headers={"X-Request-ID": "abc-1"})
    assert "X-Request-ID" not in response.headers  # Ray Serve's proxy adds what came
    for headers in ({"X-Request-ID": "bad id;"}, {}):
        response = api.get("/v1/models", headers=headers)
        assert len(response.headers["X-Request-ID"]) == 32


def test_bad_field_is_400_with_its_name(api):
    response = api.post("/v1/audio/speech", json={**SPEECH, "speed": 9})
    assert_openai_error(response, 400, "invalid_request", "speed")
    response = api.post("/v1/audio/speech", json={**SPEECH, "parameters": {"steps": 1}})
    assert_openai_error(response, 400, "invalid_request", "steps")


def test_missing_voice_is_404(api):
    response = api.post("/v1/audio/speech", json={**SPEECH, "voice": "nobody.wav"})
    assert_openai_error(response, 404, "voice_not_found", "voice")
    assert response.json()["error"]["message"] == "speaker_voice 'nobody.wav' not found"


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[" * 100_000])
def test_body_that_is_not_json_is_400(api, body):
    for route in ("/v1/audio/speech", "/runsync"):
        headers = {"Content-Type": "application/json"}
        response = api.post(route, content=body, headers=headers)
        assert_openai_error(response, 400, "invalid_request")


def test_body_of_another_type_is_400_and_says_how(api):
    response = api.post("/v1/audio/speech", content=b"{}")
    assert_openai_error(response, 400, "invalid_request")
    assert "Content-Type: application/json" in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [[], 3, {}, {"input": []}, {"input": None}])
def test_runsync_without_an_input_object_is_400(api, body):
    response = api.post("/runsync", json=body)
    assert response.status_code == 400


async def test_too_large_a_body_is_413(make_ingress, connect):
    client = connect(make_ingress(limits={"max_body_bytes": 1024}))
    for route in ("/v1/audio/speech", "/runsync"):
        response = await client.post(route, json={"input": "x" * 2000})
        assert_openai_error(response, 413, "body_too_large")


def test_unknown_route_and_method_keep_the_error_shape(api):
    assert api.get("/nowhere").json()["error"]["type"] == "invalid_request_error"
    response = api.get("/runsync")
    assert response.status_code == 405
    assert response.json()["error"]["message"].startswith("Method Not Allowed")


def test_runsync_answers_in_runpods_envelope(api):
    body = {"input": {"text": "Hello.", "speaker_voice": "high.flac", "output_format": "wav"}}
    envelope = api.post("/runsync", json=body).json()
    assert set(envelope) == {"id", "status", "output"}
    assert envelope["status"] == "COMPLETED"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(envelope["output"]["audio_base64"])))
    metadata = envelope["output"]["metadata"]
    assert rate == metadata["sample_rate"] == 44100
    assert len(samples) / rate == pytest.approx(metadata["duration"], abs=1e-3)


def test_runsync_failed_job_is_200_with_failed(api):
    response = api.post("/runsync", json={"input": {"text": " "}})
    assert response.status_code == 200
    envelope = response.json()
    assert set(envelope) == {"id", "status", "error"}
    assert (envelope["status"], envelope["error"]) == ("FAILED", "Text cannot be empty")


def test_runsync_health_check_answers_the_report(api):
    body = {"input": {"action": "health_check", "text": 5}}
    envelope = api.post("/runsync", json=body).json()
    assert envelope["output"]["status"] == "healthy"


async def test_overload_is_503_with_retry_after_at_once(make_ingress, connect, held_sampler):
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler, {"max_requests": 1}))
    running = asyncio.ensure_future(client.post("/v1/audio/speech", json={"input": "Hello."}))
    await asyncio.to_thread(stage.started.acquire, timeout=60)
    response = await client.post("/v1/audio/speech", json={"input": "Hello."})
    assert_openai_error(response, 503, "overloaded")
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["error"]["message"] == "Overloaded, retry later"
    job = (await client.post("/runsync", json={"input": {"text": "Hello."}})).json()
    assert (job["status"], job["error"]) == ("FAILED", "Overloaded, retry later")
    stage.release.set()
    assert (await running).status_code == 200


async def test_deadline_is_504(make_ingress, connect, held_sampler):
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler, {"deadline_s": 0.2}))
    response = await client.post("/v1/audio/speech", json={"input": "Hello."})
    assert_openai_error(response, 504, "deadline_exceeded")
    assert response.json()["error"]["message"] == "Deadline of 0.2 s exceeded"
    job = (await client.post("/runsync", json={"input": {"text": "Hello."}})).json()
    assert (job["status"], job["error"]) == ("FAILED", "Deadline of 0.2 s exceeded")
    while stage.started.acquire(blocking=False):  # on a busy machine, none may have in time
        assert await asyncio.to_thread(stage.freed.acquire, timeout=60)


async def test_unforeseen_failure_is_500_that_names_only_the_request(make_ingress, connect):
    class BrokenSampler:
        async def report(self):
            return {"engine": "broken", "device": "cpu", "stats": {}, "warning": None}

        async def generate(self, job, voice):
            raise RuntimeError("secret detail at /root/path")
            yield

    client = connect(make_ingress(local_handle(BrokenSampler)))
    response = await client.post("/v1/audio/speech", json={"input": "Hello."})
    assert_openai_error(response, 500, "internal_error")
    request_id = response.headers["X-Request-ID"]
    assert response.json()["error"]["message"] == f"Internal error (request {request_id})"


async def test_starting_engine_is_503_and_ping_204(make_ingress, connect):
    class StartingSampler:
        async def report(self):
            raise RuntimeError("not yet")

    client = connect(make_ingress(local_handle(StartingSampler)))
    response = await client.post("/v1/audio/speech", json={"input": "Hello."})
    assert_openai_error(response, 503, "not_ready")
    assert response.headers["Retry-After"]
    assert (await client.get("/ping")).status_code == 204
    health = await client.get("/health")
    assert health.status_code == 503
    assert health.json()["checks"]["models"]["status"] == "fail"


async def test_stopping_server_refuses_new_requests_and_lets_the_one_under_way_finish(
    make_ingress, connect, held_sampler
):
    sampler, stage = held_sampler
    ingress = make_ingress(sampler)
    client = connect(ingress)
    under_way = asyncio.create_task(client.post("/v1/audio/speech", json={"input": "Hello."}))
    await asyncio.to_thread(stage.started.acquire)
    await ingress.drain()
    requests = {"/v1/audio/speech": {"input": "Hello."}, "/runsync": {"input": {"text": "Hello."}}}
    for path, body in requests.items():
        refused = await client.post(path, json=body)
        assert_openai_error(refused, 503, "not_ready")
        assert refused.headers["Retry-After"]
    assert (await client.get("/ping")).status_code == 503
    health = await client.get("/health")
    assert health.status_code == 503
    assert "stopping" in health.json()["checks"]["models"]["details"]
    stage.release.set()
    assert (await under_way).status_code == 200


def test_ping_is_200_when_ready(api):
    assert api.get("/ping").status_code == 200


def test_models_names_the_engine(api):
    models = api.get("/v1/models").json()
    assert models["object"] == "list"
    assert [model["id"] for model in models["data"]] == ["tone"]


def test_health_counts_voices_and_warns_of_what_is_missing(api):
    response = api.get("/health")
    assert response.status_code == 200
    report = response.json()
    assert report["status"] == "healthy"
    checks = report["checks"]
    assert list(checks) == [
        "configuration",
        "models",
        "hardware",
        "s3",
        "directories",
        "audio_files",
    ]
    assert tuple(checks) == CHECKS
    assert checks["audio_files"]["count"] == 2
    assert [checks[name]["status"] for name in ("hardware", "s3")] == ["warn", "warn"]
    assert checks["models"]["details"] == "engine tone is loaded"
    assert checks["models"]["defaults"]["sequence_length"] == 640


async def test_health_warns_of_an_engine_without_its_kernels(make_ingress, connect):
    class SlowSampler:
        async def report(self):
            warning = "serving without the fused kernels: a plain step differs by 2.0e-01"
            return {"engine": "slow", "device": "cuda", "stats": {}, "warning": warning}

    response = await connect(make_ingress(local_handle(SlowSampler))).get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "healthy")
    check = response.json()["checks"]["hardware"]
    assert check["status"] == "warn"
    assert check["details"] == (
        "running on cuda, serving without the fused kernels: a plain step differs by 2.0e-01"
    )


async def test_health_fails_without_the_voices_folder(make_ingress, connect, voices_dir):
    client = connect(make_ingress())
    for path in voices_dir.iterdir():
        path.unlink()
    empty = await client.get("/health")
    assert (empty.status_code, empty.json()["checks"]["audio_files"]["status"]) == (200, "warn")
    voices_dir.rmdir()
    missing = await client.get("/health")
    assert missing.status_code == 503
    assert missing.json()["checks"]["directories"]["status"] == "fail"
    assert str(voices_dir) not in missing.text


async def test_keys_are_asked_for_where_set_except_by_probes(make_ingress, connect):
    client = connect(make_ingress(api_keys=["first", "second"]))
    assert_openai_error(await client.get("/v1/models"), 401, "invalid_api_key")
    for header in ("Bearer wrong", "first", "Basic first", "Bearer firs\xe9"):
        response = await client.get(
            "/v1/models", headers={"Authorization": header.encode("latin-1")}
        )
        assert_openai_error(response, 401, "invalid_api_key")
    for key in ("first", "second"):
        response = await client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
        assert response.status_code == 200
    for headers in (
        {"xi-api-key": "first"},
        {"xi-api-key": "first", "Authorization": "Bearer for-a-proxy"},
        {"xi-api-key": "", "Authorization": "Bearer first"},
    ):
        assert (await client.get("/v1/models", headers=headers)).status_code == 200
    wrong = {"xi-api-key": "", "Authorization": "Basic first"}
    assert_openai_error(await client.get("/v1/models", headers=wrong), 401, "invalid_api_key")
    assert_openai_error(await client.post("/runsync", json={}), 401, "invalid_api_key")
    assert (await client.get("/health")).status_code == 200
    assert (await client.get("/ping")).status_code == 200


async def test_cors_is_off_unless_set(make_ingress, connect):
    origin = {"Origin": "https://a.example"}
    off = await connect(make_ingress()).get("/v1/models", headers=origin)
    assert "Access-Control-Allow-Origin" not in off.headers
    on = await connect(make_ingress(cors_origins=["https://a.example"])).get(
        "/v1/models", headers=origin
    )
    assert on.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "X-Seed" in on.headers["Access-Control-Expose-Headers"]


async def test_cors_lets_openais_sdk_call_from_a_browser(make_ingress, connect):
    client = connect(make_ingress(cors_origins=["https://a.example"], api_keys=["secret"]))
    asked = "authorization,content-type,x-stainless-lang,x-stainless-retry-count"
    preflight = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    response = await client.options("/v1/audio/speech", headers=preflight)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Headers"] == asked


async def test_cors_lets_a_browser_ask_with_head(make_ingress, connect):
    client = connect(make_ingress(cors_origins=["https://a.example"]))
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "HEAD"}
    response = await client.options("/v1/models", headers=preflight)
    assert response.status_code == 200
    assert "HEAD" in response.headers["Access-Control-Allow-Methods"].split(", ")


async def test_openapi_documents_both_bodies(make_ingress, connect):
    document = (await connect(make_ingress()).get("/openapi.json")).json()
    speech = document["paths"]["/v1/audio/speech"]["post"]["requestBody"]
    assert "speed" in speech["content"]["application/json"]["schema"]["properties"]
    job = document["paths"]["/runsync"]["post"]["requestBody"]
    properties = job["content"]["application/json"]["schema"]["properties"]["input"]["properties"]
    assert "speaker_voice" in properties
    assert (await connect(make_ingress()).get("/docs")).status_code == 200


@pytest.mark.parametrize("path", ["/runsync", "/v2/any/runsync"])
async def test_runsync_while_starting_is_503_but_answers_the_health_check(
    make_ingress, connect, path
):
    class StartingSampler:
        async def report(self):
            raise RuntimeError("not yet")

    client = connect(make_ingress(local_handle(StartingSampler)))
    response = await client.post(path, json={"input": {"text": "Hello."}})
    assert_openai_error(response, 503, "not_ready")
    body = {"input": {"action": "health_check"}}
    assert (await client.post(path, json=body)).json()["status"] == "COMPLETED"


async def test_too_long_audio_is_refused_before_it_is_all_made(make_ingress, connect):
    client = connect(make_ingress(limits={"max_audio_s": 2}))
    body = {"input": {"text": "This sentence takes its time. " * 20}}
    envelope = (await client.post("/runsync", json=body)).json()
    assert envelope["error"] == "The audio exceeds 2 s: send less text at a time"


async def test_health_warns_of_a_doubtful_configuration(make_ingress, connect):
    report = (
        await connect(make_ingress(warnings=["no setting reads ECHO_X"])).get("/health")
    ).json()
    assert report["status"] == "healthy"
    assert report["checks"]["configuration"] == {
        "status": "warn",
        "details": "no setting reads ECHO_X",
    }


def test_timings_add_up(api):
    body = {"input": {"text": "One. Two. Three.", "speaker_voice": "deep.wav"}}
    envelope = api.post("/runsync", json=body).json()
    timings = envelope["output"]["metadata"]["timings"]
    parts = sum(timings[name] for name in ("queue", "voice", "generate", "encode"))
    assert all(value >= 0 for value in timings.values())
    assert parts <= timings["total"] + 1


def test_a_request_is_logged_in_one_line_without_its_text(api, caplog):
    with caplog.at_level(logging.INFO, logger="deployments.telemetry.request_log"):
        headers = {"X-Request-ID": "r-1"}
        api.post("/runsync", json={"input": {"text": "Secret words."}}, headers=headers)
        api.post("/v1/audio/speech", json=SPEECH, headers={"X-Request-ID": "r-2"})
    lines = [
        r.getMessage() for r in caplog.records if r.name == "deployments.telemetry.request_log"
    ]
    assert [line.split(":")[0] for line in lines] == [
        "request r-1 completed",
        "request r-2 completed",
    ]
    assert "engine=tone" in lines[0]
    assert "Secret" not in caplog.text
    assert 'voice_file="deep.wav"' in lines[1]


def test_log_names_the_file_that_a_stem_means(api, caplog):
    with caplog.at_level(logging.INFO, logger="deployments.telemetry.request_log"):
        api.post("/v1/audio/speech", json=SPEECH | {"voice": "deep"})
    assert 'voice_file="deep.wav"' in caplog.text
