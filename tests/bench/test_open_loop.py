import asyncio
from itertools import islice
from pathlib import Path
from statistics import fmean

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.open_loop import own_settings, parse, run
from bench.open_loop_plan import (
    COLD_SHARE,
    SENTENCES,
    Request,
    changed_copies,
    plan_requests,
)
from bench.open_loop_score import LEAD_S, MAX_DRY_S, Stream, summarise
from serve_app.settings import Settings
from speech.text.duration import estimate_duration_s

RATE_HZ = 1000
REQUEST = Request(0.0, "Good morning.", "ada.ogg")
VOICES = ["ada.ogg", "otto.ogg"]


def stream_of(*packets, lateness_s=0.0, total_s=None):
    """Return a stream of (seconds from the arrival, seconds of audio)."""
    stream = Stream(REQUEST, lateness_s)
    for elapsed_s, audio_s in packets:
        stream.receive(elapsed_s, bytes(2 * round(audio_s * RATE_HZ)))
    stream.finish(packets[-1][0] if total_s is None else total_s)
    return stream


def failed(error):
    return Stream(REQUEST, error=error)


def plan(seed=1, rate=2.0, num_requests=2000):
    return plan_requests(rate, num_requests, seed, VOICES, (f"cold-{i}" for i in range(10**6)))


def test_a_seed_gives_the_same_requests():
    assert plan(seed=1) == plan(seed=1)
    assert plan(seed=1) != plan(seed=2)


def test_arrivals_are_poisson_at_the_rate():
    arrivals = [request.arrival_s for request in plan(rate=4.0)]
    gaps = [after - before for before, after in zip([0.0, *arrivals], arrivals, strict=False)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert mean == pytest.approx(1 / 4, rel=0.1)
    assert variance**0.5 == pytest.approx(mean, rel=0.1)  # as of an exponential distribution


def test_sentences_and_voices_are_mixed():
    requests = plan()
    assert {request.text for request in requests} == set(SENTENCES)
    assert set(VOICES) <= {request.voice for request in requests}


def test_sentences_take_two_to_twelve_seconds():
    assert all(2 <= estimate_duration_s(sentence) <= 12 for sentence in SENTENCES)


def test_requests_take_four_seconds_in_the_mean():
    mean_s = fmean(estimate_duration_s(request.text) for request in plan())
    assert mean_s == pytest.approx(4, abs=0.2)


def test_a_cold_voice_is_asked_for_once():
    cold = [request.voice for request in plan() if request.is_cold]
    assert len(set(cold)) == len(cold)
    assert len(cold) / 2000 == pytest.approx(COLD_SHARE, rel=0.2)


def test_known_voices_follow_when_the_cold_ones_are_used_up():
    requests = plan_requests(1.0, 100, 1, VOICES, iter(["new.ogg"]))
    assert [request.voice for request in requests if request.is_cold] == ["new.ogg"]
    assert {request.voice for request in requests} == {"new.ogg", *VOICES}


def test_copies_of_a_voice_differ(tmp_path):
    names = list(islice(changed_copies(sorted(Path("voices").glob("*.ogg")), tmp_path), 4))
    assert len({(tmp_path / name).read_bytes() for name in names}) == 4


def test_first_audio_is_the_first_whole_sample():
    stream = Stream(REQUEST)
    stream.receive(0.1, b"\0")
    stream.receive(0.2, b"\0")
    assert stream.first_s == 0.2


def test_player_is_never_dry_when_audio_comes_within_its_lead():
    assert stream_of((0.2, 0.5), (0.2 + LEAD_S + 0.5, 2.0)).dry_s(RATE_HZ) == pytest.approx(0)


def test_player_is_dry_for_as_long_as_audio_is_late():
    late_s = 0.3
    stream = stream_of((0.2, 0.5), (0.2 + LEAD_S + 0.5 + late_s, 2.0))
    assert stream.dry_s(RATE_HZ) == pytest.approx(late_s)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), min_size=1, max_size=20))
