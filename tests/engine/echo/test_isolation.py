import weakref

import pytest
import torch

from engine.echo.isolation import OUT_OF_MEMORY, run_alone, run_together
from speech.errors import InternalError, InvalidRequest, Overloaded
from tests.engine.echo.jobs import new_job


@pytest.fixture
def jobs():
    return [new_job(seed) for seed in range(3)]


def _failing_for(faulty, error, calls):
    """An action that fails whenever one of the `faulty` jobs is among its jobs."""

    def action(jobs):
        calls.append(list(jobs))
        if any(job in faulty for job in jobs):
            raise error
        return [job.seed for job in jobs]

    return action


def test_jobs_that_succeed_run_once_together(jobs):
    calls, results = [], []
    assert run_together(_failing_for([], None, calls), jobs, results) == [0, 1, 2]
    assert (calls, results) == ([jobs], [])


def test_no_jobs_are_not_run():
    calls = []
    assert run_together(_failing_for([], None, calls), [], []) == []
    assert calls == []


def test_faulty_job_fails_alone_and_the_others_run_alone(jobs):
    calls, results = [], []
    action = _failing_for([jobs[1]], InvalidRequest("no"), calls)
    assert run_together(action, jobs, results) == [0, 2]
    assert calls == [jobs, [jobs[0]], [jobs[1]], [jobs[2]]]
    [(job, result)] = results
    assert job is jobs[1]
    assert result.error.message == "no"


@pytest.mark.parametrize(
    ("error", "told", "message"),
    [
        (torch.OutOfMemoryError(), Overloaded, OUT_OF_MEMORY),
        (ValueError("a secret"), InternalError, "The engine failed on this text"),
        (InvalidRequest("no"), InvalidRequest, "no"),
    ],
)
def test_failure_is_told_as_an_error_of_ours(jobs, error, told, message):
    def action(job):
        raise error

    results = []
    assert not run_alone(action, jobs[0], results)
    [(job, result)] = results
    assert job is jobs[0]
    assert isinstance(result.error, told)
    assert result.error.message == message


def test_memory_of_what_failed_is_given_back_before_the_next_goes(jobs, monkeypatch):
    held, given_back = [], []

    def action(jobs):
        tensor = torch.zeros(1)
        held.append(weakref.ref(tensor))
        raise torch.OutOfMemoryError

    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: given_back.append(held[-1]()))
    run_together(action, jobs, [])
    assert given_back == [None] * (1 + len(jobs))


def test_job_that_succeeds_alone_has_no_result_yet(jobs):
    done, results = [], []
    assert run_alone(done.append, jobs[0], results)
    assert (done, results) == ([jobs[0]], [])
