from speech.request import parse_speech

LIMITS = (100, 640)


async def test_stream_closed_before_it_is_read_ends_its_request(make_ingress):
    service = make_ingress(limits={"max_requests": 1})._service
    request = parse_speech({"input": "Hello."}, *LIMITS)
    stream = await service.speak(request, "first", "http").start()
    await stream.packets.aclose()
    assert stream.record.result == "cancelled"
    again = await service.speak(request, "second", "http").start()
    assert b"".join([packet async for packet in again.packets])
    assert again.record.result == "completed"
