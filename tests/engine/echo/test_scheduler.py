import random
from dataclasses import dataclass

import pytest

from engine.echo.scheduler import Scheduler
from speech.errors import Overloaded


@dataclass(eq=False)
class Task:
    """Some work of known cost per step."""

    lane_frames: int
    num_steps: int = 1
    request_id: str = ""


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


def test_next_batch_takes_whoever_costs_nothing_beside_any_other():
    scheduler = Scheduler(100, 8, 8)
    tasks = [Task(0), Task(500), Task(0), Task(10)]
    for task in tasks:
        scheduler.submit(task)
    assert scheduler.next_batch() == tasks[:3]


def test_a_batch_takes_the_first_job_of_each_request_then_the_second():
    scheduler = Scheduler(60, 8, 8)
    book = [Task(20, request_id="book") for _ in range(3)]
    sentence = Task(20, request_id="sentence")
    for task in [*book, sentence]:
        scheduler.submit(task)
    assert scheduler.next_batch() == [book[0], sentence, book[1]]


def test_a_request_goes_to_the_back_of_the_line_when_its_first_job_has_ended():
    scheduler = Scheduler(20, 8, 8)  # one at a time
    book = [Task(20, request_id="book") for _ in range(3)]
    sentences = [Task(20, request_id=f"sentence {i}") for i in range(2)]
    for task in [*book, *sentences]:
        scheduler.submit(task)
    scheduler.remove(book[2])  # not its first: the book keeps its place
    order = []
    while batch := scheduler.next_batch():
        order += batch
        scheduler.remove(batch[0])
    assert order == [book[0], *sentences, book[1]]


def test_a_free_place_goes_to_the_request_that_holds_the_fewest():
    scheduler = Scheduler(100, 2, 8)
    book = [Task(10, request_id="book") for _ in range(4)]
    sentences = [Task(10, request_id=f"sentence {i}") for i in range(2)]
    for task in [*book, *sentences]:
        scheduler.submit(task)
    assert scheduler.next_batch() == book[:2]
    scheduler.remove(book[0])
    assert set(scheduler.next_batch()) == {book[1], sentences[0]}
    scheduler.remove(sentences[0])
    assert set(scheduler.next_batch()) == {book[1], sentences[1]}
    scheduler.remove(sentences[1])
    assert set(scheduler.next_batch()) == {book[1], book[2]}


@pytest.mark.parametrize("lane_frames", [20, 40, 60, 100])
def test_a_sentence_waits_for_one_job_of_each_request_before_it_at_most(lane_frames):
    scheduler = Scheduler(100, 4, 200)
    for task in [Task(lane_frames, 9, f"book {i % 3}") for i in range(150)]:
        scheduler.submit(task)
    sentence = Task(lane_frames, 3, "sentence")
    scheduler.submit(sentence)
    num_ticks = 0
    while sentence.num_steps:
        batch = scheduler.next_batch()
        num_ticks += 1
        for task in batch:
            task.num_steps -= 1
            if task.num_steps == 0:
                scheduler.remove(task)
    assert num_ticks <= 3 * 9 + 3


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
    assert (scheduler.num_active, scheduler.num_waiting) == (0, 0)


@pytest.mark.parametrize("seed", range(200))
def test_any_arrivals_all_finish_in_bounds_and_the_oldest_started_never_waits(seed):
    chance = random.Random(seed)
    max_lane_frames, max_active, max_waiting = 100, chance.randint(1, 6), chance.randint(0, 6)
    scheduler = Scheduler(max_lane_frames, max_active, max_waiting)
    to_come = [
        Task(chance.randint(1, 150), chance.randint(1, 9), chance.choice("abc")) for _ in range(40)
    ]
    alive, finished, leader = [], 0, None
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
        assert bool(batch) == bool(alive)
        if leader in alive:
            assert batch[0] is leader
        leader = batch[0] if batch else None
        assert len(batch) <= 1 or sum(task.lane_frames for task in batch) <= max_lane_frames
        for task in batch:
            task.num_steps -= 1
            task.lane_frames = chance.randint(1, 150)  # a phase may cost more or less
            if task.num_steps == 0:
                scheduler.remove(task)
                alive.remove(task)
                finished += 1
    assert finished == 40
