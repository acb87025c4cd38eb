"""The post-module on a piece that nothing comes before, in graphs of a few lengths.

Its hundreds of launches are short, so the host is what they wait for. A piece is computed at the
next captured length, which is exact: no position sees a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from engine.echo.graphs import Capture, Compute

PostModule = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps latents (1, T, latent_dim) to (1, C, T) and to its layers' keys and values,
(layers, 2, 1, H, T, D)."""


@dataclass
class Graph:
    """One length.

    Attributes:
        given: The latents, then zeros.
        replay: The captured computation.
        results: Where it leaves what `PostModule` returns, until the next call of any length.
    """

    given: Tensor
    replay: Compute
    results: tuple[Tensor, Tensor]


@dataclass
class FirstPieces:
    """A `PostModule`.

    Attributes:
        compute: The same without graphs.
    """

    compute: PostModule
    _graphs: dict[int, Graph] = field(default_factory=dict, init=False)

    def __call__(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """See `PostModule`; the results last until the next call."""
        num_frames = latents.shape[1]
        length = next((each for each in self._graphs if each >= num_frames), None)
        if length is None:
            return self.compute(latents)
        graph = self._graphs[length]
        graph.given[:, :num_frames] = latents
        # What is masked counts as zero times its value: one job's NaN would be in the next one's.
        graph.given[:, num_frames:] = 0
        graph.replay()
        z, keys_values = graph.results
        return z[:, :, :num_frames], keys_values[..., :num_frames, :]

    def prepare(self, like: Tensor, lengths: Sequence[int], capture: Capture) -> None:
        """Capture `lengths`, the shortest first, in pieces like `like` (1, any, latent_dim)."""
        if not lengths:
            return
        given = like.new_zeros((1, lengths[-1], like.shape[2]))
        # Memory that all share: results of its own would part the graphs' memory.
        z, keys_values = (each.clone() for each in self.compute(given))
        for length in lengths:
            own = given[:, :length].clone()
            results = z[:, :, :length], keys_values[..., :length, :]
            self._graphs[length] = Graph(own, capture(self._writer(own, results)), results)

    def _writer(self, given: Tensor, results: tuple[Tensor, Tensor]) -> Compute:
        def compute() -> Tensor:
            for result, computed in zip(results, self.compute(given), strict=True):
                result.copy_(computed)
            return results[0]

        return compute
