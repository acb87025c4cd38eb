"""A client that takes nothing: where a server waits for it, a request ends at its deadline."""

import asyncio
import json

import pytest

from speech.errors import DeadlineExceeded

SPEECH = {"input": "A few words to nobody."}


async def ask_and_take_nothing(ingress, path, body):
    """Ask as a client that takes the headers alone, until the deadline; return when all ends."""
    raw = json.dumps(body).encode()
    messages = [{"type": "http.request", "body": raw, "more_body": False}]
    started = []

    async def receive():
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message):
        if message["type"] == "http.response.body":
            for deadline in ingress._service._watch._deadlines:
                deadline.expire(DeadlineExceeded.after(600))
            await asyncio.Event().wait()
        started.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "http_version": "1.1",
        "scheme": "http",
    }
    with pytest.raises(RuntimeError, match="response already started"):
        await ingress.__serve_build_asgi_app__()(scope, receive, send)
    assert [message["status"] for message in started] == [200]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/audio/speech", SPEECH),
        ("/v1/audio/speech", {**SPEECH, "stream_format": "sse"}),
        ("/v1/text-to-speech/default/stream/with-timestamps", {"text": "To nobody."}),
    ],
    ids=["audio", "events", "lines"],
)
async def test_client_that_takes_nothing_holds_its_place_until_the_deadline(
    make_ingress, connect, caplog, path, body
):
    ingress = make_ingress(limits={"max_requests": 1})
    await ask_and_take_nothing(ingress, path, body)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    answer = await connect(ingress).post("/v1/audio/speech", json=SPEECH)
    assert answer.status_code == 200
