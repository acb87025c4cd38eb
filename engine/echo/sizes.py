"""The sizes of models, all smaller than the published one, which is `EchoConfig()`."""

from __future__ import annotations

from collections.abc import Mapping

from engine.echo.config import DACConfig, DiTConfig, EchoConfig, EncoderConfig, WindowConfig

TINY = EchoConfig(
    name="echo-tiny",
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
    codec=DACConfig(
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
"""The random weights of tests, and of demos where no others are: instant on any CPU."""

MIDDLE = EchoConfig(
    dit=DiTConfig(
        dim=512,
        num_layers=6,
        num_heads=8,
        mlp_dim=1472,
        timestep_dim=256,
        adaln_rank=64,
        text=EncoderConfig(dim=320, num_layers=4, num_heads=5, mlp_dim=832),
        speaker=EncoderConfig(dim=320, num_layers=4, num_heads=5, mlp_dim=832),
    ),
    codec=DACConfig(
        encoder_dim=16,
        decoder_dim=192,
        latent_dim=256,
        encoder=WindowConfig(2, 4, 768, 512, 2560),
        quantizer=WindowConfig(4, 4, 768, 128, 640),
    ),
)
"""The random weights of benchmarks on a CPU: large enough for matrix products to dominate."""

MINI = DiTConfig(
    dim=160,
    num_layers=6,
    num_heads=4,
    mlp_dim=432,
    timestep_dim=128,
    adaln_rank=32,
    text=EncoderConfig(dim=128, num_layers=4, num_heads=4, mlp_dim=352),
    speaker=EncoderConfig(dim=96, num_layers=2, num_heads=4, mlp_dim=256),
)
"""echo-mini, which a CPU trains in hours and speaks with in real time."""

SMOKE = DiTConfig(
    dim=32,
    num_layers=3,
    num_heads=4,
    mlp_dim=48,
    timestep_dim=32,
    adaln_rank=8,
    text=EncoderConfig(dim=32, num_layers=1, num_heads=2, mlp_dim=48),
    speaker=EncoderConfig(dim=32, num_layers=1, num_heads=2, mlp_dim=48),
)
"""The model that tests train."""

TRAINED: Mapping[str, DiTConfig] = {"mini": MINI, "smoke": SMOKE}
"""The sizes that `training` makes, by the name that it takes for them."""
