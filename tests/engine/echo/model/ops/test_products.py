"""Products with weights, of few rows and of many: kernels against their definition."""

import pytest
import torch

from engine.echo.model.ops import plain
from engine.echo.model.ops.kernels import few_rows, tiles
from engine.echo.model.ops.kernels.few_rows import multiply
from engine.echo.model.ops.kernels.launch import MAX_ROWS
from engine.echo.model.ops.kernels.products import linear_in_parts
from tests.engine.echo.model.lanes import draw
from tests.engine.echo.reference import relative_error

interpreted = pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")
LIMITS = {torch.float32: 1e-6, torch.float16: 6e-4}
dtypes = pytest.mark.parametrize("dtype", LIMITS, ids=str)


def _draw(num_rows, num_in, num_out, dtype=torch.float32):
    return draw(num_rows, num_in, dtype=dtype), draw(num_out, num_in, dtype=dtype) / num_in**0.5


@interpreted
@dtypes
@pytest.mark.parametrize("num_rows", [1, 65, MAX_ROWS, MAX_ROWS + 1])
@pytest.mark.parametrize(("num_in", "num_out"), [(128, 130), (70, 64)])
def test_linear(fused, dtype, num_rows, num_in, num_out):
    given = _draw(num_rows, num_in, num_out, dtype)
    ours, definition = fused.linear(*given), plain.linear(*given)
    assert ours.dtype == dtype
    assert ours.shape == definition.shape
    assert relative_error(ours, definition) < LIMITS[dtype]


@interpreted
@dtypes
@pytest.mark.parametrize("num_rows", [9, MAX_ROWS + 1])
@pytest.mark.parametrize(("num_in", "num_hidden"), [(64, 96), (70, 1100)])
def test_silu_linear(fused, dtype, num_rows, num_in, num_hidden):
    given = _draw(num_rows, num_in, 2 * num_hidden, dtype)
    ours, definition = fused.silu_linear(*given), plain.silu_linear(*given)
    assert ours.dtype == dtype
    assert ours.shape == definition.shape
    assert relative_error(ours, definition) < LIMITS[dtype]


@interpreted
@dtypes
@pytest.mark.parametrize(("num_in", "num_parts"), [(430, 4), (190, 2)])
def test_parts_of_a_product_add_up_to_it(dtype, num_in, num_parts):
    x, weight = _draw(9, num_in, 64, dtype)
    parts = multiply(x, weight, splits=True)
    assert parts.shape == (num_parts, 9, 64)
    assert parts.dtype == torch.float32
    definition = x.double() @ weight.double().T
    assert relative_error(parts.sum(0), definition) < 1e-6
    assert all(part.any() for part in parts)


@interpreted
def test_product_of_many_rows_has_one_part():
    given = _draw(MAX_ROWS + 1, 190, 64)
    [part] = linear_in_parts(*given)
    assert torch.equal(part, plain.linear(*given))


@pytest.mark.parametrize("num_rows", [64, MAX_ROWS])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(("capability", "kib"), [(80, 163), (89, 99), (90, 227), (120, 99)])
def test_tile_fits_the_shared_memory_of_the_device(num_rows, gated, capability, kib):
    best = few_rows.best_tile(num_rows, gated)
    tile = tiles.fit(best, 2, capability, kib * 1024)
    assert tile.shared_bytes(2, capability) <= kib * 1024
    assert tile.rows >= num_rows
    assert tile.stages > 1
