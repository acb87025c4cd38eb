"""The calls that a GPU gets, on fake tensors: they know CUDA's signatures without a GPU."""

import inspect

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

OLDEST = ("query", "key", "value", "cu_seq_q", "cu_seq_k", "max_q", "max_k", "scale")


def test_call_fits_the_signature_of_this_torch():
    from engine.echo.model.flash import flash  # slow to import, see `attention_for`

    with FakeTensorMode(), torch.inference_mode():
        q = torch.empty((90, 4, 128), device="cuda", dtype=torch.bfloat16)
        keys = torch.empty((130, 4, 128), device="cuda", dtype=torch.bfloat16)
        offsets = torch.empty(4, device="cuda", dtype=torch.int32)
        out = flash(q, keys, keys, offsets, offsets, 40, 70)
    assert (out.shape, out.dtype, out.device.type) == ((90, 4, 128), torch.bfloat16, "cuda")


def test_one_split_is_asked_for_only_where_it_is_known():
    from torch.nn.attention import varlen

    from engine.echo.model.flash import one_split

    # torch 2.11's function knows no such argument, 2.13's does.
    assert one_split(OLDEST) == {}
    assert one_split((*OLDEST, "num_splits")) == {"num_splits": 1}
    known = inspect.signature(varlen.varlen_attn).parameters
    assert bool(one_split(known)) == ("num_splits" in known)
