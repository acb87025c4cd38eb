"""The heads that follow the text."""

from pathlib import Path

import torch

from engine.echo.alignment_heads import find_heads
from engine.echo.checkpoints.load import load_models

MINI = Path(__file__).parents[3] / "checkpoints/echo-mini"


def test_heads_are_found_without_known_times():
    models = load_models(MINI, torch.device("cpu"), torch.float32, blockwise=False)
    taught = {(1, 0), (1, 2), (2, 0), (2, 2)}  # by training's alignment loss
    assert set(find_heads(models)) == taught == set(models.config.alignment_heads)
