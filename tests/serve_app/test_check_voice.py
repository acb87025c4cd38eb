import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.echo.config import MAX_VOICE_FRAMES, EchoConfig
from serve_app.commands.check_voice import main, max_voice_s
from speech.reference_audio import decode_reference

VOICES = Path(__file__).parents[2] / "voices"


@pytest.fixture
def write(tmp_path):
    """Return `write(name, change)`: the path of what `change` makes of a good recording."""

    def write(name, change):
        with open(VOICES / "ada.ogg", "rb", buffering=0) as file:
            pcm = decode_reference(file)
        soundfile.write(tmp_path / name, change(pcm), 44100)
        return str(tmp_path / name)

    return write


def test_sample_voices_are_good(capsys):
    assert main([str(VOICES / "ada.ogg"), str(VOICES / "otto.ogg")]) == 0
    told = capsys.readouterr().out
    assert told.count(": good\n") == 2
    assert "!" not in told
    assert "opus, 48000 Hz, 1 ch" in told


@pytest.mark.parametrize(
    ("change", "exit_code", "told"),
    [
        (lambda pcm: np.clip(4 * pcm, -1, 1), 1, "! clipped: "),
        (lambda pcm: pcm[: 44100 * 4], 1, "! short: 10 to 30 s are recommended"),
        (lambda pcm: pcm + 0.05 * np.random.default_rng(0).standard_normal(len(pcm)), 1, "! noisy"),
        (lambda pcm: 0 * pcm, 2, "! no audible audio"),
        (lambda pcm: pcm[:10_000], 2, "! only 0.22 s of audio, at least 1 s are needed"),
    ],
    ids=["clipped", "short", "noisy", "silent", "too short"],
)
def test_check_voice_says_what_is_wrong_and_how_bad_it_is(write, change, exit_code, told, capsys):
    assert main([write("voice.wav", change)]) == exit_code
    assert told in capsys.readouterr().out


def test_exit_code_is_that_of_the_worst_file(write, capsys):
    short = write("short.wav", lambda pcm: pcm[:100_000])
    assert main([short, str(VOICES / "ada.ogg")]) == 1
    assert main([short, "nowhere.wav", str(VOICES / "ada.ogg")]) == 2
    assert "nowhere.wav: unusable\n  ! the file cannot be read: No such file" in (
        capsys.readouterr().out
    )


def test_file_without_decoder_leaves_the_others_their_reports(tmp_path, write, capsys):
    unknown = bytearray(Path(write("unknown.wav", lambda pcm: pcm)).read_bytes())
    unknown[20:22] = b"\x34\x12"  # a format tag that nobody knows
    (tmp_path / "unknown.wav").write_bytes(unknown)
    files = [str(VOICES / "ada.ogg"), str(tmp_path / "unknown.wav"), str(VOICES / "otto.ogg")]
    assert main(files) == 2
    printed = capsys.readouterr().out
    assert printed.count(": good\n") == 2
    assert "unknown.wav: unusable\n  ! its codec cannot be decoded\n" in printed


def test_what_is_done_to_a_file_is_said(write, capsys):
    def antiphase(pcm):
        return np.stack([pcm, -0.9 * pcm], axis=1)

    late = write("late.wav", lambda pcm: np.concatenate([np.zeros(40 * 44100), pcm]))
    assert main([late, write("antiphase.wav", antiphase)]) == 1
    printed = capsys.readouterr().out
    assert "late.wav: usable\n  ! silence: the first 39." in printed
    assert "antiphase.wav: usable\n  ! channels: they cancel each other, only channel 1" in printed


def test_name_that_no_voice_may_have_is_a_warning(tmp_path, capsys):
    shutil.copy(VOICES / "ada.ogg", tmp_path / "ada.ogg.part")
    assert main([str(tmp_path / "ada.ogg.part")]) == 1
    assert "! name: publish it as one of .aac .flac" in capsys.readouterr().out


def test_pipe_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "voice.wav")
    assert main([str(tmp_path / "voice.wav"), str(tmp_path)]) == 2
    assert capsys.readouterr().out.count("! it is not a file") == 2


def test_json_holds_every_number(write, capsys):
    quiet = write("quiet.wav", lambda pcm: 0.02 * pcm)
    assert main(["--json", quiet, str(VOICES / "README.md"), str(VOICES / "ada.ogg")]) == 2
    warned, unusable, good = json.loads(capsys.readouterr().out)
    assert [report["verdict"] for report in (warned, unusable, good)] == [
        "usable",
        "unusable",
        "good",
    ]
    assert warned["file"] == quiet
    assert warned["warnings"][0].startswith("quiet: ")
    assert unusable["unusable"] == "not an audio file that can be read"
    assert unusable["measured"] is None
    assert good["measured"]["snr_db"] > 40
    assert 0.85 < good["measured"]["speech_ratio"] < 1
    assert good["used_s"] == good["measured"]["duration_s"]


def test_used_is_what_the_checkpoint_hears(write, capsys, monkeypatch):
    minute = write("minute.wav", lambda pcm: np.tile(pcm, 6)[: 60 * 44100])
    half = write("half.wav", lambda pcm: np.tile(pcm, 6)[: 30 * 44100])
    assert main(["--weights-dir", "echo-mini", minute]) == 1
    told = capsys.readouterr().out
    assert "! cut: only the first 29.7 s of 60.0 s are used" in told
    assert "used        29.7 s by echo-mini" in told
    assert main(["--weights-dir", "echo-mini", half]) == 0  # 29.7 of the recommended 30 s
    assert main(["--weights-dir", "echo-tts-base", minute]) == 0
    assert "used        60.0 s by echo-tts-base" in capsys.readouterr().out
    monkeypatch.setenv("ECHO_WEIGHTS_DIR", "echo-tts-base")
    assert main([minute]) == 0
    monkeypatch.delenv("ECHO_WEIGHTS_DIR")
    monkeypatch.setenv("ECHO_DEVICE", "cpu")  # where echo-mini speaks unless told otherwise
    assert main([minute]) == 1


def test_published_checkpoint_hears_as_much_as_it_was_trained_on():
    assert max_voice_s(EchoConfig()) == MAX_VOICE_FRAMES * 2048 / 44100


def test_checkpoint_that_is_not_there_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--weights-dir", "nowhere", str(VOICES / "ada.ogg")])
    assert left.value.code == 2
    assert "weights_dir 'nowhere' is neither a folder nor" in capsys.readouterr().err
