"""Every section of the GPU benchmark runs to its end, as far as a CPU can go."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.echo_reference import Reference
from bench.gpu import __main__ as program
from bench.gpu import profiles, sections
from engine.echo import fast_path
from engine.echo.codecs.dac.lengths import GRAPH_FRAME_BYTES
from engine.echo.model.ops import plain


class Repeated:
    """Repeats a computation where a graph would be replayed."""

    def free_bytes(self):
        return 10 * 32 * GRAPH_FRAME_BYTES

    def reserve(self, largest):
        for compute in largest:
            compute()

    def __call__(self, compute):
        compute()
        return compute


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU runs it as it is")
def test_every_section_ends_with_rows(tmp_path, monkeypatch):
    # The kernels have tests of their own; Triton's interpreter would take minutes here.
    for module in (sections, profiles, fast_path):
        monkeypatch.setattr(module, "ops_for", lambda fused: plain)
    monkeypatch.setattr(program, "new_capture", lambda on_gpu: Repeated)
    monkeypatch.setattr(sections, "prove_in_child", lambda *_: None)
    monkeypatch.setattr(Reference, "compile", lambda self: None)
    arguments = ["bench.gpu", "--out", str(tmp_path), "--size", "tiny"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        program.main()
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["failed"] == {}
    assert not ended.value.code
    assert list(results["seconds"]) == [section.__name__ for section in program.SECTIONS]
    rows = {name for name, *_ in results["rows"]}
    for part in ("graphs, ms", "prepared, never seen", "overlap_codec=True", "compiled"):
        assert any(part in name for name in rows), part


@pytest.fixture
def run_script(tmp_path):
    """Return a function that runs bench/gpu/run: it returns status, calls and what was printed."""
    called, python = tmp_path / "called", tmp_path / "python"
    python.write_text(
        f"""#!/bin/sh
echo "$@" >> {called}
case "$*" in *wrong*) exit 2 ;; *--help) exit 0 ;; "-m bench.gpu"*) exit 3 ;; esac
[ "${{SLOW:-}}" ] || exit 0
trap 'echo FAILED slowly; kill $!; exit 2' INT
tail -f /dev/null & wait
"""
    )
    python.chmod(0o755)

    def run(*arguments, **environment):
        script = Path(program.__file__).with_name("run")
        environment |= {"PATH": "/usr/bin:/bin", "PYTHON": str(python), "OUT": str(tmp_path)}
        done = subprocess.run(
            [script, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            # A runner in the background may be deaf to it, and with it all that it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        return done.returncode, called.read_text().splitlines(), done.stdout

    return run


def test_wrong_argument_is_told_before_the_tests_take_their_time(run_script):
    status, [call], _ = run_script("--only", "wrong")
    assert (status, call.split()[-3:]) == (2, ["--only", "wrong", "--help"])


def test_help_is_all_that_is_asked_for(run_script):
    status, calls, _ = run_script("--help")
    assert (status, len(calls)) == (0, 1)


@pytest.mark.parametrize(
    ("tests", "expected"), [({}, ["pytest", "bench.gpu"]), ({"TESTS": "0"}, ["bench.gpu"])]
)
def test_run_ends_as_the_benchmark_does_with_tests_before_it_or_not(run_script, tests, expected):
    status, [_, *calls], _ = run_script("--size", "tiny", **tests)
    assert (status, [call.split()[1] for call in calls]) == (3, expected)


def test_tests_that_take_too_long_say_what_they_have_found(run_script):
    *_, printed = run_script(TESTS="0.1", SLOW="1")
    assert "FAILED slowly" in printed


@pytest.mark.slow
def test_tests_begin_where_only_the_wheels_of_docs_gpu_are():
    blocked = "import sys; sys.modules |= dict.fromkeys(['xdist', 'ray', 'fastapi', 'av'])"
    command = [sys.executable, "-c", f"{blocked}; import tests.conftest"]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
