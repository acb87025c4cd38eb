import pytest
import torch

from engine.echo.checkpoints.weights import published, weight_normed
from engine.echo.codecs.dac.codec import CONTEXT_FRAMES, S1DAC
from engine.echo.config import DACConfig
from engine.echo.sizes import TINY
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.reference import (
    SEEDS,
    build_autoencoder,
    codec_pair,
    inference,
    precision,
    relative_error,
)


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _audio(num_samples, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_samples, generator=generator) * 0.3


def _codes(codec, audio):
    return codec.autoencoder.quantizer.encode(codec.unquantized(audio))


def _latents(num_frames, seed=0):
    return torch.randn((num_frames, 80), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 5e-6), (torch.float64, 1e-10)])
@pytest.mark.parametrize("seed", SEEDS)
def test_encode_equals_reference(seed, dtype, limit):
    with precision(dtype):
        theirs, pca, codec = codec_pair(seed, dtype)
        audio = _audio(16 * FRAME_SAMPLES, seed).to(dtype)
        codes, _ = theirs.encode(audio[None, None])
        assert torch.equal(_codes(codec, audio), codes)
        latents = inference.ae_encode(theirs, pca, audio[None, None])
        assert relative_error(codec.encode(audio), latents[0]) < limit


def test_rotary_table_has_the_references_bits():
    theirs, _, codec = codec_pair()
    ours = codec.autoencoder.quantizer.pre_module
    assert torch.equal(ours.freqs_cis, theirs.quantizer.pre_module.freqs_cis.float())
    ours.reset_table()
    assert torch.equal(ours.freqs_cis, theirs.quantizer.pre_module.freqs_cis.float())


@pytest.mark.slow
def test_encode_keeps_chunks_apart_and_drops_what_fills_no_patch():
    theirs, pca, codec = codec_pair()
    audio = _audio(647 * FRAME_SAMPLES + 77)
    latents, _ = inference.get_speaker_latent_and_mask(theirs, pca, audio[None])
    assert latents.shape[1] == 644
    assert relative_error(codec.encode(audio), latents[0]) < 5e-6


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 5e-6), (torch.float64, 1e-10)])
@pytest.mark.parametrize("seed", SEEDS)
def test_decode_equals_reference(seed, dtype, limit):
    with precision(dtype):
        theirs, pca, codec = codec_pair(seed, dtype)
        for num_frames in (60, 7, 33):
            latents = _latents(num_frames, seed).to(dtype)
            expected = inference.ae_decode(theirs, pca, latents[None])[0, 0]
            assert relative_error(codec.decode(latents), expected) < limit


@pytest.mark.slow
def test_decode_in_pieces_equals_reference():
    theirs, pca, codec = codec_pair()
    latents = _latents(150)
    expected = inference.ae_decode(theirs, pca, latents[None])[0, 0]
    assert relative_error(codec.decode(latents), expected) < 5e-6


@pytest.mark.parametrize("pieces", [(1, 1, 1, 30), (32, 96, 40), (13, 140)])
def test_decode_next_joins_to_what_decode_gives(pieces):
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        latents = _latents(sum(pieces)).double()
        stream = codec.new_stream()
        joined = torch.cat([codec.decode_next(y, stream) for y in latents.split(pieces)])
        assert relative_error(joined, codec.decode(latents)) < 1e-10


def test_stream_keeps_what_later_frames_see_and_no_more():
    _, _, codec = codec_pair()
    stream = codec.new_stream()
    for piece in _latents(150).split((60, 90)):
        codec.decode_next(piece, stream)
        for kept in (*stream.history.keys_values, stream.tail):
            assert kept.untyped_storage().nbytes() == kept.nbytes
    assert stream.history.keys_values[0].shape[3] == TINY.codec.quantizer.window - 1


def test_decode_next_control_without_history_fails():
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        latents = _latents(64).double()
        stream = codec.new_stream()
        first = codec.decode_next(latents[:32], stream)
        stream.history = None
        joined = torch.cat([first, codec.decode_next(latents[32:], stream)])
        assert relative_error(joined, codec.decode(latents)) > 1e-6


def test_decoder_sees_no_further_back_than_its_context():
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        z = torch.randn((1, TINY.codec.latent_dim, 40), dtype=torch.float64)
        whole = codec.autoencoder.waveform(z)[:, 20 * FRAME_SAMPLES :]

        def restarted(context):
            tail = codec.autoencoder.waveform(z[:, :, 20 - context :])
            return tail[:, context * FRAME_SAMPLES :]

        assert relative_error(restarted(CONTEXT_FRAMES), whole) < 1e-12
        assert relative_error(restarted(CONTEXT_FRAMES - 4), whole) > 1e-12


def test_full_size_is_the_published_one():
    with torch.device("meta"):
        codec = S1DAC(DACConfig(), 80).autoencoder
        theirs = build_autoencoder(DACConfig(), 0)
    expected = {name: parameter.shape for name, parameter in theirs.named_parameters()}
    normed = set(weight_normed(codec))
    ours = {}
    for name, view in published(codec).items():
        if name in normed:
            stem = name.removesuffix("weight") + "parametrizations.weight.original"
            ours[stem + "0"] = torch.Size([view.shape[0], 1, 1])
            ours[stem + "1"] = view.shape
        else:
            ours[name] = view.shape
    assert ours == expected
    assert sum(shape.numel() for shape in ours.values()) == 391_430_530


@pytest.mark.slow
@pytest.mark.parametrize("tile_frames", [4, 5, 8])
def test_encode_in_tiles_gives_the_same_codes(tile_frames):
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        audio = _audio(16 * FRAME_SAMPLES).double()
        whole = _codes(codec, audio)
        codec.tile_frames = tile_frames
        assert torch.equal(_codes(codec, audio), whole)


@pytest.mark.slow
def test_encoder_sees_no_further_back_than_its_context(monkeypatch):
    seen = []
    with precision(torch.float64):
        _, _, codec = codec_pair(dtype=torch.float64)
        audio = _audio(16 * FRAME_SAMPLES).double()
        for context in (4, 3):
            monkeypatch.setattr("engine.echo.codecs.dac.network._ENCODER_CONTEXT_FRAMES", context)
            for codec.tile_frames in (16, 4):
                seen.append(codec.unquantized(audio))
    whole, in_tiles, _, with_less = seen
    assert relative_error(in_tiles, whole) < 1e-12
    assert relative_error(with_less, whole) > 1e-12
