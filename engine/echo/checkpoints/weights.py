"""A checkpoint's tensors into our parameters: names resolved, shapes checked, values copied.

The names of `names.published_names` serve checking, loading and writing alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.echo.checkpoints.folder import CheckpointError
from engine.echo.checkpoints.names import published_names
from engine.echo.codecs.dac.transformer import WindowTransformer

NORMED_PAIRS = (
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
    (".weight_g", ".weight_v"),
)
"""The two spellings of a weight-normalised `.weight`: magnitude g and direction v."""

_BLOCKWISE_ONLY = re.compile(r"^latent_(encoder|norm)\.|\.w[kv]_latent\.")
_MASKS = re.compile(r"\.causal_mask$")  # computed, never read
_NUM_NAMED = 5


class Source(Protocol):
    """Named tensors, such as a file's; reading one is the expensive part."""

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of every tensor it holds."""

    def read(self, name: str) -> Tensor:
        """Return one tensor."""


@torch.no_grad()
def published(module: nn.Module) -> dict[str, Tensor]:
    """Return, by published name, the view that each tensor of a checkpoint fills."""
    views: dict[str, Tensor] = {}
    _collect(module, "", set(), views)
    return views


def _collect(module: nn.Module, prefix: str, claimed: set[int], views: dict[str, Tensor]) -> None:
    for name, view in published_names(module).items():
        views[prefix + name] = view
        claimed.add(_storage(view))
    for name, parameter in module.named_parameters(recurse=False):
        if _storage(parameter) not in claimed:
            views[prefix + name] = parameter
    for name, child in module.named_children():
        _collect(child, f"{prefix}{name}.", claimed, views)


def _storage(tensor: Tensor) -> int:
    """Identify the storage that a view and its parameter share, on the meta device too."""
    return int(tensor.untyped_storage()._cdata)


def fold(g: Tensor, v: Tensor) -> Tensor:
    """Return the weight of a weight-normalised convolution: g v / |v|."""
    return torch._weight_norm(v, g, 0)


def split(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return g and v such that `fold` gives `weight` back."""
    return torch.linalg.vector_norm(weight, dim=(1, 2), keepdim=True), weight


def weight_normed(module: nn.Module) -> Iterator[str]:
    """Yield the published names of the weights that a checkpoint stores as g and v."""
    for name, child in module.named_modules():
        if getattr(child, "weight_normed", False):
            yield f"{name}.weight"


@torch.no_grad()
def fill(module: nn.Module, source: Source) -> None:
    """Fill every parameter of `module` from `source`, one tensor at a time.

    Raises:
        CheckpointError: Tensors are missing, unexpected or misshapen.
    """
    views, tables = published(module), _tables(module)
    held = {name: t.freqs_cis for name, t in tables.items() if name in source.shapes()}
    expected = {name: tuple(tensor.shape) for name, tensor in (views | held).items()}
    check(expected, source.shapes())
    for name, view in views.items():
        keys = _resolve(source.shapes(), name)
        tensors = [source.read(key) for key in keys]
        view.copy_(fold(*tensors) if len(tensors) == 2 else tensors[0])
    for name, transformer in tables.items():
        transformer.reset_table()
        if name in source.shapes():
            transformer.freqs_cis.copy_(source.read(name))


def check(
    expected: Mapping[str, tuple[int, ...]],
    found: Mapping[str, tuple[int, ...]],
) -> None:
    """Compare the shapes a model expects with those a checkpoint holds.

    Raises:
        CheckpointError: They differ in more than tensors that are known to be unneeded.
    """
    keys = {name: _resolve(found, name) for name in expected}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, group in keys.items():
        # Of a pair g as well: torch reads as many values of it as v has rows, there or not.
        own = expected[name], (*expected[name][:1], 1, 1)
        shapes |= zip(reversed(group), own, strict=False)
    missing = [name for name, group in keys.items() if not group]
    unexpected = [
        name
        for name in found
        if name not in shapes and not _BLOCKWISE_ONLY.search(name) and not _MASKS.search(name)
    ]
    misshapen = [
        f"{key} is {found[key]}, not {shape}"
        for key, shape in shapes.items()
        if found[key] != shape
    ]
    problems = [
        f"{what}: {', '.join(names[:_NUM_NAMED])}"
        + (f" and {len(names) - _NUM_NAMED} more" if len(names) > _NUM_NAMED else "")
        for what, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("misshapen", misshapen),
        )
        if names
    ]
    if problems:
        raise CheckpointError("; ".join(problems))


def _tables(module: nn.Module) -> dict[str, WindowTransformer]:
    """Return the transformers whose rotary tables checkpoints may hold, by tensor name."""
    return {
        f"{name}.freqs_cis": child
        for name, child in module.named_modules()
        if isinstance(child, WindowTransformer)
    }


def _resolve(names: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return the keys among `names` that hold the weight `name`: itself, or its g and v."""
    if name in names:
        return (name,)
    stem = name.removesuffix(".weight")
    for g, v in NORMED_PAIRS:
        if stem != name and stem + g in names and stem + v in names:
            return stem + g, stem + v
    return ()
