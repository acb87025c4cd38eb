import asyncio
import io
import logging
import os
import pickle
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import ray
from ray.exceptions import ActorDiedError

from deployments import voice_prep
from deployments.prepared_voice import MAX_FETCHES, PreparedVoice, content_key, fetch
from deployments.voice_lookup import MAX_ASKED, VoiceLookup
from deployments.voice_prep import MAX_TRIES, VoicePrep
from speech.errors import InvalidRequest, VoiceLost, VoiceNotFound
from speech.reference_audio import decode_reference
from speech.voices import SETTLE_NS
from tests.replacing import WAYS, replace_by_rename

NUM_SAMPLES = 1000
NUM_BYTES = NUM_SAMPLES * 4


def recording(level: int, num_samples: int = NUM_SAMPLES) -> bytes:
    """A WAV file; any two of equal length have the same size."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 44_100, 0, "NONE", ""))
        out.writeframes(np.resize([level, -level], num_samples).astype("<i2").tobytes())
    return file.getvalue()


def settled() -> int:
    """A clock by which every file was written long ago."""
    return time.time_ns() + 10 * SETTLE_NS


def make_prep(folder: Path, *, cache_bytes: int = 10**6, clock=settled) -> VoicePrep:
    return VoicePrep(str(folder), cache_bytes, decode_threads=2, timeout_s=60, clock=clock)


async def audio_of(prep: VoicePrep, voice: PreparedVoice) -> np.ndarray:
    """The audio as an engine gets it."""
    [shared] = await prep.audio(voice)
    return await shared if isinstance(shared, ray.ObjectRef) else shared


async def level(prep: VoicePrep, name: str = "v.wav") -> int:
    """The level of the recording that `name` stands for now."""
    audio = await audio_of(prep, await prep.prepare(name))
    assert -audio.min() == audio.max() == np.abs(audio).min(), "two contents mixed"
    return round(float(audio[0]) * 32768)


async def all_wait(prep: VoicePrep, num_requests: int) -> None:
    """Return when that many requests know which content they wait for."""

    async def poll() -> None:
        while prep.stats()["hits"] + prep.stats()["misses"] < num_requests:  # noqa: ASYNC110 (it sends no event)
            await asyncio.sleep(0)  # nothing in VoicePrep signals it

    await asyncio.wait_for(poll(), 60)


@pytest.fixture
def decoding(monkeypatch: pytest.MonkeyPatch) -> "Decoding":
    return Decoding(monkeypatch)


class Decoding:
    """The real decoder, held at its start until told to go on; counts its runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on, self.runs = threading.Event(), threading.Event(), 0
        self.before: Callable[[], object] = lambda: None
        monkeypatch.setattr(voice_prep, "decode_reference", self)

    def __call__(self, file: io.RawIOBase):
        self.runs += 1
        self.begun.set()
        assert self.go_on.wait(60)
        self.before()
        return decode_reference(file)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 60)


async def test_prepare_answers_normalised_audio(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(16384))
    prep = make_prep(tmp_path)
    prepared = await prep.prepare("v.wav")
    audio = await audio_of(prep, prepared)
    assert len(audio) == NUM_SAMPLES
    assert audio.dtype == np.float32
    np.testing.assert_array_equal(audio, np.resize([0.5, -0.5], NUM_SAMPLES))
    assert not audio.flags.writeable


