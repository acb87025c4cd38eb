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

    frames = 32
    """The longest that it has memory for."""

    def __init__(self):
        self.num_reserved = self.num_captured = self.num_replayed = 0

    def free_bytes(self):
        return 10 * self.frames * GRAPH_FRAME_BYTES

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
def _codec(way):
    """Return a codec with a few fixed lengths, and what it captured.

    In float64: a convolution of another length may be summed in another order.
    """
    fixed, capture = codec_pair(dtype=torch.float64)[2], Recorded()
    with torch.inference_mode():
        if way == "fused":
            fixed.use_ops(plain, torch.float64)
        fixed.prepare_lengths(64, capture)
    return fixed, capture


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch):
    """Tiles of a CPU that are smaller than the longest pieces."""
    monkeypatch.setattr("engine.echo.codecs.dac.codec._CPU_TILE_FRAMES", 40)


ways = pytest.mark.parametrize("way", ["network", "fused"])


def _latents(num_frames):
    return torch.randn(
        (num_frames, 80), generator=torch.Generator().manual_seed(num_frames)
    ).double()


@cache
def _exact():
    return codec_pair(dtype=torch.float64)[2]


@cache
def _expected(num_frames):
    """Return the audio of `_latents` by a codec as it is."""
    with torch.inference_mode():
        return _exact().decode(_latents(num_frames))


@ways
@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 64), min_size=1, max_size=2))
def test_rounded_length_is_cropped_to_the_same_audio(way, lengths):
    fixed, _ = _codec(way)
    with torch.inference_mode():
        audio = [fixed.decode(_latents(length)) for length in lengths]
        for ours, length in zip(audio, lengths, strict=True):
            assert ours.shape == _expected(length).shape
            assert relative_error(ours, _expected(length)) < 1e-12


@ways
@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=3))
def test_rounded_pieces_join_to_the_same_audio(way, lengths):
    fixed, _ = _codec(way)
    with torch.inference_mode():
        latents = _latents(sum(lengths))
        stream = fixed.new_stream()
        pieces = [fixed.decode_next(piece, stream) for piece in latents.split(lengths)]
        assert [len(piece) // FRAME_SAMPLES for piece in pieces] == lengths
        assert relative_error(torch.cat(pieces), _expected(sum(lengths))) < 1e-12


@ways
def test_streams_that_take_turns_sound_as_they_do_alone(way):
    fixed, _ = _codec(way)
    with torch.inference_mode():
        latents = [_latents(60), _latents(50)]
        streams, pieces = [fixed.new_stream() for _ in latents], [[] for _ in latents]
        for span in (slice(0, 30), slice(30, None)):
            for each, stream, own in zip(latents, streams, pieces, strict=True):
                own.append(fixed.decode_next(each[span], stream))
        for own, length in zip(pieces, (60, 50), strict=True):
            assert relative_error(torch.cat(own), _expected(length)) < 1e-12


@ways
def test_piece_that_is_no_number_leaves_nothing_behind(way):
    fixed, _ = _codec(way)
    with torch.inference_mode():
        fixed.decode(_latents(30) * torch.nan)
        ours = fixed.decode(_latents(20))
    assert relative_error(ours, _expected(20)) < 1e-12


@ways
def test_lengths_that_memory_allows_are_captured(way):
    fixed, capture = _codec(way)
    assert (capture.num_reserved, capture.num_captured) == (1, 2)
    assert fixed._waveforms.captured == [32]  # of 64
    for num_frames in (17, 32):
        before = capture.num_replayed
        with torch.inference_mode():
            fixed.decode(_latents(num_frames))
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
@given(st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_no_call_computes_more_than_a_tile(way, lengths):
    codec, _ = _codec(way)
    seen, decoder = [], codec._waveforms.decoder
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.echo.codecs.dac.codec._CPU_TILE_FRAMES", 64 - CONTEXT_FRAMES)
        patch.setattr(codec._waveforms, "_graphs", {})
        patch.setattr(codec._waveforms, "decoder", lambda z: seen.append(z.shape[2]) or decoder(z))
        stream = codec.new_stream()
        for piece in _latents(sum(lengths)).split(lengths):
            codec.decode_next(piece, stream)
    assert max(seen) <= 64
    assert all(length % STEP_FRAMES == 0 for length in seen)


@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_length_for_which_no_graph_had_memory_is_decoded_without(room):
    class Full(Recorded):
        frames = 64

        def __call__(self, compute):
            if self.num_captured == room:
                raise torch.OutOfMemoryError
            return super().__call__(compute)

    fixed = codec_pair(dtype=torch.float64)[2]
    with torch.inference_mode():
        fixed.prepare_lengths(96, Full())
        assert len(fixed._waveforms.captured) == min(room, 2)
        ours = fixed.decode(_latents(50))
    assert relative_error(ours, _expected(50)) < 1e-12


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
