from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.config import PATCH_FRAMES
from engine.echo.forward.contexts import PackedContext, latent_reader, text_reader
from engine.echo.forward.packed import PackedForward
from engine.echo.model.dit import EchoDiT
from engine.echo.model.layers import rotary_table
from engine.echo.model.ops import fits_kernels, ops_for, plain
from engine.echo.model.packing import Size
from engine.echo.sizes import MINI, TINY
from tests.engine.echo.model.lanes import draw
from tests.engine.echo.reference import dit_pair, relative_error

LENGTHS = (8, 24)


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _tokens(num_tokens):
    return torch.arange(num_tokens) * 7 % 256


def _latents(num_patches):
    return draw(num_patches * PATCH_FRAMES, 80, seed=num_patches)


READERS = pytest.mark.parametrize(
    ("reader", "draw_input", "name"),
    [(text_reader, _tokens, "text_context"), (latent_reader, _latents, "latent_context")],
    ids=["text", "latents"],
)


@READERS
def test_context_equals_the_definition_to_the_bit(reader, draw_input, name):
    _, dit = dit_pair()
    given_input = draw_input(7)
    packed = PackedContext(dit, plain, reader(dit))
    assert torch.equal(packed(given_input), getattr(dit, name)(given_input))


@READERS
@settings(deadline=None, max_examples=15)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3))
def test_context_in_a_bucket_sees_nothing_else_there(reader, draw_input, name, lengths):
    # In float64, as a product with another number of rows may be summed in another order.
    _, dit = dit_pair(dtype=torch.float64)
    packed = PackedContext(dit, plain, reader(dit), LENGTHS)
    for length in lengths:
        given_input = draw_input(length)
        expected = getattr(dit, name)(given_input)
        assert relative_error(packed(given_input), expected) < 1e-13


@READERS
@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 2e-6), (torch.float16, 5e-3)])
def test_context_by_fused_kernels_equals_the_definition(reader, draw_input, name, dtype, limit):
    _, dit = dit_pair(0, dtype, replace(TINY.dit, speaker=TINY.dit.text))
    given_input = draw_input(5)
    packed = PackedContext(dit, ops_for(fused=True), reader(dit), LENGTHS)
    assert relative_error(packed(given_input), getattr(dit, name)(given_input)) < limit


@READERS
def test_context_outlives_the_next(reader, draw_input, name):
    _, dit = dit_pair()
    packed = PackedContext(dit, plain, reader(dit), LENGTHS)
    for bucket, compute in packed.captures():
        bucket.replay = compute
    first = packed(draw_input(8))
    expected = first.clone()
    packed(draw_input(3).flip(0))
    assert torch.equal(first, expected)


def test_contexts_are_captured_with_the_steps_into_memory_that_they_share():
    _, dit = dit_pair(config=replace(TINY.dit, speaker=TINY.dit.text))
    forward = PackedForward(dit, plain, [Size(24, 4)], text_lengths=LENGTHS, latent_lengths=LENGTHS)
    captured = []

    class Recorded:
        num_reserved = 0

        def reserve(self, largest):
            self.num_reserved = len(largest)

        def __call__(self, compute):
            captured.append(compute())
            return compute

    capture = Recorded()
    assert forward.capture(capture) == 5
    assert capture.num_reserved == 3
    assert [each.shape[2] for each in captured[1:]] == [8, 24, 8, 24]
    assert len({each.data_ptr() for each in captured[1:]}) == 2
    replayed = forward.text_context.buckets[1].replay()
    assert replayed.data_ptr() == captured[2].data_ptr()


@READERS
def test_context_takes_the_smallest_bucket_with_room_for_it(reader, draw_input, name):
    _, dit = dit_pair()
    packed, replayed = PackedContext(dit, plain, reader(dit), reversed(LENGTHS)), []
    for bucket in packed.buckets:
        length = len(bucket.tables.rows)
        result = torch.zeros((dit.config.num_layers, 2, length, 4, 16))
        bucket.replay = lambda length=length, result=result: replayed.append(length) or result
    assert [packed(draw_input(length)).shape[2] for length in (1, 8, 9, 24, 25)] == [
        1,
        8,
        9,
        24,
        25,
    ]
    assert replayed == [8, 8, 24, 24]


@READERS
def test_context_holds_the_rotary_tables_that_its_graphs_read(reader, draw_input, name):
    _, dit = dit_pair()
    rotations = []

    def turn_heads(qkvg, q_weight, k_weight, rotation, *rest):
        rotations.append(rotation)
        plain.turn_heads(qkvg, q_weight, k_weight, rotation, *rest)

    ops = SimpleNamespace(
        **{each: getattr(plain, each) for each in plain.__all__} | {"turn_heads": turn_heads}
    )
    packed = PackedContext(dit, ops, reader(dit), LENGTHS)
    packed(draw_input(3))
    rotary_table.cache_clear()
    packed(draw_input(3))
    assert len({rotation.data_ptr() for rotation in rotations}) == 1


def test_encoder_that_no_kernel_fits_reads_plainly():
    assert not fits_kernels(MINI.speaker.dim // MINI.speaker.num_heads)
    with torch.device("meta"):
        dit, unfit = EchoDiT(MINI), EchoDiT(replace(MINI, text=MINI.speaker))
    forward = PackedForward(dit, plain)
    assert isinstance(forward.text_context, PackedContext)
    assert forward.latent_context == dit.latent_context
    assert PackedForward(unfit, plain).text_context == unfit.text_context


def test_model_that_continues_nothing_reads_its_texts_in_buckets():
    with torch.device("meta"):
        dit = EchoDiT(replace(TINY.dit, speaker=TINY.dit.text), blockwise=False)
    assert isinstance(PackedForward(dit, plain).text_context, PackedContext)
