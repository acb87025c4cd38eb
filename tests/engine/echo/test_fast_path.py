from dataclasses import replace

import pytest
import torch

from engine.echo import proof
from engine.echo.config import DiTConfig
from engine.echo.device import resolve
from engine.echo.fast_path import PathChoice, _unfit
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.model import packing
from engine.echo.model.ops import fused, plain
from engine.echo.model.ops.kernels import attention, few_rows
from engine.echo.options import EchoOptions
from engine.echo.runner import Runner
from engine.echo.speakers import SpeakerCache
from tests.engine.echo.jobs import new_job, run, voice_audio
from tests.engine.echo.reference import relative_error

CPU = torch.device("cpu")
pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="kernels are compiled here")


def _choose(tiny_weights, models, kernels, *, wanted=None, failure=None):
    options = EchoOptions(weights_dir=str(tiny_weights), device="cpu", kernels=kernels)
    choice = PathChoice(options, resolve(options))
    if wanted is not None:  # as it is on a GPU
        choice._wanted, choice._failure = wanted, failure
    return choice.choose(models)


@pytest.fixture
def quick_proof(monkeypatch):
    """A proof that the interpreter is done with in seconds: of all that the whole one has."""
    for module in (packing, attention):
        monkeypatch.setattr(module, "TILE", 16)
    for name, size in (("TOKENS", 18), ("LONG_FRAMES", 18), ("FRAMES", 8), ("VOICE_FRAMES", 4)):
        monkeypatch.setattr(proof, f"NUM_{name}", size)
    monkeypatch.setattr(few_rows, "MAX_ROWS", 32)  # a mixed step has more


def _decodes_plainly(models):
    return models.codec._waveforms.decoder == models.codec.autoencoder.waveform


@pytest.mark.parametrize("kernels", ["auto", "off"])
def test_cpu_computes_plainly_and_warns_of_nothing(tiny_weights, models, kernels):
    path = _choose(tiny_weights, models, kernels)
    assert isinstance(path.forward, PlainForward)
    assert (path.fused, path.warning) == (False, None)
    assert _decodes_plainly(models)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_proof")
def test_kernels_that_prove_themselves_serve(tiny_weights, models):
    path = _choose(tiny_weights, models, "auto", wanted=True)
    assert isinstance(path.forward, PackedForward)
    assert (path.fused, path.warning) == (True, None)
    assert not _decodes_plainly(models)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_proof")
def test_wrong_kernel_makes_it_serve_plainly_and_say_so(tiny_weights, models, monkeypatch, caplog):
    wrong = lambda *given: plain.silu_linear(*given) * 1.2  # noqa: E731
    monkeypatch.setattr(fused, "silu_linear", wrong)
    path = _choose(tiny_weights, models, "auto", wanted=True)
    assert isinstance(path.forward, PlainForward)
    assert not path.fused
    warning = "serving without the fused kernels: what it reads of a text differs by"
    assert path.warning.startswith(warning)
    assert path.warning in caplog.text
    assert _decodes_plainly(models)


@pytest.mark.usefixtures("quick_proof")
def test_kernel_that_raises_makes_it_serve_plainly(tiny_weights, models, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(fused, "silu_linear", fail)
    path = _choose(tiny_weights, models, "auto", wanted=True)
    assert path.warning == "serving without the fused kernels: they failed with RuntimeError"


def test_trial_that_failed_keeps_the_kernels_off_the_weights(tiny_weights, models):
    path = _choose(tiny_weights, models, "auto", wanted=True, failure="they crashed")
    assert path.warning == "serving without the fused kernels: they crashed"


def test_heads_that_no_kernel_takes_are_told_before_one_is_tried():
    assert _unfit(DiTConfig(), CPU) is None
    for dim in (160, 32):
        assert "power of two" in _unfit(replace(DiTConfig(), dim=dim, num_heads=4), CPU)


@pytest.mark.parametrize(("capability", "unfit"), [((7, 5), True), ((8, 0), False)])
def test_gpu_older_than_ampere_is_told_before_a_kernel_is_tried(monkeypatch, capability, unfit):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert ("older than Ampere" in (_unfit(DiTConfig(), torch.device("cuda")) or "")) == unfit


@pytest.mark.slow
@torch.inference_mode()
def test_kernels_switched_on_by_hand_speak_as_the_definition(tiny_weights, models):
    jobs = [new_job(1, num_steps=1, voice="v") for _ in range(2)]
    for job in jobs:
        job.voice.audio = voice_audio("v", 4)
        plan = job.progress.plan  # shorter than a caller's may be: the interpreter takes its time
        job.progress.plan = replace(plan, blocks=(replace(plan.blocks[0], num_frames=8),))
    definition = run(Runner(models, SpeakerCache(0, 0)), jobs[0])
    path = _choose(tiny_weights, models, "on")
    assert path.fused
    ours = run(Runner(models, SpeakerCache(0, 0), path.forward), jobs[1])
    for piece, expected in zip(ours[0], definition[0], strict=True):
        # A decode of the kernels rounds to float16.
        assert relative_error(torch.tensor(piece), torch.tensor(expected)) < 5e-3
