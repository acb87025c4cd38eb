"""What the tests of functions and their kernels share."""

import pytest
import torch

from engine.echo.model.ops import ops_for


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def fused():
    return ops_for(fused=True)
