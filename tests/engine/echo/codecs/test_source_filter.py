from pathlib import Path

import av
import numpy as np
import pytest
import torch

from engine.echo.codecs.source_filter.analysis import analyse
from engine.echo.codecs.source_filter.codec import SourceFilterCodec
from engine.echo.codecs.source_filter.features import COSINES, NUM_CEPSTRA, PITCH, RATE_HZ, VOICING
from engine.echo.codecs.source_filter.half_band import halve
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from training.pitch import median_pitch_hz

VOICES = Path(__file__).parents[4] / "voices"
NUM_FRAMES = 100


def recording(name):
    with av.open(str(VOICES / name)) as file:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE_HZ)
        frames = [f for frame in file.decode(audio=0) for f in resampler.resample(frame)]
    audio = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return torch.from_numpy(audio[: NUM_FRAMES * FRAME_SAMPLES].copy())


def pulses(hz, seconds=2):
    phase = np.arange(seconds * SAMPLE_RATE_HZ) * (hz / SAMPLE_RATE_HZ)
    return torch.from_numpy(0.5 * np.diff(np.floor(phase), prepend=0)).float()


@pytest.fixture(scope="module")
def codec():
    return SourceFilterCodec()


@pytest.fixture(scope="module", params=["ada.ogg", "otto.ogg"])
def speech(request):
    return recording(request.param)


def features(audio):
    samples = halve(audio.double().numpy())
    return analyse(samples, len(samples) // 256)


def test_frames_and_samples(codec, speech):
    latents = codec.encode(speech)
    assert latents.shape == (NUM_FRAMES, codec.latent_dim)
    assert latents.dtype == torch.float32
    audio = codec.decode(latents)
    assert audio.shape == (NUM_FRAMES * FRAME_SAMPLES,)
    assert audio.dtype == torch.float32
    assert codec.sample_rate_hz == SAMPLE_RATE_HZ
    assert codec.frame_samples == FRAME_SAMPLES


def test_what_does_not_fill_a_patch_is_left_out(codec, speech):
    assert len(codec.encode(speech[: 7 * FRAME_SAMPLES + 5])) == 4


def test_a_copy_keeps_the_pitch(codec, speech):
    copy = codec.decode(codec.encode(speech))
    before, after = features(speech), features(copy)
    voiced = (before[:, VOICING] > 0.7) & (after[:, VOICING] > 0.7)
    assert voiced.sum() > 80
    semitones = 12 * np.abs(after[voiced, PITCH] - before[voiced, PITCH])
    assert np.median(semitones) < 0.5
    assert np.mean(semitones < 1) > 0.85


@pytest.mark.parametrize("hz", [70, 110, 190, 320, 450])
def test_pitch_is_found_and_made(codec, hz):
    copy = codec.decode(codec.encode(pulses(hz)))
    made = median_pitch_hz(copy.numpy(), SAMPLE_RATE_HZ)
    assert abs(12 * np.log2(made / hz)) < 0.3


def test_a_copy_keeps_the_spectrum(codec, speech):
    copy = codec.decode(codec.encode(speech))
    before, after = (features(x)[:, :NUM_CEPSTRA] @ COSINES for x in (speech, copy))
    loud = before.max(axis=1) > np.log(1e-4)
    decibels = 10 / np.log(10) * (after - before)[loud]
    assert np.sqrt(np.mean(decibels**2)) < 4.0
    assert abs(np.mean(decibels)) < 1.0


def test_a_copy_is_not_shifted_in_time(codec, speech):
    copy = codec.decode(codec.encode(speech))
    block = SAMPLE_RATE_HZ // 200
    loudness = [x[: len(x) // block * block].view(-1, block).std(dim=1) for x in (speech, copy)]
    shifts = range(-4, 5)
    likeness = [float((loudness[0][8:-8] * loudness[1].roll(k)[8:-8]).sum()) for k in shifts]
    assert abs(shifts[int(np.argmax(likeness))]) <= 1


@pytest.mark.parametrize("sizes", [(1,) * 20, (3, 1, 16), (20, 0)])
def test_pieces_join_to_the_whole(codec, speech, sizes):
    latents = codec.encode(speech)[: sum(sizes)]
    stream = codec.new_stream()
    pieces = [codec.decode_next(part, stream) for part in torch.split(latents, list(sizes))]
    assert [len(piece) for piece in pieces] == [size * FRAME_SAMPLES for size in sizes]
    whole = codec.decode(latents)
    torch.testing.assert_close(torch.cat(pieces), whole, atol=1e-6, rtol=0)


def test_long_latents_decode_as_short_ones(codec, speech):
    latents = codec.encode(speech)
    twice, once = codec.decode(latents.repeat(2, 1)), codec.decode(latents)
    torch.testing.assert_close(twice[: len(once)], once, atol=1e-6, rtol=0)


def test_zero_is_silence(codec):
    silence = torch.zeros(8 * FRAME_SAMPLES)
    assert torch.allclose(codec.encode(silence), torch.zeros(8, codec.latent_dim), atol=1e-3)
    audio = codec.decode(torch.zeros(8, codec.latent_dim))
    assert audio.abs().max() < 1e-3


def test_nothing_decodes_to_nothing(codec):
    audio = codec.decode(torch.zeros(0, codec.latent_dim))
    assert audio.shape == (0,)


def test_noise_stays_without_pitch(codec):
    noise = 0.1 * torch.randn(32 * FRAME_SAMPLES, generator=torch.Generator().manual_seed(0))
    copy = codec.decode(codec.encode(noise))
    assert np.mean(features(copy)[:, VOICING] > 0.5) < 0.05
    assert 0.5 < copy[: 30 * FRAME_SAMPLES].std() / noise.std() < 1.2


def test_a_wild_latent_gives_audio_within_bounds(codec):
    wild = 50 * torch.randn(16, codec.latent_dim, generator=torch.Generator().manual_seed(0))
    audio = codec.decode(wild)
    assert audio.isfinite().all()
    assert 0.9 < audio.abs().max() <= 1
    assert codec.sample_rate_hz == RATE_HZ * 2


def test_a_loud_copy_is_bent_and_not_cut(codec, speech):
    loud = codec.decode(codec.encode(2 * speech))
    assert 0.8 < loud.abs().max() < 1
    assert (loud.abs() == loud.abs().max()).sum() == 1


@pytest.mark.parametrize("gain", [1, 3, 10])
def test_no_copy_is_so_loud_that_an_encoder_clips_it(codec, speech, gain):
    loud = codec.decode(codec.encode(gain * speech))
    assert loud.abs().max() <= 0.98
    assert (loud.abs() > 0.95).float().mean() < 0.01
    assert abs(loud.mean()) < 1e-3
