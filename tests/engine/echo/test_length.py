import pytest

from engine.echo.config import MAX_FRAMES, LengthConfig
from engine.echo.length import BUCKET_FRAMES, likely_frames

LENGTH = LengthConfig(stretch=1.3, spare_frames=32)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("Hi.", 64),
        ("The quick brown fox jumps.", 96),
        ("x" * 200, 448),
        ("x" * 340, MAX_FRAMES),
        ("[S1] Hi.", 64),  # a speaker tag is not spoken
    ],
)
def test_likely_frames_follow_the_text(text, frames):
    assert likely_frames(text, LENGTH) == frames
    assert frames % BUCKET_FRAMES == 0


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("\u4f60\u597d" * 10, "y" * 64),  # 20 Chinese characters: as 64 letters
        ("\u0436" * 60, "y" * 60),  # a Cyrillic letter: two bytes, no longer than a Latin one
        ("2024 " * 4, "twenty twenty-four " * 4),
    ],
)
def test_likely_frames_are_the_same_for_the_same_time_in_any_script(text, like):
    assert abs(likely_frames(text, LENGTH) - likely_frames(like, LENGTH)) <= BUCKET_FRAMES


def test_likely_frames_are_the_checkpoints_pace():
    slow = LengthConfig(stretch=2.6, spare_frames=32)
    assert likely_frames("x" * 100, slow) > 1.5 * likely_frames("x" * 100, LENGTH)
