import pytest
import torch

from engine.echo.checkpoints.folder import CheckpointError
from engine.echo.checkpoints.weights import check, fill, fold, published, split
from engine.echo.codecs.dac.layers import CausalConv
from engine.echo.model.dit import EchoDiT
from engine.echo.sizes import TINY
from tests.engine.echo.reference import State, build_dit


def _state(**changes):
    tensors = dict(build_dit(TINY.dit, 0).state_dict())
    for name, tensor in changes.items():
        key = name.replace("__", ".")
        if tensor is None:
            del tensors[key]
        else:
            tensors[key] = tensor
    return State(tensors)


def _fill(state, blockwise=True):
    fill(EchoDiT(TINY.dit, blockwise).requires_grad_(False), state)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"out_norm__weight": None}, "missing: out_norm.weight"),
        ({"in_proj__weight": torch.zeros(2, 3)}, r"in_proj.weight is \(2, 3\), not \(64, 80\)"),
        ({"surprise": torch.zeros(1)}, "unexpected: surprise"),
    ],
)
def test_fill_refuses_what_does_not_fit_and_names_it(changes, message):
    with pytest.raises(CheckpointError, match=message):
        _fill(_state(**changes))


def test_fill_names_a_few_of_many_and_counts_the_rest():
    with pytest.raises(CheckpointError, match=r"and \d+ more$"):
        check({f"w{i}": (1,) for i in range(9)}, {})


def test_fill_without_blockwise_ignores_its_weights_with_it_needs_them():
    state = _state()
    _fill(state, blockwise=False)
    stripped = State({k: v for k, v in state.tensors.items() if "latent_encoder" not in k})
    _fill(stripped, blockwise=False)
    with pytest.raises(CheckpointError, match=r"missing: latent_encoder"):
        _fill(stripped)


def test_fill_leaves_no_parameter_untouched():
    dit = EchoDiT(TINY.dit).requires_grad_(False)
    for parameter in dit.parameters():
        parameter.fill_(float("nan"))
    fill(dit, _state())
    assert all(torch.isfinite(parameter).all() for parameter in dit.parameters())


@pytest.mark.parametrize("transposed", [False, True])
def test_fold_equals_torchs_weight_norm(transposed):
    kind = torch.nn.ConvTranspose1d if transposed else torch.nn.Conv1d
    conv = torch.nn.utils.parametrizations.weight_norm(kind(4, 6, 3))
    g, v = (conv.parametrizations.weight.original0, conv.parametrizations.weight.original1)
    g.data *= 1.7
    torch.testing.assert_close(fold(g, v), conv.weight)
    torch.testing.assert_close(fold(*split(conv.weight)), conv.weight)


@pytest.mark.parametrize(
    "names",
    [
        ("conv.weight_g", "conv.weight_v"),
        ("conv.parametrizations.weight.original0", "conv.parametrizations.weight.original1"),
    ],
)
def test_fill_folds_both_spellings_of_weight_norm(names):
    conv = CausalConv(2, 3, 5).requires_grad_(False)
    g, v = torch.rand(3, 1, 1), torch.randn(3, 2, 5)
    fill(conv, State({names[0]: g, names[1]: v, "conv.bias": torch.zeros(3)}))
    torch.testing.assert_close(conv.conv.weight, g * v / v.norm(dim=(1, 2), keepdim=True))


@pytest.mark.parametrize("shape", [(4, 1, 1), (1, 1, 1), (3,)])
def test_fill_refuses_magnitudes_that_do_not_fit(shape):
    conv = CausalConv(2, 3, 5).requires_grad_(False)
    tensors = {"conv.weight_g": torch.rand(shape), "conv.weight_v": torch.randn(3, 2, 5)}
    with pytest.raises(CheckpointError, match=r"misshapen: conv.weight_g is .*, not \(3, 1, 1\)"):
        fill(conv, State({**tensors, "conv.bias": torch.zeros(3)}))


def test_published_views_share_their_parameters_memory():
    dit = EchoDiT(TINY.dit).requires_grad_(False)
    published(dit)["blocks.1.attention.gate.weight"].fill_(7)
    assert (dit.blocks[1].attention.wqkvg.weight[-TINY.dit.dim :] == 7).all()
