import torch

from engine.echo.transfer import Download, upload


def test_values_come_and_go_unchanged():
    values = torch.arange(6.0)
    there = upload(values, torch.device("cpu"))
    download = Download(there)
    there.zero_()
    assert torch.equal(download.wait(), torch.arange(6.0))
    assert download.wait() is download.unfinished


def test_upload_goes_to_the_device():
    assert upload(torch.zeros(3), torch.device("meta")).device.type == "meta"
