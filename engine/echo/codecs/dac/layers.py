"""The codec's convolutional layers: all causal, channels first, (B, C, T)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.model.ops.plain import snake


class NormedConv(nn.Conv1d):
    """A convolution that checkpoints store weight-normalised; folded when loaded."""

    weight_normed: ClassVar[bool] = True


class NormedConvTranspose(nn.ConvTranspose1d):
    """A transposed convolution that checkpoints store weight-normalised."""

    weight_normed: ClassVar[bool] = True


class CausalConv(nn.Module):
    """Convolution in which no output sees later input."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        normed: bool = True,
    ) -> None:
        super().__init__()
        kind: Any = NormedConv if normed else nn.Conv1d
        self.conv = kind(
            in_channels, out_channels, kernel_size, stride=stride, dilation=dilation, groups=groups
        )
        self.padding = (kernel_size - 1) * dilation + 1 - stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T) to (B, C', T / stride); T must be a multiple of the stride."""
        out: Tensor = self.conv(F.pad(x, (self.padding, 0)) if self.padding else x)
        return out


class CausalConvTranspose(nn.Module):
    """Transposed convolution in which no output sees later input."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        *,
        normed: bool = True,
    ) -> None:
        super().__init__()
        kind: Any = NormedConvTranspose if normed else nn.ConvTranspose1d
        self.conv = kind(in_channels, out_channels, kernel_size, stride=stride)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T) to (B, C', stride T)."""
        out: Tensor = self.conv(x)[..., : x.shape[-1] * self.stride]
        return out


class Snake(nn.Module):
    """x + sin^2(alpha x) / alpha, a periodic activation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.empty(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to (B, C, T)."""
        return snake(x, self.alpha)


class ResidualUnit(nn.Module):
    """Snake, dilated convolution, Snake, pointwise convolution, around a residual."""

    def __init__(self, dim: int, dilation: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Snake(dim),
            CausalConv(dim, dim, 7, dilation=dilation),
            Snake(dim),
            CausalConv(dim, dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply it; shapes do not change."""
        out: Tensor = x + self.block(x)
        return out


def residual_units(dim: int) -> tuple[ResidualUnit, ...]:
    """Return three units of growing reach."""
    return tuple(ResidualUnit(dim, dilation) for dilation in (1, 3, 9))


class ConvNeXt(nn.Module):
    """Depthwise convolution and pointwise MLP, around a residual."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dwconv = CausalConv(dim, dim, 7, groups=dim, normed=False)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(torch.empty(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Apply it; shapes do not change."""
        y = self.norm(self.dwconv(x).transpose(1, 2))
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        out: Tensor = x + y.transpose(1, 2)
        return out
