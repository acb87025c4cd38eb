"""The places of voices: which samplers hold which, as far as one ingress knows.

Every ingress gives a voice the same home among the samplers, without a word between them. On top of
that each one remembers where it has sent the voice itself, under load also elsewhere.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Set

MAX_SENDS = 2**16
"""Pairs of voice and sampler that are remembered: some 20 MB."""


class VoiceAffinity:
    """Knows the home of each voice, and remembers where it was sent. Knows no Ray.

    Args:
        max_sends: Pairs of voice and sampler to remember; the one used longest ago is forgotten.
    """

    def __init__(self, max_sends: int = MAX_SENDS) -> None:
        self._max_sends = max_sends
        self._samplers: frozenset[str] = frozenset()
        self._sends: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._holders: dict[str, set[str]] = {}
        self._homes: dict[str, str] = {}

    def set_samplers(self, samplers: Collection[str]) -> None:
        """Take note of which samplers there are; what was sent to others is forgotten."""
        current = frozenset(samplers)
        if current == self._samplers:
            return
        self._samplers = current
        self._homes.clear()
        for key, sampler in [send for send in self._sends if send[1] not in current]:
            self._forget(key, sampler)

    def sent(self, key: str, sampler: str) -> None:
        """Take note that `sampler` was sent a job in the voice, and so will hold it."""
        self._sends[key, sampler] = None
        self._sends.move_to_end((key, sampler))
        self._holders.setdefault(key, set()).add(sampler)
        if len(self._sends) > self._max_sends:
            self._forget(*next(iter(self._sends)))

    def holders(self, key: str) -> Set[str]:
        """Return the samplers that were sent jobs in the voice."""
        return self._holders.get(key, frozenset())

    def home(self, key: str) -> str | None:
        """Return the sampler that every ingress takes for the voice's home; None without any.

        Rendezvous hashing: where a sampler comes or goes, only the voices at home there move.
        Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998.
        """
        if key not in self._homes and self._samplers:
            if len(self._homes) >= self._max_sends:
                self._homes.clear()
            self._homes[key] = max(self._samplers, key=lambda sampler: _weight(key, sampler))
        return self._homes.get(key)

    def _forget(self, key: str, sampler: str) -> None:
        del self._sends[key, sampler]
        holders = self._holders[key]
        holders.discard(sampler)
        if not holders:
            del self._holders[key]


def _weight(key: str, sampler: str) -> bytes:
    return hashlib.blake2b(f"{key}/{sampler}".encode(), digest_size=8).digest()
