"""The dispatcher, and what starting a command costs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serve_app.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]
HEAVY = ("ray", "torch", "torchaudio", "fastapi", "boto3", "runpod", "pydantic_settings")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"usage: echo-tts {command}" in capsys.readouterr().out


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(purpose in told for _, purpose in COMMANDS.values())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: command"),
        (["sing"], "invalid choice: 'sing'"),
        (["serve", "no-assignment"], "'no-assignment' is not key=value"),
        (["serve", "--port", "3"], "'--port' is not key=value"),
        (["serve", "=3"], "no setting is called ''"),
        (["speak", "Hello.", "-o", "a.wav", "--voce", "x"], "did you mean --voice?"),
        (["speak", "Hello.", "-o", "a.wav", "--seed", "x" * 5000], "invalid int value: 'xxx"),
        (["speak", "Hello", "there", "-o", "a.wav"], "'there' (quote a text of several words)"),
        (["speak", "Hi", "-o", "a.srt", "--format", "wav", "--subtitles", "./a.srt"], "same file"),
        (["speak", "--file", "/dev/random/x", "-o", "a.wav"], "/dev/random/x cannot be read: Not"),
        (["speak", "caf\udce9", "-o", "a.wav"], "the text is not UTF-8: convert it"),
        (["check-voice"], "the following arguments are required: FILE"),
        (["download", "all"], "unknown argument 'all'"),
    ],
)
def test_wrong_usage_is_one_line_that_says_where_to_read_on(arguments, told, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert " error: " in line
    assert told in line
    assert "--help" in line
    assert len(line) < 400


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["check-voice", "voices/ada.ogg"], 0),
        (["speak", "Hello.", "-o", "-", "--url", "http://127.0.0.1:1"], 3),
        (["download"], 1),
    ],
)
def test_commands_other_than_serve_import_neither_ray_nor_torch(arguments, exit_code, tmp_path):
    program = (
        "import sys; from serve_app.__main__ import main; code = main(sys.argv[1:])\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "sys.exit(f'{loaded} {code}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1] == f"[] {exit_code}"
