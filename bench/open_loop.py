"""Open-loop load on an OpenAI-compatible server: requests arrive whether or not it keeps up.

Arrivals are Poisson with a fixed seed. Voices are mixed, and so are sentences of 2 to 12 s, the
short ones more often: 4 s in the mean. A quarter of the requests has a voice that is new to the
server. Time counts from the arrival, so a client that is late counts too. A run in which any
request fails, or has no audio, is void. Without `--url` our own server is started as it ships,
behind HAProxy where it runs, but with room for all requests of a run: one that is too slow is late,
and refuses none. Words wrong are counted where faster-whisper is installed
(training/requirements.txt).

    python -m bench.open_loop [--rate 0.5 ...] [--requests 60] [--seeds 1 2 3]
    python -m bench.open_loop --url http://host:8000/v1 --key KEY --voices alloy,nova --rate 1 20
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import soxr
from ray import serve

from bench.cluster import private_cluster
from bench.load import VOICES_DIR
from bench.open_loop_plan import Request, changed_copies, plan_requests
from bench.open_loop_score import BYTES_PER_SAMPLE, Stream, summarise
from bench.recognition import words_wrong_percent
from bench.threads import compute_as_a_sampler
from serve_app.graph import build_app
from serve_app.settings import Settings
from speech.pcm import PCM, SAMPLE_RATE_HZ, from_int16

COLUMNS = (
    "drops",
    "first_p50_ms",
    "first_p95_ms",
    "first_p99_ms",
    "never_dry_percent",
    "total_p95_ms",
    "late_p50_ms",
    "late_p99_ms",
    "words_wrong_percent",
)


def main() -> None:
    """Run the benchmark; print a table and one JSON line, and fail where a run is void."""
    given = parse(sys.argv[1:])
    if given.url:
        rows = asyncio.run(run(given, given.voices, iter(given.cold_voices)))
    else:
        rows = run_own_server(given)
    print(json.dumps({"benchmark": "open_loop", "url": given.url or "own server", "rows": rows}))
    if any(row["void"] for row in rows):
        sys.exit("void: a request was dropped")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options given on the command line."""

    def names(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a base URL as OpenAI's SDK takes it, such as host:8000/v1")
    parser.add_argument("--key", help="sent as the bearer token")
    parser.add_argument("--voices", type=names, default=[], help="voices of the server, by comma")
    parser.add_argument("--cold-voices", type=names, default=[], help="voices to be asked for once")
    parser.add_argument("--model", default="tts-1")
    parser.add_argument("--body", type=json.loads, default={}, help="more of each request, as JSON")
    parser.add_argument("--rate-hz", type=int, default=24_000, help="of the server's PCM")
    parser.add_argument("--rate", type=float, nargs="+", default=[0.5], help="requests per second")
    parser.add_argument("--requests", type=int, default=60, help="in each run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for a request")
    parser.add_argument("--recognise", type=int, default=20, help="streams of a run to listen to")
    parser.add_argument("--weights-dir", default="echo-mini", help="of our own server")
    parser.add_argument("--device", default="auto", help="of our own server")
    parser.add_argument("--proxy", default="auto", help="of our own server, as the setting")
    given = parser.parse_args(arguments)
    if given.url and not given.voices:
        parser.error("--url needs --voices")
    if given.requests < 2:
        parser.error("--requests: percentiles need at least 2")
    if min(given.rate) <= 0:
        parser.error("--rate must be positive")
    return given


def run_own_server(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Start our server with the sample voices and run every case against it."""
    settings = own_settings(given)
    compute_as_a_sampler(settings)
    samples = sorted(Path(VOICES_DIR).glob("*.ogg"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in samples:
            shutil.copy(path, folder)
        settings = settings.model_copy(update={"voices_dir": name})
        with private_cluster(settings.proxy) as url:
            serve.run(build_app(settings))
            given = argparse.Namespace(**{**vars(given), "url": f"{url}/v1"})
            voices = [path.name for path in samples]
            return asyncio.run(run(given, voices, changed_copies(samples, folder)))


def own_settings(given: argparse.Namespace) -> Settings:
    """Return the settings of our own server: it takes all requests of a run, however late."""
    settings = Settings(weights_dir=given.weights_dir, device=given.device, proxy=given.proxy)
    room = {
        "max_requests": max(settings.max_requests, given.requests),
        "max_bodies": max(settings.max_bodies, given.requests),
        "deadline_s": max(settings.deadline_s, given.timeout),
    }
    return settings.model_copy(update=room)


async def run(
    given: argparse.Namespace, voices: Sequence[str], cold_voices: Iterator[str]
) -> list[dict[str, Any]]:
    """Warm the known voices up, run every rate with every seed, and print a row for each."""
    rows = []
    print("  rate seed " + " ".join(f"{column:>19}" for column in COLUMNS))
    headers = {"Authorization": f"Bearer {given.key}"} if given.key else {}
    async with aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=given.timeout),
    ) as session:
        warm_up = [Request(0.0, "Good morning.", voice) for voice in voices]
        await send(session, given, warm_up)
        for rate in given.rate:
            for seed in given.seeds:
                requests = plan_requests(rate, given.requests, seed, voices, cold_voices)
                streams = await send(session, given, requests)
                row = {"rate": rate, "seed": seed, **summarise(streams, given.rate_hz)}
                if row["void"]:
                    row["errors"] = sorted({s.error for s in streams if s.error})
                else:
                    row["words_wrong_percent"] = words_wrong_percent(
                        [_spoken(stream, given.rate_hz) for stream in streams[: given.recognise]]
                    )
                print(f"{rate:>6} {seed:>4} " + " ".join(_cell(row.get(c)) for c in COLUMNS))
                rows.append(row)
    return rows


async def send(
    session: aiohttp.ClientSession, given: argparse.Namespace, requests: Sequence[Request]
) -> list[Stream]:
    """Send each request at its arrival, whatever became of those before, and return the answers."""
    start = time.perf_counter()
    return await asyncio.gather(*(_speak(session, given, request, start) for request in requests))


async def _speak(
    session: aiohttp.ClientSession, given: argparse.Namespace, request: Request, start: float
) -> Stream:
    stream = Stream(request)
    arrival = start + request.arrival_s
    await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
    stream.lateness_s = time.perf_counter() - arrival
    body = {
        "model": given.model,
        "input": request.text,
        "voice": request.voice,
        "response_format": "pcm",
        **given.body,
    }
    try:
        async with session.post(f"{given.url.rstrip('/')}/audio/speech", json=body) as response:
            response.raise_for_status()
            if response.content_type == "application/json":
                raise aiohttp.ClientError("JSON instead of audio")
            async for packet in response.content.iter_any():
                stream.receive(time.perf_counter() - arrival, packet)
        stream.finish(time.perf_counter() - arrival)
    except (aiohttp.ClientError, TimeoutError) as error:
        stream.error = str(error) or type(error).__name__
    return stream


def _spoken(stream: Stream, rate_hz: int) -> tuple[str, PCM]:
    """Return the text that was asked for, and the audio that came."""
    even = len(stream.pcm) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
    pcm = from_int16(bytes(stream.pcm[:even]))
    return stream.request.text, soxr.resample(pcm, rate_hz, SAMPLE_RATE_HZ)


def _cell(value: float | None) -> str:
    return f"{'':>19}" if value is None else f"{value:>19.6g}"


if __name__ == "__main__":
    main()
