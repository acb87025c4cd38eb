"""How `echo-tts serve` ends."""

import os
import threading

import pytest

import runpod_entry
from serve_app.commands import serve
from serve_app.ray_node import StartFailed
from serve_app.settings import Settings
from serve_app.wrong_settings import require_weights


def test_ctrl_c_before_ray_is_there_ends_without_a_traceback(monkeypatch, capfd):
    def interrupted(settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "serve_here", interrupted)
    assert serve.main(["port=8123"]) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("nowhere", "nowhere' is neither a folder nor echo-tts-base"),
        ("", "pytorch_model.safetensors is not in"),
    ],
)
def test_weights_that_are_not_there_end_it_at_once_with_one_line(tmp_path, capsys, folder, told):
    with pytest.raises(SystemExit) as end:
        serve.main([f"weights_dir={tmp_path / folder}"])
    assert end.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("echo-tts serve: error: weights_dir ")
    assert told in line


def test_weights_that_are_not_there_end_a_runpod_worker_likewise(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ECHO_WEIGHTS_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr(
        runpod_entry.signal, "signal", lambda *_: None
    )  # this process keeps its own
    with pytest.raises(SystemExit) as end:
        runpod_entry.main()
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("weights_dir ")


def test_runpods_sdk_is_imported_while_the_graph_starts(monkeypatch):
    imported = threading.Event()

    def boot(settings, *, http):
        assert imported.wait(60)
        raise StartFailed("of a test")

    monkeypatch.setattr("serve_app.runpod_worker._import_sdk", imported.set)
    monkeypatch.setattr("serve_app.boot.boot_graph", boot)
    monkeypatch.setattr(runpod_entry.signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with pytest.raises(SystemExit, match="of a test"):
        runpod_entry.main()


def test_weights_may_lie_behind_a_link(tmp_path):
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "pytorch_model.safetensors").touch()
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "echo-tts-base").symlink_to(tmp_path / "volume")
    require_weights(Settings(weights_dir=str(tmp_path / "weights")))


def test_cluster_that_is_joined_may_have_the_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    require_weights(Settings(weights_dir=str(tmp_path / "nowhere")))
