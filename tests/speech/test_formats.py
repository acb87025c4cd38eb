import subprocess
import sys
from typing import get_args

import pytest

from speech.errors import InvalidRequest
from speech.formats import DEFAULT_FORMAT, FORMATS, FormatName, check_sample_rate


def test_table_has_a_row_for_every_name() -> None:
    assert tuple(FORMATS) == get_args(FormatName)
    assert [row.name for row in FORMATS.values()] == list(FORMATS)


def test_default_is_opus_in_ogg() -> None:
    row = FORMATS[DEFAULT_FORMAT]
    assert (row.codec, row.extension, row.media_type) == ("opus", "ogg", "audio/ogg")


@pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
def test_default_sample_rate_is_offered(row) -> None:
    assert check_sample_rate(row, row.default_sample_rate) == row.default_sample_rate


def test_sample_rate_not_offered_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_sample_rate(FORMATS["opus"], 44100)
    assert caught.value.param == "sample_rate"
    assert caught.value.message == (
        "Invalid 'sample_rate': opus has no 44100 Hz (use 8000, 12000, 16000, 24000, 48000)"
    )


def test_reading_the_table_loads_no_codec_library() -> None:
    program = (
        "import sys, speech.formats; sys.exit(bool({'av', 'numpy', 'soxr'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
