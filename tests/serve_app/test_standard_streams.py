"""Commands whose standard streams are closed, full, or have no reader, and that are ended."""

import errno
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import runpod_entry
from serve_app.__main__ import let_signals_interrupt, main
from serve_app.commands import download
from serve_app.standard_streams import OUTPUT_FAILED, prepare_streams

ADA = str(Path(__file__).parents[2] / "voices" / "ada.ogg")


@pytest.fixture
def signals():
    """Signals as Python sets them up when it starts; they are put back."""
    held = {
        number: signal.getsignal(number)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    }
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in held.items():
        signal.signal(number, handler)


def full_device():
    return open("/dev/full", "w")


def pipe_without_a_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize(
    ("output", "told"),
    [
        (full_device, "Standard output cannot be written: No space left on device\n"),
        (pipe_without_a_reader, ""),
    ],
)
def test_report_that_cannot_be_printed_ends_without_a_traceback(
    monkeypatch, capsys, signals, output, told, options
):
    with output() as file:
        monkeypatch.setattr(sys, "stdout", file)
        with pytest.raises(SystemExit) as left:
            main(["check-voice", ADA, *options])
    assert left.value.code == OUTPUT_FAILED
    assert capsys.readouterr().err == told


def test_characters_that_the_terminal_does_not_have_are_escaped(monkeypatch, tmp_path):
    with open(tmp_path / "told", "w", encoding="ascii") as told:
        monkeypatch.setattr(sys, "stdout", told)
        assert main(["check-voice", str(tmp_path / "é.wav")]) == 2
    assert "\\xe9.wav: unusable" in (tmp_path / "told").read_text()


def test_streams_that_are_closed_fail_when_they_are_used(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    prepare_streams()
    with pytest.raises(OSError, match="Bad file descriptor") as of_input:
        sys.stdin.read()
    with pytest.raises(OSError, match="Bad file descriptor") as of_output:
        print("Hello", flush=True)
    assert of_input.value.errno == of_output.value.errno == errno.EBADF
    print("Hello", file=sys.stderr, flush=True)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with suppress(OSError):  # of what is left to write
            stream.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_that_ends_a_command_interrupts_it(monkeypatch, capsys, signals, number):
    def wait(_):
        os.kill(os.getpid(), number)
        signal.pause()

    monkeypatch.setattr(download, "main", wait)
    assert main(["download"]) == 130
    assert capsys.readouterr().err == "Interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_a_runpod_worker_that_is_starting(monkeypatch, signals, number):
    def wait(_):
        os.kill(os.getpid(), number)
        signal.pause()

    monkeypatch.setattr(runpod_entry, "read_settings", wait)
    with pytest.raises(SystemExit) as left:
        runpod_entry.main()
    assert left.value.code == 0


def test_ignored_hangup_stays_ignored(signals):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    let_signals_interrupt()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
