"""The rules of kernels that start before the one ahead of them is done: see `kernels.launch`."""

from contextlib import contextmanager
from functools import partial

import pytest
import torch
from triton.runtime.errors import InterpreterError
from triton.runtime.interpreter import InterpreterBuilder

from engine.echo.model.ops import ops_for
from engine.echo.model.ops.kernels import attention, launch, products
from engine.echo.model.packing import Update
from tests.engine.echo.model.lanes import draw, fill_tables, place_lanes

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")

EPS, HEADS, DIM = 1e-5, 1, 32


@pytest.fixture(autouse=True)
def _chained(monkeypatch):
    for module in (launch, attention):
        monkeypatch.setattr(module, "is_chained", lambda _: True)


class Program:
    """What the interpreted program at work has done."""

    def __init__(self, known):
        spans = [each.untyped_storage() for each in known]
        self._known = [(each.data_ptr(), each.data_ptr() + each.nbytes()) for each in spans]
        self.calls, self.count = [], 0

    def begin(self):
        self.end()
        self.calls.clear()
        self.count += 1

    def end(self):
        assert not self.count or self.calls == ["gdc_launch_dependents", "gdc_wait"]

    def read(self, pointers, mask):
        if "gdc_wait" not in self.calls:
            for address in pointers.data[mask.data]:
                assert any(first <= address < stop for first, stop in self._known)

    def write(self):
        assert "gdc_wait" in self.calls, "a program writes nothing before it may"


@contextmanager
def watched(monkeypatch, *known):
    """Hold every program to the rules: before `wait` it reads only the memory of `known`."""
    program = Program(known)
    place, load, store = (
        getattr(InterpreterBuilder, name)
        for name in ("set_grid_idx", "create_masked_load", "create_masked_store")
    )

    def set_grid_idx(self, *index):
        program.begin()
        return place(self, *index)

    def create_masked_load(self, pointers, mask, *others):
        program.read(pointers, mask)
        return load(self, pointers, mask, *others)

    def create_masked_store(self, *given):
        program.write()
        return store(self, *given)

    with monkeypatch.context() as patch:
        for replaced in (set_grid_idx, create_masked_load, create_masked_store):
            patch.setattr(InterpreterBuilder, replaced.__name__, replaced)
        for name in ("gdc_launch_dependents", "gdc_wait"):
            patch.setattr(launch, name, partial(program.calls.append, name))
        yield
    program.end()
    assert program.count


@pytest.fixture(scope="module")
def tables():
    lanes = place_lanes(1, HEADS, DIM // HEADS, torch.float16, (3, 3, 3))
    yield fill_tables(lanes, (0, 1, 2), [Update(0, 1, 2, (3.0, 8.0, 1.0, 0.0, -0.1))])
    del lanes  # the tables hold the addresses of their contexts


MODULATION = draw(3, 3, DIM)


def _norm(ops, tables):
    ops.norm_modulate(draw(9, DIM), MODULATION, tables.rows, EPS)


def _residual(ops, tables):
    product = draw(9, 200), draw(DIM, 200)
    ops.residual_norm_modulate(draw(9, DIM), *product, MODULATION, MODULATION, tables.rows, EPS)


def _turn(ops, _tables):
    weights = draw(HEADS, DIM // HEADS), draw(HEADS, DIM // HEADS)
    ops.turn_heads(draw(9, 4 * DIM), *weights, draw(9, DIM // HEADS), 1, EPS)


def _attend(ops, tables, **options):
    ops.attend(draw(9, 4 * DIM, dtype=torch.float16), HEADS, 0, tables, (), **options)


def _attend_causally(ops, tables):
    _attend(ops, tables, causal=True)


def _silu_linear(ops, _tables):
    ops.silu_linear(draw(9, 70), draw(2 * DIM, 70))


def _silu_mul(_ops, _tables):
    products.silu_mul(draw(9, 2 * DIM))


def _step(ops, tables):
    ops.take_step(draw(9, 20), draw(9, 20), tables)


CALLS = [_norm, _residual, _turn, _attend, _attend_causally, _silu_linear, _silu_mul, _step]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_programs_wait_for_all_but_tables_and_modulation(monkeypatch, tables, call):
    with watched(monkeypatch, tables.buffer, MODULATION):
        call(ops_for(fused=True), tables)


def test_control_a_read_of_other_memory_before_the_wait_is_found(monkeypatch, tables):
    with pytest.raises(InterpreterError), watched(monkeypatch, tables.buffer):
        _norm(ops_for(fused=True), tables)
