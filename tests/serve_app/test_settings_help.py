"""The list of settings in `echo-tts serve --help`."""

import pytest

from serve_app.commands import serve
from serve_app.settings import Settings


def test_serve_help_lists_every_setting_with_its_description(capsys):
    with pytest.raises(SystemExit) as left:
        serve.main(["--help"])
    assert left.value.code == 0
    words = " ".join(capsys.readouterr().out.split())
    for name, field in Settings.model_fields.items():
        assert f" {name}=" in words
        assert " ".join(field.description.split()) in words
    assert " port=8000 (PORT) HTTP port." in words
    assert " stream_blocks=32,128,480 (ECHO_STREAM_BLOCKS)" in words
    assert " streaming=true (ECHO_STREAMING)" in words
