"""A checkpoint's description: name, sizes, codec, sampler defaults.

`EchoConfig()` describes the published one; `checkpoints.config_file` reads others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from speech.limits import PassLimits
from speech.parameters import ModelParameters

PATCH_FRAMES = 4
"""Frames that the speaker and latent encoders read as one patch."""
MAX_FRAMES = 640
"""The longest span that the transformer was trained to draw, and S1-DAC's encoding window."""
MAX_VOICE_FRAMES = 6400
"""The longest reference audio that the published speaker encoder was trained on (297 s)."""
MAX_TEXT_BYTES = 768
"""The longest text that the model reads, in tokens: the start token, a speaker tag, the text."""
PASS_LIMITS = PassLimits(
    max_text_bytes=MAX_TEXT_BYTES - len("\0[S1] "), max_frames=MAX_FRAMES, max_speech_s=25.0
)
"""The limits of one pass, for a text that gets its start token and speaker tag from us."""


Head = tuple[int, int]
"""One attention head of the transformer: its layer, and its number in the layer."""


@dataclass(frozen=True)
class EncoderConfig:
    """One of the text, speaker and latent encoders."""

    dim: int = 1280
    num_layers: int = 14
    num_heads: int = 10
    mlp_dim: int = 3328


@dataclass(frozen=True)
class DiTConfig:
    """The diffusion transformer. The latent encoder has the speaker encoder's sizes."""

    latent_dim: int = 80
    dim: int = 2048
    num_layers: int = 24
    num_heads: int = 16
    mlp_dim: int = 5888
    vocab_size: int = 256
    timestep_dim: int = 512
    adaln_rank: int = 256
    norm_eps: float = 1e-5
    text: EncoderConfig = field(default_factory=EncoderConfig)
    speaker: EncoderConfig = field(default_factory=EncoderConfig)

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.dim // self.num_heads


@dataclass(frozen=True)
class WindowConfig:
    """One of the codec's causal transformers; each position sees the last `window` ones."""

    num_layers: int
    num_heads: int
    mlp_dim: int
    window: int
    max_positions: int


@dataclass(frozen=True)
class DACConfig:
    """S1-DAC. Its strides are part of the format and not configurable."""

    kind: Literal["s1-dac"] = "s1-dac"
    encoder_dim: int = 64
    decoder_dim: int = 1536
    latent_dim: int = 1024
    head_dim: int = 64
    codebook_dim: int = 8
    semantic_codes: int = 4096
    residual_codes: int = 1024
    num_residual: int = 9
    encoder: WindowConfig = field(default_factory=lambda: WindowConfig(4, 16, 3072, 512, 16384))
    quantizer: WindowConfig = field(default_factory=lambda: WindowConfig(8, 16, 3072, 128, 4096))


@dataclass(frozen=True)
class SourceFilterConfig:
    """The source-filter codec. It has no weights, so there is nothing to configure."""

    kind: Literal["source-filter"] = "source-filter"


CodecConfig = DACConfig | SourceFilterConfig


@dataclass(frozen=True)
class EndConfig:
    """The model's sign that the speech is over: latents that stay flat near 0.

    Attributes:
        frames: Length of the window that has to be flat.
        std: Bound of the standard deviation of a flat window.
        mean: Bound of the absolute mean of a flat window.
        fade_frames: Frames after the end that are kept, fading out. Upstream has none; a codec
            that is cut while a sound still rings needs some.
    """

    frames: int = 20
    std: float = 0.05
    mean: float = 0.1
    fade_frames: int = 0


@dataclass(frozen=True)
class LengthConfig:
    """The number of frames that `sequence_length: "auto"` draws.

    Attributes:
        stretch: Frames drawn per frame that a text takes at an ordinary pace
            (`speech.text.duration`), margin included.
        spare_frames: Frames drawn on top, because the flat end has to fit in, too.
    """

    stretch: float = 1.28
    spare_frames: int = 32


@dataclass(frozen=True)
class EchoConfig:
    """A checkpoint.

    Attributes:
        name: The name of the model that callers see.
        defaults: The parameters that a request does not give.
        max_voice_frames: The longest part of a reference that is encoded: as much as the model was
            trained to use.
        alignment_heads: The heads that attend to the letters being spoken, from which word times
            are read; empty where they are found at start.
        plain_punctuation: Whether it was taught no punctuation but ASCII's, and gets no other.
    """

    name: str = "echo-tts-base"
    dit: DiTConfig = field(default_factory=DiTConfig)
    codec: CodecConfig = field(default_factory=DACConfig)
    defaults: ModelParameters = field(default_factory=ModelParameters)
    end: EndConfig = field(default_factory=EndConfig)
    length: LengthConfig = field(default_factory=LengthConfig)
    max_voice_frames: int = MAX_VOICE_FRAMES
    alignment_heads: tuple[Head, ...] = ()
    plain_punctuation: bool = False

    def __post_init__(self) -> None:
        for layer, head in self.alignment_heads:
            if not (0 <= layer < self.dit.num_layers and 0 <= head < self.dit.num_heads):
                raise ValueError(f"alignment_heads names no head of the model: [{layer}, {head}]")
        if not PATCH_FRAMES <= self.max_voice_frames <= MAX_VOICE_FRAMES:
            raise ValueError(
                f"max_voice_frames must be {PATCH_FRAMES} to {MAX_VOICE_FRAMES}, "
                f"not {self.max_voice_frames}"
            )
