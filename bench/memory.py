"""Counts the device memory of the published model by case, on meta tensors: no GPU is needed.

    python -m bench.memory

Counted is what torch allocates. A GPU adds its context (about 0.5 GB), cuDNN's workspaces, and what
the allocator loses between blocks; `Card.reserve` stands for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.codecs.dac.layers import CausalConv
from engine.echo.codecs.dac.lengths import GRAPH_FRAME_BYTES, graph_frames
from engine.echo.codecs.protocol import DecodeStream
from engine.echo.config import MAX_FRAMES, MAX_VOICE_FRAMES, DACConfig, EchoConfig
from engine.echo.forward.buckets import LATENT_LENGTHS, TEXT_LENGTHS
from engine.echo.forward.modulations import MAX_ENTRIES, ModulationTable
from engine.echo.forward.plain import PlainForward
from engine.echo.graphs import Compute
from engine.echo.model.attention import Attention, Lane, VarlenAttention
from engine.echo.model.dit import EchoDiT
from engine.echo.model.ops import ops_for
from engine.echo.model.ops.kernels import convolution
from engine.echo.model.packing import PlacedLane
from speech.pcm import FRAME_SAMPLES

GB = 1e9
GIB = 2**30
META = torch.device("meta")


class Allocations(TorchDispatchMode):
    """Knows the bytes that are held, and the most that were held at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's
        self.peak = 0
        self._held: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = operation(*args, **(kwargs or {}))
        given = {y.untyped_storage()._cdata for y in tree_leaves(args) if isinstance(y, Tensor)}
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in given:
                    self._held[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.peak = max(self.peak, self.held)
        return out

    @property
    def held(self) -> int:
        """The bytes that are held now."""
        self._held = {key: item for key, item in self._held.items() if not item[0].expired()}
        return sum(size for _, size in self._held.values())


def peak(action: Callable[[], object]) -> int:
    """Return the most bytes that `action` holds on top of what was there."""
    with Allocations() as allocations:
        action()
    most: int = allocations.peak
    return most


def kept(action: Callable[[], object]) -> int:
    """Return the bytes that are held once `action` is done, for its result or elsewhere."""
    with Allocations() as allocations:
        result = action()
        held: int = allocations.held
    del result
    return held


class _Uncaptured:
    """A `Capture` that reserves nothing and captures nothing.

    Args:
        free: The bytes that it says nothing holds.
    """

    def __init__(self, free: float) -> None:
        self._free = int(free)

    def free_bytes(self) -> int:
        """See `Capture`."""
        return self._free

    def reserve(self, largest: Sequence[Compute]) -> None:
        """See `Capture`."""

    def __call__(self, compute: Compute) -> Compute:
        """See `Capture`."""
        return compute


def num_bytes(*modules: torch.nn.Module) -> int:
    """Return the size of the weights."""
    tensors = (y for module in modules for y in (*module.parameters(), *module.buffers()))
    total: int = sum(y.nbytes for y in tensors)
    return total


class _Unlaunched:
    """A kernel that writes nothing."""

    def __getitem__(self, grid: object) -> Callable[..., None]:
        return lambda *_, **__: None


@contextmanager
def unlaunched() -> Iterator[None]:
    """Launch no kernel of the codec's: a meta tensor has only a size."""
    with patch.object(convolution, "_causal_conv", _Unlaunched()):
        yield


def _context(dit: EchoDiT, num_keys: int) -> Tensor:
    config = dit.config
    shape = (config.num_layers, 2, num_keys, config.num_heads, config.head_dim)
    return torch.empty(shape, device=META, dtype=dit.dtype)


def _begun_stream(codec: S1DAC, latents: Tensor) -> DecodeStream:
    """Return the state of a stream whose first block is decoded."""
    stream = codec.new_stream()
    codec.decode_next(latents, stream)
    return stream


def _step(dit: EchoDiT, lane_frames: int, text: Tensor, speaker: Tensor) -> int:
    from engine.echo.model.flash import flash  # slow to import, see `attention_for`

    def varlen(lanes: Any, device: torch.device, dtype: torch.dtype) -> Attention:
        return VarlenAttention(lanes, flash, device)

    forward = PlainForward(dit, make_attention=varlen)
    size = min(lane_frames, MAX_FRAMES)
    lanes = [PlacedLane(Lane(size, (text, speaker)), 0, 0.5) for _ in range(lane_frames // size)]
    x = torch.empty((sum(placed.lane.num_frames for placed in lanes), 80), device=META)
    forward.velocity(x, lanes)
    return peak(lambda: forward.velocity(x, lanes))


@dataclass(frozen=True)
class Card:
    """A GPU and the settings that let it serve the published model.

    Attributes:
        num_bytes: Its memory.
        reserve: The memory that a GPU takes and nothing here counts.
    """

    num_bytes: float
    max_active_jobs: int = 16
    speaker_device_bytes: int = 4 * GIB
    codec_tile_frames: int = MAX_FRAMES
    streaming: bool = True
    kernels: bool = True
    reserve: float = 1.2 * GB


CARDS = {
    "24 GB": Card(24 * GIB),
    "12 GB": Card(12 * GIB, 4, GIB // 4, 320),
    "8 GB": Card(8 * GIB, 2, GIB // 16, 64, streaming=False, kernels=False, reserve=0.8 * GB),
}


@torch.inference_mode()
def count(card: Card, config: EchoConfig | None = None) -> dict[str, float]:
    """Return the bytes of each part of what `card` holds at most."""
    config = config or EchoConfig()
    assert isinstance(config.codec, DACConfig)
    with META:
        dit = EchoDiT(config.dit, card.streaming).to(torch.bfloat16)
        codec = S1DAC(config.codec, config.dit.latent_dim)
    codec.tile_frames = card.codec_tile_frames
    text, speaker, earlier = (_context(dit, keys) for keys in (768, 160, MAX_FRAMES // 4))
    latents = torch.empty((MAX_FRAMES, config.dit.latent_dim), device=META)
    audio = torch.empty(MAX_FRAMES * FRAME_SAMPLES, device=META)
    patches = torch.empty((MAX_VOICE_FRAMES, config.dit.latent_dim), device=META)
    words = torch.zeros(768, dtype=torch.int64, device=META)
    work: dict[str, Callable[[], int]] = {
        "a step": lambda: _step(dit, 2560, text, speaker),
        "a text": lambda: peak(lambda: dit.text_context(words)),
        "a speaker state": lambda: peak(lambda: dit.speaker_state(patches)),
        "an encoding": lambda: peak(lambda: codec.encode(audio)),
        "a decoding": lambda: peak(lambda: codec.decode(latents)),
    }
    if card.streaming:
        block = latents[:480]
        work["a block"] = lambda: peak(lambda: _begun_stream(codec, block))
    if card.kernels:
        codec.use_ops(ops_for(fused=True))
    with unlaunched():
        sizes = {name: measure() for name, measure in work.items()}
        stream = kept(lambda: _begun_stream(codec, latents))
    largest = max(sizes, key=lambda name: sizes[name])
    job = text.nbytes + (earlier.nbytes + stream if card.streaming else 0)
    parts: dict[str, float] = {
        "transformer": num_bytes(dit),
        "codec": num_bytes(codec),
        f"{card.max_active_jobs} jobs": card.max_active_jobs * job,
        "voices": card.speaker_device_bytes,
        f"largest piece of work: {largest}": sizes[largest],
        "reserve": card.reserve,
    }
    if card.kernels:
        parts["modulation of the kernels"] = ModulationTable(dit).table.nbytes
        parts["the decoder in float16"] = num_bytes(codec.autoencoder.decoder) / 2
        encoder = codec.autoencoder.encoder.modules()
        convolutions = [module for module in encoder if isinstance(module, CausalConv)]
        parts["the encoder's convolutions"] = num_bytes(*convolutions)
        free = card.num_bytes - card.reserve - num_bytes(dit, codec)
        frames = min(graph_frames(int(free)), card.codec_tile_frames)
        parts["graphs of steps"] = sizes["a step"]
        lengths = [TEXT_LENGTHS[-1], *([LATENT_LENGTHS[-1]] if card.streaming else [])]
        parts["graphs of contexts"] = sum(_context(dit, length).nbytes for length in lengths)
        parts[f"graphs of decoding, up to {frames} frames"] = frames * GRAPH_FRAME_BYTES
        with unlaunched():
            parts["what they read and write"] = kept(
                lambda: codec.prepare_lengths(card.codec_tile_frames, _Uncaptured(free))
            )
    else:
        parts["modulation"] = MAX_ENTRIES * dit.adaln_bias.nbytes
    return parts


def main() -> None:
    """Print the parts for every card."""
    for name, card in CARDS.items():
        parts = count(card)
        print(f"{name}: {sum(parts.values()) / GB:.1f} of {card.num_bytes / GB:.1f} GB")
        for part, size in parts.items():
            print(f"    {part:36}{size / GB:6.2f} GB")


if __name__ == "__main__":
    main()
