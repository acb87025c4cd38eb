"""The decoder as a chain of layers, against the network it is made of."""

import pytest
import torch

from engine.echo.codecs.dac.codec import CONTEXT_FRAMES
from engine.echo.codecs.dac.fused import FusedDecoder
from engine.echo.model.ops import ops_for, plain
from engine.echo.sizes import TINY
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.reference import SEEDS, codec_pair, precision, relative_error


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _pair(seed, dtype):
    """Return the network's decoder and the fused one."""
    network = codec_pair(seed, dtype)[2].autoencoder.decoder["model"]
    return network, FusedDecoder(network, plain, dtype)


def _input(num_rows, dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((1, TINY.codec.latent_dim, num_rows), generator=generator).to(dtype)


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 5e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("num_rows", [1, 32])
@pytest.mark.parametrize("seed", SEEDS)
def test_fused_decoder_equals_the_network(seed, num_rows, dtype, limit):
    with precision(dtype):
        network, fused = _pair(seed, dtype)
        z = _input(num_rows, dtype, seed)
        assert relative_error(fused(z), network(z)[:, 0]) < limit


def test_fused_decoder_in_float16_stays_near_the_network():
    network, _ = _pair(0, torch.float32)
    fused = FusedDecoder(network, plain)
    z = _input(32, torch.float32)
    ours, definition = fused(z), network(z)[:, 0]
    assert ours.dtype == torch.float32
    assert 1e-6 < relative_error(ours, definition) < 5e-3


def test_input_beyond_float16_is_clamped():
    network, _ = _pair(0, torch.float32)
    fused = FusedDecoder(network, plain)
    z = _input(8, torch.float32)
    z[:, :2] = 1e6
    assert fused(z).isfinite().all()


def test_codec_decodes_its_stream_in_the_fused_way():
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        latents = torch.randn((40, 80), generator=torch.Generator().manual_seed(0)).double()
        expected = codec.decode_whole(latents)
        codec.use_ops(plain, torch.float64)
        assert relative_error(codec.decode(latents), expected) < 1e-10
        stream = codec.new_stream()
        pieces = [codec.decode_next(piece, stream) for piece in latents.split((1, 25, 14))]
        assert relative_error(torch.cat(pieces), expected) < 1e-10
        codec.use_ops(None)
        assert torch.equal(codec.decode(latents), expected)


def test_fused_decoder_sees_no_further_back_than_its_context():
    with precision(torch.float64):
        _, fused = _pair(0, torch.float64)
        rows = FRAME_SAMPLES // 512  # of the decoder's input, for a frame
        z = _input(20 * rows, torch.float64)
        whole = fused(z)[:, 12 * FRAME_SAMPLES :]
        tail = fused(z[:, :, (12 - CONTEXT_FRAMES) * rows :])[:, CONTEXT_FRAMES * FRAME_SAMPLES :]
        assert relative_error(tail, whole) < 1e-12


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-5), (torch.float16, 5e-3)])
def test_decode_by_the_kernels_equals_the_plain_one(dtype, limit):
    _, _, codec = codec_pair()
    latents = torch.randn((3, 80), generator=torch.Generator().manual_seed(0))
    expected = codec.decode_whole(latents)
    codec.use_ops(ops_for(fused=True), dtype)
    assert relative_error(codec.decode(latents), expected) < limit
