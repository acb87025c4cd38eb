from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward.packed import PackedForward, _attend_each
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import Lane
from engine.echo.model.ops import ops_for, plain
from engine.echo.model.packing import PlacedLane, Size
from engine.echo.sampling import Progress, make_plan
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


def _states(lanes):
    return draw(sum(placed.lane.num_frames for placed in lanes), 80)


@pytest.mark.parametrize("norm_eps", [TINY.dit.norm_eps, 0.3])
def test_packed_pass_equals_the_definition(norm_eps):
    _, dit = dit_pair(config=replace(TINY.dit, norm_eps=norm_eps))
    lanes = _lanes(dit)
    x = _states(lanes)
    assert torch.equal(PackedForward(dit, plain)(x, lanes), PlainForward(dit)(x, lanes))


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
    x = _states(lanes)
    expected = PlainForward(dit)(x, lanes)
    bucketed = PackedForward(dit, plain, SIZES, max_context=64)
    others = _lanes(dit, frames=(13, 20, 7))
    bucketed(_states(others), others)  # what it leaves behind is nobody's
    assert torch.equal(bucketed(x, lanes), expected)


def test_control_a_bucket_whose_padding_is_seen_differs(monkeypatch):
    _, dit = dit_pair()
    lanes = _lanes(dit)
    x = _states(lanes)
    seen = [PlacedLane(Lane(23, ()), 0, 0.5)]
    monkeypatch.setattr(
        "engine.echo.forward.packed._attend_each",
        lambda q, workspace, _, each=_attend_each: each(q, workspace, seen),
    )
    packed = PackedForward(dit, plain, SIZES, max_context=64)
    assert not torch.equal(packed(x, lanes), PlainForward(dit)(x, lanes))


def test_pass_takes_the_smallest_bucket_with_room_for_it():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES, max_context=8)
    lane = PlacedLane(Lane(4, ()), 0, 0.5)
    full = PlacedLane(Lane(4, (draw(2, 2, 9, 4, 16),)), 0, 0.5)

    def size(*lanes):
        bucket = packed._bucket_for(lanes)
        return bucket and bucket.size

    assert size(*[lane] * 4) == Size(24, 4)
    assert size(*[lane] * 5) == Size(40, 16)
    assert size(*[lane] * 16) == Size(96, 16)
    assert size(*[lane] * 17) is None
    assert size(full) is None


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-6), (torch.float16, 5e-3)])
def test_pass_of_fused_kernels_equals_the_definition(dtype, limit, monkeypatch):
    monkeypatch.setattr("engine.echo.model.ops.kernels.context._PROGRAMS", 2)
    _, dit = dit_pair(0, dtype)
    lanes = _lanes(dit)
    x = _states(lanes)
    fused = PackedForward(dit, ops_for(fused=True))(x, lanes)
    assert relative_error(fused, PlainForward(dit)(x, lanes)) < limit


def test_jobs_of_unlike_length_and_t_are_drawn_as_by_the_definition():
    _, dit = dit_pair()
    text, voice = (draw(2, 2, size, 4, 16, seed=size) for size in (9, 4))

    def drawn(forward):
        group = [
            Trajectory(
                Progress(make_plan(SamplerParameters(num_steps=num_steps), blocks), True),
                text,
                voice,
                torch.Generator().manual_seed(num_steps),
                torch.empty(0, 80),
            )
            for num_steps, blocks in ((2, (40,)), (3, (32, 36)), (5, (33,)))
        ]
        while active := [trajectory for trajectory in group if not trajectory.progress.done]:
            denoise(forward, active)
        return [trajectory.latents for trajectory in group]

    sizes = [Size(64, 2), Size(128, 4), Size(256, 9)]
    packed = drawn(PackedForward(dit, plain, sizes, 200, num_modulations=4))
    for ours, definition in zip(packed, drawn(PlainForward(dit)), strict=True):
        assert torch.equal(ours, definition)


class Capture:
    """Captures nothing, and runs out of memory after so many passes."""

    def __init__(self, room):
        self.room, self.sizes = room, []

    def reserve(self, compute):
        self.sizes.append(len(compute()))

    def __call__(self, compute):
        if len(self.sizes) > self.room:
            raise torch.OutOfMemoryError
        self.sizes.append(len(compute()))
        result = torch.full((200, 80), float(len(self.sizes)))
        return lambda: result


def test_passes_are_captured_from_small_to_large_in_room_for_the_largest():
    _, dit = dit_pair()
    capture = Capture(room=9)
    packed = PackedForward(dit, plain, reversed(SIZES), max_context=64)
    assert packed.capture(capture) == len(SIZES)
    assert capture.sizes == [160, 24, 40, 40, 96, 160]


def test_captured_pass_is_replayed():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES, max_context=64)
    packed.capture(Capture(room=9))
    lanes = _lanes(dit)
    assert torch.equal(packed(_states(lanes), lanes), torch.full((17, 80), 2.0))


def test_pass_for_which_no_graph_had_memory_runs_without():
    _, dit = dit_pair()
    packed = PackedForward(dit, plain, SIZES, max_context=64)
    assert packed.capture(Capture(room=3)) == 3
    lanes = _lanes(dit, frames=(30, 30, 30))
    x = _states(lanes)
    assert torch.equal(packed(x, lanes), PlainForward(dit)(x, lanes))
