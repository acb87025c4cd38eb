"""What a step of the published model launches, counted on the meta device."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.echo import denoise as denoise_module
from engine.echo.config import DiTConfig
from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import VarlenAttention
from engine.echo.model.dit import EchoDiT
from engine.echo.model.packing import Size
from engine.echo.sampling import Progress, make_plan
from engine.echo.text_attention import AlignmentHeads
from speech.parameters import SamplerParameters
from tests.engine.echo.launches import Launches

META = torch.device("meta")


class Uploads(TorchDispatchMode):
    """Counts the tensors of the host that the device is given."""

    count = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        if any(isinstance(y, torch.Tensor) and y.is_meta for y in tree_leaves(out)):
            given = (y for y in tree_leaves(args) if isinstance(y, torch.Tensor))
            self.count += sum(not y.is_meta for y in given)
        return out


class CountedOps:
    """Ops that compute nothing and count what they launch for many rows."""

    def __init__(self, launches):
        self._launches = launches

    def _count(self, name, shape, like):
        self._launches.by_name[name] += 1
        return torch.empty(shape, dtype=like.dtype, device=META)

    def norm_modulate(self, x, modulation, rows, eps):
        return self._count("norm_modulate", x.shape, x)

    def linear(self, x, weight):
        return self._count("linear", (len(x), len(weight)), x)

    def silu_linear(self, x, weight):
        w13 = self.linear(x, weight)
        return self._count("silu_mul", (len(x), len(weight) // 2), w13)

    def residual_norm_modulate(self, x, a, weight, gates, modulation, rows, eps):
        self.linear(a, weight)
        return self._count("residual_norm_modulate", x.shape, x)

    def turn_heads(self, qkvg, q_weight, k_weight, rotation, num_turning, eps):
        self._count("turn_heads", (), qkvg)

    def attend(self, qkvg, num_heads, layer, tables, lanes, *, causal):
        return self._count("attend", (len(qkvg), qkvg.shape[1] // 4), qkvg)

    def take_step(self, x, v, tables):
        return self._count("take_step", x.shape, x)


@pytest.fixture(autouse=True)
def _inference(monkeypatch):
    # No generator lives on the meta device; on a GPU it does.
    noise = lambda frames, dim, *_: torch.empty((frames, dim), device=META)  # noqa: E731
    monkeypatch.setattr(denoise_module, "initial_noise", noise)
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def dit():
    with META:
        return EchoDiT(DiTConfig()).to(torch.bfloat16)


def _trajectory(dit, *, seed=0, num_steps=4):
    def context(num_keys):
        shape = (24, 2, num_keys, 16, 128)
        return torch.empty(shape, device=META, dtype=torch.bfloat16)

    plan = make_plan(SamplerParameters(num_steps=num_steps), (640,))
    latents = torch.empty((0, 80), device=META)
    return Trajectory(Progress(plan, True), context(200), context(160), torch.Generator(), latents)


def _steps(forward, group, launches):
    """Return what each of two steps launches, once every t has come."""
    while not group[0].progress.done:
        denoise(forward, group)
    counts = []
    group = [_trajectory(forward.dit) for _ in group]
    for trajectory in group:
        trajectory.begin_block(forward.latent_context)
    for _ in range(2):
        launches.by_name.clear()
        with launches:
            denoise(forward, group)
        counts.append(launches.by_name.copy())
    return counts


@pytest.mark.parametrize("sizes", [(), (Size(1920, 4),)], ids=["its own size", "bucket"])
def test_fused_step_launches_at_most_240(dit, sizes):
    launches = Launches()
    forward = PackedForward(dit, CountedOps(launches), sizes, num_modulations=8)
    counts = _steps(forward, [_trajectory(dit)], launches)
    for count in counts:
        assert count["residual_norm_modulate"] == 48
        assert count["linear"] == 96
        assert count.total() <= 240, count


@pytest.mark.slow
def test_plain_step_launches_over_a_thousand(dit):
    def varlen(lanes, device, dtype):
        from engine.echo.model.flash import flash  # slow to import, see `attention_for`

        return VarlenAttention(lanes, flash, device)

    launches = Launches()
    forward = PlainForward(dit, make_attention=varlen)
    counts = _steps(forward, [_trajectory(dit)], launches)
    assert all(count.total() > 1000 for count in counts)


def test_heads_are_watched_in_the_blocks_up_to_the_last_of_them(dit):
    def num_attentions(*heads):
        with Launches() as launches:
            AlignmentHeads(dit, heads).text_attention(_trajectory(dit))
        return sum(n for name, n in launches.by_name.items() if "scaled_dot_product" in name)

    assert num_attentions((0, 3)) == 1
    assert num_attentions((2, 0), (1, 3)) == 3


def test_watching_sends_nothing_to_the_device(dit):
    heads, trajectory = AlignmentHeads(dit, [(0, 1), (0, 3)]), _trajectory(dit)
    heads.text_attention(trajectory)  # the modulation of its t is kept
    with Uploads() as uploads:
        heads.text_attention(trajectory)
    assert not uploads.count
