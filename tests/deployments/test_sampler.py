import numpy as np
import pytest

from deployments.sampler import Sampler
from deployments.voice_prep import VoicePrep
from engine.protocol import Job, JobAudio
from tests.deployments.conftest import local_handle
from tests.deployments.tone import ToneEngine, ToneOptions, tone_entry


class LostEngine(ToneEngine):
    """Its device is gone."""

    async def check_health(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


class MuteEngine(ToneEngine):
    """Has nothing to say."""

    async def generate(self, job, voice, on_start):
        on_start()
        yield JobAudio(np.zeros(0, np.float32))


@pytest.fixture
def make_sampler(monkeypatch, voices_dir):
    def make(engine):
        entry = tone_entry("tests.deployments.test_sampler", engine)
        monkeypatch.setattr("engine.ENGINES", {"any": entry})
        voice_prep = local_handle(VoicePrep, str(voices_dir), 2**20, 1, 60)
        return Sampler(voice_prep, "any", ToneOptions(), max_waiting_jobs=1, outage_s=60)

    return make


async def test_silence_is_a_block_that_names_its_engine(make_sampler):
    sampler = make_sampler("MuteEngine")
    [block] = [block async for block in sampler.generate(Job("Hm.", 0), None)]
    assert len(block.pcm) == 0
    assert (block.engine, block.device) == (sampler._engine.name, sampler._engine.device)


@pytest.mark.parametrize(("engine", "healthy"), [("ToneEngine", True), ("LostEngine", False)])
async def test_replica_is_as_healthy_as_its_engine(make_sampler, engine, healthy):
    sampler = make_sampler(engine)
    if healthy:
        await sampler.check_health()
    else:
        with pytest.raises(RuntimeError, match="illegal memory access"):
            await sampler.check_health()
