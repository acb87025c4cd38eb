import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.model.attention import Lane
from engine.echo.model.packing import TILE, PlacedLane, Size, Tables, Update

LANES = st.lists(
    st.tuples(
        st.integers(1, 150),
        st.integers(0, 600),
        st.lists(st.integers(1, 9), max_size=3),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(LANES, st.integers(0, 140), st.integers(0, 3))
def test_every_position_is_in_one_tile_of_its_lane_or_of_none(given_lanes, spare, spare_lanes):
    lanes = [
        PlacedLane(Lane(frames, tuple(torch.zeros(1, 2, n, 1, 1) for n in parts)), start, 0.5)
        for frames, start, parts, _ in given_lanes
    ]
    rows = [row for *_, row in given_lanes]
    num_frames = sum(frames for frames, *_ in given_lanes)
    size = Size(num_frames + spare, len(lanes) + spare_lanes)
    tables = Tables(size, torch.device("cpu"))
    tables.fill(lanes, rows, [])
    tiles = [range(first, min(first + TILE, stop)) for first, _, stop, _ in tables.tiles.tolist()]
    assert [n for tile in tiles for n in tile] == list(range(num_frames + spare))
    left_over = [first for first, _, _, lane in tables.tiles.tolist() if lane == -1]
    assert left_over == list(range(num_frames, num_frames + spare, TILE))
    at = 0
    for i, (frames, start, _, row) in enumerate(given_lanes):
        own = slice(at, at + frames)
        tile = next(tile for tile in tables.tiles.tolist() if tile[0] == at)
        assert tile == [at, at, at + frames, i]
        assert tables.frames[own].tolist() == list(range(start, start + frames))
        assert tables.rows[own].tolist() == [row] * frames
        at += frames


def test_parts_say_where_the_context_is_in_memory():
    parts = torch.zeros(2, 2, 5, 4, 16), torch.zeros(2, 2, 3, 4, 16)
    tables = Tables(Size(9, 2), torch.device("cpu"))
    tables.fill([PlacedLane(Lane(4, parts), 0, 0.5)], [0], [])
    expected = [[parts[0].data_ptr(), 5], [parts[1].data_ptr(), 3], [0, 0]]
    assert tables.parts.tolist() == [expected, [[0, 0]] * 3]


def test_tables_filled_again_forget_what_they_held():
    parts = tuple(torch.zeros(1, 2, n, 1, 1) for n in (2, 3))
    tables, fresh = (Tables(Size(9, 2), torch.device("cpu")) for _ in range(2))
    tables.fill(
        [PlacedLane(Lane(4, parts), 7, 0.5)] * 2,
        [3, 4],
        [Update(0, 1, 0, (3.0, 0.0, 1.0, 0.0, -0.1))],
    )
    for each in (tables, fresh):
        each.fill([PlacedLane(Lane(2, ()), 1, 0.5)], [1], [])
    assert torch.equal(tables.buffer, fresh.buffer)


def test_update_finds_the_same_frame_in_every_lane_of_its_job():
    lanes = [PlacedLane(Lane(frames, ()), 0, 0.5) for frames in (2, 2, 2, 3, 3)]
    guided, by_speaker = (3.0, 8.0, 1.0, 0.0, -0.1), (0.0, 8.0, 0.9, 0.2, -0.2)
    tables = Tables(Size(14, 6), torch.device("cpu"))
    tables.fill(lanes, [0] * 5, [Update(0, 1, 2, guided), Update(3, 3, 4, by_speaker)])
    still = 6
    assert tables.updates.tolist() == [0, 0, *[still] * 4, 1, 1, 1, *[still] * 5]
    assert tables.no_text.tolist() == [2, 3, *range(2, 14)]
    assert tables.no_speaker.tolist() == [4, 5, 2, 3, 4, 5, 9, 10, 11, *range(9, 14)]
    assert tables.scalars[[0, 1]].tolist() == torch.tensor([guided, by_speaker]).tolist()
    assert not tables.scalars[2:].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [Size(1, 1), Size(33, 3), Size(96, 4), Size(2561, 48)])
def test_every_table_is_aligned_whatever_the_size(size, dtype):
    tables = Tables(size, torch.device("cpu"), dtype)
    start = tables.buffer.data_ptr()
    by_position = [tables.frames, tables.rows]
    by_position += [tables.updates, tables.no_text, tables.no_speaker]
    views = [tables.parts, tables.scalars, tables.tiles, *by_position]
    assert all((view.data_ptr() - start) % 16 == 0 for view in views)
    lengths = [size.lanes, size.lanes + 1, size.positions // TILE + size.lanes + 1]
    assert [len(view) for view in views] == [*lengths, *[size.positions] * 5]
