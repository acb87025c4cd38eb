"""The sizes that are trained: one that a CPU can train in hours, and a tiny one for tests."""

from __future__ import annotations

from engine.echo.config import DiTConfig, EncoderConfig

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

SIZES = {"mini": MINI, "smoke": SMOKE}
