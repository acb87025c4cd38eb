import os
import socket

import pytest

from serve_app.commands.speak import main
from serve_app.commands.speak_options import speak_parser


def test_patience_without_end_is_one_that_a_socket_takes():
    given = speak_parser().parse(["Hi.", "-o", "out.wav", "--patience", "1e300"])
    with socket.socket() as any_socket:
        any_socket.settimeout(given.patience)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["Hello.", "-o", "out.txt"], 2, "no format ends like 'out.txt'"),
        (["-o", "out.wav"], 2, "give the text, - or --file"),
        (["Hello.", "--file", "x", "-o", "out.wav"], 2, "give the text, - or --file"),
        (["--file", "nowhere.txt", "-o", "out.wav"], 2, "nowhere.txt cannot be read"),
        (["--file", "nowhere.EPUB", "-o", "out.m4b"], 2, "nowhere.EPUB cannot be read: No such"),
        (["Hello.", "-o", "out.wav", "--parameter", "seed"], 2, "'seed' is not name=value"),
        (["Hello.", "-o", "out.wav", "--patience", "-1"], 2, "'-1' is not a number of seconds"),
        (["Hello.", "-o", "nowhere/out.wav"], 1, "nowhere/out.wav cannot be written: No such file"),
        (["Hello.", "-o", "out.wav", "--url", "nowhere"], 2, "is not an HTTP address"),
        (["Hello.", "-o", "out.wav", "--url", "http://127.0.0.1:1"], 3, "No server answers"),
    ],
)
def test_exits_by_what_went_wrong_and_leaves_no_file(
    tmp_path, monkeypatch, capsys, arguments, exit_code, message
):
    monkeypatch.chdir(tmp_path)
    try:
        left = main(arguments)
    except SystemExit as exit_:
        left = exit_.code
    assert left == exit_code
    assert message in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_epub_that_cannot_be_read_is_told_in_a_line(tmp_path, capsys):
    (tmp_path / "a\nbook.epub").write_text("It rained.")
    with pytest.raises(SystemExit) as exit_:
        main(["--file", str(tmp_path / "a\nbook.epub"), "-o", str(tmp_path / "book.m4b")])
    assert exit_.value.code == 2
    told = capsys.readouterr().err
    assert "a\\nbook.epub is no EPUB, or damaged: it is not a zip archive; see" in told
    assert len(told.splitlines()) == 1


def test_file_given_as_the_text_is_not_spoken_as_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Book.epub").write_text("It rained.")
    with pytest.raises(SystemExit) as exit_:
        main(["Book.epub", "-o", "book.m4b"])
    assert exit_.value.code == 2
    assert (
        "'Book.epub' is a file: to have it read, write --file before it" in capsys.readouterr().err
    )
