"""A server over real sockets, and the packages of clients that tests run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import soundfile
from filelock import FileLock

from tests.conftest import voiced
from tests.deployments.conftest import tone_ingress
from tests.deployments.sockets import served

HERE = Path(__file__).parent
CLIENTS = Path(sys.prefix) / "clients"
"""Where scripts/setup puts the packages of requirements-clients.txt."""
NODE = Path(sys.prefix) / "node"
KEY = "secret"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The address of a server that asks for `KEY`; its voices are `deep.wav` and `alloy.wav`."""
    folder = tmp_path_factory.mktemp("voices")
    for name in ("deep.wav", "alloy.wav"):
        soundfile.write(folder / name, voiced(95), 44100)
    with served(tone_ingress(folder, api_keys=[KEY], list_voices=True)) as url:
        yield url


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory):
    """A client of a server that asks for no key, for applications that send none."""
    folder = tmp_path_factory.mktemp("voices")
    soundfile.write(folder / "alloy.wav", voiced(95), 44100)
    with (
        served(tone_ingress(folder, list_voices=True)) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def node_modules():
    """The packages of package-lock.json, installed once."""
    if shutil.which("npm") is None:
        pytest.skip("needs Node.js with npm (Debian: apt install npm)")
    lock = (HERE / "package-lock.json").read_text()
    installed = NODE / "node_modules" / ".lock"
    with FileLock(f"{NODE}.lock"):  # other test processes want them, too
        if not installed.exists() or installed.read_text() != lock:
            NODE.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, NODE)
            npm = ["timeout", "180", "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(npm, cwd=NODE, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"npm could not install them: {done.stderr[-300:]}")
            installed.write_text(lock)
    return installed.parent


@pytest.fixture
def python_packages():
    """Those that scripts/setup installs beside ours."""
    if not CLIENTS.exists():
        pytest.skip("needs requirements-clients.txt (scripts/setup requirements-dev.txt)")
    return CLIENTS


@pytest.fixture
def ffmpeg(tmp_path_factory, monkeypatch):
    """Put an ffmpeg on the path if none is there."""
    bundled = next(CLIENTS.glob("imageio_ffmpeg/binaries/ffmpeg-*"), None)
    if bundled is not None and shutil.which("ffmpeg") is None:
        folder = tmp_path_factory.mktemp("bin")
        (folder / "ffmpeg").symlink_to(bundled)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def program_environment(url, text):
    """Return the environment of a client's program."""
    return os.environ | {
        "URL": url,
        "KEY": KEY,
        "TEXT": text,
        "PYTHONPATH": str(CLIENTS),
    }
