"""The calls that a GPU gets, on fake tensors: they know CUDA's signatures without a GPU."""

import inspect

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import varlen

from engine.echo.model.flash import bare_flash, flash, one_split
from tests.engine.echo.launches import Launches

OLDEST = ("query", "key", "value", "cu_seq_q", "cu_seq_k", "max_q", "max_k", "scale")


def _attend(call):
    with FakeTensorMode(), torch.inference_mode():
        q = torch.empty((90, 4, 128), device="cuda", dtype=torch.bfloat16)
        keys = torch.empty((130, 4, 128), device="cuda", dtype=torch.bfloat16)
        offsets = torch.empty(4, device="cuda", dtype=torch.int32)
        with Launches() as launches:
            out = call(q, keys, keys, offsets, offsets, 40, 70)
        return out, launches


@pytest.mark.parametrize("call", [flash, bare_flash])
def test_call_fits_the_signature_of_this_torch(call):
    out, _ = _attend(call)
    assert (out.shape, out.dtype, out.device.type) == ((90, 4, 128), torch.bfloat16, "cuda")


def test_bare_call_is_a_single_launch():
    assert _attend(bare_flash)[1].total == 1


def test_one_split_is_asked_for_only_where_it_is_known():
    # torch 2.11's function knows no such argument, 2.13's does.
    assert one_split(OLDEST) == {}
    assert one_split((*OLDEST, "num_splits")) == {"num_splits": 1}
    known = inspect.signature(varlen.varlen_attn).parameters
    assert bool(one_split(known)) == ("num_splits" in known)
