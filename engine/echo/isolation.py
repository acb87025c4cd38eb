"""Isolation of failures: of jobs that run together, only the faulty one fails.

Running out of device memory is such a failure: what does not fit for all may fit for each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from engine.echo.job import EchoJob, TickResult, TickResults
from speech.errors import InternalError, Overloaded, SpeechError

logger = logging.getLogger(__name__)

OUT_OF_MEMORY = "Out of device memory: try again later, or with a shorter voice"

T = TypeVar("T")


def run_together(
    action: Callable[[Sequence[EchoJob]], list[T]], jobs: Sequence[EchoJob], results: TickResults
) -> list[T]:
    """Return what `action` returns for `jobs`; if it fails for several, run it for each alone.

    Args:
        action: A function that leaves every job unchanged when it fails.
        jobs: The jobs it runs for; with none it is not called.
        results: Takes the failure of each job for which `action` fails alone.
    """
    if not jobs:
        return []
    returned = _call(lambda: action(jobs), jobs)
    if not isinstance(returned, SpeechError):
        return returned
    if len(jobs) == 1:
        results.append((jobs[0], TickResult(error=returned)))
        return []
    return [item for job in jobs for item in run_together(action, [job], results)]


def run_alone(action: Callable[[EchoJob], None], job: EchoJob, results: TickResults) -> bool:
    """Run `action` for one job; note its failure in `results`. Return whether it succeeded."""
    failure = _call(lambda: action(job), [job])
    if failure is not None:
        results.append((job, TickResult(error=failure)))
    return failure is None


def _call(action: Callable[[], T], jobs: Sequence[EchoJob]) -> T | SpeechError:
    """Return the value of `action`, or the error that its callers are told.

    A handled exception holds the tensors of the pass that failed. They are free again when this
    returns: the next pass may need their memory.
    """
    try:
        return action()
    except torch.OutOfMemoryError:
        logger.warning("out of device memory: %s", _names(jobs))
    except SpeechError as error:
        return error
    except Exception as error:
        logger.error("failed: %s", _names(jobs), exc_info=error)
        return InternalError("The engine failed on this text")
    torch.cuda.empty_cache()
    return Overloaded(OUT_OF_MEMORY)


def _names(jobs: Sequence[EchoJob]) -> str:
    return ", ".join(f"request {job.request_id}" for job in jobs)
