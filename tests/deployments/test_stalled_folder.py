"""A voices folder, part of which stops to answer: a real mount whose server is stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from deployments.voice_prep import VoicePrep
from speech.errors import VoicesUnavailable
from speech.voices import FolderReport, report_folder
from tests.conftest import voiced

pytest.importorskip("mfusepy", reason="libfuse is not installed", exc_type=ImportError)
pytestmark = pytest.mark.skipif(
    not os.access("/dev/fuse", os.W_OK), reason="this process may not mount"
)

TIMEOUT_S = 2.0
NUM_STALLED = 12
"""More names than the threads that once answered for all."""


class Share:
    """A folder below the voices that a process of its own serves."""

    def __init__(self, source: Path, target: Path) -> None:
        self._target = target
        command = [sys.executable, "-m", "tests.deployments.loopback_mount", source, target]
        self._server = subprocess.Popen(command)
        while not target.is_mount():
            assert self._server.poll() is None, "the mount failed"
            time.sleep(0.01)  # it sends no event

    def stall(self) -> None:
        self._server.send_signal(signal.SIGSTOP)
        os.waitpid(self._server.pid, os.WUNTRACED)  # returns once it has stopped

    def resume(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    def die(self) -> None:
        """Leave the mount without its server: every call into it fails at once."""
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        if self._server.poll() is None:
            self.resume()
            self._server.terminate()
            self._server.wait()
        subprocess.run(["umount", "-l", self._target], check=False, stderr=subprocess.DEVNULL)


@pytest.fixture
def share(voices_dir, tmp_path):
    """The share below the voices, with a few voices of its own."""
    source = tmp_path / "source"
    source.mkdir()
    for index in range(NUM_STALLED):
        soundfile.write(source / f"{index}.wav", voiced(100.0 + index, 0.5), 44100)
    (voices_dir / "share").mkdir()
    share = Share(source, voices_dir / "share")
    yield share
    share.close()


@pytest.fixture
def voice_prep(voices_dir):
    return VoicePrep(str(voices_dir), 2**26, decode_threads=2, timeout_s=TIMEOUT_S)


@pytest.mark.slow
async def test_stalled_share_harms_only_its_own_voices(share, voice_prep):
    await voice_prep.prepare("deep.wav")
    before = await voice_prep.prepare("share/0.wav")
    share.stall()
    stalled = [
        asyncio.ensure_future(voice_prep.prepare(f"share/{index}.wav"))
        for index in range(NUM_STALLED)
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    for name in ("deep.wav", "high.flac"):  # a cached one and a new one
        assert (await voice_prep.prepare(name)).name == name
    for error in await asyncio.gather(*stalled, return_exceptions=True):
        assert isinstance(error, VoicesUnavailable)
        assert error.message == "The voices folder does not answer, retry later"

    started = time.monotonic()
    with pytest.raises(VoicesUnavailable):  # known to stall: no further wait
        await voice_prep.prepare("share/0.wav")
    assert time.monotonic() - started < TIMEOUT_S

    share.resume()
    while True:
        try:
            assert await voice_prep.prepare("share/0.wav") == before
        except VoicesUnavailable:
            await asyncio.sleep(0.01)  # its threads come back
        else:
            break


async def test_voices_of_a_dead_share_are_not_taken_for_missing(share, voices_dir, voice_prep):
    await voice_prep.prepare("share/0.wav")
    share.die()
    for name in ("share/0.wav", "share/1.wav", "share/1"):
        with pytest.raises(VoicesUnavailable):
            await voice_prep.prepare(name)
    assert (await voice_prep.prepare("deep.wav")).name == "deep.wav"
    assert report_folder(str(voices_dir / "share")) == FolderReport("unreadable", 0)


@pytest.mark.slow
async def test_report_names_a_folder_that_does_not_answer(share, voices_dir):
    voice_prep = VoicePrep(str(voices_dir / "share"), 2**26, 2, timeout_s=TIMEOUT_S)
    assert await voice_prep.report() == {"state": "ok", "num_voices": NUM_STALLED}
    share.stall()
    assert await voice_prep.report() == {"state": "not answering", "num_voices": 0}
