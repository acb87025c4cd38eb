import torch
from torch._subclasses.fake_tensor import FakeTensorMode

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


def test_what_is_on_the_device_stays_there():
    device = torch.device("cuda", 0)
    with FakeTensorMode():
        values = torch.empty(3, device=device)
        assert upload(values, device).device.type == "cuda"
