"""What a server says and opens as it starts, also where Ray's node does not come up at once.

And how it stops: at SIGTERM, as a container's or RunPod's load balancer's end sends it, and Ctrl-C.
"""

import ipaddress
import secrets
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
import soundfile
from ray._private.ray_constants import DEFAULT_DASHBOARD_AGENT_LISTEN_PORT

from serve_app.ray_node import MAX_STARTS
from tests.graph.conftest import free_port, get, private_temp_dir, wait_until
from tests.server.process import PATIENCE_S, ROOT, Server, without_warnings
from tests.texts import ENDLESS, ENDLESS_REQUEST, PARAGRAPHS, THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = [pytest.mark.ray, pytest.mark.timeout(PATIENCE_S)]

SPEECH = {"input": PARAGRAPHS, "response_format": "pcm", "sample_rate": 44100}

CALL_OF_A_REPLICA = "/ray.serve.ASGIService/HandleRequest"
"""What Serve's replicas call on each other; it runs what it is sent."""


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def newcomers(metrics_port):
    """The server of the README's first command, which would speak without end."""
    with private_temp_dir() as temp_dir:
        server = Server(
            temp_dir,
            command=[str(ROOT / "scripts" / "serve")],
            ECHO_MAX_TEXT_CHARS=str(len(ENDLESS)),
            ECHO_MAX_AUDIO_S="1e6",
            ECHO_METRICS_PORT=str(metrics_port),
        )
        yield server
        server.stop()


@pytest.fixture(scope="module")
def servers(newcomers):
    """Two servers that start side by side, by how many of their raylets are killed.

    Both then wait for half a minute, in which the newcomer's starts.
    """
    servers = {}
    with private_temp_dir() as first, private_temp_dir() as second:
        for failures, temp_dir in ((1, first), (MAX_STARTS, second)):
            token = Path(temp_dir, "auth_token")
            token.write_text(secrets.token_hex(32))
            servers[failures] = server = Server(
                temp_dir, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(token)
            )
            threading.Thread(target=kill_raylets, args=(server.process.pid, failures)).start()
        yield servers
        for server in servers.values():
            server.stop()


@pytest.fixture(scope="module")
def pings(servers):
    """What `/ping` of the first server answers, from when its port is open until it is ready."""
    server, answers = servers[1], []
    while server.process.poll() is None and 200 not in answers:
        with suppress(httpx.TransportError):  # nothing listens yet
            answers.append(server.ping())
        time.sleep(0.1)
    return answers


def kill_raylets(pid, count):
    """Kill the first `count` raylets of the process `pid`; none of them tells of its start."""
    killed = set()
    while len(killed) < count and psutil.pid_exists(pid):
        for child in children(pid) - killed:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(child)
                if process.name() == "raylet":
                    process.kill()
                    killed.add(child)
        time.sleep(0.01)


def children(pid):
    """Return the pids of a process's children.

    Linux tells them in a hundredth of the time in which psutil looks through all processes, if it
    is built to.
    """
    if not Path(f"/proc/{pid}/task/{pid}/children").exists():
        return {child.pid for child in psutil.Process(pid).children()}
    found = set()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended
            found.update(map(int, (thread / "children").read_text().split()))
    return found


def test_ping_is_204_until_the_server_is_ready(pings):
    assert set(pings) <= {204, 200}


def open_to_others(pid):
    """Yield the title and the port of each process of a family that listens beyond loopback."""
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        for connection in process.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN:
                continue
            address = ipaddress.ip_address(connection.laddr.ip)
            if not (getattr(address, "ipv4_mapped", None) or address).is_loopback:
                yield " ".join(process.cmdline()), connection.laddr.port


def test_server_on_loopback_opens_to_others_only_what_asks_for_the_token(servers):
    server = servers[1]
    server.wait_for("Ready.")
    found = list(open_to_others(server.process.pid))
    assert all(title.startswith("ray::ServeReplica:") for title, _ in found), found
    for _, port in found:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(CALL_OF_A_REPLICA)
            with pytest.raises(grpc.RpcError) as refusal:
                call(b"", timeout=PATIENCE_S)
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_server_waits_for_no_port_that_every_ray_node_wants(servers):
    server = servers[1]
    server.wait_for("Ready.")
    [agent] = [
        process
        for process in psutil.Process(server.process.pid).children(recursive=True)
        if "ray::DashboardAgent" in " ".join(process.cmdline())
    ]
    opened = agent.net_connections(kind="tcp")
    ports = {each.laddr.port for each in opened if each.status == psutil.CONN_LISTEN}
    assert len(ports) == 3  # for HTTP, for gRPC and for Prometheus
    assert DEFAULT_DASHBOARD_AGENT_LISTEN_PORT not in ports


