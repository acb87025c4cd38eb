import pytest
import torch

from engine.echo.forward.modulations import ModulationTable
from tests.engine.echo.reference import dit_pair


@pytest.fixture
def dit():
    with torch.inference_mode():
        yield dit_pair()[1]


def test_rows_hold_the_modulation_of_their_t(dit):
    table = ModulationTable(dit, 4)
    rows = table.rows([0.5, 0.9, 0.5])
    assert rows[0] == rows[2] != rows[1]
    for t, row in zip((0.5, 0.9), rows, strict=False):
        assert torch.equal(table.table[row, :-1], dit.modulation(t))


def test_row_longest_unused_is_taken_and_never_one_of_the_same_pass(dit, monkeypatch):
    computed, modulation = [], dit.modulation
    monkeypatch.setattr(dit, "modulation", lambda t: computed.append(t) or modulation(t))
    table = ModulationTable(dit, 3)
    for ts in ([0.1, 0.2, 0.3], [0.1], [0.4, 0.1, 0.5]):
        rows = table.rows(ts)
        for t, row in zip(ts, rows, strict=True):
            assert torch.equal(table.table[row, :-1], modulation(t))
    assert computed == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_modulation_that_failed_leaves_the_table_as_it_was(dit, monkeypatch):
    table = ModulationTable(dit, 2)
    [before] = table.rows([0.1])

    def fail(t):
        raise torch.OutOfMemoryError

    with monkeypatch.context() as patch:
        patch.setattr(dit, "modulation", fail)
        with pytest.raises(torch.OutOfMemoryError):
            table.rows([0.2])
    rows = table.rows([0.1, 0.2])
    assert rows[0] == before != rows[1]
