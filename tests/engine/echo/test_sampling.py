import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.config import EndConfig
from engine.echo.sampling import (
    PUBLISHED_END,
    Progress,
    find_end,
    find_ends,
    find_possible_end,
    has_ended,
    initial_noise,
    make_plan,
    make_steps,
)
from speech.errors import InvalidRequest
from speech.parameters import SamplerParameters
from tests.engine.echo.reference import inference


def _speech(num_frames, end, level, seed, mean=0.0):
    """Latents that grow quiet at `end`, at a level near the threshold and around `mean`."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn((num_frames, 80), generator=generator)
    latents[end:] = latents[end:] * level + mean
    return latents


@pytest.mark.parametrize("num_frames", [1, 32, 97, 639])
def test_shorter_noise_is_the_beginning_of_the_longer(num_frames):
    def draw(num_frames):
        return initial_noise(num_frames, 80, 0.9, torch.Generator().manual_seed(3))

    assert torch.equal(draw(num_frames), draw(640)[:num_frames])


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 90),
    st.integers(0, 90),
    st.sampled_from([0.0, 0.0495, 0.0499, 0.0501, 0.0505, 0.3]),
    st.integers(0, 9),
    st.sampled_from([0.0, 0.098, -0.098, 0.102, -0.102]),
)
def test_find_end_equals_reference_loop(num_frames, end, level, seed, mean):
    latents = _speech(num_frames, end, level, seed, mean)
    assert find_end(latents) == inference.find_flattening_point(latents)


@pytest.mark.parametrize(
    ("mean", "is_flat"), [(0.098, True), (-0.098, True), (0.102, False), (-0.102, False)]
)
def test_speech_ends_where_the_mean_is_near_zero(mean, is_flat):
    latents = _speech(60, 30, 0.01, 0, mean)
    assert inference.find_flattening_point(latents) == find_end(latents)
    assert (find_end(latents) == 30) is is_flat
    assert (find_possible_end(latents) <= 30) is is_flat


def test_spread_of_the_end_is_the_unbiased_deviation():
    frames = PUBLISHED_END.frames
    flat = torch.randn((frames, 80), generator=torch.Generator().manual_seed(0)).double()
    flat = (flat - flat.mean()) / flat.std()
    loud, quiet = (torch.cat([flat * 0.05 * level, flat]) for level in (1.0001, 0.9999))
    assert float((loud[:frames]).std(correction=0)) < 0.05
    assert (find_end(loud), find_end(quiet)) == (2 * frames, 0)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 60),
    st.integers(0, 60),
    st.sampled_from([0.0, 0.0499, 0.0501, 0.3, 1.0]),
    st.integers(0, 9),
    st.integers(1, 40),
    st.sampled_from([EndConfig(), EndConfig(frames=10, std=0.2)]),
)
def test_find_possible_end_never_passes_the_end(num_frames, end, level, seed, more, config):
    latents = _speech(num_frames, end, level, seed)
    quiet = torch.cat([latents, torch.zeros(more, 80)])
    loud = torch.cat([latents, torch.randn(more, 80)])
    possible = find_possible_end(latents, config)
    assert possible <= min(find_end(whole, config) for whole in (latents, quiet, loud))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 60), st.sampled_from([0.0, 0.0499, 1.0])),
        min_size=1,
        max_size=4,
    )
)
def test_ends_of_many_are_those_of_each(given_speech):
    batch = [_speech(num_frames, end, level, 0) for num_frames, end, level in given_speech]
    for found, latents in zip(find_ends(batch), batch, strict=True):
        assert found.frame == find_end(latents)
        assert found.possible_frame == find_possible_end(latents)
        assert found.is_certain == has_ended(latents)


def test_find_possible_end_lets_speech_through_at_once():
    assert find_possible_end(_speech(32, 32, 1.0, 0)) == 32


@pytest.mark.parametrize(("end", "ended"), [(30, True), (31, False), (50, False)])
def test_speech_has_ended_only_where_the_whole_window_is_there(end, ended):
    assert has_ended(_speech(50, end, 0.0, 0)) is ended


def test_speech_ends_where_the_checkpoint_says_that_it_is_flat():
    latents = _speech(50, 30, 0.1, 0)
    assert not has_ended(latents)
    assert find_end(latents, EndConfig(std=0.2)) == 30
    assert has_ended(latents[:40], EndConfig(frames=10, std=0.2))
    assert not has_ended(latents[:39], EndConfig(frames=10, std=0.2))


def test_find_end_of_speech_that_never_ends_is_its_length():
    assert find_end(torch.randn(50, 80).clamp(min=0.2)) == 50


@pytest.mark.parametrize("num_steps", [1, 2, 7, 40, 100])
def test_steps_lead_from_noise_to_speech(num_steps):
    steps = make_steps(SamplerParameters(num_steps=num_steps), torch.float32)
    assert len(steps) == num_steps
    assert steps[0].t == pytest.approx(0.999)
    assert steps[-1].t + steps[-1].dt == pytest.approx(0)


def test_steps_of_the_default_window_are_guided_in_the_first_half():
    steps = make_steps(SamplerParameters(), torch.float32)
    assert [step.guided for step in steps] == [True] * 20 + [False] * 20


def test_window_bound_that_is_a_schedule_point_counts_as_inside():
    # 0.999 is not a float32: compared in float64 the first step would fall outside.
    parameters = SamplerParameters(num_steps=4, cfg_min_t=0.999, cfg_max_t=0.999)
    assert [s.guided for s in make_steps(parameters, torch.float32)] == [True] + [False] * 3


def test_speaker_scale_without_min_t_holds_for_every_step():
    steps = make_steps(SamplerParameters(speaker_kv_scale=1.5), torch.float32)
    assert all(step.scaled for step in steps)


@pytest.mark.parametrize("num_steps", [1, 4, 40, 100])
@pytest.mark.parametrize(("k", "sigma"), [(0.8, 3.0), (1.2, 3.0), (1.0, 1e3), (4.0, 30.0)])
def test_rescaling_of_every_sensible_size_is_taken(num_steps, k, sigma):
    parameters = SamplerParameters(num_steps=num_steps, rescale_k=k, rescale_sigma=sigma)
    assert all(step.rescale is not None for step in make_steps(parameters, torch.float32))


@pytest.mark.parametrize(("k", "sigma"), [(1e6, 1e6), (1.2, 1e200), (1e-310, 3.0)])
def test_rescaling_that_would_drown_the_speech_is_refused(k, sigma):
    parameters = SamplerParameters(num_steps=8, rescale_k=k, rescale_sigma=sigma)
    with pytest.raises(InvalidRequest, match="drowns the speech") as refused:
        make_steps(parameters, torch.float32)
    assert f"'rescale_k': {k:g} with 'rescale_sigma' {sigma:g}" in refused.value.message


def test_progress_counts_the_lanes_of_each_step():
    parameters = SamplerParameters(num_steps=4)
    progress = Progress(make_plan(parameters, (32, 96)), has_speaker=True)
    seen = []
    while not progress.done:
        seen.append(progress.lane_frames)
        progress.advance()
    assert seen == [96, 96, 32, 32, 288, 288, 96, 96]


@pytest.mark.parametrize(
    ("parameters", "has_speaker", "tokens"),
    [
        (SamplerParameters(), False, 64),
        (SamplerParameters(cfg_scale_speaker=0), True, 64),
        (SamplerParameters(cfg_scale_text=0), True, 64),
        (SamplerParameters(cfg_scale_text=0, cfg_scale_speaker=0), True, 32),
    ],
)
def test_progress_leaves_out_lanes_that_change_nothing(parameters, has_speaker, tokens):
    assert Progress(make_plan(parameters, (32,)), has_speaker).lane_frames == tokens


def test_steps_of_a_half_precision_model_are_computed_in_float32():
    parameters = SamplerParameters(rescale_k=1.2, rescale_sigma=3.0)
    assert make_steps(parameters, torch.bfloat16) == make_steps(parameters, torch.float32)
