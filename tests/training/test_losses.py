import torch

from training.losses import offset


def test_an_error_that_all_frames_share_counts_and_one_that_cancels_does_not():
    speech = torch.arange(6) < torch.tensor([[4], [2]])
    shared = torch.full((2, 6, 3), 0.5)
    cancelling = torch.tensor([1.0, -1.0] * 3)[None, :, None].expand(2, 6, 3)
    assert offset(shared, speech).item() == 0.25
    assert offset(cancelling, speech).item() == 0.0
    assert offset(shared + cancelling, speech).item() == 0.25


def test_silence_and_windows_without_speech_have_no_offset():
    error = torch.ones(2, 6, 3)
    error[0, :4] = 0.0
    speech = torch.arange(6) < torch.tensor([[4], [0]])
    assert offset(error, speech).item() == 0.0
