"""Muon makes momentum orthogonal, and learns."""

import pytest
import torch

from training.muon import Muon, orthogonalize


@pytest.mark.parametrize("shape", [(3, 16, 40), (2, 40, 16), (1, 24, 24)])
def test_singular_values_come_near_one(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    made = orthogonalize(matrices)
    assert made.shape == shape
    before, after = (torch.linalg.svdvals(x) for x in (matrices, made))
    assert (before.amax(dim=1) / before.amin(dim=1)).max() > 2
    assert after.max() < 1.3
    assert after.mean() > 0.7
    # The directions stay: U and V of the matrix are those of the result.
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    rotated = u.mT @ made @ v.mT
    torch.testing.assert_close(
        rotated, torch.diag_embed(rotated.diagonal(dim1=1, dim2=2)), atol=1e-4, rtol=0
    )


def test_a_stack_learns_as_its_matrices_do():
    values = torch.randn((4, 6, 10), generator=torch.Generator().manual_seed(1))
    stack = torch.nn.Parameter(values.clone())
    single = [torch.nn.Parameter(value.clone()) for value in values]
    optimizers = [
        Muon(parameters, lr=0.1, momentum=0.9, weight_decay=0.1) for parameters in ([stack], single)
    ]
    for number in range(3):
        stack.grad = (number + 1) * values.roll(number, dims=1)
        for p, grad in zip(single, stack.grad, strict=True):
            p.grad = grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(stack, torch.stack([p.data for p in single]))
    assert not torch.equal(stack, values)
