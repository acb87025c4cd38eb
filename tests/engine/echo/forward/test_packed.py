from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.config import MAX_FRAMES
from engine.echo.denoise import denoise, new_trajectory
from engine.echo.forward import JobStep
from engine.echo.forward.buckets import bucket_sizes
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import Lane
from engine.echo.model.ops import ops_for, plain
from engine.echo.model.packing import PlacedLane, Size
from engine.echo.sampling import Progress, Rescale, Step, make_plan
from engine.echo.sizes import TINY
from speech.parameters import SamplerParameters
from tests.engine.echo.model.lanes import draw, place_lanes
from tests.engine.echo.reference import dit_pair, relative_error

SIZES = [Size(24, 4), Size(40, 4), Size(40, 16), Size(96, 16), Size(160, 16)]


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _lanes(dit, **options):
    config = dit.config
    return place_lanes(config.num_layers, config.num_heads, config.head_dim, dit.dtype, **options)


PLAN = make_plan(SamplerParameters(), (32,))
STEP = Step(t=0.5, dt=-0.3, guided=True, scaled=False, rescale=None)


def _job_steps(lanes):
    """Return a step of one job for each of `lanes`."""
    return [
        JobStep(draw(placed.lane.num_frames, 80, seed=seed), PLAN, STEP, placed)
        for seed, placed in enumerate(lanes)
    ]


def _take(forward, job_steps):
    return torch.cat(forward(job_steps))


@pytest.mark.parametrize("norm_eps", [TINY.dit.norm_eps, 0.3])
def test_packed_pass_equals_the_definition(norm_eps):
    _, dit = dit_pair(config=replace(TINY.dit, norm_eps=norm_eps))
    job_steps = _job_steps(_lanes(dit))
    assert torch.equal(
        _take(PackedForward(dit, plain), job_steps), _take(PlainForward(dit), job_steps)
    )


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(8, 40), st.integers(0, 600), st.sampled_from((0.9, 0.5, 0.1))),
        min_size=1,
        max_size=4,
    )
)
def test_padding_of_a_bucket_changes_no_bit(given_lanes):
    _, dit = dit_pair()
    parts = _lanes(dit)[0].lane.context
    lanes = [
        PlacedLane(Lane(frames, parts[: i % 3]), start, t)
        for i, (frames, start, t) in enumerate(given_lanes)
    ]
    job_steps = _job_steps(lanes)
    expected = _take(PlainForward(dit), job_steps)
    bucketed = PackedForward(dit, plain, SIZES)
    bucketed(_job_steps(_lanes(dit, frames=(13, 20, 7))))  # what it leaves behind is nobody's
    assert torch.equal(_take(bucketed, job_steps), expected)


