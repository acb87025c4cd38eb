"""The search for the end of the speech in the latents drawn so far."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import EndConfig
from engine.echo.speech_end import choose_end, earliest_end
from engine.echo.transfer import Download

PUBLISHED_END = EndConfig()


@dataclass(frozen=True)
class SpeechEnd:
    """The end of the speech in T latents, as far as they tell.

    Attributes:
        frame: The frame at which the speech ends if only silence follows the latents; T if it does
            not end.
        possible_frame: The first frame at which it may have ended, whatever follows; `frame` is
            never before it, however many latents are added.
        is_certain: Whether it ends at `frame` whatever follows.
    """

    frame: int
    possible_frame: int
    is_certain: bool


class EndSearch:
    """A search under way on the device.

    Args:
        latents: The latents drawn so far, (T, latent_dim).
        expected: Frames that the text should take: ends are held against them, as
            `speech_end.choose_end` says. 0 takes the first flat window for the end.
        end: The shape of an end.
    """

    def __init__(
        self, latents: Tensor, expected: float = 0.0, end: EndConfig = PUBLISHED_END
    ) -> None:
        self._expected, self._end = expected, end
        # The window that begins at each frame, if silence follows, (T, latent_dim, end.frames).
        padded = F.pad(latents, (0, 0, 0, end.frames))
        windows = padded.unfold(0, end.frames, 1)[: len(latents)]
        self._flags = Download(torch.stack((_is_flat(windows, end), _may_be_flat(windows, end))))

    def wait(self) -> SpeechEnd:
        """Return the end, once the device has found it."""
        is_flat, may_be_flat = self._flags.wait().numpy()
        num_frames = len(is_flat)
        frame = choose_end(is_flat, self._expected)
        may_be_flat[: earliest_end(self._expected)] = False
        possible = int(may_be_flat.argmax()) if may_be_flat.any() else num_frames
        return SpeechEnd(frame, possible, frame + self._end.frames <= num_frames)


def _is_flat(windows: Tensor, end: EndConfig) -> Tensor:
    """Return whether each window is flat near 0, if silence follows."""
    return (windows.std(dim=(1, 2)) < end.std) & (windows.mean(dim=(1, 2)).abs() < end.mean)


def _may_be_flat(windows: Tensor, end: EndConfig) -> Tensor:
    """Return whether each window may be flat, whatever follows."""
    num_frames, dim, _ = windows.shape
    known = (num_frames - torch.arange(num_frames, device=windows.device)).clamp(max=end.frames)
    # The spread of a window is at least that of its known part about that part's own mean.
    counts = known * dim
    mean = windows.sum(dim=(1, 2)) / counts
    present = torch.arange(end.frames, device=windows.device) < known[:, None]
    squares = ((windows - mean[:, None, None]) ** 2 * present[:, None]).sum(dim=(1, 2))
    # A thousandth of room: `_is_flat` rounds otherwise.
    may_be_flat = squares < end.std**2 * (end.frames * dim - 1) * 1.001
    complete = known == end.frames
    return may_be_flat & (~complete | (mean.abs() < end.mean * 1.001))
