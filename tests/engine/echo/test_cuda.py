"""What only a GPU can show: the packed attention kernel, and that batching keeps to bfloat16."""

import asyncio

import numpy as np
import pytest
import torch

from engine.echo.checkpoints.load import load_models
from engine.echo.engine import EchoEngine
from engine.echo.model.attention import Lane, LoopAttention, VarlenAttention, attention_for
from engine.echo.options import EchoOptions
from engine.echo.runner import Runner
from engine.echo.sampling import initial_noise
from engine.echo.speakers import SpeakerCache
from engine.protocol import Job, Voice
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.jobs import new_job
from tests.engine.echo.reference import relative_error

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]

AUDIO = (0.1 * np.random.default_rng(0).standard_normal(30 * FRAME_SAMPLES)).astype(np.float32)


@torch.inference_mode()
def test_flash_attention_equals_the_portable_one():
    device = torch.device("cuda")

    def draw(*shape):
        return torch.randn(shape, device=device, dtype=torch.bfloat16)

    text, voice = draw(3, 2, 50, 4, 128), draw(3, 2, 17, 4, 128)
    lanes = [Lane(40, (text, voice)), Lane(40, (voice,)), Lane(33, ()), Lane(64, (text,))]
    q, k, v = (draw(177, 4, 128) for _ in range(3))
    packed = attention_for(lanes, device, torch.bfloat16)
    assert isinstance(packed, VarlenAttention)
    for layer in range(3):
        expected = LoopAttention(lanes)(layer, q, k, v)
        assert relative_error(packed(layer, q, k, v), expected) < 2e-2


@pytest.mark.parametrize("num_frames", [1, 32, 97, 639])
def test_shorter_noise_is_the_beginning_of_the_longer(num_frames):
    def draw(num_frames):
        return initial_noise(num_frames, 80, 0.9, torch.Generator("cuda").manual_seed(3))

    assert torch.equal(draw(num_frames), draw(640)[:num_frames])


def test_batching_stays_within_bfloat16(tiny_weights):
    models = load_models(tiny_weights, torch.device("cuda"), torch.bfloat16, blockwise=True)

    def latents(*seeds):
        jobs = [
            new_job(seed, text="hello " * seed, num_steps=8, sequence_length=64) for seed in seeds
        ]
        runner, active = Runner(models, SpeakerCache(0, 0)), list(jobs)
        while active:
            for job, result in runner.run(active):
                assert result.error is None
                active.remove(job)
        return [job.trajectory.latents for job in jobs]

    together = latents(1, 2, 3)
    for seed, batched in zip((1, 2, 3), together, strict=True):
        assert relative_error(batched, latents(seed)[0]) < 5e-2


def test_step_waits_for_nothing(tiny_weights):
    models = load_models(tiny_weights, torch.device("cuda"), torch.bfloat16, blockwise=True)
    job = new_job(1, num_steps=8, sequence_length=640)
    runner = Runner(models, SpeakerCache(0, 0))
    for _ in range(2):
        runner.run([job])
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert runner.run([job]) == []
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert job.progress.step == 3


def test_voice_is_encoded_in_full_float32(tiny_weights):
    audio = 0.1 * torch.randn(120 * FRAME_SAMPLES, generator=torch.Generator().manual_seed(0))

    def encode(device):
        codec = load_models(tiny_weights, device, torch.float32, blockwise=False).codec
        return codec.encode(audio.to(device)).cpu()

    there, here = (encode(torch.device(name)) for name in ("cuda", "cpu"))
    # A rounding may decide a code; TF32 would decide one in ten of each of the four codebooks.
    same = (there - here).abs().amax(dim=1) < 1e-3 * here.abs().max()
    assert same.float().mean() > 0.95


@pytest.mark.parametrize("compiled", [False, True])
async def test_engine_speaks(tiny_weights, compiled):
    async def load():
        return AUDIO

    engine = EchoEngine(EchoOptions(weights_dir=str(tiny_weights), compile=compiled))
    try:
        assert engine.device == "cuda"
        assert not torch.backends.cuda.cudnn_sdp_enabled()

        async def speak(stream):
            parameters = {"num_steps": 4, "sequence_length": 160}
            job = Job("hello", 1, parameters, stream)
            parts = engine.generate(job, Voice("v", load), lambda: None)
            return [part.pcm async for part in parts]

        whole, streamed = await asyncio.gather(speak(False), speak(True))
        assert len(whole[0]) == 160 * FRAME_SAMPLES
        assert [len(pcm) // FRAME_SAMPLES for pcm in streamed] == [32, 128]
        assert np.isfinite(np.concatenate(whole + streamed)).all()
        await engine.check_health()
    finally:
        engine.close()
