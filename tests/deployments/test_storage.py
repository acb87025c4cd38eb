import asyncio
import gc
import pickle
import ssl
import subprocess
import sys
import threading
import urllib.request
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from boto3.session import Session
from botocore.awsrequest import AWSResponse
from urllib3 import HTTPResponse

from deployments.bucket_client import BucketClient, BucketConfig
from deployments.storage import Bucket
from speech.errors import UploadFailed

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0
"""Longer than the slowest machine takes for anything but to wait in vain."""
FIRST_PAUSE_S = 0.01
AUDIO = bytes(range(256)) * 500
SECRETS = ("the-access-key", "the-secret-key")


class Audio(bytearray):
    """Audio whose end can be seen."""


Answer = Callable[[BaseHTTPRequestHandler], None]
Open = Callable[..., Bucket]


def status(code: int, error: str | None = None) -> Answer:
    """Answer as S3 does: an error's code stands in an XML body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = f"<Error><Code>{error}</Code></Error>".encode() if error else b""
        request.send_response(code)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def redirect(request: BaseHTTPRequestHandler) -> None:
    """Answer as a proxy that has all callers come over HTTPS."""
    request.send_response(301)
    request.send_header("Location", f"https://s3.example{request.path}")
    request.send_header("Content-Length", "0")
    request.end_headers()


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


class Gate:
    """Holds its answer back until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.reached.set()
        assert self.open.wait(PATIENCE_S)
        status(200)(request)


class ScriptedStore(ThreadingHTTPServer):
    """Gives the answers it is told, one per PUT or HEAD, then 200; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ScriptedHandler)
        self.answers: list[Answer] = []
        self.requests: list[BaseHTTPRequestHandler] = []


class _ScriptedHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedStore

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.requests.append(self)
        (self.server.answers.pop(0) if self.server.answers else status(200))(self)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def scripted() -> Iterator[ScriptedStore]:
    with ScriptedStore() as store:
        thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield store
        store.shutdown()
        thread.join()


@pytest.fixture
def open_bucket() -> Iterator[Open]:
    buckets: list[Bucket] = []

    def open_(endpoint_url: str, bucket: str = "outputs", max_uploads: int = 4) -> Bucket:
        buckets.append(Bucket(BucketConfig(endpoint_url, *SECRETS, bucket), max_uploads))
        return buckets[-1]

    yield open_
    for bucket in buckets:
        bucket.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each attempt follow the one before it soon."""
    monkeypatch.setattr("deployments.storage._FIRST_PAUSE_S", FIRST_PAUSE_S)


