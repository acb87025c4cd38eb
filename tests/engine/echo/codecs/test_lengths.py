from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.codecs.dac.codec import CONTEXT_FRAMES
from engine.echo.codecs.dac.lengths import MAX_GRAPH_FRAMES, STEP_FRAMES
from engine.echo.config import MAX_FRAMES
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.reference import codec_pair, relative_error


class Recorded:
    """Repeats a computation as a graph does: over the same memory, into the same memory."""

    def __init__(self):
        self.num_reserved = self.num_captured = self.num_replayed = 0

    def reserve(self, compute):
        compute()
        self.num_reserved += 1

    def __call__(self, compute):
        result = compute().clone()
        self.num_captured += 1

        def replay():
            self.num_replayed += 1
            return result.copy_(compute())

        return replay


@cache
def _codecs():
    """Return a codec as it is, and one with a few fixed lengths and what it captured.

    In float64: a convolution of another length may be summed in another order.
    """
    exact, fixed = (codec_pair(dtype=torch.float64)[2] for _ in range(2))
    capture = Recorded()
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        fixed.tile_frames = 96
        patch.setattr("engine.echo.codecs.dac.lengths.MAX_GRAPH_FRAMES", 64)
        fixed.prepare_lengths(capture)
    return exact, fixed, capture


def _latents(num_frames):
    return torch.randn(
        (num_frames, 80), generator=torch.Generator().manual_seed(num_frames)
    ).double()


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 96), min_size=1, max_size=2))
def test_rounded_length_is_cropped_to_the_same_audio(lengths):
    exact, fixed, _ = _codecs()
    with torch.inference_mode():
        latents = [_latents(length) for length in lengths]
        for ours, expected in zip(fixed.decode(latents), exact.decode(latents), strict=True):
            assert ours.shape == expected.shape
            assert relative_error(ours, expected) < 1e-12


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 64), min_size=2, max_size=3))
def test_rounded_pieces_join_to_the_same_audio(lengths):
    exact, fixed, _ = _codecs()
    with torch.inference_mode():
        latents = _latents(sum(lengths))
        stream = fixed.new_stream()
        pieces = [fixed.decode_next(piece, stream) for piece in latents.split(lengths)]
        assert [len(piece) // FRAME_SAMPLES for piece in pieces] == lengths
        assert relative_error(torch.cat(pieces), exact.decode([latents])[0]) < 1e-12


def test_short_lengths_are_captured_with_and_without_context():
    _, fixed, capture = _codecs()
    assert (capture.num_reserved, capture.num_captured) == (1, 4)
    before = capture.num_replayed
    with torch.inference_mode():
        fixed.decode([_latents(33)])
    assert capture.num_replayed == before + 1


def test_every_length_of_a_pass_is_prepared():
    lengths = []
    _, _, codec = codec_pair()
    codec._waveforms.decoder = lambda z: lengths.append(z.shape[2])
    codec.prepare_lengths(None)
    expected = range(STEP_FRAMES, MAX_FRAMES + 1, STEP_FRAMES)
    assert sorted(lengths) == sorted([*expected, *(n + CONTEXT_FRAMES for n in expected)])
    assert MAX_GRAPH_FRAMES in expected
