"""The path that a GPU takes, on the meta device: it has shapes, dtypes and no values.

Whatever reads a value back, and so waits for the device, fails; so does what is elsewhere.
"""

import pytest
import torch

from engine.echo import denoise as denoise_module
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import VarlenAttention
from engine.echo.model.dit import EchoDiT
from engine.echo.sampling import Progress, make_plan
from engine.echo.sizes import TINY
from speech.parameters import SamplerParameters
from speech.pcm import FRAME_SAMPLES

META = torch.device("meta")


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


@pytest.fixture
def dit():
    with META:
        return EchoDiT(TINY.dit).to(torch.bfloat16)


@pytest.fixture
def codec():
    with META:
        return S1DAC(TINY.codec, TINY.dit.latent_dim)


def _varlen(lanes, device, dtype):
    from engine.echo.model.flash import flash  # slow to import, see `attention_for`

    return VarlenAttention(lanes, flash, device)


def _trajectories(dit):
    text = dit.text_context(torch.tensor([0, 1, 2]).to(META))
    speaker = dit.speaker_context(dit.speaker_state(torch.empty((24, 80), device=META)))
    rescaled = {"rescale_k": 1.2, "rescale_sigma": 3.0, "truncation_factor": 0.8}
    return [
        Trajectory(
            Progress(make_plan(SamplerParameters(**given), blocks), voice is not None),
            text,
            voice,
            torch.Generator(),
            torch.empty((0, 80), device=META),
        )
        for given, blocks, voice in (
            ({"num_steps": 4, "speaker_kv_scale": 1.5, "speaker_kv_min_t": 0.6}, (40,), speaker),
            ({"num_steps": 2, **rescaled}, (32, 33), speaker),
            ({"num_steps": 5}, (64,), None),
        )
    ]


def _finish(dit, monkeypatch):
    # No generator lives on the meta device; on a GPU it does.
    noise = lambda frames, dim, *_: torch.empty((frames, dim), device=META)  # noqa: E731
    monkeypatch.setattr(denoise_module, "initial_noise", noise)
    group, forward = _trajectories(dit), PlainForward(dit, make_attention=_varlen)
    while active := [trajectory for trajectory in group if not trajectory.progress.done]:
        denoise(forward, active)
    return [trajectory.latents for trajectory in group]


def test_steps_stay_on_the_device_and_wait_for_nothing(dit, monkeypatch):
    latents = _finish(dit, monkeypatch)
    assert [len(y) for y in latents] == [40, 65, 64]
    assert {(y.device, y.dtype) for y in latents} == {(META, torch.float32)}


def test_steps_control_a_table_left_on_the_host_fails(dit, monkeypatch):
    modulation = dit.modulation
    host = lambda t: torch.zeros_like(modulation(t), device="cpu")  # noqa: E731
    monkeypatch.setattr(dit, "modulation", host)
    with pytest.raises((RuntimeError, NotImplementedError), match=r"device|meta"):
        _finish(dit, monkeypatch)


def test_voices_are_encoded_and_latents_decoded_on_the_device(codec):
    audio = torch.empty(9 * FRAME_SAMPLES, device=META)
    assert codec.encode(audio).shape == (8, 80)
    latents = torch.empty((100, 80), device=META)
    decoded = [codec.decode(latents), codec.decode(latents[:7])]
    assert [len(pcm) // FRAME_SAMPLES for pcm in decoded] == [100, 7]
    stream = codec.new_stream()
    pieces = [codec.decode_next(y, stream) for y in latents.split([32, 68])]
    assert {pcm.device for pcm in [*decoded, *pieces]} == {META}
