"""Every fused kernel against its definition, in Triton's interpreter."""

import pytest
import torch

from engine.echo.model.attention import Lane
from engine.echo.model.layers import rotary_table
from engine.echo.model.ops import ops_for, plain
from engine.echo.model.packing import PlacedLane, Update
from engine.echo.sampling import guide, make_plan
from speech.parameters import SamplerParameters
from tests.engine.echo.model.lanes import draw, empty_workspace, fill_tables, place_lanes
from tests.engine.echo.reference import relative_error

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")

EPS = 1e-5
SMALL, PUBLISHED = (4, 16), (16, 128)
# bfloat16 is left out: the interpreter truncates to it where a GPU rounds.
KINDS = [(torch.float32, SMALL), (torch.float16, SMALL), (torch.float16, PUBLISHED)]
kinds = pytest.mark.parametrize(("dtype", "heads"), KINDS, ids=str)


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def fused():
    return ops_for(fused=True)


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
    y, (gates, modulation) = draw(9, dim, dtype=dtype, seed=1), _modulation(dtype, dim)
    ours, theirs = draw(9, dim, dtype=dtype), draw(9, dim, dtype=dtype)
    h = fused.residual_norm_modulate(ours, y, gates, modulation, rows, EPS)
    assert_same(h, plain.residual_norm_modulate(theirs, y, gates, modulation, rows, EPS))
    assert_same(ours, theirs)


@kinds
def test_heads_and_context_in_the_workspace(fused, dtype, heads, monkeypatch):
    monkeypatch.setattr("engine.echo.model.ops.kernels.context._PROGRAMS", 2)
    lanes = place_lanes(2, *heads, dtype)
    tables, segments = fill_tables(lanes, (2, 0, 2))
    num_keys = sum(placed.lane.num_keys for placed in lanes)
    dim = heads[0] * heads[1]
    qkvg = draw(len(tables.slots), 4 * dim, dtype=dtype)
    weights = [1 + 0.2 * draw(*heads, dtype=dtype, seed=seed) for seed in (1, 2)]
    table = rotary_table(heads[1], 32, torch.device("cpu"), torch.float32)
    rotation = table[tables.frames]
    results = []
    for ops in (fused, plain):
        workspace = empty_workspace(num_keys, *heads, dtype)
        q = ops.place_heads(qkvg, *weights, rotation, tables.slots, workspace, EPS)
        ops.copy_context(segments, 1, workspace)
        results.append((q, workspace.keys, workspace.values))
    for ours, definition in zip(*results, strict=True):
        assert definition.isfinite().all()
        assert_same(ours, definition)


@kinds
def test_gated(fused, dtype, heads):
    dim = heads[0] * heads[1]
    attended, wide = draw(9, dim, dtype=dtype), draw(9, 4 * dim, dtype=dtype, seed=1)
    gate = wide.chunk(4, dim=-1)[3]
    assert_same(fused.gated(attended, gate), plain.gated(attended, gate))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("hidden", [96, 1100])
def test_silu_mul(fused, dtype, hidden):
    w13 = draw(5, 2 * hidden, dtype=dtype)
    assert_same(fused.silu_mul(w13), plain.silu_mul(w13))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_take_step(fused, dtype):
    lanes = [PlacedLane(Lane(frames, ()), 0, 0.5) for frames in (3, 3, 3, 2, 2)]
    updates = [
        Update(0, 1, 2, (3.0, 8.0, 1.0, 0.0, -0.1)),
        Update(3, 3, 4, (0.0, 5.0, 0.9, 0.2, -0.2)),
    ]
    tables, _ = fill_tables(lanes, [0] * 5, updates)
    x, v = draw(13, 80), draw(13, 80, dtype=dtype, seed=1)
    ours, definition = (ops.take_step(x, v, tables) for ops in (fused, plain))
    assert_same(ours, definition)
    cond, no_text, no_speaker, own, other = v.float().split([3, 3, 3, 2, 2])
    guided = guide(cond, no_text, no_speaker, make_plan(SamplerParameters(), (3,)))
    assert torch.equal(definition[:3], x[:3] + guided * -0.1)
    last = own + 5.0 * (own - other)
    assert torch.equal(definition[9:11], x[9:11] + (0.9 * last + 0.2 * x[9:11]) * -0.2)
    assert torch.equal(definition[3:9], x[3:9])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize(("left", "length"), [(0, 3), (6, 1500), (54, 1024)])
def test_snake_pad(fused, dtype, left, length):
    x, alpha = draw(2, 3, length, dtype=dtype), 1 + 0.2 * draw(1, 3, 1, dtype=dtype)
    ours, definition = (ops.snake_pad(x, alpha, left) for ops in (fused, plain))
    assert ours.shape == definition.shape
    if dtype == torch.float32:  # a codec computes in it
        assert_same(ours, definition)
    assert relative_error(ours, definition) < 2e-3


def test_control_a_kernel_with_another_epsilon_fails(fused):
    x, rows = 0.01 * draw(9, 64), torch.zeros(9, dtype=torch.int32)
    modulation, _ = _modulation(torch.float32, 64)
    wrong = fused.norm_modulate(x, modulation, rows, 2 * EPS)
    with pytest.raises(AssertionError):
        assert_same(wrong, plain.norm_modulate(x, modulation, rows, EPS))
