"""Which jobs take a step next. Pure Python: knows what a step costs, not what it is.

Requests take turns: the oldest job of each comes before the second oldest of any, so that the many
jobs of a book do not hold up a sentence. Within a turn the first come are the first served: every
tick takes each job that still fits, and a later one only ever gets what is left over.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, Protocol, TypeVar

from speech.errors import Overloaded


class Work(Protocol):
    """What the scheduler sees of a job."""

    @property
    def request_id(self) -> str:
        """Whose job it is."""

    @property
    def num_tokens(self) -> int:
        """What its next step adds to a forward pass."""


W = TypeVar("W", bound=Work)


class Scheduler(Generic[W]):
    """Keeps jobs from arrival to end.

    Args:
        max_tokens: What one forward pass should hold; a job larger than that goes alone.
        max_active: Jobs that may have started and not ended, as each holds device memory.
        max_waiting: Jobs that may wait to start.
    """

    def __init__(self, max_tokens: int, max_active: int, max_waiting: int) -> None:
        self.max_tokens, self._max_active = max_tokens, max_active
        self._max_waiting = max_waiting
        # Ordered sets, oldest first.
        self._active: dict[W, None] = {}
        self._waiting: dict[W, None] = {}

    @property
    def num_active(self) -> int:
        """Jobs started and not ended."""
        return len(self._active)

    @property
    def num_waiting(self) -> int:
        """Jobs not started."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Raise Overloaded if `submit` would."""
        if len(self._waiting) >= self._max_waiting and len(self._active) >= self._max_active:
            raise Overloaded("Overloaded, retry later")

    def submit(self, work: W) -> None:
        """Take `work` in.

        Raises:
            Overloaded: When every place is taken.
        """
        self.check_room()
        self._waiting[work] = None
        self._admit()

    def remove(self, work: W) -> None:
        """Forget `work`, ended or given up; it is in no later batch."""
        self._waiting.pop(work, None)
        self._active.pop(work, None)
        self._admit()

    def clear(self) -> list[W]:
        """Forget all work and return it."""
        work = [*self._active, *self._waiting]
        self._active.clear()
        self._waiting.clear()
        return work

    def _admit(self) -> None:
        active = Counter(work.request_id for work in self._active)
        while self._waiting and len(self._active) < self._max_active:
            # Of those whose request has the fewest places, the oldest.
            work = min(self._waiting, key=lambda work: active[work.request_id])
            del self._waiting[work]
            self._active[work] = None
            active[work.request_id] += 1

    def next_batch(self) -> list[W]:
        """Return the jobs that take the next step together, in the order of their turns."""
        batch: list[W] = []
        room = self.max_tokens
        for work in self._in_turn():
            num_tokens = work.num_tokens
            if num_tokens <= room or not batch:
                batch.append(work)
                room -= num_tokens
        return batch

    def _in_turn(self) -> list[W]:
        """Return the active jobs: each request's oldest, then each one's second oldest, ..."""
        turns: dict[W, int] = {}
        taken: Counter[str] = Counter()
        for work in self._active:
            turns[work] = taken[work.request_id]
            taken[work.request_id] += 1
        return sorted(self._active, key=turns.__getitem__)
