"""The limits that an engine sets to a request."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class PassLimits:
    """The most that one pass of an engine can speak.

    Attributes:
        max_text_bytes: UTF-8 bytes of a text.
        max_frames: Latent frames.
        max_speech_s: Estimated seconds of a text: what the frames hold, less a reserve for a slow
            voice.
    """

    max_text_bytes: int
    max_frames: int
    max_speech_s: float

    def shortened(self, num_frames: int) -> PassLimits:
        """Return the limits of a pass of only `num_frames`: as long a text as its share."""
        share = num_frames / self.max_frames
        return replace(self, max_frames=num_frames, max_speech_s=share * self.max_speech_s)
