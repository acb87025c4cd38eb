import random
from dataclasses import dataclass

import pytest

from engine.echo.scheduler import Scheduler
from speech.errors import Overloaded


@dataclass(eq=False)
class Task:
    """Some work of known cost per step."""

    num_tokens: int
    num_steps: int = 1


def test_next_batch_takes_the_oldest_first_and_fills_what_is_left():
    scheduler = Scheduler(100, 8, 8)
    tasks = [Task(60), Task(60), Task(30), Task(20), Task(10)]
    for task in tasks:
        scheduler.submit(task)
    assert scheduler.next_batch() == [tasks[0], tasks[2], tasks[4]]


def test_next_batch_runs_a_task_larger_than_the_limit_alone():
    scheduler = Scheduler(100, 8, 8)
    huge, small = Task(500), Task(10)
    scheduler.submit(huge)
    scheduler.submit(small)
    assert scheduler.next_batch() == [huge]


def test_next_batch_of_nothing_is_empty():
    assert Scheduler(100, 8, 8).next_batch() == []


def test_submit_bounds_the_active_then_the_waiting_then_refuses():
    scheduler = Scheduler(100, 2, 1)
    tasks = [Task(10) for _ in range(3)]
    for task in tasks:
        scheduler.submit(task)
    assert (scheduler.num_active, scheduler.num_waiting) == (2, 1)
    with pytest.raises(Overloaded, match=r"^Overloaded, retry later$"):
        scheduler.submit(Task(10))
    scheduler.remove(tasks[0])
    assert scheduler.next_batch() == tasks[1:]
    scheduler.submit(Task(10))


def test_remove_works_wherever_the_task_is_and_more_than_once():
    scheduler = Scheduler(100, 1, 4)
    active, waiting, unknown = Task(1), Task(1), Task(1)
    scheduler.submit(active)
    scheduler.submit(waiting)
    for task in (waiting, active, active, unknown):
        scheduler.remove(task)
    assert (scheduler.num_active, scheduler.num_waiting) == (0, 0)


def test_clear_returns_all_work():
    scheduler = Scheduler(100, 1, 4)
    tasks = [Task(1) for _ in range(3)]
    for task in tasks:
        scheduler.submit(task)
    assert scheduler.clear() == tasks
    assert scheduler.next_batch() == []


@pytest.mark.parametrize("seed", range(200))
def test_any_arrivals_all_finish_in_bounds_and_the_oldest_never_waits(seed):
    chance = random.Random(seed)
    max_tokens, max_active, max_waiting = 100, chance.randint(1, 6), chance.randint(0, 6)
    scheduler = Scheduler(max_tokens, max_active, max_waiting)
    to_come = [Task(chance.randint(1, 150), chance.randint(1, 9)) for _ in range(40)]
    alive, finished = [], 0
    while to_come or alive:
        for _ in range(chance.randint(0, 4)):
            if not to_come:
                break
            try:
                scheduler.submit(to_come[-1])
            except Overloaded:
                assert len(alive) == max_active + max_waiting
                break
            alive.append(to_come.pop())
        if alive and chance.random() < 0.1:
            cancelled = alive.pop(chance.randrange(len(alive)))
            scheduler.remove(cancelled)
            finished += 1
        batch = scheduler.next_batch()
        assert set(map(id, batch)) <= set(map(id, alive))
        assert scheduler.num_active <= max_active
        assert scheduler.num_waiting <= max_waiting
        if alive:
            assert batch[0] is alive[0]
        assert len(batch) <= 1 or sum(task.num_tokens for task in batch) <= max_tokens
        for task in batch:
            task.num_steps -= 1
            task.num_tokens = chance.randint(1, 150)  # a phase may cost more or less
            if task.num_steps == 0:
                scheduler.remove(task)
                alive.remove(task)
                finished += 1
    assert finished == 40
