"""What an export says of the model besides its weights."""

from dataclasses import replace
from pathlib import Path

from engine.echo.checkpoints.folder import read_config
from training.export import config_of

MINI = Path(__file__).parents[2] / "checkpoints/echo-mini"


def test_config_is_that_of_the_checkpoint_that_ships():
    shipped = read_config(MINI)
    # Which heads follow the text depends on the weights.
    assert config_of("mini") == replace(shipped, alignment_heads=())