@pytest.fixture
def endless_second_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let patience end at the second attempt, however long the two take."""
    monkeypatch.setattr("deployments.storage._PAUSE_GROWTH", 2 * PATIENCE_S / FIRST_PAUSE_S)
    monkeypatch.setattr("deployments.storage._MAX_PAUSE_S", 2 * PATIENCE_S)


def address(store: ScriptedStore) -> str:
    return f"http://127.0.0.1:{store.server_port}"


def fetch(url: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(url) as response:
        return response.read(), response.headers["Content-Type"]


def assert_tells_no_secret(message: str) -> None:
    for secret in (*SECRETS, "127.0.0.1", "http", "speech/a.ogg", "\n"):
        assert secret not in message


async def test_upload_can_be_fetched_through_its_link(s3_url: str, open_bucket: Open) -> None:
    url = await open_bucket(s3_url).upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    assert await asyncio.to_thread(fetch, url) == (AUDIO, "audio/ogg")
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["3600"]
    assert SECRETS[1] not in url


async def test_uploads_run_side_by_side(s3_url: str, open_bucket: Open) -> None:
    bucket = open_bucket(s3_url)
    bodies = [bytes([n]) * 1000 for n in range(12)]
    urls = await asyncio.gather(
        *(bucket.upload(f"{n}.wav", body, "audio/wav", PATIENCE_S) for n, body in enumerate(bodies))
    )
    fetched = [await asyncio.to_thread(fetch, url) for url in urls]
    assert [body for body, _ in fetched] == bodies


async def test_request_suits_services_other_than_aws(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    await open_bucket(address(scripted)).upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    (request,) = scripted.requests
    assert request.path == "/outputs/speech/a.ogg"
    assert request.headers["Content-Type"] == "audio/ogg"
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert not [name for name in request.headers if name.lower().startswith("x-amz-checksum")]
    assert request.headers["Content-Length"] == str(len(AUDIO))


def elsewhere(request: BaseHTTPRequestHandler) -> None:
    """Answer as AWS does where the bucket is in another region than the request is signed for."""
    body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
    request.send_response(400)
    request.send_header("x-amz-bucket-region", "eu-west-1")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


async def test_link_is_signed_for_the_region_that_the_bucket_is_in(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    bucket = open_bucket(address(scripted))
    scripted.answers = [elsewhere]
    for name in ("found.ogg", "known.ogg"):
        link = await bucket.upload(name, AUDIO, "audio/ogg", PATIENCE_S)
        assert "/eu-west-1/s3/" in parse_qs(urlsplit(link).query)["X-Amz-Credential"][0]
    assert len(scripted.requests) == 3  # the second upload knows where the bucket is


@pytest.mark.parametrize(
    ("endpoint_url", "region", "bucket", "place"),
    [
        (None, None, "outputs", "outputs.s3.amazonaws.com/a.ogg"),
        (None, "ap-east-1", "outputs", "outputs.s3.ap-east-1.amazonaws.com/a.ogg"),
        (None, "eu-west-1", "my.outputs", "s3.eu-west-1.amazonaws.com/my.outputs/a.ogg"),
        ("https://s3.example.org", "eu-west-1", "outputs", "s3.example.org/outputs/a.ogg"),
        ("https://outputs.s3.example.org:9/", None, "outputs", "s3.example.org:9/outputs/a.ogg"),
        ("https://outputs.example.org", None, "outputs", "outputs.example.org/outputs/a.ogg"),
        (
            "https://outputs.nyc3.digitaloceanspaces.com",
            "nyc3",
            "outputs",
            "nyc3.digitaloceanspaces.com/outputs/a.ogg",
        ),
    ],
)
def test_link_leads_to_where_the_audio_went(
    endpoint_url: str | None, region: str | None, bucket: str, place: str
) -> None:
    """Through AWS's address for all regions, some regions, and new buckets, are not found."""
    client = BucketClient(BucketConfig(endpoint_url, *SECRETS, bucket, region), 1)
    sent = []

    def take(request: Any, **_: object) -> AWSResponse:
        sent.append(urlsplit(request.url))
        return AWSResponse(request.url, 200, {}, HTTPResponse(BytesIO(), preload_content=False))

    client._s3.meta.events.register("before-send.s3.PutObject", take)
    link = urlsplit(client.put("a.ogg", AUDIO, "audio/ogg"))
    assert [url.netloc + url.path for url in (*sent, link)] == [place, place]


async def test_check_passes_where_the_bucket_answers(s3_url: str, open_bucket: Open) -> None:
    assert await open_bucket(s3_url).check()


async def test_bucket_that_may_only_be_written_is_not_unusable(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    bucket = open_bucket(address(scripted))
    scripted.answers = [status(403)]
    assert not await bucket.check()
    assert await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    assert len(scripted.requests) == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(404), "NoSuchBucket"),
        (status(503), "HTTP status 503"),
        (hang_up, "endpoint unreachable"),
    ],
    ids=["404", "503", "hang-up"],
)
async def test_bucket_that_is_missing_or_does_not_answer_is_unusable(
    fault: Answer, reason: str, scripted: ScriptedStore, open_bucket: Open
) -> None:
    scripted.answers = [fault] * 3
    with pytest.raises(UploadFailed) as caught:
        await open_bucket(address(scripted)).check()
    assert caught.value.message == f"Bucket unusable: {reason}"


async def test_health_only_warns_of_a_bucket_that_may_only_be_written(
    make_ingress: Any, scripted: ScriptedStore
) -> None:
    scripted.answers = [status(403)]
    ingress = make_ingress(bucket=BucketConfig(address(scripted), *SECRETS, "outputs"))
    report = await ingress.run_job({"action": "health_check"})
    assert report["status"] == "healthy"
    assert report["checks"]["s3"]["status"] == "warn"
    assert report["checks"]["s3"]["details"].startswith(
        "the bucket answers, but may not be listed: "
    )


async def test_job_outlives_a_bucket_that_is_down_for_a_moment(
    make_ingress: Any, scripted: ScriptedStore
) -> None:
    ingress = make_ingress(bucket=BucketConfig(address(scripted), *SECRETS, "outputs"))
    scripted.answers = [status(503), hang_up]
    output = await ingress.run_job({"text": "Hello.", "session_id": "book"})
    assert output["s3_key"] == "book.ogg"
    assert "audio_base64" not in output


