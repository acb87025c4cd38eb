"""Sizes of the two networks. The published checkpoints have `EchoConfig()`'s."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PATCH_FRAMES = 4
"""Frames that the speaker and latent encoders read as one token."""
MAX_FRAMES = 640
"""The longest span the transformer was trained to draw, and the codec's encoding chunk."""
MAX_VOICE_FRAMES = 6400
"""The longest reference audio the speaker encoder was trained on (297 s)."""
MAX_TEXT_BYTES = 768
"""Longest text in tokens, the leading 0 included."""


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
    """One of the codec's causal transformers; each token sees the last `window` tokens."""

    num_layers: int
    num_heads: int
    mlp_dim: int
    window: int
    max_positions: int


@dataclass(frozen=True)
class CodecConfig:
    """S1-DAC. Its strides are part of the format and not configurable."""

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
class EchoConfig:
    """Both networks."""

    dit: DiTConfig = field(default_factory=DiTConfig)
    codec: CodecConfig = field(default_factory=CodecConfig)


TINY = EchoConfig(
    dit=DiTConfig(
        dim=64,
        num_layers=2,
        num_heads=4,
        mlp_dim=96,
        timestep_dim=32,
        adaln_rank=8,
        text=EncoderConfig(dim=32, num_layers=2, num_heads=2, mlp_dim=48),
        speaker=EncoderConfig(dim=48, num_layers=2, num_heads=2, mlp_dim=64),
    ),
    codec=CodecConfig(
        encoder_dim=4,
        decoder_dim=32,
        latent_dim=32,
        head_dim=16,
        semantic_codes=64,
        residual_codes=16,
        num_residual=3,
        encoder=WindowConfig(1, 4, 96, 512, 2560),
        quantizer=WindowConfig(2, 2, 48, 128, 640),
    ),
)
"""Small enough for tests and for demos without weights; runs on any CPU."""


def dumps(config: EchoConfig) -> str:
    """Return the text of a `config.json`."""
    return json.dumps(asdict(config), indent=2) + "\n"


def load_config(path: Path) -> EchoConfig:
    """Read a `config.json`; a size it does not name keeps its published value.

    Raises:
        ValueError: When it names a size that does not exist, or holds no positive number.
    """
    try:
        given = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"config.json is not JSON: {error}") from None
    config: EchoConfig = _build(EchoConfig(), given, "config.json")
    return config


def _build(default: Any, given: Any, where: str) -> Any:
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be an object, not {given!r}")
    values = {name: getattr(default, name) for name in default.__dataclass_fields__}
    for name, value in given.items():
        if name not in values:
            raise ValueError(f"{where} has an unknown name {name!r} (known: {', '.join(values)})")
        known = values[name]
        if hasattr(known, "__dataclass_fields__"):
            values[name] = _build(known, value, f"{where}.{name}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ValueError(f"{where}.{name} must be a positive number, not {value!r}")
        else:
            values[name] = type(known)(value)
    return type(default)(**values)
