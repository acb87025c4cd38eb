"""Samplers with simulated engines behind request routers, all in this process and without Ray.

The routers are the classes that Ray Serve would run, called as its own code calls them. Each stands
for an ingress replica: it learns of the others' jobs only what the samplers' answers tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from ray.serve._private.common import (
    DeploymentHandleSource,
    DeploymentID,
    ReplicaID,
    RequestMetadata,
)
from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from bench.simulated_engine import SimulatedEngine
from deployments.prepared_voice import PreparedVoice
from engine.echo.options import EchoOptions
from engine.protocol import Job, Voice
from speech.pcm import PCM

CALL_S = 0.002
"""The way of a message between two processes."""
DEPLOYMENT = DeploymentID("Sampler", "simulated")


class SimulatedSampler:
    """A sampler as a router and a caller see it."""

    def __init__(self, name: str, options: EchoOptions, max_ongoing_requests: int = 1000) -> None:
        self.replica_id = ReplicaID(name, DEPLOYMENT)
        self.max_ongoing_requests = max_ongoing_requests
        self.multiplexed_model_ids: set[str] = set()
        self.node_id = self.availability_zone = None
        self.engine = SimulatedEngine(options, max_waiting_jobs=10**6)
        self.num_ongoing = 0

    async def get_queue_len(self, *, deadline_s: float) -> int:
        """Return the number of calls that have not ended."""
        await asyncio.sleep(CALL_S)
        return self.num_ongoing

    async def draw(self, job: Job, voice: PreparedVoice | None) -> None:
        """Draw a job to its end."""
        simulated = None if voice is None else _simulated(voice)
        async for _ in self.engine.generate(job, simulated, lambda: None):
            pass


def _simulated(voice: PreparedVoice) -> Voice:
    async def load() -> PCM:
        await asyncio.sleep(CALL_S)
        return np.broadcast_to(np.float32(0), (voice.num_samples,))  # of no size in memory

    return Voice(voice.key, load)


def make_router(kind: type[RequestRouter], samplers: Sequence[SimulatedSampler]) -> RequestRouter:
    """Return a router over samplers, as Serve makes it; needs a running event loop."""
    router = kind(
        deployment_id=DEPLOYMENT,
        handle_source=DeploymentHandleSource.REPLICA,
        use_replica_queue_len_cache=True,
        get_curr_time_s=asyncio.get_running_loop().time,
    )
    router.initialize_state()
    router.update_replicas(cast(list[RunningReplica], samplers))
    return router


async def call(
    router: RequestRouter,
    job: Job,
    voice: PreparedVoice | None,
) -> SimulatedSampler:
    """Send a job where the router says, as Serve does; return where it was drawn."""
    request = PendingRequest(
        args=[job, voice],
        kwargs={},
        # Serve gives all calls of a request one id.
        metadata=RequestMetadata(request_id=job.request_id, internal_request_id=job.request_id),
    )
    sampler = cast(SimulatedSampler, await router._choose_replica_for_request(request))
    chosen = sampler.replica_id
    router.on_send_request(chosen)
    try:
        await asyncio.sleep(CALL_S)
        sampler.num_ongoing += 1
        router.on_new_queue_len_info(chosen, sampler.num_ongoing)
        router.on_request_routed(request, chosen, cast(Any, None))  # the answer plays no part
        try:
            await sampler.draw(job, voice)
        finally:
            sampler.num_ongoing -= 1
            router.decrement_queue_len_cache(chosen)
    finally:
        router.on_request_completed(chosen, request.metadata.internal_request_id)
    return sampler
