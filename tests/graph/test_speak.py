"""`echo-tts speak` against the graph, as a user runs it: a process of its own."""

import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import av
import httpx
import pytest
import soundfile

from speech.formats import FORMATS
from speech.loudness import measure_loudness
from speech.pcm import from_int16
from speech.reference_audio import decode_reference
from tests.graph.conftest import KEY, stats, wait_until, wait_until_given_up
from tests.texts import ENDLESS, ENDLESS_REQUEST, SENTENCE

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]


def command(*arguments):
    return [sys.executable, "-m", "serve_app", "speak", *map(str, arguments)]


def environment(url, **variables):
    return os.environ | {"PYTHONPATH": str(ROOT), "ECHO_URL": url, **variables}


@pytest.fixture
def speak(graph, tmp_path):
    """Return `speak(*arguments)`: the finished process, run in `tmp_path`."""

    def speak(*arguments, url=graph, **options):
        variables = options.pop("variables", {})
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment(url, **variables),
            timeout=60,
            **pipes,
        )

    return speak


@pytest.fixture
def ends(narrow):
    """Return `ends()`: waits until the engine has been freed of a request that began after this."""
    return partial(wait_until_given_up, "narrow", stats("narrow"))


@contextmanager
def endless_speech(url, folder, output, **options):
    """Run `speak` on an endless text; it is killed at the end if it still runs."""
    (folder / "endless.txt").write_text(ENDLESS)
    with subprocess.Popen(
        command(
            *("--file", folder / "endless.txt", "-o", output, "--voice", "ada.ogg"),
            *("--parameter", "num_steps=4"),
        ),
        env=environment(url, ECHO_API_KEY=KEY),
        cwd=folder,
        stderr=subprocess.PIPE,
        # A shell's background jobs ignore Ctrl-C, and hand that down to all they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("output_format", FORMATS)
def test_speak_writes_every_format_by_its_suffix(speak, tmp_path, output_format):
    done = speak(SENTENCE, "--voice", "ada.ogg", "-o", f"fox.{output_format}")
    assert done.returncode == 0, done.stderr
    told = done.stderr.decode()
    assert f"s of {output_format} at" in told
    assert "engine echo-mini, seed 0, request " in told
    if output_format == "pcm":
        seconds = (tmp_path / "fox.pcm").stat().st_size / 2 / 24_000
    else:
        written = io.BytesIO((tmp_path / f"fox.{output_format}").read_bytes())
        seconds = len(decode_reference(written)) / 44_100
    assert 1.5 < seconds < 5
    assert float(re.search(r": (\S+) s of", told)[1]) == pytest.approx(seconds, abs=0.1)


def test_speak_writes_a_wav_file_with_a_true_header(speak, tmp_path):
    assert speak(SENTENCE, "-o", "fox.wav", "--sample-rate", "16000").returncode == 0
    size = (tmp_path / "fox.wav").stat().st_size
    header = (tmp_path / "fox.wav").read_bytes()[:44]
    assert int.from_bytes(header[4:8], "little") == size - 8
    assert int.from_bytes(header[40:44], "little") == size - 44
    assert soundfile.info(tmp_path / "fox.wav").samplerate == 16000


def test_speak_reads_standard_input_and_files_and_writes_to_a_pipe(speak, tmp_path):
    (tmp_path / "fox.txt").write_text(f"\ufeff{SENTENCE}")
    options = ("-o", "-", "--format", "pcm", "--quiet")
    spoken = [
        speak(SENTENCE, *options),
        speak("-", *options, input=SENTENCE.encode()),
        speak("--file", "fox.txt", *options),
    ]
    assert [done.returncode for done in spoken] == [0, 0, 0]
    assert [done.stderr for done in spoken] == [b"", b"", b""]
    assert spoken[0].stdout == spoken[1].stdout == spoken[2].stdout
    assert 1.5 < len(spoken[0].stdout) / 2 / 24_000 < 5


def test_speak_passes_on_what_shapes_the_speech(speak):
    def pcm(*options):
        return speak(SENTENCE, "-o", "-", "--format", "pcm", *options).stdout

    assert pcm("--seed", "3") == pcm("--parameter", "seed=3") != pcm("--seed", "4")
    assert len(pcm("--speed", "2")) == pytest.approx(len(pcm()) / 2, rel=0.02)
    samples = from_int16(pcm("--loudness", "-30"))
    assert measure_loudness(samples, 24_000).lufs == pytest.approx(-30, abs=0.6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--voice", "nobody.ogg"], "speaker_voice 'nobody.ogg' not found"),
        (["--voice", "../x.ogg"], "Invalid speaker_voice path"),
        (["--parameter", "steps=3"], "Unknown parameter 'steps' (known: "),
        (["--parameter", "num_steps=NaN"], "Invalid parameter 'num_steps': "),
        (["--parameter", "num_steps=many"], "Invalid parameter 'num_steps': "),
        (["--loudness", "-5"], "Invalid 'loudness': "),
        (["--speed", "nan"], "Invalid 'speed': "),
        (["--sample-rate", "1"], "Invalid 'sample_rate': "),
    ],
)
def test_speak_tells_the_servers_own_error_and_leaves_no_file(speak, tmp_path, options, message):
    done = speak("Hello.", "-o", "out.wav", *options)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"speak: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_speak_sends_no_audio_to_a_terminal(speak):
    terminal, its_end = pty.openpty()
    done = speak("Hello.", "-o", "-", stdout=its_end)
    os.close(its_end)
    os.close(terminal)
    assert done.returncode == 2
    assert b"not for a terminal" in done.stderr


