import asyncio
from pathlib import Path

import numpy as np
import pocketsphinx
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import create_engine, preview
from engine.pitch import median_pitch_hz
from engine.preview import PreviewEngine
from engine.protocol import Job, Voice
from speech.errors import NotReady, VoiceLost

RATE = 44_100
VOICES = Path(__file__).parents[2] / "voices"
WORDS = "apple window river mountain seven yellow garden paper"
OTHER_WORDS = "table orange forest eleven purple hammer ocean pencil"
SENTENCE = "The quick brown fox jumps over the lazy dog, and then it sleeps."
LONG_TEXT = " ".join(
    f"Sentence number {n} goes on for a little while, and ends." for n in range(40)
)


@pytest.fixture
def engine():
    engine = PreviewEngine()
    yield engine
    engine.close()


def job(text=SENTENCE, seed=0):
    return Job(text, seed)


def voice(reference, key="voice"):
    async def load():
        return reference

    return Voice(key, load)


def pulses(hz, seconds=1):
    phase = np.arange(seconds * RATE) * (hz / RATE)
    return np.diff(np.floor(phase), prepend=0).astype(np.float32)


def generate(engine, job, voice=None, on_start=lambda: None):
    return engine.generate(job, voice, on_start)


async def pieces(engine, job, voice=None):
    return [pcm async for pcm in generate(engine, job, voice)]


async def spoken(engine, text=SENTENCE, seed=0, voice=None):
    return np.concatenate(await pieces(engine, job(text, seed), voice))


def semitones(measured, expected):
    return abs(12 * np.log2(measured / expected))


@pytest.mark.parametrize("hz", [105, 200])
async def test_speech_is_understood(engine, hz):
    pcm = await spoken(engine, f"{WORDS}.", voice=voice(pulses(hz)))
    recogniser = pocketsphinx.Decoder(samprate=16_000, lm=None, loglevel="FATAL")
    choices = " | ".join(f"{WORDS} {OTHER_WORDS}".split())
    recogniser.add_jsgf_string("words", f"#JSGF V1.0; grammar words; public <s> = ({choices})+;")
    recogniser.activate_search("words")
    recogniser.start_utt()
    heard = np.pad(soxr.resample(pcm, RATE, 16_000), 4000)
    recogniser.process_raw((heard * 32767).astype(np.int16).tobytes(), full_utt=True)
    recogniser.end_utt()
    assert recogniser.hyp().hypstr.split() == WORDS.split()


async def test_speech_lasts_as_long_as_its_text(engine):
    once = await spoken(engine, SENTENCE)
    assert 2.5 < len(once) / RATE < 6
    assert len(await spoken(engine, " ".join([SENTENCE] * 6))) == pytest.approx(
        6 * len(once), rel=0.1
    )


async def test_speech_is_float32_within_range(engine):
    for pcm in await pieces(engine, job(LONG_TEXT)):
        assert pcm.dtype == np.float32
        assert pcm.ndim == 1
        assert 0.3 < np.abs(pcm).max() < 1


@pytest.mark.parametrize("hz", [80, 105, 140, 190, 240, 300])
async def test_pitch_follows_the_voice(engine, hz):
    pcm = await spoken(engine, voice=voice(pulses(hz)))
    assert semitones(median_pitch_hz(pcm, RATE), hz) < 1.5


async def test_pitch_falls_back_where_no_voice_is_heard(engine):
    silent = await spoken(engine, voice=voice(np.zeros(RATE, np.float32)))
    assert np.array_equal(silent, await spoken(engine, voice=None))


