import pytest
import torch

from engine.echo.sampling import Progress, initial_noise, make_plan, make_steps
from speech.errors import InvalidRequest
from speech.parameters import SamplerParameters


@pytest.mark.parametrize("num_frames", [1, 32, 97, 639])
def test_shorter_noise_is_the_beginning_of_the_longer(num_frames):
    def draw(num_frames):
        return initial_noise(num_frames, 80, 0.9, torch.Generator().manual_seed(3))

    assert torch.equal(draw(num_frames), draw(640)[:num_frames])


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


@pytest.mark.parametrize(("min_t", "num_scaled"), [(0.6, 2), (0.4995, 3), (0.3, 3), (0.1, 4)])
def test_speaker_scale_ends_behind_the_step_from_min_t_or_above_it(min_t, num_scaled):
    parameters = SamplerParameters(num_steps=4, speaker_kv_scale=1.5, speaker_kv_min_t=min_t)
    steps = make_steps(parameters, torch.float32)
    assert steps[2].t == torch.tensor(0.4995).item()
    assert [step.scaled for step in steps] == [True] * num_scaled + [False] * (4 - num_scaled)


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
    ("steps", "expected"),
    [
        (None, [6, 6, 6]),
        ([2, 4], [2, 4, 4]),
        ([4], [4, 4, 4]),
        ([9, 3, 5, 1], [6, 3, 5]),  # never more than num_steps
    ],
)
def test_blocks_of_a_stream_may_take_steps_of_their_own(steps, expected):
    parameters = SamplerParameters(num_steps=6, stream_steps=steps)
    plan = make_plan(parameters, (32, 96, 32), streams=True)
    assert [len(block.steps) for block in plan.blocks] == expected
    for block, count in zip(plan.blocks, expected, strict=True):
        assert block.steps == make_steps(SamplerParameters(num_steps=count), torch.float32)
    whole = make_plan(parameters, (32,))
    assert [len(block.steps) for block in whole.blocks] == [6]


def test_progress_counts_the_lanes_of_blocks_with_unequal_steps():
    parameters = SamplerParameters(num_steps=4, stream_steps=[2, 3])
    progress = Progress(make_plan(parameters, (32, 96), streams=True), has_speaker=True)
    seen = []
    while not progress.done:
        seen.append((progress.lane_frames, progress.ends_block))
        progress.advance()
    assert seen == [(96, False), (32, True), (288, False), (288, False), (96, True)]


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
