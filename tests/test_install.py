"""scripts/install.py tells uv what pip is told of where packages come from."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "install.py"


@pytest.fixture(scope="module")
def install():
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def told(install, tmp_path, monkeypatch):
    """What uv is told where a file of pip's, of two sections, and a variable have settings."""
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://a/simple\nfind-links = /wheels\ntimeout = 5\n"
        "[install]\nindex-url = https://b/simple\nextra-index-url = https://c/s\n    file:///d\n"
        "[list]\nformat = columns\n"
    )
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_FIND_LINKS", "/mine /yours")
    ours = ("index-url", "extra-index-url", "find-links", "timeout")  # the machine may have more
    settings = install.pip_settings()
    return install.as_uv_takes_them({name: settings[name] for name in ours})


def test_the_nearest_setting_wins_and_each_of_its_values_is_told(told):
    options, variables = told
    assert "--default-index=https://b/simple" in options
    assert "--default-index=https://a/simple" not in options
    assert [each for each in options if each.startswith("--index=")] == [
        "--index=https://c/s",
        "--index=file:///d",
    ]
    links = [each for each in options if each.startswith("--find-links=")]
    assert links == ["--find-links=/mine", "--find-links=/yours"]
    assert variables["UV_HTTP_TIMEOUT"] == "5"


def test_what_uv_cannot_be_told_is_left_to_pip(install):
    with pytest.raises(install.OnlyPip, match="no-binary"):
        install.as_uv_takes_them({"no-binary": ":all:"})


@pytest.mark.slow
def test_pip_installs_where_uv_cannot(tmp_path):
    (tmp_path / "nothing.txt").write_text("")
    done = subprocess.run(
        [sys.executable, SCRIPT, sys.executable, "-r", tmp_path / "nothing.txt"],
        env=os.environ | {"PIP_NO_BINARY": "nothing"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Installing with pip, since uv cannot: no-binary" in done.stderr


@pytest.mark.slow
def test_setup_completes_an_environment_that_was_interrupted(tmp_path):
    shutil.copytree(SCRIPT.parent, tmp_path / "scripts")
    for name in ("requirements.txt", "requirements-reference.txt", "pyproject.toml"):
        (tmp_path / name).write_text("")
    # As Ctrl-C leaves it before it has pip, but that the command is there already.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    stamp = f"4294967295 0({sys.version_info[0]}, {sys.version_info[1]}){tmp_path}\n"
    (tmp_path / ".venv" / "installed-command").write_text(stamp)
    done = subprocess.run(
        [tmp_path / "scripts" / "setup"],
        env=os.environ | {"PIP_NO_BINARY": "nothing", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv" / "bin" / "pip").exists()
    version = f"({sys.version_info[0]}, {sys.version_info[1]})"
    assert version in (tmp_path / ".venv" / "installed-requirements.txt").read_text()


def test_scripts_keep_their_line_ends_in_a_clone_on_windows():
    """Windows' git writes CRLF otherwise, and `#!/usr/bin/env bash` then names no program."""
    attributes = (SCRIPT.parents[1] / ".gitattributes").read_text().splitlines()
    assert "* text=auto eol=lf" in attributes
