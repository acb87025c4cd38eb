"""Programs as users of each client write them, run against our routes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.clients.conftest import HERE, program_environment

TEXT = "Hello there. How are you? I am fine, thank you."
PROGRAMS = [
    ("openai_sdk.py", []),
    ("httpx_stream.py", []),
    ("requests_stream.py", []),
    ("aiohttp_stream.py", []),
    ("curl.sh", []),
    ("wget.sh", []),
    ("ffmpeg.sh", []),
    ("fetch.mjs", []),
    ("litellm_speech.py", []),
    ("langchain_runnable.py", []),
    ("livekit_openai.py", []),
    ("pipecat_pipeline.py", ["openai"]),
    ("pipecat_pipeline.py", ["elevenlabs"]),
    ("openai_sdk.mjs", []),
    ("ai_sdk.mjs", []),
    ("elevenlabs_sdk.mjs", []),
    ("runpod_sdk.mjs", []),
]
INTERPRETERS = {
    ".py": [sys.executable, "-W", "ignore"],
    ".sh": ["bash", "-euo", "pipefail"],
    ".mjs": ["node"],
}
OF_OUR_OWN = ("openai_sdk.py", "httpx_stream.py", "requests_stream.py", "aiohttp_stream.py")
"""Programs of packages that our own requirements have."""


@pytest.fixture
def program(request, tmp_path_factory):
    """The path of a program whose client is installed."""
    path = HERE / "programs" / request.param
    if path.suffix == ".mjs":
        packages = request.getfixturevalue("node_modules")
        folder = tmp_path_factory.mktemp("program")  # Node.js looks for packages beside a program
        (folder / packages.name).symlink_to(packages)
        return Path(shutil.copy(path, folder))
    if path.suffix == ".sh":
        if path.stem == "ffmpeg":
            request.getfixturevalue("ffmpeg")
        if shutil.which(path.stem) is None:
            pytest.skip(f"needs {path.stem}")
    elif path.name not in OF_OUR_OWN:
        request.getfixturevalue("python_packages")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("program", "arguments"), PROGRAMS, indirect=["program"])
def test_program_gets_its_text_spoken(url, tmp_path, program, arguments):
    done = subprocess.run(
        [*INTERPRETERS[program.suffix], program, *arguments],
        cwd=tmp_path,
        env=program_environment(url, TEXT),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    files = list(tmp_path.iterdir())
    assert files
    for file in files:
        samples, rate = soundfile.read(file, dtype="float32")
        assert 2 < len(samples) / rate < 6
        assert abs(samples).max() > 0.1


def test_every_program_is_run():
    assert {name for name, _ in PROGRAMS} == {path.name for path in HERE.glob("programs/*")}
