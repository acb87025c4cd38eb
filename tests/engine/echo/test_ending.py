"""The end of a job's audio."""

import pytest
import torch

from engine.echo.config import EndConfig
from engine.echo.ending import fade_out, kept_frames

LATENTS = torch.arange(1.0, 11.0)[:, None].repeat(1, 3)


@pytest.mark.parametrize(
    ("start", "stop", "fade", "kept"),
    [(0, 4, 0, [1, 2, 3, 4]), (2, 4, 2, [3, 4, 5, 6]), (4, 4, 1, [5]), (0, 0, 2, [])],
)
def test_frames_that_fade_follow_the_speech(start, stop, fade, kept):
    frames = kept_frames(LATENTS, start, stop, EndConfig(fade_frames=fade))
    assert frames[:, 0].tolist() == kept


def test_silence_follows_what_was_not_drawn():
    frames = kept_frames(LATENTS, 8, 10, EndConfig(fade_frames=3))
    assert frames[:, 0].tolist() == [9, 10, 0, 0, 0]


def test_fade_ends_in_silence_and_spares_what_is_before():
    faded = fade_out(torch.ones(10), 4)
    assert faded[:7].tolist() == [1.0] * 7
    assert faded[-1] == pytest.approx(0, abs=1e-6)
    assert (faded.diff() <= 0).all()


def test_no_fade_leaves_the_samples_alone():
    audio = torch.rand(5)
    assert torch.equal(fade_out(audio, 0), audio)
