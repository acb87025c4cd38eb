import pytest
from ray.exceptions import ActorUnavailableError

from deployments.model_defaults import ModelDefaults
from speech.errors import SamplerLost
from tests.deployments.conftest import local_handle


class ChangingSampler:
    """Another model with each report."""

    def __init__(self):
        self.num_reports = 0

    async def report(self):
        self.num_reports += 1
        target_s = float(self.num_reports)
        return {
            "engine": f"model-{self.num_reports}",
            "defaults": {"target_duration_seconds": target_s, "normalize_text": True},
        }


async def test_defaults_are_asked_for_once_per_model():
    defaults = ModelDefaults(local_handle(ChangingSampler))
    first = await defaults.get()
    assert (first.target_duration_seconds, first.normalize_text) == (1, True)
    assert first.max_chars_per_chunk == 300
    defaults.spoken_by("model-1")
    assert await defaults.get() is first
    defaults.spoken_by("model-2")
    assert (await defaults.get()).target_duration_seconds == 2


class LostSampler:
    """A sampler whose process is gone."""

    async def report(self):
        raise ActorUnavailableError("Actor is unavailable.", None)


async def test_sampler_that_is_lost_before_it_tells_is_worth_another_try():
    with pytest.raises(SamplerLost, match="retry later"):
        await ModelDefaults(local_handle(LostSampler)).get()
