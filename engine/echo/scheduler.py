"""The choice of the jobs that take a step next. Pure Python: knows the cost of a step, no more.

Requests stand in line. A batch takes the first job of each, from the front of the line, then the
second of each, and so on; every job that still fits is taken, so a later one only ever gets the
room that the earlier ones leave. A request whose first job has ended goes to the back with its
others: the many jobs of a book hold up a sentence for one job at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Generic, Protocol, TypeVar

from speech.errors import Overloaded


class Work(Protocol):
    """A job as the scheduler sees it."""

    @property
    def request_id(self) -> str:
        """The request that it belongs to."""

    @property
    def lane_frames(self) -> int:
        """Frames times guidance lanes of its next step; 0 where it takes none in the next tick."""


W = TypeVar("W", bound=Work)


class Scheduler(Generic[W]):
    """Keeps jobs from arrival to end.

    Args:
        max_lane_frames: The size that a forward pass should not exceed; a larger job goes alone.
        max_active: Jobs that may have started and not ended, as each holds device memory.
        max_waiting: Jobs that may wait to start.
    """

    def __init__(self, max_lane_frames: int, max_active: int, max_waiting: int) -> None:
        self.max_lane_frames, self._max_active = max_lane_frames, max_active
        self._max_waiting = max_waiting
        # By request, in the order of the line; each one's jobs, oldest first, as an ordered set.
        self._active: dict[str, dict[W, None]] = {}
        self._waiting: dict[W, None] = {}

    @property
    def num_active(self) -> int:
        """Jobs started and not ended."""
        return sum(map(len, self._active.values()))

    @property
    def num_waiting(self) -> int:
        """Jobs not started."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Raise Overloaded if `submit` would."""
        if len(self._waiting) >= self._max_waiting and self.num_active >= self._max_active:
            raise Overloaded()

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
        name = work.request_id
        jobs = self._active.get(name, {})
        was_first = work in jobs and next(iter(jobs)) is work
        jobs.pop(work, None)
        if not jobs:
            self._active.pop(name, None)
        self._admit()
        if was_first and name in self._active:
            self._active[name] = self._active.pop(name)  # to the back of the line

    def clear(self) -> list[W]:
        """Forget all work and return it."""
        work = [*self._in_turn(), *self._waiting]
        self._active.clear()
        self._waiting.clear()
        return work

    def _admit(self) -> None:
        while self._waiting and self.num_active < self._max_active:
            # Of those whose request has the fewest places, the oldest.
            work = min(self._waiting, key=lambda work: len(self._active.get(work.request_id, ())))
            del self._waiting[work]
            self._active.setdefault(work.request_id, {})[work] = None

    def next_batch(self) -> list[W]:
        """Return the jobs of the next tick, in turn; those that take no step in it always fit."""
        batch: list[W] = []
        total = 0
        for work in self._in_turn():
            lane_frames = work.lane_frames
            if not lane_frames or not total or total + lane_frames <= self.max_lane_frames:
                batch.append(work)
                total += lane_frames
        return batch

    def _in_turn(self) -> Iterator[W]:
        for turn in zip_longest(*self._active.values()):
            yield from (work for work in turn if work is not None)
