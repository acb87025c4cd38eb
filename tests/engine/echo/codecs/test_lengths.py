import weakref
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.codecs.dac.codec import CONTEXT_FRAMES
from engine.echo.codecs.dac.lengths import (
    GRAPH_FRAME_BYTES,
    STEP_FRAMES,
    Waveforms,
    graph_frames,
)
from engine.echo.config import MAX_FRAMES
from engine.echo.model.ops import plain
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.reference import codec_pair, relative_error

pytestmark = pytest.mark.slow


class Recorded:
    """Repeats a computation as a graph does: over the same memory, into the same memory."""

    def __init__(self):
        self.num_reserved = self.num_captured = self.num_replayed = 0

    def free_bytes(self):
        return 10 * 64 * GRAPH_FRAME_BYTES

    def reserve(self, largest):
        for compute in largest:
            compute()
        self.num_reserved += 1

    def __call__(self, compute):
        compute()
        self.num_captured += 1

        def replay():
            self.num_replayed += 1
            return compute()

        return replay


@cache
def _codecs(way):
    """Return a codec as it is, and one with a few fixed lengths and what it captured.

    In float64: a convolution of another length may be summed in another order.
    """
    exact, fixed = (codec_pair(dtype=torch.float64)[2] for _ in range(2))
    capture = Recorded()
    with torch.inference_mode():
        if way == "fused":
            fixed.use_ops(plain, torch.float64)
        fixed.prepare_lengths(96, capture)
    return exact, fixed, capture


ways = pytest.mark.parametrize("way", ["network", "fused"])


def _latents(num_frames):
    return torch.randn(
        (num_frames, 80), generator=torch.Generator().manual_seed(num_frames)
    ).double()


@ways
@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 96), min_size=1, max_size=2))
def test_rounded_length_is_cropped_to_the_same_audio(way, lengths):
    exact, fixed, _ = _codecs(way)
    with torch.inference_mode():
        latents = [_latents(length) for length in lengths]
        for ours, expected in zip(fixed.decode(latents), exact.decode(latents), strict=True):
            assert ours.shape == expected.shape
            assert relative_error(ours, expected) < 1e-12


@ways
@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 64), min_size=2, max_size=3))
def test_rounded_pieces_join_to_the_same_audio(way, lengths):
    exact, fixed, _ = _codecs(way)
    with torch.inference_mode():
        latents = _latents(sum(lengths))
        stream = fixed.new_stream()
        pieces = [fixed.decode_next(piece, stream) for piece in latents.split(lengths)]
        assert [len(piece) // FRAME_SAMPLES for piece in pieces] == lengths
        assert relative_error(torch.cat(pieces), exact.decode([latents])[0]) < 1e-12


@ways
def test_streams_that_take_turns_sound_as_they_do_alone(way):
    exact, fixed, _ = _codecs(way)
    with torch.inference_mode():
        latents = [_latents(60), _latents(50)]
        streams, pieces = [fixed.new_stream() for _ in latents], [[] for _ in latents]
        for span in (slice(0, 30), slice(30, None)):
            for each, stream, own in zip(latents, streams, pieces, strict=True):
                own.append(fixed.decode_next(each[span], stream))
        for own, expected in zip(pieces, exact.decode(latents), strict=True):
            assert relative_error(torch.cat(own), expected) < 1e-12


@ways
def test_piece_that_is_no_number_leaves_nothing_behind(way):
    exact, fixed, _ = _codecs(way)
    with torch.inference_mode():
        fixed.decode([_latents(30) * torch.nan])
        [ours], [expected] = (codec.decode([_latents(20)]) for codec in (fixed, exact))
    assert relative_error(ours, expected) < 1e-12


@ways
def test_lengths_that_memory_allows_are_captured(way):
    _, fixed, capture = _codecs(way)
    assert (capture.num_reserved, capture.num_captured) == (1, 4)
    assert fixed._waveforms.captured == [32, 64]  # of 96
    for num_frames in (33, 64):
        before = capture.num_replayed
        with torch.inference_mode():
            fixed.decode([_latents(num_frames)])
        assert capture.num_replayed == before + 2  # the post-module, and the convolutions


@pytest.mark.parametrize(
    ("free_gib", "frames"), [(0, 0), (0.5, 0), (4, 224), (15, 864), (60, 3488), (130, 7584)]
)
def test_graphs_take_a_tenth_of_the_memory_that_is_free(free_gib, frames):
    assert graph_frames(int(free_gib * 2**30)) == frames


@pytest.mark.parametrize("tile_frames", [64, 640])
def test_every_length_of_a_pass_is_prepared(tile_frames):
    lengths = []
    waveforms = Waveforms(lambda z: lengths.append(z.shape[2]))
    waveforms.prepare(torch.zeros(1, 2, 1), tile_frames, None)
    assert lengths == list(range(STEP_FRAMES, tile_frames + 1, STEP_FRAMES))


def test_device_with_room_for_all_captures_every_length():
    class Roomy(Recorded):
        def free_bytes(self):
            return 2**40

    capture, waveforms = Roomy(), Waveforms(lambda z: z.new_ones(1, z.shape[2] * FRAME_SAMPLES))
    waveforms.prepare(torch.zeros(1, 2, 1), MAX_FRAMES, capture)
    assert capture.num_captured == MAX_FRAMES // STEP_FRAMES


@ways
@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(1, 80), min_size=1, max_size=3))
def test_no_call_computes_more_than_a_tile(way, lengths):
    _, codec = _codecs(way)[:2]
    seen, decoder = [], codec._waveforms.decoder
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.echo.codecs.dac.codec._CPU_TILE_FRAMES", 96 - CONTEXT_FRAMES)
        patch.setattr(codec._waveforms, "_graphs", {})
        patch.setattr(codec._waveforms, "decoder", lambda z: seen.append(z.shape[2]) or decoder(z))
        stream = codec.new_stream()
        for piece in _latents(sum(lengths)).split(lengths):
            codec.decode_next(piece, stream)
    assert max(seen) <= 96
    assert all(length % STEP_FRAMES == 0 for length in seen)


@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_length_for_which_no_graph_had_memory_is_decoded_without(room):
    class Full(Recorded):
        def __call__(self, compute):
            if self.num_captured == room:
                raise torch.OutOfMemoryError
            return super().__call__(compute)

    exact, fixed = (codec_pair(dtype=torch.float64)[2] for _ in range(2))
    latents = _latents(50)
    with torch.inference_mode():
        fixed.prepare_lengths(96, Full())
        assert len(fixed._waveforms.captured) == min(room, 2)
        [ours], [expected] = fixed.decode([latents]), exact.decode([latents])
        assert relative_error(ours, expected) < 1e-12


def test_memory_of_a_preparation_that_failed_is_given_back(monkeypatch):
    held = []

    def decode(z):
        tensor = z.new_zeros(8)
        held.append(weakref.ref(tensor))
        if len(held) == 2:
            raise torch.OutOfMemoryError
        return tensor

    given_back = []
    monkeypatch.setattr(
        torch.cuda, "empty_cache", lambda: given_back.append([each() for each in held])
    )
    codec = codec_pair()[2]
    codec._waveforms.decoder = decode
    codec.prepare_lengths(96, None)
    assert given_back == [[None, None]]
