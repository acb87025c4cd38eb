"""The README's first command, as a newcomer runs it: scripts/serve, then the line it prints."""

import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
import soundfile

from tests.graph.conftest import free_port, private_temp_dir, small_ray, wait_until
from tests.texts import THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serve_script():
    """`scripts/serve` on free ports: the process, what it printed when ready, its metrics port."""
    with private_temp_dir() as temp_dir:
        yield from run_script(temp_dir)


def run_script(temp_dir):
    port, metrics_port = free_port(), free_port()
    environment = os.environ | {
        "PORT": str(port),
        "ECHO_METRICS_PORT": str(metrics_port),
        **small_ray(temp_dir),
    }
    process = subprocess.Popen(
        [ROOT / "scripts" / "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell's background jobs ignore Ctrl-C, and hand that down to all they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.strip().startswith("curl "):
            break
    else:
        pytest.fail("".join(lines))
    yield process, [line.strip() for line in lines], metrics_port
    if process.poll() is None:
        process.kill()
    process.stdout.close()
    process.wait()


def test_serve_prints_lines_that_speak_and_show_metrics_and_stops_on_ctrl_c(serve_script, tmp_path):
    process, [*lines, curl_line], metrics_port = serve_script
    metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
    assert f"Metrics for Prometheus: {metrics_url}" in lines
    subprocess.run(curl_line, shell=True, cwd=tmp_path, check=True, timeout=60)
    assert "ada.ogg" in curl_line
    samples, rate = soundfile.read(tmp_path / "speech.mp3", dtype="float32")
    assert len(samples) / rate > 2
    assert median_pitch_hz(samples, rate) == pytest.approx(189, rel=THREE_SEMITONES)  # ada's
    wait_until(lambda: "ray_echo_requests_total{" in httpx.get(metrics_url, timeout=60).text)
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    process.wait(timeout=60)
