import random
from copy import deepcopy
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
import torch

from engine.echo.checkpoints.weights import fill
from engine.echo.config import MAX_FRAMES, MAX_TEXT_BYTES, EncoderConfig
from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward.modulations import Modulations
from engine.echo.forward.plain import PlainForward
from engine.echo.model.dit import EchoDiT
from engine.echo.sampling import Progress, make_plan
from engine.echo.sizes import TINY
from speech.parameters import SamplerParameters
from tests.engine.echo.reference import (
    SEEDS,
    State,
    dit_pair,
    inference,
    precision,
    relative_error,
    tokens_and_mask,
)

LIMITS = [(torch.float32, 5e-6), (torch.float64, 1e-10)]


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _voice(num_frames, dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((num_frames, 80), generator=generator).to(dtype)


def _trajectory(
    dit, parameters, *, text="hello there", voice=None, seed=3, blocks=None, before=None
):
    tokens, mask = tokens_and_mask(text)
    dtype = torch.promote_types(dit.dtype, torch.float32)
    before = torch.empty(0, 80, dtype=dtype) if before is None else before
    frames = blocks or (parameters.sequence_length,)
    plan = make_plan(parameters, frames, dtype, streams=blocks is not None)
    return Trajectory(
        Progress(plan, has_speaker=voice is not None, start=len(before)),
        dit.text_context(tokens[0, : mask.sum()]),
        None if voice is None else dit.speaker_context(dit.speaker_state(voice)),
        torch.Generator().manual_seed(seed),
        before,
    )


def _finish(dit, *trajectories):
    forward = PlainForward(dit)
    while group := [t for t in trajectories if not t.progress.done]:
        denoise(forward, group)
    return [t.latents for t in trajectories]


def _theirs(dit, parameters, voice, text="hello there", seed=3):
    tokens, mask = tokens_and_mask(text)
    has_voice = voice is not None
    voice = voice[None] if has_voice else torch.zeros(1, 4, 80)
    return inference.sample_euler_cfg_independent_guidances(
        dit,
        voice,
        torch.full(voice.shape[:2], has_voice),
        tokens,
        mask,
        seed,
        parameters.num_steps,
        parameters.cfg_scale_text,
        parameters.cfg_scale_speaker,
        parameters.cfg_min_t,
        parameters.cfg_max_t,
        parameters.truncation_factor,
        parameters.rescale_k,
        parameters.rescale_sigma,
        parameters.speaker_kv_scale,
        parameters.speaker_kv_max_layers,
        -1.0 if parameters.speaker_kv_min_t is None else parameters.speaker_kv_min_t,
        parameters.sequence_length,
    )[0]


@cache
def _pair(seed, dtype):
    """Return `dit_pair`, and the reference's once more, in float64; nobody changes them."""
    with precision(dtype):
        their_dit, dit = dit_pair(seed, dtype)
    return their_dit, dit, deepcopy(their_dit).double()


OPTIONS = {
    "default": {},
    "one step": {"num_steps": 1},
    "truncated": {"truncation_factor": 0.8},
    "windowed": {"cfg_min_t": 0.2, "cfg_max_t": 0.7},
    "never guided": {"cfg_min_t": 1.0, "cfg_max_t": 1.0},
    "rescaled": {"rescale_k": 1.2, "rescale_sigma": 3.0, "truncation_factor": 0.8},
    "rescaled by the identity": {"rescale_k": 1.0, "rescale_sigma": 3.0},
    "speaker scaled": {"speaker_kv_scale": 1.5},
    "speaker scaled for a while": {"speaker_kv_scale": 1.5, "speaker_kv_min_t": 0.6},
    "some layers scaled": {"speaker_kv_scale": 0.7, "speaker_kv_max_layers": 1},
    "no layer scaled": {"speaker_kv_scale": 2.0, "speaker_kv_max_layers": 0},
    "no text guidance": {"cfg_scale_text": 0.0},
    "no speaker guidance": {"cfg_scale_speaker": 0.0},
}


@pytest.mark.parametrize(("dtype", "limit"), LIMITS)
@pytest.mark.parametrize("has_voice", [True, False])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_sampler_equals_reference(seed, options, has_voice, dtype, limit):
    their_dit, dit, exact_dit = _pair(seed, dtype)
    with precision(dtype):
        voice = _voice(24, dtype, seed) if has_voice else None
        parameters = SamplerParameters(**{"num_steps": 8, "sequence_length": 32} | options)
        [ours] = _finish(dit, _trajectory(dit, parameters, voice=voice))
    # In float32 the reference itself is 7e-6 to 9e-6 from the truth where it rescales (we 1e-6):
    # its first step divides a difference by 0.001. There it is asked in float64.
    exact = torch.float64 if "rescale_k" in options else dtype
    their_dit = exact_dit if exact == torch.float64 else their_dit
    with precision(exact):
        voice = None if voice is None else voice.to(exact)
        assert relative_error(ours, _theirs(their_dit, parameters, voice)) < limit


def _their_blocks(dit, parameters, voice, blocks, before, seed=3):
    """Blockwise generation on the reference model, as upstream's script does it."""
    dtype = torch.promote_types(dit.dtype, torch.float32)
    tokens, mask = tokens_and_mask("hello there")
    text = dit.get_kv_cache_text(tokens, mask)
    voice_mask = torch.ones(1, len(voice), dtype=torch.bool)
    masks = {
        "text_mask": torch.cat([mask, torch.zeros_like(mask), mask]),
        "speaker_mask": torch.cat([voice_mask, voice_mask, torch.zeros_like(voice_mask)]),
    }

    def tripled(cache):
        return inference._concat_kv_caches(cache, cache, cache)

    generator = torch.Generator().manual_seed(seed)
    latents = torch.cat([before[None], torch.zeros(1, sum(blocks), 80, dtype=dtype)], dim=1)
    start = len(before)
    steps = parameters.stream_steps or [parameters.num_steps] * len(blocks)
    for size, num_steps in zip(blocks, steps, strict=True):
        ts = torch.linspace(1.0, 0.0, num_steps + 1) * 0.999
        earlier = dit.get_kv_cache_latent(latents.to(dit.dtype))
        x = torch.randn((1, size, 80), generator=generator, dtype=torch.float32)
        if parameters.truncation_factor is not None:
            x = x * parameters.truncation_factor
        speaker = dit.get_kv_cache_speaker(voice[None])
        scale, max_layers = parameters.speaker_kv_scale, parameters.speaker_kv_max_layers
        min_t = -1.0 if parameters.speaker_kv_min_t is None else parameters.speaker_kv_min_t
        if scale is not None:
            inference._multiply_kv_cache(speaker, scale, max_layers)
        for t, t_next in pairwise(ts):
            v, no_text, no_speaker = dit(
                x=x.repeat(3, 1, 1).to(dit.dtype),
                t=(torch.ones(3) * t).to(dit.dtype),
                **masks,
                kv_cache_text=tripled(text),
                kv_cache_speaker=tripled(speaker),
                start_pos=start,
                kv_cache_latent=tripled(earlier),
            ).chunk(3)
            if parameters.cfg_min_t <= t <= parameters.cfg_max_t:
                guidance = parameters.cfg_scale_text * (v - no_text)
                v = v + guidance + parameters.cfg_scale_speaker * (v - no_speaker)
            if (k := parameters.rescale_k) is not None:
                v = inference._temporal_score_rescale(v, x, t, k, parameters.rescale_sigma)
            if scale is not None and t_next < min_t <= t:
                inference._multiply_kv_cache(speaker, 1 / scale, max_layers)
            x = x + v * (t_next - t)
        latents[:, start : start + size] = x
        start += size
    return latents[0]


def _blockwise_error(dtype, before, blocks, options):
    their_dit, dit, _ = _pair(0, dtype)
    with precision(dtype):
        voice, parameters = _voice(24, dtype), SamplerParameters(**{"num_steps": 6} | options)
        start = _voice(before, dtype, seed=5)
        trajectory = _trajectory(dit, parameters, voice=voice, blocks=blocks, before=start)
        [ours] = _finish(dit, trajectory)
        return relative_error(ours, _their_blocks(their_dit, parameters, voice, blocks, start))


@pytest.mark.parametrize(("dtype", "limit"), LIMITS)
@pytest.mark.parametrize(("before", "blocks"), [(0, (16, 24, 8)), (10, (14, 16)), (12, (5, 7))])
def test_blockwise_equals_reference(before, blocks, dtype, limit):
    assert _blockwise_error(dtype, before, blocks, {}) < limit


@pytest.mark.parametrize(("dtype", "limit"), LIMITS)
def test_blocks_with_unequal_steps_equal_reference(dtype, limit):
    assert _blockwise_error(dtype, 4, (8, 12, 8), {"stream_steps": (2, 5, 3)}) < limit


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_blockwise_with_options_equals_reference(options):
    assert _blockwise_error(torch.float64, 4, (8, 12, 8), options) < 1e-10


def test_longest_text_voice_and_span_equal_reference():
    their_dit, dit = dit_pair()
    longest = "[S1] " + "a sea shell " * 80
    assert tokens_and_mask(longest)[1].sum() == MAX_TEXT_BYTES
    voice = _voice(1600, torch.float32)
    parameters = SamplerParameters(num_steps=2, sequence_length=MAX_FRAMES)
    [ours] = _finish(dit, _trajectory(dit, parameters, text=longest, voice=voice))
    assert relative_error(ours, _theirs(their_dit, parameters, voice, longest)) < 5e-6


@pytest.mark.parametrize(("num_heads", "norm_eps"), [(3, 1e-2), (4, 0.3)])
def test_sampler_with_other_sizes_equals_reference(num_heads, norm_eps):
    sizes = EncoderConfig(dim=48, num_layers=2, num_heads=3, mlp_dim=64)
    dit_config = replace(
        TINY.dit, dim=96, num_heads=num_heads, norm_eps=norm_eps, text=sizes, speaker=sizes
    )
    with precision(torch.float64):
        their_dit, dit = dit_pair(dtype=torch.float64, config=dit_config)
        voice = _voice(24, torch.float64)
        parameters = SamplerParameters(num_steps=4)
        trajectory = _trajectory(dit, parameters, voice=voice, blocks=(12, 8))
        theirs = _their_blocks(their_dit, parameters, voice, (12, 8), torch.empty(0, 80))
        assert relative_error(_finish(dit, trajectory)[0], theirs) < 1e-10


SCALED = {
    "speaker_kv_scale": 1.3,
    "speaker_kv_min_t": 0.5,
    "speaker_kv_max_layers": 1,
    "truncation_factor": 0.9,
}


def _mixed(dit):
    """Jobs that differ in all a job can differ in."""
    cases = [
        (SamplerParameters(num_steps=5, sequence_length=32), "one", 24, None),
        (SamplerParameters(num_steps=9, sequence_length=48, cfg_min_t=0.1), "two two", 8, None),
        (SamplerParameters(num_steps=3, sequence_length=64), "no voice", None, None),
        (SamplerParameters(num_steps=4, cfg_scale_text=5.0), "in blocks", 12, (8, 16, 8)),
        (SamplerParameters(num_steps=5, stream_steps=(2, 3, 5)), "unequal", 8, (8, 16, 8)),
        (SamplerParameters(num_steps=7, sequence_length=33, **SCALED), "x", 40, None),
        (
            SamplerParameters(num_steps=6, sequence_length=32, rescale_k=1.2, rescale_sigma=3.0),
            "",
            4,
            None,
        ),
    ]
    return [
        _trajectory(
            dit,
            parameters,
            text=text,
            voice=None if frames is None else _voice(frames, dit.dtype, seed),
            seed=seed,
            blocks=blocks,
        )
        for seed, (parameters, text, frames, blocks) in enumerate(cases)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("trace", range(8))
def test_jobs_that_join_and_pause_at_random_get_what_they_get_alone(trace):
    with precision(torch.float64):
        _, dit, _ = _pair(0, torch.float64)
        alone = [_finish(dit, trajectory)[0] for trajectory in _mixed(dit)]
        together = _mixed(dit)
        chance, forward = random.Random(trace), PlainForward(dit)
        while waiting := [t for t in together if not t.progress.done]:
            denoise(forward, chance.sample(waiting, chance.randint(1, len(waiting))))
        for trajectory, expected in zip(together, alone, strict=True):
            assert relative_error(trajectory.latents, expected) < 1e-10


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-5), (torch.bfloat16, 5e-2)])
def test_batching_stays_within_the_tolerance_of_the_dtype(dtype, limit):
    _, dit = dit_pair(dtype=dtype)
    alone = [_finish(dit, trajectory)[0] for trajectory in _mixed(dit)]
    for ours, expected in zip(_finish(dit, *_mixed(dit)), alone, strict=True):
        assert relative_error(ours, expected) < limit


