"""The encoder's convolutions as a chain of layers, against the network they are made of."""

from types import SimpleNamespace

import pytest
import torch

from engine.echo.codecs.dac.fused import FusedEncoder
from engine.echo.codecs.dac.network import EncoderConvolutions
from engine.echo.model.ops import ops_for, plain
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.reference import SEEDS, codec_pair, precision, relative_error


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _audio(num_frames, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return 0.3 * torch.randn(num_frames * FRAME_SAMPLES, generator=generator).to(dtype)


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 5e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("num_frames", [1, 12])
@pytest.mark.parametrize("seed", SEEDS)
def test_fused_encoder_equals_the_network(seed, num_frames, dtype, limit):
    with precision(dtype):
        network = codec_pair(seed, dtype)[2].autoencoder.encoder["block"]
        fused, definition = FusedEncoder(network, plain, dtype), EncoderConvolutions(network)
        audio = _audio(num_frames, dtype)[None]
        expected = definition.before(audio)
        assert relative_error(fused.before(audio), expected) < limit
        assert relative_error(fused.after(expected), definition.after(expected)) < limit


@pytest.mark.parametrize("tile_frames", [640, 8])
def test_codec_encodes_in_the_fused_way(tile_frames):
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        audio = _audio(20, torch.float64)
        expected, latents = codec.unquantized(audio), codec.encode(audio)
        codec.use_ops(plain)
        codec.tile_frames = tile_frames
        assert 0 < relative_error(codec.unquantized(audio), expected) < 1e-12
        assert torch.equal(codec.encode(audio), latents)
        codec.use_ops(None)
        codec.tile_frames = 640
        assert torch.equal(codec.unquantized(audio), expected)


def test_codec_encodes_tile_by_tile_in_full_float32():
    _, _, codec = codec_pair()
    samples, precisions = [], set()

    def causal_conv(a, layer, stream):
        if len(layer.weight) == 16 * layer.num_channels:  # the first layer, which sees audio
            samples.append(a.numel())
        precisions.add(torch.backends.cudnn.conv.fp32_precision)
        return plain.causal_conv(a, layer, stream)

    codec.use_ops(SimpleNamespace(causal_conv=causal_conv))
    codec.tile_frames = 8
    codec.encode(_audio(20))
    assert samples == [8 * FRAME_SAMPLES, 12 * FRAME_SAMPLES, 8 * FRAME_SAMPLES]
    assert precisions == {"ieee"}


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")
def test_encoding_by_the_kernels_equals_the_plain_one():
    _, _, codec = codec_pair()
    audio = _audio(1)
    expected = codec.unquantized(audio)
    codec.use_ops(ops_for(fused=True))
    assert relative_error(codec.unquantized(audio), expected) < 1e-5
