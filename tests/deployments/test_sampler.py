import pytest

from deployments.sampler import Sampler
from engine import EngineEntry
from tests.deployments.tone import ToneEngine


class LostEngine(ToneEngine):
    """Its device is gone."""

    async def check_health(self):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


@pytest.mark.parametrize(("engine", "healthy"), [("ToneEngine", True), ("LostEngine", False)])
async def test_replica_is_as_healthy_as_its_engine(monkeypatch, engine, healthy):
    entry = EngineEntry("tests.deployments.test_sampler", engine, uses_gpu=False)
    monkeypatch.setattr("engine.ENGINES", {"any": entry})
    sampler = Sampler(voice_prep=None, engine="any")
    if healthy:
        await sampler.check_health()
    else:
        with pytest.raises(RuntimeError, match="illegal memory access"):
            await sampler.check_health()