def test_same_seed_gives_the_same_bits_and_another_seed_does_not():
    _, dit = dit_pair()
    parameters = SamplerParameters(num_steps=3, sequence_length=32)
    first, again, other = (
        _finish(dit, _trajectory(dit, parameters, seed=seed))[0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_step_that_failed_can_be_taken_again():
    _, dit = dit_pair()
    parameters = SamplerParameters(num_steps=3, sequence_length=32)
    expected = _finish(dit, _trajectory(dit, parameters))[0]

    def out_of_memory(lanes, device, dtype):
        raise MemoryError

    trajectory = _trajectory(dit, parameters)
    with pytest.raises(MemoryError):
        denoise(PlainForward(dit, make_attention=out_of_memory), [trajectory])
    assert torch.equal(_finish(dit, trajectory)[0], expected)


def test_scaling_a_voice_leaves_the_shared_context_alone():
    _, dit = dit_pair()
    parameters = SamplerParameters(num_steps=2, sequence_length=32, speaker_kv_scale=2.0)
    trajectory = _trajectory(dit, parameters, voice=_voice(8, torch.float32))
    shared = trajectory.speaker.clone()
    _finish(dit, trajectory)
    assert torch.equal(trajectory.speaker, shared)


def test_modulations_are_computed_once_per_t_and_bounded():
    _, dit = dit_pair()
    modulations = Modulations(dit, max_entries=2)
    first = modulations(0.5)
    assert modulations(0.5) is first
    for t in (0.1, 0.2):
        modulations(t)
    assert modulations(0.5) is not first


def _rms(x):
    return float(x.double().pow(2).mean().sqrt())


class Rounding(Modulations):
    """Rounds t as the bfloat16 model does, whatever the dtype: that is part of the model."""

    def __call__(self, t):
        return super().__call__(float(torch.tensor(t).to(torch.bfloat16)))


@pytest.mark.slow
def test_sampler_in_bfloat16_is_as_close_to_truth_as_the_reference():
    ours, theirs, apart = [], [], []
    parameters = SamplerParameters(num_steps=6, sequence_length=32, truncation_factor=0.8)
    for seed in range(8):
        their_dit, dit = dit_pair(seed, torch.bfloat16)
        voice = _voice(24, torch.bfloat16, seed)
        with precision(torch.float64):
            exact = EchoDiT(TINY.dit).requires_grad_(False).double()
            fill(exact, State(their_dit.state_dict()))
            trajectory = _trajectory(exact, parameters, voice=voice.double())
            forward = PlainForward(exact, Rounding(exact))
            while not trajectory.progress.done:
                denoise(forward, [trajectory])
        [latents] = _finish(dit, _trajectory(dit, parameters, voice=voice))
        reference = _theirs(their_dit, parameters, voice)
        ours.append(_rms(latents - trajectory.latents))
        theirs.append(_rms(reference - trajectory.latents))
        apart.append(_rms(latents - reference))
    # Measured, of the reference's own distance: ours 0.97, from one another 0.99 (a request: 1.02).
    assert sum(ours) <= sum(theirs)
    assert sum(apart) <= 1.05 * sum(theirs)
    assert all(own <= 1.1 * limit for own, limit in zip(apart, theirs, strict=True))
