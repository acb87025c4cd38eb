"""The small checkpoint that the repository ships."""

from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.protocol import Job, Voice
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference
from tests.texts import THREE_SEMITONES
from training.pitch import median_pitch_hz
from training.prompts_held_out import SENTENCES
from training.recogniser import Aligner, Recogniser, num_errors, words

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
VOICED = [("ada", False), ("otto", True)]
"""A voice, and whether it speaks in a stream."""


@pytest.fixture(scope="module")
def mini():
    engine = EchoEngine(EchoOptions(device="cpu"))
    yield engine
    engine.close()


def sample_voice(name):
    with open(ROOT / f"voices/{name}.ogg", "rb", buffering=0) as file:
        return decode_reference(file)


def loader(reference):
    async def load():
        return reference

    return load


async def speak(engine, job, voice):
    return np.concatenate([part.pcm async for part in engine.generate(job, voice, lambda: None)])


@pytest.fixture(scope="module")
def say(mini):
    """Return a function that returns the parts of a sentence, timed; each is spoken once."""
    said = {}

    async def say(sentence, name=None, stream=False):
        key = sentence, name, stream
        if key not in said:
            voice = None if name is None else Voice(name, loader(sample_voice(name)))
            job = Job(sentence, 0, stream=stream, timestamps=True)
            said[key] = [part async for part in mini.generate(job, voice, lambda: None)]
        return said[key]

    return say


def joined(parts):
    return np.concatenate([part.pcm for part in parts])


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["ada", "otto"])
async def test_mini_speaks_a_sentence_in_the_pitch_of_the_voice(mini, name, stream):
    reference = sample_voice(name)

    job = Job("The weather is nice today, and the door is open.", 1, stream=stream)
    pcm = await speak(mini, job, Voice(name, loader(reference)))
    assert mini.name == "echo-mini"
    assert 1.5 < len(pcm) / SAMPLE_RATE_HZ < 6
    heard, wanted = (median_pitch_hz(x, SAMPLE_RATE_HZ) for x in (pcm, reference))
    assert heard == pytest.approx(wanted, rel=THREE_SEMITONES)


@pytest.mark.slow
async def test_sentences_that_mini_never_saw_are_understood(say):
    recogniser = Recogniser(SENTENCES)
    identified = errors = total = 0
    for sentence, way in zip(SENTENCES[:5], cycle(VOICED), strict=False):
        pcm, said = joined(await say(sentence, *way)), words(sentence)
        identified += recogniser.identify(pcm) == said
        errors += num_errors(recogniser.transcribe(pcm), said)
        total += len(said)
    assert identified >= 4
    assert errors / total < 0.32


@pytest.mark.slow
@pytest.mark.parametrize(("name", "stream"), VOICED)
async def test_speech_dies_away_at_its_end(say, name, stream):
    for sentence in SENTENCES[5:11]:
        pcm = joined(await say(sentence, name, stream))
        last = pcm[-SAMPLE_RATE_HZ // 50 :]
        assert abs(pcm[-1]) < 1e-4
        assert last.std() < 0.03 * pcm.std()  # 30 dB below the speech


@pytest.mark.slow
async def test_no_sample_is_clipped_without_a_voice(say):
    for number, sentence in enumerate(SENTENCES[:12]):
        pcm = joined(await say(sentence, None, stream=number not in range(5, 11)))
        assert np.abs(pcm).max() < 0.99, sentence
        assert abs(pcm.mean()) < 0.005


@pytest.mark.slow
@pytest.mark.parametrize(("name", "stream"), [*VOICED, (None, False)])
async def test_words_are_said_when_mini_says_so(say, name, stream):
    aligner, off_s = Aligner(), []
    for sentence in SENTENCES[5:11]:
        parts = await say(sentence, name, stream)
        told = [word for part in parts for word in part.words]
        assert [word.word for word in told] == sentence.split()
        if known := aligner.align(joined(parts), words(sentence)):
            off_s += np.subtract([(word.start, word.end) for word in told], known).ravel().tolist()
    assert len(off_s) > 60
    assert np.median(np.abs(off_s)) <= 0.05
    assert np.quantile(np.abs(off_s), 0.95) <= 0.15


async def test_a_stream_tells_words_as_soon_as_they_are_certain(mini):
    job = Job("The old man walked slowly along the river.", 0, stream=True, timestamps=True)
    heard_s, known_s = 0.0, []
    async for part in mini.generate(job, None, lambda: None):
        heard_s += len(part.pcm) / SAMPLE_RATE_HZ
        known_s += [heard_s] * len(part.words)
        assert all(word.end <= heard_s for word in part.words)
    assert known_s[0] < known_s[-1]


async def test_timing_words_changes_no_sample(mini):
    job = Job("Bring your umbrella, it may rain.", 3)
    timed = await speak(mini, replace(job, timestamps=True), None)
    assert np.array_equal(await speak(mini, job, None), timed)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_pause_is_not_taken_for_the_end(mini, stream):
    text = f"Hello world. {'-' * 40} How are you today?"
    pcm = await speak(mini, Job(text, 1, stream=stream), None)
    assert len(pcm) / SAMPLE_RATE_HZ > 2  # the first half takes 0.8 s


@pytest.mark.slow
async def test_a_take_that_is_cut_is_told_and_drawn_again_where_asked(mini):
    async def faults(**parameters):
        job = Job(SENTENCES[0], 1, {"sequence_length": 32, **parameters})
        return [part.fault async for part in mini.generate(job, None, lambda: None)]

    assert await faults() == ["cut"]
    assert mini.stats()["retakes"] == 0
    assert await faults(max_retakes=2) == ["cut"]
    assert mini.stats()["retakes"] == 2
    assert await faults(sequence_length="auto", max_retakes=2) == [None]
    assert mini.stats()["retakes"] == 2
