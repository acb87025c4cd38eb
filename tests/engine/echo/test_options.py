import pytest
import torch
from pydantic import ValidationError

from engine.echo.checkpoints.folder import BUNDLED_FOLDER
from engine.echo.device import resolve
from engine.echo.options import EchoOptions


def test_cpu_computes_the_bundled_checkpoint_in_float32_and_small_ticks():
    resolved = resolve(EchoOptions(device="cpu"))
    assert (resolved.device.type, resolved.dtype) == ("cpu", torch.float32)
    assert (resolved.weights_dir, resolved.max_lane_frames) == (BUNDLED_FOLDER, 640)


def test_given_options_are_not_chosen_again(tmp_path):
    options = EchoOptions(
        device="cpu", weights_dir=str(tmp_path), dtype="bfloat16", max_lane_frames_per_tick=7
    )
    resolved = resolve(options)
    assert (resolved.weights_dir, resolved.dtype) == (tmp_path, torch.bfloat16)
    assert resolved.max_lane_frames == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "tpu"},
        {"dtype": "int8"},
        {"stream_blocks": ()},
        {"stream_blocks": (30,)},
        {"max_lane_frames_per_tick": 0},
        {"max_active_job": 4},
    ],
)
def test_unfit_and_unknown_options_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        EchoOptions(**wrong)
