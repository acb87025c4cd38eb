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
        schema = operation._schema
        aliases = [value.alias_info for value in schema.returns]
        is_view = bool(aliases) and all(a is not None and not a.is_write for a in aliases)
        if not is_view and schema.name not in _FREE:
            self.by_name[schema.name] += 1
        return operation(*args, **(kwargs or {}))


def count_launches(action):
    """Return how often `action` would launch something."""
    with torch.inference_mode(), Launches() as launches:
        action()
    return launches.total
