"""Voices looked up in the ingress: no call where nothing has changed, and never a stale one."""

import os
import shutil
import time

import pytest

from deployments.known_voices import KnownVoices
from deployments.voice_lookup import VoiceLookup
from deployments.voice_prep import VoicePrep
from speech.errors import InvalidRequest, VoiceNotFound
from tests.deployments.conftest import local_handle


class CountingVoicePrep(VoicePrep):
    """Counts the calls to `prepare`."""

    def __init__(self, *args):
        super().__init__(*args)
        self.calls = 0

    async def prepare(self, name):
        self.calls += 1
        return await super().prepare(name)

    async def num_calls(self):
        return self.calls


@pytest.fixture
def voice_prep(voices_dir):
    settle(voices_dir)
    return local_handle(CountingVoicePrep, str(voices_dir), 2**26, 1, 60)


@pytest.fixture
def voices(voice_prep, voices_dir):
    return KnownVoices(VoiceLookup(voice_prep, 60), str(voices_dir))


def settle(folder):
    """Date the files back: young ones are read whole each time (decision 0002)."""
    past = time.time() - 3600
    for path in folder.iterdir():
        os.utime(path, (past, past))


async def test_known_content_needs_no_call(voices, voice_prep):
    first = await voices.prepare("deep.wav")
    again = await voices.prepare("deep.wav")
    assert again == first
    assert await voice_prep.num_calls.remote() == 1


async def test_other_name_of_known_content_keeps_its_own_name(voices, voice_prep, voices_dir):
    (voices_dir / "link.wav").symlink_to("deep.wav")
    first = await voices.prepare("deep.wav")
    linked = await voices.prepare("link.wav")
    assert (linked.name, linked.key, linked.file) == ("link.wav", first.key, "deep.wav")
    assert await voice_prep.num_calls.remote() == 1


async def test_replaced_file_is_seen_by_the_next_request(voices, voices_dir):
    before = await voices.prepare("deep.wav")
    shutil.copy(voices_dir / "high.flac", voices_dir / "new.tmp")
    os.replace(voices_dir / "new.tmp", voices_dir / "deep.wav")
    assert (await voices.prepare("deep.wav")).key != before.key


async def test_removed_file_is_not_found_by_the_next_request(voices, voices_dir):
    await voices.prepare("deep.wav")
    (voices_dir / "deep.wav").unlink()
    with pytest.raises(VoiceNotFound):
        await voices.prepare("deep.wav")


async def test_wrong_name_is_told_as_voice_prep_tells_it(voices):
    with pytest.raises(InvalidRequest, match="Invalid speaker_voice path"):
        await voices.prepare("../deep.wav")


async def test_folder_that_is_elsewhere_is_asked_about_each_time(voice_prep, tmp_path):
    voices = KnownVoices(VoiceLookup(voice_prep, 60), str(tmp_path / "nowhere"))
    assert await voices.prepare("deep.wav") == await voices.prepare("deep.wav")
    assert await voice_prep.num_calls.remote() == 2


async def test_folder_seen_in_another_state_is_asked_about_each_time(
    voice_prep, voices_dir, tmp_path
):
    other = tmp_path / "other"
    shutil.copytree(voices_dir, other)
    voices = KnownVoices(VoiceLookup(voice_prep, 60), str(other))
    assert await voices.prepare("deep.wav") == await voices.prepare("deep.wav")
    assert await voice_prep.num_calls.remote() == 2
