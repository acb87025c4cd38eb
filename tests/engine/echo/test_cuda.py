"""What only a GPU can show: attention, kernels and graphs, and that batching keeps to bfloat16."""

import asyncio

import numpy as np
import pytest
import torch

from engine.echo.checkpoints.load import load_models
from engine.echo.engine import EchoEngine
from engine.echo.forward import JobStep
from engine.echo.forward.buckets import TEXT_LENGTHS, bucket_sizes
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.graphs import GraphCapture
from engine.echo.model.attention import Lane, LoopAttention, VarlenAttention, attention_for
from engine.echo.model.ops import ops_for
from engine.echo.model.packing import PlacedLane
from engine.echo.options import EchoOptions
from engine.echo.proof import PLAN, STEP, find_difference, prove_in_child
from engine.echo.runner import Runner
from engine.echo.sampling import initial_noise
from engine.echo.speakers import SpeakerCache
from engine.echo.text_attention import is_alignment_step
from engine.echo.word_timer import WordTimer
from engine.protocol import Job, Voice
from speech.errors import InternalError, Overloaded
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.jobs import new_job, run, run_to_any_end, unload
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


@pytest.fixture(scope="module")
def models(tiny_weights):
    return load_models(tiny_weights, torch.device("cuda"), torch.bfloat16, blockwise=True)


@pytest.fixture(params=["plain", "graphs"])
def forward(request, models):
    if request.param == "plain":
        return PlainForward(models.dit)
    with torch.inference_mode():
        sizes = bucket_sizes(2560)
        packed = PackedForward(models.dit, ops_for(fused=True), sizes, text_lengths=TEXT_LENGTHS)
        assert packed.capture(GraphCapture()) == len(sizes) + len(TEXT_LENGTHS)
    return packed


@pytest.fixture
def runner(models, forward):
    return Runner(models, SpeakerCache(2**20, 2**20), forward)


def test_step_waits_for_nothing(runner):
    job = new_job(1, num_steps=8, sequence_length=640)
    for _ in range(2):
        runner.run([job])
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert runner.run([job]) == []
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert job.progress.step == 3


def test_watching_the_text_waits_for_nothing(models, forward):
    runner = Runner(models, SpeakerCache(0, 0), forward, [(0, 0), (0, 3), (1, 2)])

    def about_to_be_watched():
        job = new_job(1, num_steps=4, sequence_length=64)
        job.timer = WordTimer("hello", job.tokens)
        while job.trajectory is None or not is_alignment_step(job.trajectory):
            runner.run([job])
        return job

    runner.run([about_to_be_watched()])
    job = about_to_be_watched()
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert runner.run([job]) == []
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(job.text_attention) == 1


@torch.inference_mode()
def test_fast_path_proves_itself(models):
    ops = ops_for(fused=True)
    packed = PackedForward(models.dit, ops, bucket_sizes(640))
    packed.capture(GraphCapture())
    models.codec.use_ops(ops)
    assert find_difference(models, packed) is None
    device = torch.device("cuda")
    assert prove_in_child(None, device, torch.bfloat16) is None  # at the published sizes


@torch.inference_mode()
def test_fused_decode_in_graphs_and_tiles_equals_the_plain_one(models):
    codec, latents = models.codec, torch.randn((150, 80), device="cuda")
    expected = codec.decode_whole(latents)
    codec.use_ops(ops_for(fused=True))
    assert relative_error(codec.decode(latents), expected) < 2e-2
    codec.prepare_lengths(96, GraphCapture())
    assert list(codec._waveforms._graphs) == [32, 64, 96]
    assert relative_error(codec.decode(latents), expected) < 2e-2
    stream = codec.new_stream()
    pieces = [codec.decode_next(piece, stream) for piece in latents.split((1, 100, 49))]
    assert relative_error(torch.cat(pieces), expected) < 2e-2


@torch.inference_mode()
def test_pass_larger_than_every_bucket_agrees(models):
    text = models.dit.text_context(torch.arange(40, device="cuda"))
    job_steps = [
        JobStep(
            torch.randn((640, 80), device="cuda"), PLAN, STEP, PlacedLane(Lane(640, (text,)), 0, t)
        )
        for t in (0.5, 0.6, 0.7, 0.8)
    ]
    packed = PackedForward(models.dit, ops_for(fused=True), bucket_sizes(1920)[:4])
    packed.capture(GraphCapture())
    ours, theirs = (torch.cat(each(job_steps)) for each in (packed, PlainForward(models.dit)))
    assert relative_error(ours, theirs) < 5e-2


