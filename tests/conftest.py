"""Fixtures of all tests: a clean environment, and small real voices."""

import gc
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

# Two threads that wait for each other on a busy machine take many times as long as one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Ray's workers give way to every other process by default: so would the tests that wait for them.
os.environ.setdefault("RAY_worker_niceness", "0")
# Serve counts the tasks of every graph in this process for as long as it lives, each time over all
# graphs': on a busy machine hundreds of threads then have work at every moment.
os.environ.setdefault("RAY_SERVE_EVENT_LOOP_MONITORING_INTERVAL_S", "86400")
# Serve's controller looks at everything ten times a second.
os.environ.setdefault("RAY_SERVE_CONTROL_LOOP_INTERVAL_S", "0.25")

import numpy as np
import pytest
import soundfile
from hypothesis import settings

# A run says whether a change broke something: the same examples each time. New ones are looked for
# with `--hypothesis-profile=explore`.
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.register_profile("another python", deadline=None, derandomize=True, max_examples=10)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("repeat")

if not any(Path("/dev").glob("nvidia[0-9]*")):
    # Triton reads this when it is imported: without a GPU its kernels are interpreted.
    os.environ["TRITON_INTERPRET"] = "1"

OURS = ("ECHO_", "S3_", "BUCKET_", "RUNPOD_", "AUDIO_VOICES_DIR", "PORT", "HOST", "RAY_ADDRESS")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for no garbage among what collecting makes, which lives as long as the process."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_finish():
    """Begin the tests; of a process in the background, behind all others."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        from tests.scheduling import give_way

        give_way()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """See pytest-xdist: returns what spreads the tests over the processes that `-n` asks for."""
    from tests.scheduling import FoldersInOneProcess

    return FoldersInOneProcess(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Skip what needs torch under a Python that scripts/test-pythons has set up without it."""
    report = yield
    if report.failed and "No module named 'torch" in str(report.longrepr):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, "needs torch")
    return report


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """No setting of whoever runs the tests changes what they see."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)


@cache
def voiced(pitch_hz: float, seconds: float = 2.0, sample_rate: int = 44100) -> np.ndarray:
    """Return a buzz with the harmonics of a voice at `pitch_hz`; nobody may write to it."""
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    harmonics = range(1, int(5000 / pitch_hz))
    pcm = (0.2 * sum(np.sin(2 * np.pi * pitch_hz * k * t) / k for k in harmonics)).astype("f4")
    pcm.setflags(write=False)
    return pcm


@pytest.fixture(scope="session")
def voice_files(tmp_path_factory):
    """A folder with a deep voice, `deep.wav`, and a high one, `high.flac`, to copy from."""
    folder = tmp_path_factory.mktemp("voice_files")
    soundfile.write(folder / "deep.wav", voiced(95.0), 44100)
    soundfile.write(folder / "high.flac", voiced(230.0), 44100)
    return folder


@pytest.fixture
def voices_dir(voice_files, tmp_path):
    """A voices folder with a deep voice, `deep.wav`, and a high one, `high.flac`."""
    return Path(shutil.copytree(voice_files, tmp_path / "voices"))


@pytest.fixture
def own_certificate(tmp_path):
    """A file with a key and a certificate that nobody has signed."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("no openssl to make a certificate")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    options = ["req", "-x509", *key, "-subj", "/CN=127.0.0.1", "-keyout", "own.pem"]
    made = subprocess.run([openssl, *options], cwd=tmp_path, check=True, capture_output=True)
    with (tmp_path / "own.pem").open("ab") as file:
        file.write(made.stdout)
    return tmp_path / "own.pem"