def test_node_that_does_not_come_up_is_started_once_more(servers):
    server = servers[1]
    server.wait_for("Ready.")
    assert "Ray did not start, trying once more: The current node timed out" in server.output


def test_node_that_never_comes_up_ends_the_server_with_one_line(servers):
    server = servers[MAX_STARTS]
    assert server.wait() == 1
    [line] = [line for line in server.output.splitlines() if "Ray did not start: " in line]
    assert line.endswith("session_latest/logs")
    assert "Traceback" not in server.output


def test_stream_under_way_at_sigterm_gets_its_whole_audio_before_the_server_exits(servers):
    server = servers[1]
    with (
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client,
        client.stream("POST", "/v1/audio/speech", json=SPEECH) as response,
    ):
        arriving = response.iter_raw()
        audio = next(arriving)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Stopping: running requests have 120 s")
        wait_until(lambda: server.ping() == 503)
        refused = httpx.post(f"{server.url}/v1/audio/speech", json=SPEECH, timeout=PATIENCE_S)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        assert refused.headers["Retry-After"]
        audio += b"".join(arriving)  # raises if it is cut
    assert server.wait() == 0
    before, _, after = server.output.partition("Stopping")
    [line] = [line for line in after.splitlines() if " completed: " in line]
    spoken_s = float(line.partition("audio_s=")[2].split()[0])
    assert " completed: " not in before
    assert len(audio) / 2 / 44100 == pytest.approx(spoken_s, abs=0.01)
    assert len(without_warnings(before)) < 10, before
    told = [line for line in without_warnings(after) if "Authentication required" not in line]
    assert len(told) <= 3, after  # what it stops, this request, the refused one


def test_serve_prints_lines_that_speak_and_show_metrics(newcomers, metrics_port, tmp_path):
    newcomers.wait_for("curl ")
    lines = [line.strip() for line in newcomers.output.splitlines()]
    [curl_line] = [line for line in lines if line.startswith("curl ")]
    assert "ada.ogg" in curl_line
    subprocess.run(curl_line, shell=True, cwd=tmp_path, check=True, timeout=60)
    samples, rate = soundfile.read(tmp_path / "speech.mp3", dtype="float32")
    assert len(samples) / rate > 2
    assert median_pitch_hz(samples, rate) == pytest.approx(189, rel=THREE_SEMITONES)  # ada's
    metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
    assert f"Metrics for Prometheus: {metrics_url}" in lines
    wait_until(lambda: "ray_echo_requests_total{" in get(metrics_url).text)


def test_ctrl_c_drains_and_once_more_ends_what_never_would(newcomers):
    server = newcomers
    server.wait_for("Ready.")
    with httpx.stream(
        "POST", f"{server.url}/v1/audio/speech", json=ENDLESS_REQUEST, timeout=PATIENCE_S
    ) as response:
        arriving = response.iter_raw()
        assert next(arriving)
        server.interrupt()
        wait_until(lambda: server.ping() == 503)
        server.interrupt()
        with pytest.raises(httpx.RemoteProtocolError):
            list(arriving)
    assert server.wait() == 0
    assert "retries" not in server.output
    assert "Traceback" not in server.output


def test_server_that_cannot_load_its_model_ends_with_the_reason(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    with private_temp_dir() as temp_dir:
        only_try = {"RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT": "1"}
        server = Server(temp_dir, ECHO_WEIGHTS_DIR=str(tmp_path), **only_try)
        try:
            assert server.wait() == 1
        finally:
            server.stop()
    last = without_warnings(server.output)[-1]
    assert last.startswith("The graph did not start: Sampler: ")
    assert f"CheckpointError: {tmp_path.name}/model.safetensors: " in last
