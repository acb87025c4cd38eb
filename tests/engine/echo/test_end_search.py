import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.config import EndConfig
from engine.echo.end_search import PUBLISHED_END, EndSearch
from tests.engine.echo.reference import inference


def find_end(latents, config=PUBLISHED_END):
    return EndSearch(latents, end=config).wait().frame


def find_possible_end(latents, config=PUBLISHED_END):
    return EndSearch(latents, end=config).wait().possible_frame


def has_ended(latents, config=PUBLISHED_END):
    return EndSearch(latents, end=config).wait().is_certain


def _speech(num_frames, end, level, seed, mean=0.0):
    """Latents that grow quiet at `end`, at a level near the threshold and around `mean`."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn((num_frames, 80), generator=generator)
    latents[end:] = latents[end:] * level + mean
    return latents


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


def test_pause_that_comes_too_early_to_be_the_end_holds_nothing_back():
    latents = _speech(60, 10, 0.0, 0)
    latents[35:] = _speech(25, 25, 1.0, 1)
    assert find_possible_end(latents) == 10
    assert EndSearch(latents, expected=100.0).wait().possible_frame == 60


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
