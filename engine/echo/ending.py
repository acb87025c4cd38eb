"""The end of a job's audio: what is kept of its latents, and how it fades."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import EndConfig


def kept_frames(latents: Tensor, start: int, stop: int, end: EndConfig) -> Tensor:
    """Return the frames from `start` to where the speech ends, `stop`, and those that fade.

    Where no more were drawn, silence follows. Without speech there is nothing to fade.
    """
    faded = end.fade_frames if stop else 0
    kept = latents[start : stop + faded]
    return F.pad(kept, (0, 0, 0, stop + faded - start - len(kept)))


def fade_out(audio: Tensor, num_samples: int) -> Tensor:
    """Return `audio` (n,) with its last samples falling to 0 along half a cosine."""
    num_samples = min(num_samples, len(audio))
    if not num_samples:
        return audio
    angles = torch.linspace(0, torch.pi, num_samples, device=audio.device, dtype=audio.dtype)
    fade = F.pad(0.5 + 0.5 * angles.cos(), (len(audio) - num_samples, 0), value=1.0)
    return audio * fade
