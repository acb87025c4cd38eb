"""The convolution of the codec: its kernel against its definition, and its tiles."""

from dataclasses import replace

import pytest
import torch

from engine.echo.model.ops import ops_for, plain
from engine.echo.model.ops.convolution import LARGEST, Activation, ConvLayer, Stream
from engine.echo.model.ops.kernels import tiles
from tests.engine.echo.model.lanes import draw
from tests.engine.echo.reference import relative_error

interpreted = pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")
LIMITS = {torch.float32: 2e-6, torch.float16: 1e-3}
dtypes = pytest.mark.parametrize("dtype", LIMITS, ids=str)
TILES = [tiles.Tile(16, 16, 0, 16, 4, 1), tiles.Tile(32, 32, 16, 32, 4, 1)]


@pytest.fixture(params=TILES, ids=["one width", "two widths"])
def fused(request, monkeypatch):
    monkeypatch.setattr(
        "engine.echo.model.ops.kernels.convolution.tile_for", lambda weight: request.param
    )
    return ops_for(fused=True)


def _layer(num_out, num_taps, num_in, dtype=torch.float32, *, times=1, end=None, **options):
    weight = draw(num_out, num_taps, num_in, seed=1) / (num_taps * num_in) ** 0.5
    bias, alpha = 0.2 * draw(num_out, seed=2), 1 + 0.2 * draw(num_out, seed=3)
    if end is not None:
        alpha, options["activation"] = None, end
    return ConvLayer(weight.to(dtype), bias, alpha, num_out // times, **options)


def _both(fused, a, layer, stream=None):
    """Return the streams and the outputs of the kernel and of the definition."""
    ours, definition = (
        ops.causal_conv(a, layer, None if stream is None else stream.clone())
        for ops in (fused, plain)
    )
    return tuple(zip(ours, definition, strict=True))


@interpreted
@dtypes
@pytest.mark.parametrize("num_rows", [5, 41])
@pytest.mark.parametrize(("num_taps", "dilation"), [(1, 1), (7, 1), (7, 9)])
def test_kernel_equals_its_definition(fused, dtype, num_rows, num_taps, dilation):
    layer = _layer(24, num_taps, 40, dtype, dilation=dilation)
    streams, outputs = _both(fused, draw(num_rows, 40, dtype=dtype), layer)
    assert streams == (None, None)
    assert outputs[0].dtype == outputs[1].dtype == dtype
    assert relative_error(*outputs) < LIMITS[dtype]


@interpreted
@dtypes
@pytest.mark.parametrize("kind", [Stream.START, Stream.ADD, Stream.END])
def test_kernel_keeps_the_residual_stream(fused, dtype, kind):
    layer = _layer(48, 1, 48, dtype, stream=kind)
    stream = None if kind is Stream.START else draw(41, 48, seed=4)
    streams, outputs = _both(fused, draw(41, 48, dtype=dtype), layer, stream)
    assert relative_error(*outputs) < LIMITS[dtype]
    if kind is Stream.END:
        assert streams == (None, None)
    else:
        assert streams[0].dtype == streams[1].dtype == torch.float32
        assert relative_error(*streams) < 2e-6  # what came in was rounded, and nothing since


@interpreted
def test_kernel_computes_several_rows_side_by_side(fused):
    layer = _layer(4 * 12, 2, 24, times=4, stream=Stream.START)
    streams, outputs = _both(fused, draw(9, 24), layer)
    assert streams[0].shape == outputs[0].shape == (36, 12)
    assert relative_error(*streams) < 2e-6
    assert relative_error(*outputs) < 2e-6


@interpreted
@dtypes
@pytest.mark.parametrize("end", [Activation.TANH, Activation.NONE], ids=lambda end: end.name)
def test_kernel_ends_in_float32(fused, dtype, end):
    num_out = 1 if end is Activation.TANH else 24
    _, outputs = _both(fused, 3 * draw(41, 24, dtype=dtype), _layer(num_out, 7, 24, dtype, end=end))
    assert outputs[0].dtype == outputs[1].dtype == torch.float32
    assert relative_error(*outputs) < 2e-6


@interpreted
def test_kernel_clamps_what_float16_cannot_hold(fused):
    layer = _layer(16, 1, 16, torch.float16, stream=Stream.START)
    a = 6e4 * draw(20, 16, dtype=torch.float32).clamp(-1, 1).half()
    layer = replace(layer, weight=4 * layer.weight)
    streams, outputs = _both(fused, a, layer)
    assert outputs[0].isfinite().all()
    assert torch.equal(outputs[0].abs() == LARGEST, outputs[1].abs() == LARGEST)
    assert (outputs[0].abs() == LARGEST).any()
    assert streams[0].abs().max() > 2 * LARGEST


@interpreted
def test_kernel_does_not_hide_what_is_no_number(fused):
    a = draw(20, 16)
    a[7, 3] = torch.nan
    _, outputs = _both(fused, a, _layer(16, 3, 16))
    assert torch.equal(outputs[0].isnan(), outputs[1].isnan())
    assert outputs[0][7:10].isnan().all()


def test_rows_see_no_later_one():
    a, layer = draw(40, 8), _layer(8, 7, 8, dilation=3)
    _, whole = plain.causal_conv(a, layer, None)
    _, part = plain.causal_conv(a[:25], layer, None)
    assert relative_error(part, whole[:25]) < 1e-6


SHAPES = [(1536, 7, 1024), (6144, 2, 1536), (384, 7, 384), (96, 7, 96), (96, 1, 96), (1, 7, 96)]
"""Weights of the published decoder's layers; the encoder's have one tile."""


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("capability", "kib"), [(80, 163), (89, 99), (90, 227), (120, 99)])
@pytest.mark.parametrize("operand_bytes", [2, 4])
def test_tile_fits_the_shared_memory_of_the_device(shape, capability, kib, operand_bytes):
    best = tiles.best_tile(*shape, operand_bytes)
    tile = tiles.fit(best, operand_bytes, capability, kib * 1024)
    assert 1 <= tile.stages <= best.stages
    assert tile.shared_bytes(operand_bytes, capability) <= kib * 1024
    assert replace(tile, stages=best.stages) == best
