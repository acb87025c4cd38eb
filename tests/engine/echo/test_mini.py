"""The small checkpoint that the repository ships."""

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
from training.recogniser import Recogniser, num_errors, words

ROOT = Path(__file__).parents[3]


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
    return np.concatenate([pcm async for pcm in engine.generate(job, voice, lambda: None)])


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


@pytest.mark.parametrize(("name", "stream"), [("ada", False), ("otto", True)])
async def test_sentences_that_mini_never_saw_are_understood(mini, name, stream):
    recogniser, voice = Recogniser(SENTENCES), Voice(name, loader(sample_voice(name)))
    identified = errors = total = 0
    for sentence in SENTENCES[:5]:
        pcm, said = await speak(mini, Job(sentence, 0, stream=stream), voice), words(sentence)
        identified += recogniser.identify(pcm) == said
        errors += num_errors(recogniser.transcribe(pcm), said)
        total += len(said)
    assert identified >= 4
    assert errors / total < 0.32