@pytest.mark.usefixtures("endless_second_pause")
@pytest.mark.parametrize("fallback_inline", [False, True])
async def test_job_of_a_bucket_that_stays_down_fails_or_comes_inline_as_set(
    fallback_inline: bool, make_ingress: Any, scripted: ScriptedStore
) -> None:
    bucket = BucketConfig(address(scripted), *SECRETS, "outputs", fallback_inline=fallback_inline)
    ingress = make_ingress(bucket=bucket, limits={"deadline_s": PATIENCE_S})
    scripted.answers = [status(503, "SlowDown")] * 50
    output = await ingress.run_job({"text": "Hello.", "session_id": "book"})
    if fallback_inline:
        assert output["status"] == "completed"
        assert output["audio_base64"]
        assert "url" not in output
    else:
        assert output == {"error": "Upload failed: SlowDown"}
    assert len(scripted.requests) == 2


async def test_missing_bucket_is_named_as_such(s3_url: str, open_bucket: Open) -> None:
    bucket = open_bucket(s3_url, "no-such-bucket")
    with pytest.raises(UploadFailed, match=r"^Upload failed: NoSuchBucket$"):
        await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    with pytest.raises(UploadFailed, match=r"^Bucket unusable: NoSuchBucket$"):
        await bucket.check()


async def test_closed_port_is_an_unreachable_endpoint(open_bucket: Open) -> None:
    with ScriptedStore() as store:
        closed = address(store)
    with pytest.raises(UploadFailed, match=r"^Upload failed: endpoint unreachable$"):
        await open_bucket(closed).upload("speech/a.ogg", AUDIO, "audio/ogg", 0.5)


async def test_distrusted_certificate_is_named_at_once(
    scripted: ScriptedStore, open_bucket: Open, own_certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)
    scripted.socket = context.wrap_socket(scripted.socket, server_side=True)
    bucket = open_bucket(f"https://127.0.0.1:{scripted.server_port}")
    reason = r"^Upload failed: the endpoint's certificate is not trusted$"
    with pytest.raises(UploadFailed, match=reason):
        await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", 10 * PATIENCE_S)


async def test_senseless_endpoint_is_a_settings_fault(open_bucket: Open) -> None:
    with pytest.raises(UploadFailed, match="check the bucket settings") as caught:
        await open_bucket("not a url").check()
    assert "not a url" not in caught.value.message


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(503),
        status(503, "SlowDown"),
        status(429),
        status(400, "RequestTimeout"),
        status(409, "OperationAborted"),
        hang_up,
    ],
    ids=["500", "503", "slow-down", "429", "slow-body", "conflict", "hang-up"],
)
async def test_upload_outlives_a_fault_that_passes(
    fault: Answer, scripted: ScriptedStore, open_bucket: Open
) -> None:
    bucket = open_bucket(address(scripted))
    scripted.answers = [fault] * 2
    assert await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    assert len(scripted.requests) == 3


@pytest.mark.usefixtures("endless_second_pause")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(503), "HTTP status 503"),
        (status(503, "SlowDown"), "SlowDown"),
        (hang_up, "endpoint unreachable"),
    ],
    ids=["503", "slow-down", "hang-up"],
)
async def test_fault_that_stays_is_told_when_patience_ends(
    fault: Answer, reason: str, scripted: ScriptedStore, open_bucket: Open
) -> None:
    bucket = open_bucket(address(scripted))
    scripted.answers = [fault] * 20
    with pytest.raises(UploadFailed) as caught:
        await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    assert caught.value.message == f"Upload failed: {reason}"
    assert len(scripted.requests) == 2


