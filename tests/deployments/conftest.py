"""The graph's parts in this process, joined by Ray Serve's local testing mode."""

import asyncio
import itertools
import threading
from contextlib import contextmanager
from functools import cache, partial

import boto3
import httpx
import numpy as np
import pytest
from ray import serve
from starlette.testclient import TestClient

from deployments.http.access import Access
from deployments.ingress import Ingress
from deployments.limits import Limits
from deployments.sampler import PCMBlock, Sampler
from deployments.voice_prep import VoicePrep
from tests.deployments.tone import ToneOptions, tone_entry

_names = itertools.count()
TONE = tone_entry()
deployment = cache(serve.deployment)
"""Each one is made once: Serve pickles its options, which takes longer than most tests."""


def local_handle(cls, *args, **kwargs):
    """Deploy a class in this process and return a real handle to it."""
    app = deployment(cls).bind(*args, **kwargs)
    return serve.run(app, name=f"local-{next(_names)}", _local_testing_mode=True)


def tone_ingress(
    voices_dir, sampler=None, limits=None, api_keys=(), cors_origins=(), tone=TONE, **options
):
    """Return an ingress through which `tone`, a `ToneEngine`, speaks, unless it has a sampler."""
    voice_prep = deployment(VoicePrep).bind(str(voices_dir), 2**26, 1, 60)
    if sampler is None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("engine.ENGINES", {"tone": tone})
            sampler = local_handle(Sampler, voice_prep, "tone", ToneOptions(), 1, 60)
    return Ingress(
        local_handle(VoicePrep, str(voices_dir), 2**26, 1, 60),
        sampler,
        voices_dir=str(voices_dir),
        engine="tone",
        limits=Limits(**(limits or {})),
        pass_limits=tone.limits,
        access=Access(tuple(api_keys), tuple(cors_origins)),
        **options,
    )


@pytest.fixture(autouse=True)
def patient_health_checks(monkeypatch):
    """A report tells of what does not answer, and not of how busy the machine is."""
    monkeypatch.setattr("deployments.health.PROBE_TIMEOUT_S", 60.0)


@pytest.fixture
def make_ingress(voices_dir):
    """Return `make(sampler=None, limits={}, …)`: an ingress through which a `ToneEngine` speaks."""
    return partial(tone_ingress, voices_dir)


@pytest.fixture(scope="module")
def api(voice_files):
    """A client of an ingress that the tests of a module share: they leave it as it is."""
    with TestClient(tone_ingress(voice_files).__serve_build_asgi_app__()) as client:
        yield client


@pytest.fixture(scope="session")
def s3_url():
    """The address of moto's S3, which holds a bucket called `outputs` and takes any key."""
    from moto.server import ThreadedMotoServer  # slow to import: only where it is asked for

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    credentials = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **credentials)
    client.create_bucket(Bucket="outputs")
    client.close()
    yield url
    server.stop()


@pytest.fixture
async def connect():
    """Return `connect(ingress)`: an HTTP client of the ingress's routes, without a network."""
    clients = []

    def connect(ingress):
        transport = httpx.ASGITransport(ingress.__serve_build_asgi_app__())
        client = httpx.AsyncClient(transport=transport, base_url="http://graph")
        clients.append(client)
        return client

    yield connect
    for client in clients:
        await client.aclose()


class Stage:
    """What a test sees and steers of a `HeldSampler`."""

    def __init__(self):
        self.started = threading.Semaphore(0)
        self.release = threading.Event()
        self.freed = threading.Semaphore(0)


STAGES: dict[str, Stage] = {}


class HeldSampler:
    """Starts every job, and yields nothing before its stage's release."""

    def __init__(self, stage_name):
        self.stage = STAGES[stage_name]

    async def report(self):
        return {"engine": "held", "device": "cpu", "stats": {}, "warning": None}

    async def generate(self, job, voice):
        self.stage.started.release()
        try:
            await asyncio.to_thread(self.stage.release.wait)
            yield PCMBlock(np.full(4410, 0.1, np.float32), "held", "cpu", 0.0)
        finally:
            self.stage.freed.release()


@contextmanager
def holding():
    """Yield a handle to a `HeldSampler`, and its stage."""
    name = f"stage-{next(_names)}"
    stage = STAGES[name] = Stage()
    yield local_handle(HeldSampler, name), stage
    stage.release.set()
    del STAGES[name]


@pytest.fixture
def held_sampler():
    """A handle to a `HeldSampler`, and its stage."""
    with holding() as sampler_and_stage:
        yield sampler_and_stage
