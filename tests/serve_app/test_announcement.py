"""What an operator is told of a server that is ready."""

from contextlib import redirect_stdout

import pytest

from serve_app.announcement import announce, announcement
from serve_app.settings import Settings


@pytest.mark.parametrize(
    ("keys", "told"), [((), "Key: none is asked for"), (("k3y",), "Key: one of ECHO_API_KEYS")]
)
def test_announcement_has_what_matters_in_under_ten_lines(keys, told, tmp_path):
    (tmp_path / "nora.ogg").touch()
    settings = Settings(host="0.0.0.0", port=8123, voices_dir=str(tmp_path), api_keys=keys)
    lines = announcement(settings, "http://127.0.0.1:9/metrics").splitlines()
    assert len(lines) < 10
    assert lines[0] == "Ready. Page: http://127.0.0.1:8123/  API: http://127.0.0.1:8123/docs"
    assert told in lines
    assert f"Voices folder: {tmp_path}" in lines
    assert "Metrics for Prometheus: http://127.0.0.1:9/metrics" in lines
    assert lines[-1].startswith("curl ")
    assert "nora.ogg" in lines[-1]
    assert "k3y" not in "".join(lines)


def test_voices_that_are_missing_are_told(tmp_path):
    def told(**settings):
        [line] = [
            line
            for line in announcement(Settings(**settings), "").splitlines()
            if line.startswith("Voices folder: ")
        ]
        return line.removeprefix(f"Voices folder: {tmp_path}")

    nowhere = str(tmp_path / "nowhere")
    assert told(voices_dir=nowhere) == "/nowhere, which is not there: name one with voices_dir"
    (tmp_path / "nora.ogg").touch()
    assert told(voices_dir=str(tmp_path), default_voice="nora") == ""
    assert told(voices_dir=str(tmp_path), default_voice="ada.ogg") == (
        ", without the default_voice: speaker_voice 'ada.ogg' not found"
    )


def test_output_without_room_is_one_line_in_the_log(caplog):
    with open("/dev/full", "w") as full:  # closing it does not fail as well, as a process ends
        with redirect_stdout(full):
            announce("Ready.")
        [record] = caplog.records
        assert record.getMessage().endswith("No space left on device")
