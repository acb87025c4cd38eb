from functools import partial
from itertools import chain

import pytest
import torch

from engine.echo.denoise import denoise, new_trajectory
from engine.echo.forward.plain import PlainForward
from engine.echo.sampling import Progress, make_plan
from speech.parameters import SamplerParameters
from tests.engine.echo.reference import dit_pair, relative_error

pytestmark = pytest.mark.slow


def _finish(dit, parameters):
    """Run one job for each of `parameters`, side by side."""
    text = dit.text_context(torch.arange(9))
    group = [
        new_trajectory(
            dit, Progress(make_plan(given, (given.sequence_length,)), False), text, None, seed
        )
        for seed, given in enumerate(parameters)
    ]
    forward = PlainForward(dit)
    while active := [trajectory for trajectory in group if not trajectory.progress.done]:
        denoise(forward, active)
    return [trajectory.latents for trajectory in group]


@torch.inference_mode()
def test_compiled_blocks_compute_the_same_and_are_compiled_for_any_shape(monkeypatch):
    compile_, graphs = torch.compile, []

    def trace_only(graph, _):  # the compiler proper would take half a minute
        graphs.append(graph)
        return graph.forward

    _, dit = dit_pair()
    parameters = [SamplerParameters(num_steps=n, sequence_length=32 + n) for n in (2, 3, 5)]
    groups = [parameters[:n] for n in (1, 3, 2)]
    expected = [_finish(dit, group) for group in groups]
    monkeypatch.setattr(torch, "compile", partial(compile_, backend=trace_only))
    torch.compiler.reset()
    dit.compile_blocks()
    compiled = [_finish(dit, group) for group in groups]
    for ours, theirs in zip(chain(*compiled), chain(*expected), strict=True):
        assert relative_error(ours, theirs) < 1e-5
    # Each half of a block once for one t, once for several; not once per layer or shape.
    assert len(graphs) == 4