def read_to_the_end(terminal):
    """Return what was written to a terminal whose other end is closed."""
    shown = b""
    with suppress(OSError):  # how Linux tells the end
        while part := os.read(terminal, 4096):
            shown += part
    return shown


@pytest.mark.parametrize(("text", "has_bar"), [(10 * SENTENCE, True), (SENTENCE, False)])
def test_speak_shows_progress_of_long_text_on_a_terminal(speak, text, has_bar):
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    done = speak(text, "-o", "fox.mp3", stderr=its_end)
    os.close(its_end)
    shown = read_to_the_end(terminal).decode()
    os.close(terminal)
    assert done.returncode == 0, shown
    assert ("s of audio [" in shown) == has_bar
    assert "s of mp3 at" in shown


def test_speak_sends_the_key_that_the_server_asks_for(speak, narrow):
    right, wrong, none = (
        speak("Hello.", "-o", "out.wav", url=narrow, variables=variables)
        for variables in ({"ECHO_API_KEY": KEY}, {"ECHO_API_KEY": "other"}, {})
    )
    assert (right.returncode, wrong.returncode, none.returncode) == (0, 2, 2)
    assert wrong.stderr == none.stderr
    assert b"Missing or wrong API key" in none.stderr


def test_speak_says_when_the_server_is_overloaded(speak, narrow, ends):
    url, headers = f"{narrow}/v1/audio/speech", {"Authorization": f"Bearer {KEY}"}
    with httpx.stream("POST", url, json=ENDLESS_REQUEST, headers=headers, timeout=60) as first:
        arriving = first.iter_raw()
        assert next(arriving)
        done = speak("Hello.", "-o", "out.wav", url=narrow, variables={"ECHO_API_KEY": KEY})
    assert done.returncode == 3
    assert done.stderr == b"speak: Overloaded, retry later\n"
    ends()


def test_ctrl_c_ends_the_request_and_leaves_no_file(narrow, ends, tmp_path):
    def has_audio():
        return any(path.stat().st_size for path in tmp_path.glob(".out.wav.*.part"))

    with endless_speech(narrow, tmp_path, "out.wav") as process:
        wait_until(has_audio)
        assert not (tmp_path / "out.wav").exists()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == b"speak: Interrupted\n"
    assert os.listdir(tmp_path) == ["endless.txt"]
    ends()


def test_reader_that_leaves_ends_the_request(narrow, ends, tmp_path):
    with endless_speech(narrow, tmp_path, "-", stdout=subprocess.PIPE) as process:
        assert process.stdout.read(4) == b"RIFF"
        process.stdout.close()
        told = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode == 1
    assert told == b"speak: Nobody reads the audio any more\n"
    ends()


def test_follow_speaks_what_is_written_before_the_rest_is(graph, tmp_path):
    process = subprocess.Popen(
        command("--follow", "--voice", "ada.ogg", "-o", "-", "--format", "wav"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(graph),
    )
    with process:
        process.stdin.write(b"It is half past nine, Dr. Mas")
        process.stdin.flush()
        process.stdin.write(b"on. Sleep")
        process.stdin.flush()
        heard = process.stdout.read(48_000)
        rest, errors = process.communicate(b" well!", timeout=60)
    assert process.returncode == 0, errors
    samples, rate = soundfile.read(io.BytesIO(heard + rest))
    assert 2 < len(samples) / rate < 10


@pytest.mark.parametrize(
    ("arguments", "exit_code"), [(("--voice", "nobody.wav"), 2), (("Text",), 2)]
)
def test_follow_tells_what_is_wrong(speak, tmp_path, arguments, exit_code):
    done = speak("--follow", "-o", "out.wav", *arguments, input=b"Hello there.")
    assert done.returncode == exit_code, done.stderr
    assert not list(tmp_path.iterdir())


def test_book_has_chapters_and_is_spoken_alike_each_time(speak, tmp_path):
    (tmp_path / "book.txt").write_text("Chapter 1\n\nGood morning.\n\nChapter 2\n\nGood night.\n")
    options = ("--file", "book.txt", "--voice", "ada", "-o", "book.m4b", "--title", "Day")
    books = set()
    for _ in range(2):
        done = speak(*options)
        assert done.returncode == 0, done.stderr
        books.add((tmp_path / "book.m4b").read_bytes())
    assert len(books) == 1
    with av.open(tmp_path / "book.m4b") as container:
        assert container.metadata["title"] == "Day"
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
    assert titles == ["Chapter 1", "Chapter 2"]
