"""Workers of the real graph on one Ray cluster: the first boots it, the others join it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import ray.util
import soundfile

from tests.few_steps import write_mini_of_few_steps
from tests.runpod.worker import (
    MAX_REQUESTS,
    MAX_TEXT_CHARS,
    REPOSITORY,
    Endpoint,
    run_endpoint,
)


@pytest.fixture(scope="package")
def graph_environment() -> Iterator[dict[str, str]]:
    """Settings of a small graph, and a folder of voices for it."""
    folder = Path(tempfile.mkdtemp(prefix="rp", dir="/tmp"))  # a socket's path must be short
    voices = folder / "voices"
    voices.mkdir()
    seconds = np.arange(2 * 44100) / 44100
    soundfile.write(voices / "hum.wav", 0.3 * np.sin(2 * np.pi * 120 * seconds), 44100)
    shutil.copy(REPOSITORY / "voices" / "otto.ogg", voices)
    (voices / "broken.wav").write_bytes(b"RIFF, but not really")
    (voices / "notes.txt").write_text("no audio")
    weights = folder / "weights"
    weights.mkdir()
    write_mini_of_few_steps(weights)
    yield {
        "AUDIO_VOICES_DIR": str(voices),
        "ECHO_DEVICE": "cpu",
        "ECHO_WEIGHTS_DIR": str(weights),
        "ECHO_MAX_REQUESTS": str(MAX_REQUESTS),
        "ECHO_MAX_TEXT_CHARS": str(MAX_TEXT_CHARS),
        "ECHO_MAX_AUDIO_S": "1e6",
        "ECHO_RAY_CPUS": "2",
        "ECHO_RAY_OBJECT_STORE_BYTES": str(80 * 2**20),
        "ECHO_RAY_TEMP_DIR": str(folder / "ray"),
    }
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def endpoint(graph_environment: dict[str, str]) -> AsyncIterator[Endpoint]:
    """A unary worker that boots Ray itself."""
    async with run_endpoint(graph_environment) as endpoint:
        yield endpoint


@pytest.fixture(scope="package")
def joining(endpoint: Endpoint, graph_environment: dict[str, str]) -> dict[str, str]:
    """The environment of a further worker that joins the cluster of the first."""
    session = Path(graph_environment["ECHO_RAY_TEMP_DIR"]) / "session_latest"
    (port,) = [path.read_text() for path in session.glob("gcs_server_port_*")]
    address = f"{ray.util.get_node_ip_address()}:{port}"
    return {**graph_environment, "RAY_ADDRESS": address}


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def streaming(joining: dict[str, str]) -> AsyncIterator[Endpoint]:
    """A streaming worker."""
    async with run_endpoint({**joining, "ECHO_RUNPOD_STREAMING": "1"}) as endpoint:
        yield endpoint