@pytest.mark.parametrize(("name", "low_hz", "high_hz"), [("ada", 180, 220), ("otto", 100, 130)])
async def test_sample_voice_is_clean_speech_that_the_engine_follows(engine, name, low_hz, high_hz):
    path = VOICES / f"{name}.ogg"
    samples, rate = soundfile.read(path, dtype="float32")
    hz = median_pitch_hz(samples, rate)
    loud = np.flatnonzero(np.abs(samples) > 0.01) / rate
    assert path.stat().st_size < 150_000
    assert 8 < len(samples) / rate < 12
    assert 0.3 < np.abs(samples).max() < 0.99
    assert loud[0] < 0.3
    assert loud[-1] > len(samples) / rate - 0.3
    assert low_hz < hz < high_hz
    reference = soxr.resample(samples, rate, RATE)
    pcm = await spoken(engine, voice=voice(reference, name))
    assert semitones(median_pitch_hz(pcm, RATE), hz) < 1.5


async def test_job_gives_the_same_samples_alone_among_others_and_in_another_engine(engine):
    low = voice(pulses(90), "low")
    alone = await spoken(engine, seed=7, voice=low)
    other = PreviewEngine()
    jobs = [(engine, 1), (other, 7), (engine, 7), (other, 2), (engine, 7)]
    together = await asyncio.gather(
        spoken(other, LONG_TEXT), *(spoken(which, seed=seed, voice=low) for which, seed in jobs)
    )
    other.close()
    same = [np.array_equal(pcm, alone) for pcm in together[1:]]
    assert same == [seed == 7 for _, seed in jobs]
    assert np.array_equal(await spoken(engine, seed=7, voice=low), alone)


@pytest.mark.parametrize("seed", [1, -1, -(2**63), 2**63 - 1])
async def test_seed_varies_pitch_and_tempo_a_little(engine, seed):
    first, other = await spoken(engine, seed=0), await spoken(engine, seed=seed)
    assert not np.array_equal(first[: len(other)], other[: len(first)])
    assert len(other) == pytest.approx(len(first), rel=0.1)
    assert semitones(median_pitch_hz(other, RATE), median_pitch_hz(first, RATE)) < 1


async def test_first_piece_comes_long_before_the_rest(engine):
    stream = generate(engine, job(LONG_TEXT))
    first = await anext(stream)
    assert engine.stats()["audio_seconds"] == len(first) / RATE
    rest = [pcm async for pcm in stream]
    assert sum(map(len, rest)) > 5 * len(first)


async def test_consumer_that_stops_reading_holds_up_nobody(engine):
    idle = [generate(engine, job(LONG_TEXT, seed)) for seed in range(5)]
    for stream in idle:
        await anext(stream)
    assert len(await spoken(engine)) > RATE
    assert engine.stats()["jobs_open"] == 5
    for stream in idle:
        await stream.aclose()
    assert engine.stats()["jobs_open"] == 0


async def test_closed_generator_speaks_no_further(engine):
    stream = generate(engine, job(LONG_TEXT))
    first = await anext(stream)
    await stream.aclose()
    stats = engine.stats()
    assert stats["audio_seconds"] == len(first) / RATE
    assert (stats["jobs"], stats["jobs_cancelled"], stats["jobs_open"]) == (1, 1, 0)


async def test_cancelled_task_frees_the_thread(engine, monkeypatch):
    loop, entered = asyncio.get_running_loop(), asyncio.Event()
    speak, lengths = preview.espeak.speak, []

    def observed(*call):
        loop.call_soon_threadsafe(entered.set)
        assert call[-1].wait(timeout=10)  # until the cancellation reaches the running call
        lengths.append(len(speak(*call)))

    monkeypatch.setattr(preview.espeak, "speak", observed)
    task = asyncio.create_task(spoken(engine, LONG_TEXT))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert len(await spoken(engine)) > RATE
    assert lengths == [0]
    assert engine.stats()["jobs_cancelled"] == 1


async def test_new_voice_is_loaded_once_for_all_jobs_that_wait(engine):
    loads, loading, ready = [], asyncio.Event(), asyncio.Event()

    async def load():
        loads.append(None)
        loading.set()
        await ready.wait()
        return pulses(220)

    tasks = [asyncio.create_task(spoken(engine, voice=Voice("new", load))) for _ in range(5)]
    await loading.wait()
    tasks[0].cancel()
    ready.set()
    first, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert all(np.array_equal(pcm, others[0]) for pcm in others)
    assert len(loads) == 1
    await spoken(engine, voice=Voice("new", load))
    assert len(loads) == 1
    stats = engine.stats()
    assert (stats["speaker_cache_misses"], stats["speaker_cache_hits"]) == (1, 5)


