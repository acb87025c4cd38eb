import pytest

from serve_app.haproxy.launcher import PORT, edited

CONFIGURATION = "frontend http\n    bind 127.0.0.1:8000\n    mode http\n"


def test_whole_lines_are_replaced():
    edits = {r"    bind \S+:(?P<port>\d+)": f"    bind *:{PORT}\n    timeout client 1s"}
    expected = "frontend http\n    bind *:8000\n    timeout client 1s\n    mode http\n"
    assert edited(CONFIGURATION, edits) == expected


def test_backslash_in_a_replacement_stays():
    assert r"say 'it'\''s' \g<1>" in edited(
        CONFIGURATION, {"    mode http": r"say 'it'\''s' \g<1>"}
    )


def test_edit_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="no line like"):
        edited(CONFIGURATION, {"    bind :\\d+": "    bind *:1"})
