"""Counts what a GPU would have to launch."""

from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_FREE = {
    # They allocate, name or describe memory and touch none of it.
    "aten::empty",
    "aten::empty_like",
    "aten::empty_strided",
    "aten::new_empty",
    "aten::detach",
    "aten::_unsafe_view",
    "aten::promote_types",
}


class Launches(TorchDispatchMode):
    """Counts, by operator, the calls that compute something."""

    def __init__(self):
        super().__init__()
        self.by_name = Counter()

    @property
    def total(self):
        return self.by_name.total()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        if operation._schema.name not in _FREE and not _is_view(operation, out, args):
            self.by_name[operation._schema.name] += 1
        return out


def _is_view(operation, out, args):
    aliases = [value.alias_info for value in operation._schema.returns]
    if not aliases or any(alias is None or alias.is_write for alias in aliases):
        return False
    if not isinstance(out, torch.Tensor):
        return True
    # `to`, `contiguous` and their like may return a copy.
    return out.untyped_storage()._cdata == args[0].untyped_storage()._cdata
