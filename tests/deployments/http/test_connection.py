import asyncio
import json


async def test_client_that_takes_nothing_is_left_after_the_deadline(make_ingress, connect):
    ingress = make_ingress(limits={"max_requests": 1})
    service = ingress._service
    sent = [
        {"type": "session.config"},
        {"type": "input.text", "text": "A few words to nobody."},
        {"type": "input.done"},
    ]
    messages = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": json.dumps(message)} for message in sent),
    ]

    async def receive():
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    async def send(message):
        if message["type"] == "websocket.send":  # the time of the next one is nearly over
            service.limits = service.limits.model_copy(update={"deadline_s": 0.05})
        if message.get("bytes"):
            await asyncio.Event().wait()

    path = "/v1/audio/speech/stream"
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "scheme": "ws",
    }
    await ingress.__serve_build_asgi_app__()(scope, receive, send)
    answer = await connect(ingress).post("/v1/audio/speech", json={"input": "To somebody."})
    assert answer.status_code == 200
