"""What kernels and tiles a card gets, by what it has."""

from types import SimpleNamespace

import pytest
import torch

from engine.echo.model.ops.kernels import attention, few_rows, tiles
from engine.echo.model.ops.kernels.launch import MAX_ROWS, launch_options

HOPPER, AMPERE, TURING = 90, 80, 75


class OnCard(torch.Tensor):
    """A tensor that says that it is on a GPU."""

    device = torch.device("cuda", 0)


def _on_card(*shape, dtype=torch.bfloat16):
    return torch.empty(shape, dtype=dtype).as_subclass(OnCard)


@pytest.fixture
def card(monkeypatch):
    """Return a function that makes the card one of that capability."""

    def make(capability, processors=132):
        properties = SimpleNamespace(
            major=capability // 10,
            minor=capability % 10,
            shared_memory_per_block_optin=227 * 1024,
            multi_processor_count=processors,
        )
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
        tiles.limits_of.cache_clear()

    yield make
    tiles.limits_of.cache_clear()


def test_kernels_of_few_rows_start_early_from_hopper_on(card):
    early, late = {"CHAINED": True, "launch_pdl": True}, {"CHAINED": False}
    card(HOPPER)
    assert launch_options(_on_card(MAX_ROWS, 1)) == early
    assert launch_options(_on_card(MAX_ROWS + 1, 1)) == late
    assert launch_options(torch.empty(1, 1)) == late
    card(AMPERE)
    assert launch_options(_on_card(1, 1)) == late


def test_products_of_few_rows_are_ours_where_they_were_measured(card):
    card(HOPPER)
    assert few_rows.suits(_on_card(MAX_ROWS, 1))
    assert not few_rows.suits(_on_card(MAX_ROWS + 1, 1))
    assert not few_rows.suits(_on_card(1, 1, dtype=torch.float32))
    card(AMPERE)
    assert not few_rows.suits(_on_card(1, 1))


@pytest.mark.parametrize(
    ("processors", "num_columns", "num_in", "parts"),
    [(132, 32, 2048, 4), (132, 128, 2048, 1), (132, 184, 2048, 1), (132, 1, 190, 2)],
)
def test_a_sum_has_parts_for_every_processor(card, processors, num_columns, num_in, parts):
    card(HOPPER, processors)
    assert few_rows._num_parts(num_columns, num_in, OnCard.device) == parts


def test_programs_divide_the_keys_of_few_rows_unless_some_see_none(card):
    card(HOPPER)
    few, many = _on_card(MAX_ROWS, 64), _on_card(MAX_ROWS + 1, 64)
    assert attention._divide(few, causal=False).splits > 1
    assert attention._divide(few, causal=True).splits == 1
    assert attention._divide(many, causal=False).splits == 1
    assert attention._divide(_on_card(1, 64, dtype=torch.float32), causal=False).splits == 1


@pytest.mark.parametrize(
    ("capability", "precision"), [(HOPPER, "tf32x3"), (AMPERE, "tf32x3"), (TURING, "ieee")]
)
def test_float32_is_never_rounded_to_tf32_alone(card, capability, precision):
    card(capability)
    assert tiles.precision_for(_on_card(64, 7, 64, dtype=torch.float32)) == precision
    assert tiles.precision_for(torch.empty(64, 7, 64)) == "ieee"


def test_tile_is_one_for_the_size_of_the_operands(card):
    card(HOPPER)
    shape = 192, 7, 192
    half, single = (
        tiles.tile_for(_on_card(*shape, dtype=kind)) for kind in (torch.half, torch.float)
    )
    assert half == tiles.best_tile(*shape, 2)
    assert single == tiles.best_tile(*shape, 4)
    assert half != single