SCALES = st.sampled_from([0.0, 1.5, 3.0, 8.0])
JOBS = st.lists(
    st.tuples(
        st.integers(8, 24),
        st.sampled_from([(), ("no_text",), ("no_speaker",), ("no_text", "no_speaker")]),
        SCALES,
        SCALES,
        st.sampled_from([None, Rescale(0.9, 0.2), Rescale(1.0, 0.0)]),
        st.floats(-1, 0),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(deadline=None, max_examples=25)
@given(JOBS)
def test_guidance_and_update_over_tables_equal_the_definition_to_the_bit(dtype, jobs):
    _, dit = dit_pair(dtype=dtype)
    text, voice = (part for part in _lanes(dit)[0].lane.context)
    contexts = {"cond": (text, voice), "no_text": (voice,), "no_speaker": (text,)}
    job_steps = []
    for seed, (frames, guides, text_scale, speaker_scale, rescale, dt) in enumerate(jobs):
        given = SamplerParameters(cfg_scale_text=text_scale, cfg_scale_speaker=speaker_scale)
        plan = replace(PLAN, parameters=given)
        lanes = {
            name: PlacedLane(Lane(frames, contexts[name]), seed, 0.9 - seed / 10)
            for name in ("cond", *guides)
        }
        step = Step(lanes["cond"].t, dt, bool(guides), False, rescale)
        x = draw(frames, 80, dtype=dit.dtype, seed=seed)
        job_steps.append(JobStep(x, plan, step, **lanes))
    expected = PlainForward(dit)(job_steps)
    # A product of float64 numbers may be summed otherwise for another number of rows.
    for sizes in ((), SIZES) if dtype == torch.float32 else ((),):
        packed = PackedForward(dit, plain, sizes)
        assert all(map(torch.equal, packed(job_steps), expected))


@pytest.mark.parametrize(("max_lane_frames", "largest"), [(1, 1920), (640, 1920), (2560, 2560)])
def test_guided_job_of_full_length_has_its_bucket_in_passes_of_any_size(max_lane_frames, largest):
    sizes = bucket_sizes(max_lane_frames)
    assert any(size.holds(Size(3 * MAX_FRAMES, 3)) for size in sizes)
    assert max(size.positions for size in sizes) == largest


def test_many_lanes_have_buckets_of_as_many_positions_as_they_are_likely_to_have():
    least = {}
    for size in sorted(bucket_sizes(2560)):
        least.setdefault(size.lanes, size.positions)
    assert least == {4: 32, 16: 256, 48: 960}


def test_states_of_a_step_outlive_the_next():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES)
    packed.capture(InPlace())
    first, second = _job_steps(_lanes(dit)), _job_steps(_lanes(dit, frames=(6, 7, 3)))
    states = packed(first)
    expected = [x.clone() for x in states]
    packed(second)
    assert all(map(torch.equal, states, expected))


def test_control_a_bucket_whose_padding_is_seen_differs(monkeypatch):
    _, dit = dit_pair()
    job_steps = _job_steps(_lanes(dit))
    seen = [Lane(23, ())]
    monkeypatch.setattr(
        plain, "attend", lambda *given, each=plain.attend, **_: each(*given[:4], seen)
    )
    packed = PackedForward(dit, plain, SIZES)
    assert not torch.equal(_take(packed, job_steps), _take(PlainForward(dit), job_steps))


def test_pass_takes_the_smallest_bucket_with_room_for_it():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES)
    lane = PlacedLane(Lane(4, ()), 0, 0.5)

    def size(*lanes):
        bucket = packed._bucket_for(lanes)
        return bucket and bucket.size

    assert size(*[lane] * 4) == Size(24, 4)
    assert size(*[lane] * 5) == Size(40, 16)
    assert size(*[lane] * 16) == Size(96, 16)
    assert size(*[lane] * 17) is None


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-6), (torch.float16, 5e-3)])
def test_pass_of_fused_kernels_equals_the_definition(dtype, limit):
    _, dit = dit_pair(0, dtype)
    job_steps = _job_steps(_lanes(dit))
    fused = _take(PackedForward(dit, ops_for(fused=True)), job_steps)
    assert relative_error(fused, _take(PlainForward(dit), job_steps)) < limit


def test_jobs_of_unlike_length_and_t_are_drawn_as_by_the_definition():
    _, dit = dit_pair()
    text, voice = (draw(2, 2, size, 4, 16, seed=size) for size in (9, 4))

    def drawn(forward):
        group = [
            new_trajectory(
                dit,
                Progress(make_plan(SamplerParameters(num_steps=num_steps), blocks), True),
                text,
                voice,
                seed=num_steps,
            )
            for num_steps, blocks in ((2, (40,)), (3, (32, 36)), (5, (33,)))
        ]
        while active := [trajectory for trajectory in group if not trajectory.progress.done]:
            denoise(forward, active)
        return [trajectory.latents for trajectory in group]

    sizes = [Size(64, 2), Size(128, 4), Size(256, 9)]
    packed = drawn(PackedForward(dit, plain, sizes, num_modulations=4))
    for ours, definition in zip(packed, drawn(PlainForward(dit)), strict=True):
        assert torch.equal(ours, definition)


class Capture:
    """Captures nothing, and runs out of memory after so many passes."""

    def __init__(self, room):
        self.room, self.sizes = room, []

    def reserve(self, largest):
        self.sizes += [len(compute()) for compute in largest]

    def __call__(self, compute):
        if len(self.sizes) > self.room:
            raise torch.OutOfMemoryError
        self.sizes.append(len(compute()))
        result = torch.full((200, 80), float(len(self.sizes)))
        return lambda: result


class InPlace:
    """Writes each result over the one before, as a graph does."""

    def reserve(self, largest):
        pass

    def __call__(self, compute):
        result = compute()
        return lambda: result.copy_(compute())


def test_passes_are_captured_from_small_to_large_in_room_for_the_largest():
    _, dit = dit_pair()
    capture = Capture(room=9)
    packed = PackedForward(dit, plain, reversed(SIZES))
    assert packed.capture(capture) == len(SIZES)
    assert capture.sizes == [160, 24, 40, 40, 96, 160]


def test_captured_pass_is_replayed():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES)
    packed.capture(Capture(room=9))
    assert torch.equal(_take(packed, _job_steps(_lanes(dit))), torch.full((17, 80), 2.0))


def test_pass_for_which_no_graph_had_memory_runs_without():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES)
    assert packed.capture(Capture(room=3)) == 3
    job_steps = _job_steps(_lanes(dit, frames=(30, 30, 30)))
    assert torch.equal(_take(packed, job_steps), _take(PlainForward(dit), job_steps))