def test_jobs_that_come_and_go_change_no_other(runner, models):
    def latents(runner, *others):
        job, number = new_job(1, voice="v", num_steps=8, sequence_length=64), 0
        while job.progress.step < 7:
            runner.run([job, *others[number % 2 :]])
            number += 1
        return job.trajectory.x

    others = [new_job(seed, num_steps=40, sequence_length=640, stream=True) for seed in (2, 3)]
    alone = latents(Runner(models, SpeakerCache(2**20, 2**20)))
    assert relative_error(latents(runner, *others), alone) < 5e-2


def test_blocks_are_decoded_beside_other_steps(models, forward):
    jobs = [
        new_job(1, num_steps=4, sequence_length=160),
        new_job(2, num_steps=9, sequence_length=64, stream=True),
        new_job(3, num_steps=20, sequence_length=640, voice="v"),
    ]
    runner = Runner(models, SpeakerCache(2**20, 2**20), forward, overlaps=True)
    for job, pieces in zip(jobs, run(runner, *jobs), strict=True):
        with torch.inference_mode():
            expected = models.codec.decode_whole(job.trajectory.latents).cpu()
        assert relative_error(torch.from_numpy(np.concatenate(pieces)), expected) < 2e-2


def test_failing_job_fails_alone(runner, forward, monkeypatch):
    text_context = forward.text_context

    def fail(tokens):
        if len(tokens) > 20:
            raise RuntimeError("planned")
        return text_context(tokens)

    monkeypatch.setattr(forward, "text_context", fail)
    fine, failed = run_to_any_end(runner, new_job(1), new_job(2, text="x" * 40))
    assert len(fine[0]) == 32 * FRAME_SAMPLES
    assert isinstance(failed, InternalError)


def test_memory_that_does_not_do_for_all_does_for_each(models, forward):
    class Limited:
        dit = forward.dit
        text_context, latent_context = forward.text_context, forward.latent_context

        def __call__(self, job_steps):
            if sum(len(job_step.x) for job_step in job_steps) > 100:
                raise torch.OutOfMemoryError
            return forward(job_steps)

    runner = Runner(models, SpeakerCache(0, 0), Limited())
    fine, too_large = run_to_any_end(runner, new_job(), new_job(sequence_length=200))
    assert len(fine[0]) == 32 * FRAME_SAMPLES
    assert isinstance(too_large, Overloaded)


@pytest.mark.parametrize("fused", [False, True], ids=["plain", "fused"])
@torch.inference_mode()
def test_voice_is_encoded_in_full_float32(tiny_weights, fused):
    audio = 0.1 * torch.randn(120 * FRAME_SAMPLES, generator=torch.Generator().manual_seed(0))

    def encode(device):
        codec = load_models(tiny_weights, device, torch.float32, blockwise=False).codec
        if fused and device.type == "cuda":
            codec.use_ops(ops_for(fused=True))
        return codec.encode(audio.to(device)).cpu()

    there, here = (encode(torch.device(name)) for name in ("cuda", "cpu"))
    # A rounding may decide a code; TF32 would decide one in ten of each of the four codebooks.
    same = (there - here).abs().amax(dim=1) < 1e-3 * here.abs().max()
    assert same.float().mean() > 0.95


@pytest.mark.parametrize(
    "options",
    [{"kernels": "off"}, {"kernels": "off", "compile": True}, {}, {"overlap_codec": True}],
    ids=str,
)
async def test_engine_speaks(tiny_weights, options):
    async def load():
        return AUDIO

    engine = EchoEngine(EchoOptions(weights_dir=str(tiny_weights), **options))
    try:
        assert engine.device == "cuda"
        assert not torch.backends.cuda.cudnn_sdp_enabled()
        assert engine.stats()["fused_kernels"] == ("kernels" not in options), engine.warning

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


async def test_unloaded_model_gives_its_memory_back(tiny_weights):
    torch.cuda.empty_cache()
    before, _ = torch.cuda.mem_get_info()
    engine = EchoEngine(EchoOptions(weights_dir=str(tiny_weights), unload_after_s=1000))
    try:
        loaded, _ = torch.cuda.mem_get_info()
        await unload(engine)
        after, _ = torch.cuda.mem_get_info()
        # The compiled kernels stay.
        assert before - after < (before - loaded) / 2
        job = Job("hello", 1, {"num_steps": 4, "sequence_length": 160})
        assert [len(part.pcm) async for part in engine.generate(job, None, lambda: None)]
    finally:
        engine.close()
