"""Text as it is written: from the last character of the first sentence to its first audio.

A client sends a text word by word, and counts from the fragment that ends the first sentence; with
the one after it the server knows. In the same run it asks for that sentence alone over HTTP: the
floor under it.

    python -m bench.websocket [--weights-dir echo-mini] [--words-per-s 12] [--turns 20]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

import aiohttp
from ray import serve

from bench.cluster import private_cluster
from bench.load import VOICE, VOICES_DIR, percentiles_ms
from serve_app.graph import build_app
from serve_app.settings import Settings

FIRST = "The quick brown fox jumps over the lazy dog."
TEXT = f"{FIRST} Then it runs away into the quiet woods, and nobody has seen it since."
SPEECH = {"voice": VOICE, "response_format": "pcm", "sample_rate": 44100}


def main() -> None:
    """Run the benchmark; print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights-dir", default="echo-mini", help="a checkpoint's name or folder")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--words-per-s", type=float, default=12.0, help="as the text is written")
    parser.add_argument("--turns", type=int, default=20, help="of each case")
    given = parser.parse_args()
    settings = Settings(weights_dir=given.weights_dir, device=given.device, voices_dir=VOICES_DIR)
    with private_cluster() as url:
        serve.run(build_app(settings))
        rows = asyncio.run(run(url, given.words_per_s, given.turns))
    print(json.dumps({"benchmark": "websocket", "checkpoint": given.weights_dir, "rows": rows}))


async def run(url: str, words_per_s: float, turns: int) -> list[dict[str, object]]:
    """Time the cases in turn, and print a row for each."""
    times: dict[str, list[float]] = {}
    async with aiohttp.ClientSession(url) as session:
        for turn in range(turns + 1):
            cases = {
                "http, the sentence alone": await time_http(session),
                "websocket, flushed": await time_websocket(session, [FIRST], 0.0),
                "websocket, as it is written": await time_websocket(
                    session, words(TEXT), 1 / words_per_s
                ),
            }
            if turn:  # the first one warms up
                for case, seconds in cases.items():
                    times.setdefault(case, []).append(seconds)
    rows: list[dict[str, object]] = []
    print(f"{'case':<30} p50 ms  p95 ms")
    for case, taken_s in times.items():
        p50, p95 = percentiles_ms(taken_s, 50, 95)
        print(f"{case:<30} {p50:>6.0f} {p95:>7.0f}")
        rows.append({"case": case, "p50_ms": p50, "p95_ms": p95})
    return rows


def words(text: str) -> list[str]:
    """Return the words of a text, each with the space before it, as a language model's tokens."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


async def time_http(session: aiohttp.ClientSession) -> float:
    """Return the seconds to the first audio of the sentence by `POST /v1/audio/speech`."""
    started = time.perf_counter()
    async with session.post("/v1/audio/speech", json={**SPEECH, "input": FIRST}) as response:
        response.raise_for_status()
        await response.content.readany()
        first_s = time.perf_counter() - started
        await response.read()
    return first_s


async def time_websocket(
    session: aiohttp.ClientSession, fragments: list[str], pause_s: float
) -> float:
    """Return the seconds from the end of the first sentence to its first audio."""
    ended_at = 0.0

    async def write() -> None:
        nonlocal ended_at
        sent = ""
        for fragment in fragments:
            await server.send_json({"type": "input.text", "text": fragment})
            sent += fragment
            if sent == FIRST:
                ended_at = time.perf_counter()
            await asyncio.sleep(pause_s)
        await server.send_json({"type": "input.done"})

    async with session.ws_connect("/v1/audio/speech/stream") as server:
        await server.send_json({"type": "session.config", **SPEECH})
        writing = asyncio.create_task(write())
        first_at = 0.0
        async for message in server:
            if message.type == aiohttp.WSMsgType.BINARY:
                first_at = first_at or time.perf_counter()
            elif json.loads(message.data)["type"] == "session.done":
                break
        await writing
    return first_at - ended_at


if __name__ == "__main__":
    main()
