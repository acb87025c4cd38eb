import io

from hypothesis import given
from hypothesis import strategies as st

from speech.decoding.file_view import FileView

PATCHES = st.dictionaries(st.integers(0, 250), st.binary(max_size=20), max_size=4)
MOVES = st.tuples(
    st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]),
    st.integers(-(2**70), 2**70) | st.integers(-300, 300),
    st.integers(0, 300),
)


@given(st.binary(max_size=250), st.integers(0, 250), PATCHES, st.lists(MOVES))
def test_view_reads_as_the_patched_end_of_the_file(data, start, patches, moves):
    file = io.BytesIO(data)
    file.seek(min(start, len(data)))
    expected = bytearray(data[start:])
    for at, patch in patches.items():
        expected[at : at + len(patch)] = patch[: max(0, len(expected) - at)]
    view = FileView(file, patches)
    assert view.read(1000) == expected
    for whence, offset, size in moves:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: view.tell(), io.SEEK_END: len(expected)}[whence]
        position = min(max(0, base + offset), len(expected))
        assert view.seek(offset, whence) == view.tell() == position
        assert view.read(size) == expected[position : position + size]


def test_view_of_a_real_file_takes_any_seek(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with open(tmp_path / "file", "rb", buffering=0) as file:
        view = FileView(file)
        for offset in (-1, 2**40, 2**63 - 1, 2**64, -(2**64)):
            for whence in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
                view.seek(offset, whence)
        view.seek(3)
        assert view.read(4) == b"3456"