async def test_prepare_and_audio_answer_from_the_cache(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prep = make_prep(tmp_path)
    first, again = await prep.prepare("v.wav"), await prep.prepare("v.wav")
    assert first == again
    assert (await prep.audio(first))[0] is (await prep.audio(again))[0]
    assert prep.stats() == {
        "hits": 1,
        "misses": 1,
        "evictions": 0,
        "entries": 1,
        "bytes": NUM_BYTES,
        "decodes": 1,
    }


async def test_prepare_keys_name_the_content(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    (tmp_path / "copy.WAV").write_bytes(recording(1000))
    (tmp_path / "other.wav").write_bytes(recording(1001))
    prep = make_prep(tmp_path)
    v, copy, other = [await prep.prepare(name) for name in ("v.wav", "copy.WAV", "other.wav")]
    assert v.key == copy.key == (await make_prep(tmp_path).prepare("v.wav")).key
    assert v.key != other.key


async def test_prepare_tells_the_file_that_a_name_leads_to(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "v.wav").write_bytes(recording(1000))
    (tmp_path / "link.wav").symlink_to("sub/v.wav")
    prep = make_prep(tmp_path)
    names = ("sub/v.wav", "sub/v", "./sub//v.wav", "link.wav", "link")
    assert {(await prep.prepare(name)).file for name in names} == {"sub/v.wav"}


async def test_prepare_decodes_once_for_all_who_wait(tmp_path: Path, decoding: Decoding):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    (tmp_path / "link.wav").symlink_to("v.wav")
    prep = make_prep(tmp_path)
    names = ["v.wav", "./v.wav", "link.wav", "v.wav"] * 5
    waiting = [asyncio.create_task(prep.prepare(name)) for name in names]
    await all_wait(prep, len(names))
    decoding.go_on.set()
    prepared = await asyncio.gather(*waiting)
    assert decoding.runs == prep.stats()["decodes"] == 1
    assert len({one.key for one in prepared}) == 1


async def test_prepare_answers_cached_voices_while_every_decoder_is_busy(
    tmp_path: Path, decoding: Decoding
):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prep = make_prep(tmp_path)
    decoding.go_on.set()
    cached = await prep.prepare("v.wav")
    decoding.go_on.clear()
    for number in range(20):
        (tmp_path / f"{number}.wav").write_bytes(recording(2000 + number))
    waiting = [asyncio.create_task(prep.prepare(f"{number}.wav")) for number in range(20)]
    await all_wait(prep, 1 + 20)
    assert await asyncio.wait_for(prep.prepare("v.wav"), 60) == cached
    assert not any(task.done() for task in waiting)
    decoding.go_on.set()
    await asyncio.gather(*waiting)


async def test_prepare_decodes_other_voices_while_files_stall_that_are_read(
    tmp_path: Path, decoding: Decoding, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(voice_prep, "DECODER_S", 0.05)
    prep = make_prep(tmp_path)
    for name in ("stalled-1.wav", "stalled-2.wav"):
        (tmp_path / name).write_bytes(recording(1000))
    stalled = [
        asyncio.create_task(prep.prepare(name)) for name in ("stalled-1.wav", "stalled-2.wav")
    ]
    await all_wait(prep, 2)
    (tmp_path / "v.wav").write_bytes(recording(2000))
    other = asyncio.create_task(prep.prepare("v.wav"))
    while decoding.runs < 3:  # noqa: ASYNC110 (it sends no event)
        await asyncio.sleep(0.01)  # nothing in VoicePrep signals it
    decoding.go_on.set()
    assert (await other).name == "v.wav"
    await asyncio.gather(*stalled)


async def test_prepare_evicts_by_bytes(tmp_path: Path):
    prep = make_prep(tmp_path, cache_bytes=2 * NUM_BYTES)
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(recording(1000 + number))
        await prep.prepare(f"{number}.wav")
    stats = prep.stats()
    assert (stats["entries"], stats["evictions"], stats["bytes"]) == (2, 1, 2 * NUM_BYTES)
    await prep.prepare("0.wav")
    assert prep.stats()["decodes"] == 4


async def test_voice_whose_audio_samplers_ask_for_outlives_those_that_they_do_not(tmp_path: Path):
    prep, voices = make_prep(tmp_path, cache_bytes=2 * NUM_BYTES), []
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(recording(1000 + number))
        voices.append(await prep.prepare(f"{number}.wav"))
        await prep.audio(voices[0])
    assert prep.stats()["decodes"] == 3


async def test_prepare_answers_a_voice_too_large_to_keep(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prep = make_prep(tmp_path, cache_bytes=NUM_BYTES - 1)
    assert await level(prep) == await level(prep) == 1000
    assert prep.stats()["entries"] == 0


@pytest.mark.parametrize("replace", WAYS)
@pytest.mark.parametrize("keep_mtime", [False, True])
async def test_prepare_sees_a_replacement_of_the_same_size_at_once(
    tmp_path: Path, replace, keep_mtime: bool
):
    path = tmp_path / "v.wav"
    prep = make_prep(tmp_path, clock=time.time_ns)
    for number in range(1000, 1010):
        if path.exists():
            status = os.stat(path)
            replace(path, recording(number))
            if keep_mtime:
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        else:
            path.write_bytes(recording(number))
        assert await level(prep) == number


async def test_prepare_decodes_a_young_file_again_once_it_has_settled(tmp_path: Path):
    path = tmp_path / "v.wav"
    path.write_bytes(recording(1000))
    written_ns = os.stat(path).st_ctime_ns
    now_ns = iter([written_ns, written_ns, *[written_ns + SETTLE_NS] * 3])
    prep = make_prep(tmp_path, clock=lambda: next(now_ns))
    prepared = [await prep.prepare("v.wav") for _ in range(5)]
    assert prep.stats()["decodes"] == 2
    assert len({one.key for one in prepared}) == 1


async def test_prepare_fails_once_the_file_is_deleted(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prep = make_prep(tmp_path)
    await prep.prepare("v.wav")
    (tmp_path / "v.wav").unlink()
    with pytest.raises(VoiceNotFound, match=r"^speaker_voice 'v\.wav' not found$"):
        await prep.prepare("v.wav")


async def test_prepare_finds_a_voice_published_after_it_failed(tmp_path: Path):
    prep = make_prep(tmp_path)
    with pytest.raises(VoiceNotFound):
        await prep.prepare("v.wav")
    (tmp_path / "v.wav").write_bytes(recording(1000))
    assert await level(prep) == 1000


@pytest.mark.parametrize("clock", [settled, time.time_ns])
async def test_prepare_keeps_the_old_content_for_those_who_asked_before_a_replacement(
    tmp_path: Path, decoding: Decoding, clock
):
    path = tmp_path / "v.wav"
    path.write_bytes(recording(1000))
    prep = make_prep(tmp_path, clock=clock)
    before = [asyncio.create_task(level(prep)) for _ in range(3)]
    await all_wait(prep, 3)
    await decoding.has_begun()
    replace_by_rename(path, recording(2000))
    after = asyncio.create_task(level(prep))
    decoding.go_on.set()
    assert await asyncio.gather(*before, after) == [1000, 1000, 1000, 2000]
    assert decoding.runs == 2


@pytest.mark.parametrize("state", [b"", recording(2000)[:-500], recording(2000)])
async def test_prepare_decodes_again_what_was_written_in_place_meanwhile(
    tmp_path: Path, decoding: Decoding, state: bytes
):
    path = tmp_path / "v.wav"
    path.write_bytes(recording(1000))
    prep = make_prep(tmp_path, clock=time.time_ns)
    states = iter([state, recording(3000)])
    decoding.before = lambda: path.write_bytes(next(states)) if decoding.runs < 3 else None
    decoding.go_on.set()
    assert await level(prep) == 3000
    assert (decoding.runs, prep.stats()["entries"]) == (3, 1)


async def test_prepare_gives_all_who_wait_the_content_written_in_place(
    tmp_path: Path, decoding: Decoding
):
    path = tmp_path / "v.wav"
    path.write_bytes(recording(1000))
    prep = make_prep(tmp_path, clock=time.time_ns)
    waiting = [asyncio.create_task(level(prep)) for _ in range(3)]
    await all_wait(prep, 3)
    await decoding.has_begun()
    path.write_bytes(recording(2000))
    decoding.go_on.set()
    assert await asyncio.gather(*waiting) == [2000] * 3
    assert decoding.runs == 2


async def test_prepare_gives_up_on_a_file_that_never_rests(tmp_path: Path, decoding: Decoding):
    path = tmp_path / "v.wav"
    path.write_bytes(recording(1000))
    decoding.before = lambda: path.write_bytes(recording(1000 + decoding.runs, 2000))
    decoding.go_on.set()
    prep = make_prep(tmp_path, clock=time.time_ns)
    with pytest.raises(InvalidRequest) as caught:
        await prep.prepare("v.wav")
    reason = "the file is still being written"
    assert caught.value.message == f"speaker_voice 'v.wav' could not be decoded: {reason}"
    assert decoding.runs == MAX_TRIES
    decoding.before = lambda: None
    assert await level(prep) == 1000 + MAX_TRIES


async def test_prepare_reports_not_found_to_each_by_name_when_the_file_goes_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "v.wav"
    path.write_bytes(recording(1000))
    prep, read = make_prep(tmp_path), VoicePrep._read

    def read_too_late(*args):
        path.unlink(missing_ok=True)
        return read(*args)

    monkeypatch.setattr(VoicePrep, "_read", read_too_late)
    results = await asyncio.gather(
        prep.prepare("v.wav"), prep.prepare("./v.wav"), return_exceptions=True
    )
    assert [str(result) for result in results] == [
        "speaker_voice 'v.wav' not found",
        "speaker_voice './v.wav' not found",
    ]


async def test_prepare_names_voice_and_reason_of_what_cannot_be_decoded(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(b"no audio at all")
    (tmp_path / "silent.wav").write_bytes(recording(0))
    prep = make_prep(tmp_path)
    for name, reason in (
        ("v.wav", "not an audio file that can be read"),
        ("silent.wav", "no audible audio"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await prep.prepare(name)
        assert caught.value.message == f"speaker_voice '{name}' could not be decoded: {reason}"
        assert caught.value.param == "speaker_voice"
        assert type(pickle.loads(pickle.dumps(caught.value))) is InvalidRequest


async def test_prepare_does_not_keep_errors(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(b"no audio at all")
    prep = make_prep(tmp_path)
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            await prep.prepare("v.wav")
    assert prep.stats()["decodes"] == 2
    assert prep.stats()["entries"] == 0


async def test_prepare_says_that_reading_failed(tmp_path: Path, decoding: Decoding):
    def fail() -> None:
        raise OSError(5, "Input/output error", "/secret/place")

    (tmp_path / "v.wav").write_bytes(recording(1000))
    decoding.before = fail
    decoding.go_on.set()
    with pytest.raises(InvalidRequest) as caught:
        await make_prep(tmp_path).prepare("v.wav")
    reason = "the file cannot be read"
    assert caught.value.message == f"speaker_voice 'v.wav' could not be decoded: {reason}"


async def test_prepare_cancelled_leaves_the_decode_to_the_others(
    tmp_path: Path, decoding: Decoding
):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prep = make_prep(tmp_path)
    first, second = (asyncio.create_task(level(prep)) for _ in range(2))
    await all_wait(prep, 2)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    decoding.go_on.set()
    assert await second == 1000
    assert decoding.runs == 1


async def test_prepare_logs_one_line_per_decode_without_the_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "private name.wav").write_bytes(recording(1000, 44_100))
    prep = make_prep(tmp_path)
    with caplog.at_level(logging.INFO):
        prepared = await prep.prepare("private name.wav")
        await prep.prepare("private name.wav")
    # Where Serve's handlers are shared, pytest's is among them and sees a record twice.
    records = dict.fromkeys(caplog.records)
    lines = [record.getMessage() for record in records if record.name == voice_prep.__name__]
    assert len(lines) == 1
    assert lines[0].startswith(f"voice {prepared.key}: decoded 1.0 s of audio in ")
    assert "private" not in caplog.text
    assert str(tmp_path) not in caplog.text


async def test_report_follows_the_folder(tmp_path: Path):
    folder = tmp_path / "voices"
    prep = make_prep(folder)
    assert await prep.report() == {"state": "missing", "num_voices": 0}
    folder.mkdir()
    (folder / "v.wav").write_bytes(recording(1000))
    assert await prep.report() == {"state": "ok", "num_voices": 1}


async def test_audio_of_a_voice_replaced_since_is_found_while_held(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prep = make_prep(tmp_path, clock=time.time_ns)
    prepared = await prep.prepare("v.wav")
    (tmp_path / "v.wav").write_bytes(recording(2000))
    assert round(float((await audio_of(prep, prepared))[0]) * 32768) == 1000
    with pytest.raises(VoiceLost):
        await make_prep(tmp_path).audio(prepared)


async def test_audio_prepared_by_another_replica_is_prepared_here(tmp_path: Path):
    (tmp_path / "v.wav").write_bytes(recording(1000))
    prepared = await make_prep(tmp_path).prepare("v.wav")
    assert round(float((await audio_of(make_prep(tmp_path), prepared))[0]) * 32768) == 1000


def test_content_key_tells_lengths_and_signs_apart():
    audio = [np.zeros(10, "f4"), np.zeros(11, "f4"), np.full(10, -0.0, "f4")]
    assert len({content_key(one) for one in audio}) == 3


class FakeVoicePrep:
    """A handle to VoicePrep whose calls answer, or raise, one thing after another."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.audio = self

    async def remote(self, voice):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer]

    def broadcast(self, method, voice):
        return self

    async def results_async(self, return_exceptions):
        return self.answers


def lookup(*answers):
    return VoiceLookup(FakeVoicePrep(*answers), 60)


VOICE = PreparedVoice("v.wav", "key", 2)
DEAD = ActorDiedError()


async def test_fetch_asks_again_a_few_times_when_the_owner_died():
    audio = np.full(10, 0.5, np.float32)
    assert await fetch(lookup(DEAD, audio), VOICE) is audio
    with pytest.raises(VoiceLost):
        await fetch(lookup(*[DEAD] * MAX_FETCHES * MAX_ASKED, audio), VOICE)


async def test_fetch_passes_on_what_the_voice_now_is():
    with pytest.raises(VoiceNotFound):
        await fetch(lookup(VoiceNotFound("gone")), VOICE)
