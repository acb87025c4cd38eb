"""The choice of the sampler that draws a job: load first, then who holds its voice.

Ray Serve runs a router in every process that has a handle, so in each ingress replica. What was
measured is in decision 0025.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ray.serve.request_router import (
    FIFOMixin,
    PendingRequest,
    ReplicaID,
    RequestRouter,
    RunningReplica,
)

from deployments.prepared_voice import PreparedVoice
from deployments.voice_affinity import VoiceAffinity
from engine.protocol import Job
from speech.pcm import SAMPLE_RATE_HZ

VOICE_S_PER_JOB = 50.0
"""Seconds of a voice whose encoding is worth as much as drawing a job.

Its work alone is a third of that on a GPU, and as much with echo-mini on a CPU. But a stream that
plays cannot wait for it, and audio from another node comes on top."""
OTHERS_S = 1.0
"""The time in which what others have at a sampler is forgotten to a third: some as a job takes."""
MAX_JOBS = 2**13
"""Jobs whose sampler is remembered."""

T = TypeVar("T")


class SamplerRouter(FIFOMixin, RequestRouter):
    """Sends each job where it costs least, in jobs that have to wait.

    That is the number of jobs there, itself included, and as all of them wait while its voice is
    encoded, that number times the price of it where the voice is not held. A job without a voice,
    or a call that is no job, goes where there is least to do.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call] # Ray's
        self._affinity = VoiceAffinity()
        self._now_s: Callable[[], float] = kwargs.get("get_curr_time_s") or time.monotonic
        # The calls of this process are known; those of others only as of a replica's last answer.
        self._num_calls = Counter[ReplicaID]()
        self._others: dict[ReplicaID, tuple[float, int]] = {}
        # The calls that are about to be sent: those of one moment must not all choose alike.
        self._choices: dict[int, ReplicaID] = {}
        self._drawn_at: OrderedDict[tuple[str, int], set[ReplicaID]] = OrderedDict()

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        """Return the replicas from the best to the worst, each in a list of its own.

        A job that comes again was lost where it was drawn before. It goes there last: a sampler
        whose device fails has least to do.
        """
        if pending_request is None:
            return [candidate_replicas]
        pending_request.routing_context.should_backoff = True  # where every replica is full
        voice = _find(PreparedVoice, pending_request.args)
        job = _find(Job, pending_request.args)
        lost_at = self._drawn_at.get(_name(job), set()) if job is not None else set()
        home = None if voice is None else self._affinity.home(voice.key)
        holders = set() if voice is None else self._affinity.holders(voice.key)
        price = 0.0 if voice is None else voice.num_samples / SAMPLE_RATE_HZ / VOICE_S_PER_JOB

        def rank(replica: RunningReplica) -> tuple[float, ...]:
            load = self._load(replica.replica_id)
            name = replica.replica_id.unique_id
            return (
                replica.replica_id in lost_at,
                load >= replica.max_ongoing_requests,
                (load + 1) * (1.0 if name == home or name in holders else 1 + price),
                name not in holders,
                name != home,
                random.random(),  # noqa: S311 - no secret
            )

        ranked = sorted(candidate_replicas, key=rank)
        if ranked:
            self._choices[id(pending_request)] = ranked[0].replica_id
        return [[replica] for replica in ranked]

    async def _choose_replica_for_request(
        self, pending_request: PendingRequest, *, is_retry: bool = False
    ) -> RunningReplica:
        """Return the replica that Serve then sends the request to, without letting others run."""
        try:
            return await super()._choose_replica_for_request(pending_request, is_retry=is_retry)
        finally:
            self._choices.pop(id(pending_request), None)

    def _load(self, replica: ReplicaID) -> float:
        """Return the number of calls that a replica has or is about to get, as far as is known."""
        told_s, num_others = self._others.get(replica, (0.0, 0))
        forgotten = math.exp((told_s - self._now_s()) / OTHERS_S)
        own = self._num_calls[replica] + sum(choice == replica for choice in self._choices.values())
        return own + num_others * forgotten

    def on_request_routed(
        self, pending_request: PendingRequest, replica_id: ReplicaID, result: object
    ) -> None:
        """Remember where a job went, and its voice with it."""
        voice = _find(PreparedVoice, pending_request.args)
        if voice is not None:
            self._affinity.sent(voice.key, replica_id.unique_id)
        if (job := _find(Job, pending_request.args)) is not None:
            self._drawn_at.setdefault(_name(job), set()).add(replica_id)
            if len(self._drawn_at) > MAX_JOBS:
                self._drawn_at.popitem(last=False)

    def on_new_queue_len_info(self, replica_id: ReplicaID, num_ongoing_requests: int) -> None:
        """Take note of how many calls a replica has of others."""
        super().on_new_queue_len_info(replica_id, num_ongoing_requests)
        num_others = max(0, num_ongoing_requests - self._num_calls[replica_id])
        self._others[replica_id] = self._now_s(), num_others

    def on_send_request(self, replica_id: ReplicaID) -> None:
        """Count a call that goes to a replica."""
        super().on_send_request(replica_id)
        self._num_calls[replica_id] += 1

    def on_request_completed(self, replica_id: ReplicaID, internal_request_id: str) -> None:
        """Count a call that has ended, or that never got to its replica."""
        super().on_request_completed(replica_id, internal_request_id)
        self._num_calls[replica_id] -= self._num_calls[replica_id] > 0

    def update_replicas(self, replicas: list[RunningReplica]) -> None:
        """Take note of which replicas there are."""
        super().update_replicas(replicas)
        current = {replica.replica_id for replica in replicas}
        self._affinity.set_samplers({replica.unique_id for replica in current})
        for gone in self._num_calls.keys() - current:
            del self._num_calls[gone]
        for gone in self._others.keys() - current:
            del self._others[gone]

    def _get_pending_request_matching_metadata(
        self, request_metadata: object = None
    ) -> PendingRequest | None:
        """Return the request that a replica was chosen for: Serve's own choice is any that waits.

        `FIFOMixin` asks this; without the mixin, requests that share an id may hang for ever.
        """
        for pending in self._pending_requests_to_fulfill:
            if pending.metadata is request_metadata and not pending.future.done():
                found: PendingRequest = pending
                return found
        return None


def _find(kind: type[T], args: Sequence[Any]) -> T | None:
    """Return the argument of a call that is of a kind."""
    return next((arg for arg in args if isinstance(arg, kind)), None)


def _name(job: Job) -> tuple[str, int]:
    """Return what no other job has: those of a request have different seeds."""
    return job.request_id, job.seed
