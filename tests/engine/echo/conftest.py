import pytest

from engine.echo import tiny_checkpoint


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory):
    """A folder with the tiny checkpoint."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_checkpoint.write(folder)
    return folder
