import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.echo.isolation import OUT_OF_MEMORY
from engine.echo.runner import Runner
from engine.echo.speakers import SpeakerCache
from speech.errors import Overloaded
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.jobs import new_job, run, run_to_any_end
from tests.engine.echo.reference import relative_error


def _allocates(operation):
    returns = operation._schema.returns
    return any(str(value.type) == "Tensor" and not value.alias_info for value in returns)


class Memory(TorchDispatchMode):
    """A device with `limit` bytes for what is computed, like CUDA's when they run out."""

    def __init__(self, limit=float("inf")):
        super().__init__()
        self.limit, self.peak, self._held = limit, 0, []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        if _allocates(operation):
            tensors = [y for y in tree_leaves(out) if isinstance(y, torch.Tensor)]
            self._held = [(ref, size) for ref, size in self._held if not ref.expired()]
            storages = (y.untyped_storage() for y in tensors)
            self._held += [(StorageWeakRef(storage), storage.nbytes()) for storage in storages]
            self.peak = max(self.peak, sum(size for _, size in self._held))
            if self.peak > self.limit:
                self.peak = 0
                raise torch.OutOfMemoryError
        return out


class Fault(TorchDispatchMode):
    """A device whose memory runs out once: at allocation number `at`."""

    def __init__(self, at=None):
        super().__init__()
        self.at, self.num_allocations = at, 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if _allocates(operation):
            self.num_allocations += 1
            if self.num_allocations - 1 == self.at:
                raise torch.OutOfMemoryError
        return operation(*args, **(kwargs or {}))


def test_memory_of_a_pass_that_failed_is_free_when_its_jobs_go_alone(runner, caplog):
    warm, first, again = ([new_job(1), new_job(2)] for _ in range(3))
    runner.run(warm)
    with Memory() as enough:
        runner.run(first)
    with Memory(enough.peak - 1):
        assert runner.run(again) == []
    assert "out of device memory" in caplog.text
    for job, expected in zip(again, first, strict=True):
        assert relative_error(job.trajectory.x, expected.trajectory.x) < 1e-5


@pytest.mark.slow
def test_memory_that_runs_out_anywhere_costs_one_job_at_most_and_changes_no_other(runner, models):
    def jobs():
        return new_job(1, voice="v"), new_job(2, text="longer", voice="v", stream=True, num_steps=1)

    first = jobs()
    with Fault() as none:
        expected = run(runner, *first)
    failed = set()
    for at in range(0, none.num_allocations, 97):
        runner = Runner(models, SpeakerCache(2**20, 2**20))
        again = jobs()
        with Fault(at):
            results = run_to_any_end(runner, *again)
        errors = [i for i, result in enumerate(results) if isinstance(result, Overloaded)]
        assert len(errors) <= 1, at
        failed.update(errors)
        for i in {0, 1}.difference(errors):
            np.testing.assert_allclose(results[i][0], expected[i][0], atol=1e-5, err_msg=str(at))
    assert failed


def test_memory_that_does_not_do_for_all_does_for_each(runner, models, monkeypatch):
    forward, sizes = models.dit.forward, []

    def limited(x, *rest):
        sizes.append(len(x))
        if len(x) > 100:
            raise torch.OutOfMemoryError
        return forward(x, *rest)

    monkeypatch.setattr(models.dit, "forward", limited)
    fine, too_large = run_to_any_end(runner, new_job(), new_job(sequence_length=200))
    assert len(fine[0]) == 32 * FRAME_SAMPLES
    assert too_large.message == OUT_OF_MEMORY
    assert sizes == [64 + 400, 64, 400, 32]


def test_decode_that_is_too_large_fails_its_job_alone(runner, models, monkeypatch):
    decode = models.codec.decode

    def limited(latents):
        if len(latents) > 32:
            raise torch.OutOfMemoryError
        return decode(latents)

    monkeypatch.setattr(models.codec, "decode", limited)
    first, second, too_large = run_to_any_end(
        runner, new_job(1), new_job(2), new_job(sequence_length=40)
    )
    assert len(first[0]) == len(second[0]) == 32 * FRAME_SAMPLES
    assert too_large.message == OUT_OF_MEMORY