def test_dry_time_is_the_sum_of_a_players_pauses(gaps_and_audio_ms):
    now_s, packets = 0.0, []
    for gap_ms, audio_ms in gaps_and_audio_ms:
        now_s += gap_ms / 1000
        packets.append((now_s, audio_ms / 1000))
    ends_s, pauses_s = packets[0][0] + LEAD_S, 0.0
    for elapsed_s, audio_s in packets:
        pause_s = max(0.0, elapsed_s - ends_s)
        pauses_s += pause_s
        ends_s += pause_s + audio_s
    assert stream_of(*packets).dry_s(RATE_HZ) == pytest.approx(pauses_s)


def test_figures_of_a_run():
    smooth = stream_of((0.1, 1.0), total_s=0.5)
    dry = stream_of((0.3, 1.0), (0.3 + LEAD_S + 1.0 + 2 * MAX_DRY_S, 1.0), lateness_s=0.02)
    row = summarise([smooth, dry], RATE_HZ)
    assert row["void"] is False
    assert row["first_p50_ms"] == pytest.approx(200)
    assert row["first_p95_ms"] == pytest.approx(290)
    assert row["never_dry_percent"] == 50
    assert row["late_p50_ms"] == pytest.approx(10)
    assert row["mean_audio_s"] == pytest.approx(1.5)


def test_a_drop_makes_the_run_void():
    row = summarise([stream_of((0.1, 1.0)), stream_of((0.1, 1.0)), failed("503")], RATE_HZ)
    assert row == {"requests": 3, "drops": 1, "void": True}


def test_an_answer_without_audio_is_a_drop():
    assert summarise([stream_of((0.1, 1.0)), stream_of((0.1, 0.0))], RATE_HZ)["drops"] == 1


@pytest.mark.parametrize(
    "arguments", [["--url", "http://host/v1"], ["--requests", "1"], ["--rate", "0"]]
)
def test_options_that_make_no_run_are_refused(arguments):
    with pytest.raises(SystemExit):
        parse(arguments)


def test_own_server_takes_all_requests_of_a_run():
    limits = own_settings(parse(["--requests", "1000", "--timeout", "1200"])).limits
    assert limits.max_requests >= 1000
    assert limits.max_bodies >= 1000
    assert limits.deadline_s >= 1200


def test_own_server_has_no_less_room_than_one_that_ships():
    assert own_settings(parse(["--requests", "2"])).limits == Settings().limits


def test_own_server_has_the_proxy_that_ships_unless_told_otherwise():
    assert own_settings(parse([])).proxy == Settings().proxy
    assert own_settings(parse(["--proxy", "uvicorn"])).proxy == "uvicorn"


def run_against(handler):
    """Run against a server that answers with `handler`; return the rows."""

    async def run_here():
        app = web.Application()
        app.router.add_post("/v1/audio/speech", handler)
        async with TestServer(app) as server:
            options = ["--url", str(server.make_url("/v1")), "--key", "secret", "--voices", "a,b"]
            options += ["--rate", "200", "--requests", "8", "--seeds", "1", "2"]
            options += ["--recognise", "0", "--body", '{"stream": true}']
            given_options = parse(options)
            return await run(given_options, given_options.voices, iter(()))

    return asyncio.run(run_here())


def test_run_against_a_url():
    bodies = []

    async def speak(request):
        assert request.headers["Authorization"] == "Bearer secret"
        bodies.append(await request.json())
        return web.Response(body=bytes(48_000), content_type="audio/pcm")

    rows = run_against(speak)
    assert [(row["seed"], row["drops"], row["void"]) for row in rows] == [
        (1, 0, False),
        (2, 0, False),
    ]
    assert all(row["never_dry_percent"] == 100 for row in rows)
    assert rows[0]["mean_audio_s"] == pytest.approx(1.0)
    assert len(bodies) == 2 + 2 * 8  # every voice is warmed up first
    assert {body["voice"] for body in bodies} == {"a", "b"}
    assert all(body["response_format"] == "pcm" and body["stream"] is True for body in bodies)


def test_run_against_a_server_that_refuses_is_void():
    async def refuse(request):
        raise web.HTTPServiceUnavailable

    rows = run_against(refuse)
    assert all(row["void"] and row["drops"] == 8 for row in rows)
    assert "503" in rows[0]["errors"][0]


def test_an_answer_cut_short_is_a_drop():
    async def cut(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(bytes(50))
        request.transport.close()
        return response

    assert all(row["drops"] == 8 for row in run_against(cut))
