"""The small checkpoint that the repository ships."""

from pathlib import Path

import numpy as np
import pytest

from engine.echo.engine import EchoEngine
from engine.pitch import median_pitch_hz
from engine.protocol import Job, Voice
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def mini():
    engine = EchoEngine(weights_dir=str(ROOT / "checkpoints/echo-mini"), device="cpu")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def reference():
    with open(ROOT / "voices/otto.ogg", "rb", buffering=0) as file:
        return decode_reference(file)


@pytest.mark.parametrize("stream", [False, True])
async def test_mini_speaks_a_sentence_in_the_pitch_of_the_voice(mini, reference, stream):
    async def load():
        return reference

    job = Job("The weather is nice today, and the door is open.", 1, stream=stream)
    pieces = [pcm async for pcm in mini.generate(job, Voice("otto", load), lambda: None)]
    pcm = np.concatenate(pieces)
    assert mini.name == "echo-mini"
    assert 1.5 < len(pcm) / SAMPLE_RATE_HZ < 6
    heard, wanted = (median_pitch_hz(x, SAMPLE_RATE_HZ) for x in (pcm, reference))
    assert abs(12 * np.log2(heard / wanted)) < 3
