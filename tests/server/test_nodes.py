"""Three nodes on this machine: whoever can be served is, whatever a node lacks, goes or comes."""

import itertools
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import soundfile

from tests.conftest import voiced
from tests.graph.conftest import free_port, private_temp_dir, wait_until
from tests.server.nodes import Nodes
from tests.server.process import PATIENCE_S

pytestmark = [pytest.mark.ray, pytest.mark.timeout(2 * PATIENCE_S)]

NUM_CLIENTS = 6
SPEECH = {
    "input": "A sentence, and another.",
    "response_format": "pcm",
    "seed": 5,
    "parameters": {"num_steps": 40},
}


class Load:
    """Clients that ask without a pause, each time in a voice that nobody has had, and the answers.

    All voices sound alike, so that all answers are the same.
    """

    def __init__(self, url, folder):
        self._url, self._folder = url, folder
        self._voice = folder / "first.flac"
        soundfile.write(self._voice, voiced(120.0, seconds=1.0), 44100)
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._clients = ThreadPoolExecutor(NUM_CLIENTS)
        self.answers = []
        self._running = [self._clients.submit(self._ask) for _ in range(NUM_CLIENTS)]

    def _ask(self):
        with httpx.Client(timeout=PATIENCE_S) as client:
            while not self._stop.is_set():
                name = f"voice{next(self._numbers)}.flac"
                shutil.copyfile(self._voice, self._folder / name)
                speech = {**SPEECH, "voice": name}
                answer = client.post(f"{self._url}/v1/audio/speech", json=speech)
                self.answers.append((answer.status_code, answer.content))

    def wait_for_more(self, count):
        """Return when as many more requests have been answered."""
        enough = len(self.answers) + count
        wait_until(lambda: len(self.answers) >= enough, PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._clients.shutdown()
        for client in self._running:
            client.result()


@pytest.fixture
def nodes():
    with private_temp_dir() as temp_dir:
        nodes = Nodes(temp_dir)
        try:
            yield nodes
        finally:
            nodes.stop()


def folder_check(url):
    return httpx.get(f"{url}/health", timeout=PATIENCE_S).json()["checks"]["directories"]


def test_nobody_fails_where_a_node_lacks_the_voices_one_joins_and_one_is_lost(nodes, tmp_path):
    whole, bare = tmp_path / "whole", tmp_path / "bare"
    bare.mkdir()
    (whole / "voices").mkdir(parents=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    nodes.add(whole)
    nodes.deploy(port)
    without_voices = nodes.add(bare)
    nodes.wait_for(nodes=2, samplers=1)
    wait_until(lambda: "missing where 1 of 2" in folder_check(url)["details"], PATIENCE_S)

    with Load(url, whole / "voices") as load:
        load.wait_for_more(2 * NUM_CLIENTS)
        joined = nodes.add(whole)
        nodes.wait_for(nodes=3, samplers=2)
        assert nodes.replicas(joined, "Sampler") == 1
        load.wait_for_more(2 * NUM_CLIENTS)
        nodes.kill(without_voices)  # the one that has joined is the only one left that draws
        load.wait_for_more(4 * NUM_CLIENTS)
        wait_until(lambda: folder_check(url)["status"] == "pass", PATIENCE_S)
    assert set(load.answers) == {(200, load.answers[0][1])}
