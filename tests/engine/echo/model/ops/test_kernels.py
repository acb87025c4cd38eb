"""Every fused kernel against its definition, in Triton's interpreter."""

from dataclasses import replace

import pytest
import torch

from engine.echo.model.attention import Lane
from engine.echo.model.layers import rotary_table
from engine.echo.model.ops import plain
from engine.echo.model.ops.kernels import attention
from engine.echo.model.packing import PlacedLane, Size, Tables, Update
from engine.echo.sampling import guide, make_plan
from speech.parameters import SamplerParameters
from tests.engine.echo.model.lanes import draw, fill_tables, place_lanes
from tests.engine.echo.reference import relative_error

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")

EPS = 1e-5
SMALL, PUBLISHED = (4, 16), (16, 128)
# bfloat16 is left out: the interpreter truncates to it where a GPU rounds.
KINDS = [(torch.float32, SMALL), (torch.float16, SMALL), (torch.float16, PUBLISHED)]
kinds = pytest.mark.parametrize(("dtype", "heads"), KINDS, ids=str)


def assert_same(ours, definition):
    assert ours.dtype == definition.dtype
    limit = {torch.float32: 1e-6, torch.float16: 6e-4}[ours.dtype]
    assert relative_error(ours, definition) < limit
    if ours.dtype == torch.float16:  # the same roundings: hardly an entry falls elsewhere
        assert (ours != definition).float().mean() < 0.005


def _modulation(dtype, dim):
    table = draw(3, 2, 2, 3, dim, dtype=dtype)
    table[:, :, :, plain.SCALE] += 1
    return table[:, 1, 0], table[:, 1, 1]


@kinds
def test_norm_modulate(fused, dtype, heads):
    dim = heads[0] * heads[1]
    x, rows = draw(9, dim, dtype=dtype), torch.tensor([0, 2, 1] * 3, dtype=torch.int32)
    modulation, _ = _modulation(dtype, dim)
    ours = fused.norm_modulate(x, modulation, rows, EPS)
    assert_same(ours, plain.norm_modulate(x, modulation, rows, EPS))


@kinds
def test_residual_norm_modulate(fused, dtype, heads):
    dim = heads[0] * heads[1]
    rows = torch.tensor([0, 2, 1] * 3, dtype=torch.int32)
    product = draw(9, 70, dtype=dtype, seed=1), draw(dim, 70, dtype=dtype, seed=2) / 70**0.5
    given = *product, *_modulation(dtype, dim), rows, EPS
    ours, theirs = draw(9, dim, dtype=dtype), draw(9, dim, dtype=dtype)
    h = fused.residual_norm_modulate(ours, *given)
    assert_same(h, plain.residual_norm_modulate(theirs, *given))
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    ("dtype", "heads"), [*KINDS, (torch.float16, (5, 16)), (torch.float32, (5, 16))], ids=str
)
@pytest.mark.parametrize("turns", [all, None])
def test_turn_heads(fused, dtype, heads, turns):
    num_turning = heads[0] if turns is all else heads[0] // 2
    qkvg = draw(9, 4 * heads[0] * heads[1], dtype=dtype)
    weights = [1 + 0.2 * draw(*heads, dtype=dtype, seed=seed) for seed in (1, 2)]
    rotation = rotary_table(heads[1], 9, torch.device("cpu"), torch.float32)
    ours, definition = qkvg.clone(), qkvg.clone()
    fused.turn_heads(ours, *weights, rotation, num_turning, EPS)
    plain.turn_heads(definition, *weights, rotation, num_turning, EPS)
    assert_same(ours, definition)
    assert torch.equal(ours[:, ours.shape[1] // 2 :], qkvg[:, ours.shape[1] // 2 :])


@pytest.mark.parametrize(
    ("dtype", "heads", "limit"),
    [(torch.float32, SMALL, 1e-6), (torch.float16, SMALL, 2e-3), (torch.float16, (2, 128), 2e-3)],
)
@pytest.mark.parametrize(("frames", "keys"), [((7, 7, 3), (5, 2)), ((70, 64, 1), (64, 65))])
def test_attend(fused, dtype, heads, limit, frames, keys):
    lanes = place_lanes(2, *heads, dtype, frames, keys)
    tables = fill_tables(lanes, (0, 0, 0))
    qkvg = draw(sum(frames), 4 * heads[0] * heads[1], dtype=dtype)
    given = qkvg, heads[0], 1, tables, [placed.lane for placed in lanes]
    ours, definition = fused.attend(*given), plain.attend(*given)
    assert ours.isfinite().all()
    assert relative_error(ours, definition) < limit


@pytest.mark.parametrize("splits", [2, 4])
@pytest.mark.parametrize(("frames", "keys"), [((7, 7, 3), (5, 2)), ((70, 64, 1), (64, 65))])
def test_attend_where_programs_divide_the_keys(fused, monkeypatch, splits, frames, keys):
    division = attention._Division(32, 4, splits)
    monkeypatch.setattr(attention, "_divide", lambda *_, **__: division)
    heads = 2, 16  # one would do for the sums, and each costs the interpreter as much again
    lanes = place_lanes(2, *heads, torch.float32, frames, keys)
    tables = Tables(Size(sum(frames) + 40, 4), torch.device("cpu"))
    tables.fill(lanes, (0, 0, 0), ())
    qkvg = draw(sum(frames) + 40, 4 * 32)
    given = qkvg, heads[0], 1, tables, [placed.lane for placed in lanes]
    ours, definition = fused.attend(*given), plain.attend(*given)
    assert relative_error(ours, definition) < 1e-6
    assert not ours[-40:].any()


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-6), (torch.float16, 2e-3)])
def test_attend_to_earlier_latents_text_and_voice(fused, dtype, limit):
    [first, *others] = place_lanes(2, *SMALL, dtype, keys=(70, 3))
    earlier = draw(2, 2, 66, *SMALL, dtype=dtype, seed=9)
    context = (earlier, *first.lane.context)
    lanes = [replace(first, lane=replace(first.lane, context=context)), *others]
    qkvg = draw(17, 4 * 64, dtype=dtype)
    tables = fill_tables(lanes, (0, 0, 0))
    given = qkvg, SMALL[0], 1, tables, [placed.lane for placed in lanes]
    assert relative_error(fused.attend(*given), plain.attend(*given)) < limit