async def test_voice_that_cannot_be_loaded_fails_its_job_and_is_tried_again(engine):
    async def lost():
        raise VoiceLost("The prepared audio is gone")

    with pytest.raises(VoiceLost):
        await spoken(engine, voice=Voice("v", lost))
    assert len(await spoken(engine, voice=voice(pulses(200), "v"))) > RATE
    assert engine.stats()["speaker_cache_voices"] == 1


async def test_remembered_voices_are_bounded(monkeypatch):
    monkeypatch.setattr(preview, "MAX_VOICES", 3)
    engine = PreviewEngine()
    for n in range(10):
        await spoken(engine, "Yes.", voice=voice(pulses(100 + n), f"v{n}"))
    assert engine.stats()["speaker_cache_voices"] == 3
    engine.close()


async def test_speaker_tags_are_not_spoken(engine):
    plain = await spoken(engine, "Good morning. And to you.")
    tagged = await spoken(engine, "[S1] Good morning. [S2] And to you.")
    assert len(tagged) == pytest.approx(len(plain), rel=0.02)


@pytest.mark.parametrize("text", ["[S1]", "...", "\x00\x01", "\u200d", "\ud800", "- -", "。"])
async def test_text_with_nothing_to_pronounce_is_a_short_silence(engine, text):
    pcm = await spoken(engine, text)
    assert 0.2 * RATE <= len(pcm) < RATE
    assert np.abs(pcm).max() < 1e-3


FOREIGN = ["漢字かな交じり文", "مرحبا", "😀👩\u200d👩\u200d👧🏳️\u200d🌈", "& < > ]]> <a>"]
LONG = ["x" * 4096, "🎉" * 500, "a\u0301" * 300]


@pytest.mark.parametrize("text", FOREIGN + LONG)
async def test_long_and_foreign_text_is_spoken(engine, text):
    pcm = await spoken(engine, text)
    assert np.abs(pcm).max() > 0.1


@given(st.text(st.sampled_from("ab .,!?\n\"'"), max_size=1500))
@settings(max_examples=50, deadline=None)
def test_phrases_are_short_and_lose_nothing(text):
    phrases = list(preview._phrases(text))
    assert "".join(phrases) == text
    assert all(0 < len(phrase) <= 200 for phrase in phrases[:-1])


def test_phrases_end_where_a_reader_would_breathe():
    for text, mark in ((LONG_TEXT, ". "), ("one two three four, " * 40, ", "), ("la " * 300, "a ")):
        *phrases, _ = preview._phrases(text)
        assert len(phrases) >= 2
        assert {phrase[-2:] for phrase in phrases} == {mark}


async def test_job_announces_its_turn_once_and_before_its_first_piece(engine):
    loop, events = asyncio.get_running_loop(), []

    def on_start():
        events.append(("start", asyncio.get_running_loop() is loop))

    async for _ in generate(engine, job(LONG_TEXT), on_start=on_start):
        events.append("piece")
    assert events[:2] == [("start", True), "piece"]
    assert events.count(("start", True)) == 1


async def test_closed_engine_takes_no_job():
    engine = create_engine("preview")
    engine.close()
    engine.close()
    with pytest.raises(NotReady):
        await spoken(engine)


async def test_close_ends_open_jobs_and_leaves_other_engines_alone(engine):
    closing = PreviewEngine()
    streams = [generate(closing, job(LONG_TEXT, seed)) for seed in range(3)]
    for stream in streams:
        await anext(stream)
    waiting = [asyncio.create_task(anext(stream)) for stream in streams]
    await asyncio.sleep(0)
    closing.close()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, NotReady)
    assert closing.stats()["jobs_open"] == 0
    assert len(await spoken(engine)) > RATE
