"""The graph's parts in this process, joined by Ray Serve's local testing mode."""

import asyncio
import itertools
import threading

import httpx
import numpy as np
import pytest
from ray import serve

from deployments.ingress import Ingress
from deployments.pipeline import Limits
from deployments.sampler import Piece, Sampler
from deployments.voice_prep import VoicePrep

_names = itertools.count()


def local_handle(cls, *args, **kwargs):
    """Deploy a class in this process and return a real handle to it."""
    app = serve.deployment(cls).bind(*args, **kwargs)
    return serve.run(app, name=f"local-{next(_names)}", _local_testing_mode=True)


@pytest.fixture
def make_ingress(voices_dir):
    """Return `make(sampler=None, limits=Limits(), **options)`; speaks with the preview engine."""

    def make(sampler=None, limits=None, **options):
        voice_prep = serve.deployment(VoicePrep).bind(str(voices_dir), 2**26, 1)
        return Ingress(
            local_handle(VoicePrep, str(voices_dir), 2**26, 1),
            sampler or local_handle(Sampler, voice_prep, "preview"),
            engine="preview",
            limits=limits or Limits(),
            **options,
        )

    return make


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
    """Yields 0.1 s of each job, then waits for its stage's release to go on."""

    def __init__(self, stage_name):
        self.stage = STAGES[stage_name]

    async def report(self):
        return {"engine": "held", "device": "cpu", "stats": {}}

    async def generate(self, job, voice):
        piece = Piece(np.full(4410, 0.1, np.float32), "held", "cpu", 0.0)
        self.stage.started.release()
        try:
            yield piece
            await asyncio.to_thread(self.stage.release.wait)
            yield piece
        finally:
            self.stage.freed.release()


@pytest.fixture
def held_sampler():
    """A handle to a `HeldSampler`, and its stage."""
    name = f"stage-{next(_names)}"
    stage = STAGES[name] = Stage()
    yield local_handle(HeldSampler, name), stage
    stage.release.set()
    del STAGES[name]