def test_attention_of_what_is_left_over_is_nothing(fused):
    lanes = place_lanes(2, *SMALL, torch.float32)
    tables = Tables(Size(120, 5), torch.device("cpu"))
    tables.fill(lanes, (0, 0, 0), ())
    qkvg = draw(120, 4 * 64)
    given = qkvg, SMALL[0], 1, tables, [placed.lane for placed in lanes]
    ours, definition = (ops.attend(*given) for ops in (fused, plain))
    assert relative_error(ours, definition) < 1e-6
    assert not ours[17:].any()


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-6), (torch.float16, 2e-3)])
@pytest.mark.parametrize("num_positions", [3, 64, 150])
def test_attend_causally(fused, dtype, limit, num_positions):
    lane = PlacedLane(Lane(num_positions, ()), 0, 0.5)
    qkvg = draw(num_positions, 4 * 64, dtype=dtype)
    given = qkvg, SMALL[0], 0, fill_tables([lane], (0,)), [lane.lane]
    ours, definition = (ops.attend(*given, causal=True) for ops in (fused, plain))
    assert relative_error(ours, definition) < limit
    assert relative_error(fused.attend(*given), definition) > limit


def test_attention_of_a_lane_does_not_depend_on_the_others(fused):
    lanes = place_lanes(2, *SMALL, torch.float16, (70, 9, 66), (64, 5))
    qkvg = draw(145, 4 * 64, dtype=torch.float16)
    together = fused.attend(qkvg, SMALL[0], 0, fill_tables(lanes, (0, 0, 0)), ())
    parts = qkvg.split([70, 9, 66])
    alone = [
        fused.attend(part.contiguous(), SMALL[0], 0, fill_tables([lane], (0,)), ())
        for part, lane in zip(parts, lanes, strict=True)
    ]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_take_step(fused, dtype):
    lanes = [PlacedLane(Lane(frames, ()), 0, 0.5) for frames in (3, 3, 3, 2, 2)]
    updates = [
        Update(0, 1, 2, (3.0, 8.0, 1.0, 0.0, -0.1)),
        Update(3, 3, 4, (0.0, 5.0, 0.9, 0.2, -0.2)),
    ]
    tables = fill_tables(lanes, [0] * 5, updates)
    x, v = draw(13, 80), draw(13, 80, dtype=dtype, seed=1)
    ours, definition = (ops.take_step(x, v, tables) for ops in (fused, plain))
    assert_same(ours, definition)
    cond, no_text, no_speaker, own, other = v.float().split([3, 3, 3, 2, 2])
    guided = guide(cond, no_text, no_speaker, make_plan(SamplerParameters(), (3,)))
    assert torch.equal(definition[:3], x[:3] + guided * -0.1)
    last = own + 5.0 * (own - other)
    assert torch.equal(definition[9:11], x[9:11] + (0.9 * last + 0.2 * x[9:11]) * -0.2)
    assert torch.equal(definition[3:9], x[3:9])


def test_control_a_kernel_with_another_epsilon_fails(fused):
    x, rows = 0.01 * draw(9, 64), torch.zeros(9, dtype=torch.int32)
    modulation, _ = _modulation(torch.float32, 64)
    wrong = fused.norm_modulate(x, modulation, rows, 2 * EPS)
    with pytest.raises(AssertionError):
        assert_same(wrong, plain.norm_modulate(x, modulation, rows, EPS))