async def test_bucket_that_stalls_is_left_when_patience_ends(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    gate = Gate()
    bucket = open_bucket(address(scripted))
    scripted.answers = [gate]
    try:
        with pytest.raises(UploadFailed, match=r"^Upload failed: endpoint unreachable$"):
            await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", 0.5)
    finally:
        gate.open.set()


async def test_patience_counts_the_wait_for_uploads_that_stall(
    scripted: ScriptedStore, open_bucket: Open, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    bucket = open_bucket(address(scripted), max_uploads=1)
    scripted.answers = [gate]
    stalled = asyncio.create_task(bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S))
    try:
        assert await asyncio.to_thread(gate.reached.wait, PATIENCE_S)
        with pytest.raises(UploadFailed, match=r"^Upload failed: endpoint unreachable$"):
            await bucket.upload("speech/b.ogg", AUDIO, "audio/ogg", 0.5)
        assert caplog.messages[-1] == "Upload failed: no answer within 0.5 s"
        assert not stalled.done()
    finally:
        gate.open.set()
    assert await stalled


async def test_stalled_uploads_do_not_hold_up_the_health_check(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    gate = Gate()
    bucket = open_bucket(address(scripted), max_uploads=1)
    scripted.answers = [gate]
    upload = asyncio.create_task(bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S))
    assert await asyncio.to_thread(gate.reached.wait, PATIENCE_S)
    assert await bucket.check()
    gate.open.set()
    assert await upload


async def test_client_that_could_not_be_made_is_made_for_a_later_upload(
    s3_url: str, open_bucket: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "config"
    settings.write_text("[cut off")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    monkeypatch.setattr("deployments.bucket_client._session", Session)  # none that has read others
    bucket = open_bucket(s3_url)
    with pytest.raises(UploadFailed, match=r"^Upload failed: check the bucket settings \(Conf"):
        await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    settings.write_text("")
    assert await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)


@pytest.mark.parametrize("end", ["refused", "cancelled", "late", "late again"])
async def test_upload_that_ends_without_a_link_frees_its_audio_at_once(
    end: str, scripted: ScriptedStore, open_bucket: Open
) -> None:
    gate = Gate()
    bucket = open_bucket(address(scripted), max_uploads=1)
    scripted.answers = {
        "refused": [status(403, "AccessDenied")],
        "late again": [status(503), gate],
    }.get(end, [gate])
    patience_s = 0.5 if end.startswith("late") else PATIENCE_S
    audio = Audio(AUDIO)
    freed = threading.Event()
    weakref.finalize(audio, freed.set)
    gc.disable()  # it would free it some time
    try:
        upload = asyncio.create_task(bucket.upload("speech/a.ogg", audio, "audio/ogg", patience_s))
        del audio
        if end != "refused":
            assert await asyncio.to_thread(gate.reached.wait, PATIENCE_S)
        if end == "cancelled":
            upload.cancel()
        await asyncio.wait({upload})
        gate.open.set()
        with suppress(UploadFailed, asyncio.CancelledError):
            upload.result()
        del upload
        assert await asyncio.to_thread(freed.wait, PATIENCE_S)
    finally:
        gate.open.set()
        gc.enable()


@pytest.mark.parametrize(
    ("error", "reason"),
    [("AccessDenied", "AccessDenied"), ("http://10.0.0.1/\n the-secret-key", "unknown S3 error")],
)
async def test_refusal_is_not_repeated_and_tells_no_secret(
    error: str, reason: str, scripted: ScriptedStore, open_bucket: Open
) -> None:
    bucket = open_bucket(address(scripted))
    scripted.answers = [status(403, error)]
    with pytest.raises(UploadFailed) as caught:
        await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    assert caught.value.message == f"Upload failed: {reason}"
    assert_tells_no_secret(caught.value.message)
    assert len(scripted.requests) == 1


async def test_endpoint_that_redirects_all_its_callers_is_told_to(
    scripted: ScriptedStore, open_bucket: Open, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = open_bucket(address(scripted))
    scripted.answers = [redirect] * 100
    with pytest.raises(UploadFailed) as caught:
        await bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    assert caught.value.message == "Upload failed: the endpoint redirects to another address"
    assert "redirects to https://s3.example/" in caplog.text
    with pytest.raises(UploadFailed, match=r"^Bucket unusable: the endpoint redirects to another"):
        await bucket.check()
    assert len(scripted.requests) == 3


async def test_cancelled_upload_leaves_the_bucket_to_others(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    gate = Gate()
    bucket = open_bucket(address(scripted))
    scripted.answers = [gate]
    try:
        upload = asyncio.create_task(bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S))
        assert await asyncio.to_thread(gate.reached.wait, PATIENCE_S)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        assert await bucket.upload("speech/b.ogg", AUDIO, "audio/ogg", PATIENCE_S)
    finally:
        gate.open.set()


async def test_closing_lets_a_running_upload_end(
    scripted: ScriptedStore, open_bucket: Open
) -> None:
    gate = Gate()
    bucket = open_bucket(address(scripted))
    scripted.answers = [gate]
    upload = asyncio.create_task(bucket.upload("speech/a.ogg", AUDIO, "audio/ogg", PATIENCE_S))
    assert await asyncio.to_thread(gate.reached.wait, PATIENCE_S)
    bucket.close()
    gate.open.set()
    assert await upload


def test_config_shows_no_credentials_and_travels() -> None:
    config = BucketConfig("http://127.0.0.1:9000", *SECRETS, "outputs")
    assert not [secret for secret in SECRETS if secret in repr(config)]
    assert pickle.loads(pickle.dumps(config)) == config
    assert config != replace(config, secret_access_key="another")


def test_importing_storage_does_not_import_boto3() -> None:
    program = "import sys, deployments.storage; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
