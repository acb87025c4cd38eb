import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from speech.errors import InvalidRequest, VoiceNotFound
from speech.voice_names import EXTENSIONS, find_file, usable_names
from speech.voices import list_names

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Renée") for form in ("NFC", "NFD"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "audio_voices"
    path.mkdir()
    return path


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"audio")


def found(folder: Path, name: str) -> str:
    return os.path.relpath(find_file(str(folder), name), folder)


def test_stem_means_the_one_file_that_has_it(folder: Path):
    put(folder, "alloy.wav", "nova.MP3", "sub/onyx.v2.ogg", "alloy.txt", "alloy.wav.part")
    assert found(folder, "alloy") == "alloy.wav"
    assert found(folder, "nova") == "nova.MP3"
    assert found(folder, "sub/onyx.v2") == found(folder, "./sub//onyx.v2") == "sub/onyx.v2.ogg"


def test_stem_of_several_files_is_an_error_that_names_them(folder: Path):
    put(folder, "sub/alloy.wav", "sub/alloy.mp3", "sub/alloys.mp3")
    with pytest.raises(InvalidRequest) as caught:
        find_file(str(folder), "sub/alloy")
    assert caught.value.message == (
        "speaker_voice 'sub/alloy' means several files: 'sub/alloy.mp3', 'sub/alloy.wav'"
    )
    assert caught.value.param == "speaker_voice"


def test_exact_name_wins_over_the_stem(folder: Path):
    put(folder, "alloy.wav", "alloy.wav.mp3", "alloy.wav.ogg", "nova", "nova.wav")
    assert found(folder, "alloy.wav") == "alloy.wav"
    with pytest.raises(InvalidRequest, match=r"extension: \(none\)$"):
        find_file(str(folder), "nova")


def test_name_with_an_extension_is_never_a_stem(folder: Path):
    put(folder, "alloy.wav.mp3")
    with pytest.raises(VoiceNotFound, match=r"^speaker_voice 'alloy\.wav' not found$"):
        find_file(str(folder), "alloy.wav")


def test_folder_of_the_same_name_does_not_hide_a_stem(folder: Path):
    put(folder, "alloy/other.wav", "alloy.wav")
    assert found(folder, "alloy") == "alloy.wav"


@pytest.mark.parametrize("stored", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("asked", [COMPOSED, DECOMPOSED])
def test_names_compare_in_nfc(folder: Path, stored: str, asked: str):
    put(folder, f"{stored}/{stored}.ogg")
    assert found(folder, f"{asked}/{asked}.ogg") == f"{stored}/{stored}.ogg"
    assert found(folder, f"{asked}/{asked}") == f"{stored}/{stored}.ogg"


def test_exact_name_wins_over_its_twin_in_another_form(folder: Path):
    put(folder, f"{COMPOSED}.ogg", f"{DECOMPOSED}.ogg")
    assert found(folder, f"{DECOMPOSED}.ogg") == f"{DECOMPOSED}.ogg"
    assert found(folder, f"{COMPOSED}.ogg") == f"{COMPOSED}.ogg"


def test_stem_of_what_leads_out_or_is_no_file_is_not_found(folder: Path):
    put(folder.parent, "secret.wav", "outside/nora.wav")
    (folder / "alloy.wav").symlink_to(folder.parent / "secret.wav")
    (folder / "link").symlink_to(folder.parent / "outside")
    (folder / "echo.wav").mkdir()
    os.mkfifo(folder / "fifo.wav")
    for name in ("alloy", "echo", "fifo"):
        with pytest.raises(VoiceNotFound):
            find_file(str(folder), name)
    with pytest.raises(InvalidRequest, match=r"^Invalid speaker_voice path$"):
        find_file(str(folder), "link/nora")


@pytest.mark.parametrize("name", ["alloy.wav/", "alloy.wav/.", "alloy/", ".", "sub/"])
def test_name_of_a_folder_means_no_file(folder: Path, name: str):
    put(folder, "alloy.wav", "sub/nora.wav")
    with pytest.raises(VoiceNotFound):
        find_file(str(folder), name)


@pytest.mark.parametrize("name", ["../", "/", "sub/../../."])
def test_name_of_a_folder_that_leads_out_is_no_path(folder: Path, name: str):
    put(folder, "sub/nora.wav")
    with pytest.raises(InvalidRequest, match=r"^Invalid speaker_voice path$"):
        find_file(str(folder), name)


def test_missing_stem_tells_the_way_out(folder: Path):
    with pytest.raises(VoiceNotFound) as caught:
        find_file(str(folder), "alloy")
    assert caught.value.message == "speaker_voice 'alloy' not found"
    assert "alloy.wav" in caught.value.way_out
    assert str(folder) not in caught.value.way_out


def test_way_out_for_a_name_in_a_sub_folder_lies_there(folder: Path):
    with pytest.raises(VoiceNotFound) as caught:
        find_file(str(folder), "choir/alloy")
    assert "'choir/alloy.wav'" in caught.value.way_out


def test_name_of_a_folder_has_no_way_out(folder: Path):
    with pytest.raises(VoiceNotFound) as caught:
        find_file(str(folder), "choir/")
    assert caught.value.way_out is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1),
    st.sampled_from(sorted(EXTENSIONS)),
)
def test_every_stem_finds_its_file(tmp_path_factory, stem: str, extension: str):
    assume(len(os.fsencode(stem)) < 200 and stem not in (".", "..") and not stem.startswith("."))
    assume(os.path.splitext(stem)[1].lower() not in EXTENSIONS)
    folder = tmp_path_factory.mktemp("voices")
    put(folder, stem + extension)
    assert found(folder, stem) == stem + extension
    assert list_names(str(folder)) == [stem + extension]


def test_stem_asks_about_no_files_that_only_start_so(folder: Path, monkeypatch):
    put(folder, "v.wav", *(f"v{number}.wav" for number in range(200)))
    asked: list[object] = []
    lstat = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path, **given: asked.append(path) or lstat(path))
    assert found(folder, "v") == "v.wav"
    assert 0 < len(asked) < 100


def test_listed_names_are_those_that_open(folder: Path):
    put(folder, "b.wav", "a.MP3", "sub/c.ogg", ".hidden.wav", "notes.txt")
    (folder / "link.wav").symlink_to(folder / "b.wav")
    (folder / "round").symlink_to(folder)
    (folder.parent / "x.wav").write_bytes(b"")
    (folder / "out.wav").symlink_to(folder.parent / "x.wav")
    (folder / os.fsdecode(b"\xff.wav")).write_bytes(b"audio")
    names = list_names(str(folder))
    assert names == ["a.MP3", "b.wav", "link.wav", "sub/c.ogg"]
    assert all(find_file(str(folder), name) for name in names)
    assert len(list(usable_names(str(folder)))) == 5  # one is not Unicode
