"""echo-mini in few steps: a third of the work, for tests that do not ask how well it speaks."""

import json
from pathlib import Path

from engine.echo.checkpoints.folder import BUNDLED_FOLDER, CONFIG, MODEL

NUM_STEPS = 4


def write_mini_of_few_steps(folder: Path) -> None:
    """Write the checkpoint to a folder that is there; its weights are a link to echo-mini's."""
    config = json.loads((BUNDLED_FOLDER / CONFIG).read_text())
    config["defaults"] |= {"num_steps": NUM_STEPS, "stream_steps": [NUM_STEPS]}
    (folder / CONFIG).write_text(json.dumps(config))
    (folder / MODEL).symlink_to(BUNDLED_FOLDER / MODEL)
