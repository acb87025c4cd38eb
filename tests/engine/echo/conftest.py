from dataclasses import replace

import pytest
import torch

from engine.echo.checkpoints import tiny as tiny_checkpoint
from engine.echo.checkpoints.load import load_models
from engine.echo.config import SourceFilterConfig
from engine.echo.runner import Runner
from engine.echo.sizes import TINY
from engine.echo.speakers import SpeakerCache
from speech.parameters import ModelParameters


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory):
    """A folder with the tiny checkpoint, whose heads no engine has to look for."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_checkpoint.write(folder, replace(TINY, alignment_heads=((0, 0), (1, 2))))
    return folder


@pytest.fixture(scope="session")
def mini_weights(tmp_path_factory):
    """A folder with a tiny checkpoint whose codec has no weights and that has its own defaults."""
    folder = tmp_path_factory.mktemp("mini")
    defaults = ModelParameters(num_steps=3, cfg_max_t=0.9, sequence_length=48)
    config = replace(TINY, name="echo-mini-tiny", codec=SourceFilterConfig(), defaults=defaults)
    tiny_checkpoint.write(folder, config)
    return folder


@pytest.fixture
def models(tiny_weights):
    return load_models(tiny_weights, torch.device("cpu"), torch.float32, blockwise=True)


@pytest.fixture
def runner(models):
    return Runner(models, SpeakerCache(2**20, 2**20))
