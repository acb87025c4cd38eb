"""The forward pass of training is the engine's."""

from dataclasses import replace

import pytest
import torch

from engine.echo.checkpoints.tiny import randomize
from engine.echo.model.attention import Lane, LoopAttention
from engine.echo.model.dit import EchoDiT, Positions
from engine.echo.sizes import SMOKE
from training.model import Conditions, Prediction, build, predict

T = 0.37
LENGTH, TEXT, REFERENCE = 30, 17, 24


@pytest.fixture(scope="module", params=[SMOKE, replace(SMOKE, dim=24, num_heads=3)])
def dit(request):
    dit = EchoDiT(request.param).requires_grad_(False)
    randomize(dit, torch.Generator().manual_seed(0))
    return dit


def draw(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def served(dit, x, context, start):
    """The engine's velocity of one window."""
    positions = Positions(dit.rotation(start, start + len(x)), dit.modulation(T)[None], None)
    return dit(x, positions, LoopAttention([Lane(len(x), tuple(context))]))


def trained(dit, x, text, text_given, speaker, speaker_given, earlier) -> Prediction:
    """The same window twice, the second time beside a longer text."""
    tokens = torch.zeros((2, len(text) + 5), dtype=torch.long)
    tokens[0, : len(text)] = text
    mask = torch.arange(len(text) + 5) < torch.tensor([[len(text)], [len(text) + 5]])
    given = Conditions(
        text=tokens,
        text_mask=mask,
        text_given=torch.tensor([text_given] * 2),
        speaker=speaker.expand(2, -1, -1),
        speaker_given=torch.tensor([speaker_given] * 2),
        earlier=earlier.expand(2, -1, -1),
    )
    return predict(dit, x.expand(2, -1, -1), torch.full((2,), T), given, len(earlier), (1, 2), 1)


@pytest.mark.parametrize("text_given", [True, False])
@pytest.mark.parametrize("speaker_given", [True, False])
@pytest.mark.parametrize("num_earlier", [0, 8])
def test_same_velocity_as_the_engine(dit, text_given, speaker_given, num_earlier):
    text = torch.arange(1, TEXT + 1)
    x, speaker = draw(LENGTH, 80), draw(REFERENCE, 80)
    earlier = draw(num_earlier, 80)
    made = trained(dit, x, text, text_given, speaker, speaker_given, earlier)
    context = [dit.latent_context(earlier)] if num_earlier else []
    if text_given:
        context.append(dit.text_context(text))
    if speaker_given:
        context.append(dit.speaker_context(dit.speaker_state(speaker)))
    expected = served(dit, x, context, num_earlier)
    torch.testing.assert_close(made.velocity[0], expected, atol=2e-5, rtol=1e-4)


def test_draws_share_texts_and_references_and_nothing_else(dit):
    text, speaker, earlier = torch.arange(1, 9)[None], draw(1, 8, 80), draw(1, 4, 80)
    x, t = draw(3, LENGTH, 80), torch.tensor([0.2, 0.5, 0.9])

    def made(draws):
        given = Conditions(
            text=text,
            text_mask=torch.ones_like(text, dtype=torch.bool),
            text_given=torch.tensor([True, False, True])[draws],
            speaker=speaker,
            speaker_given=torch.tensor([True, True, False])[draws],
            earlier=earlier,
        )
        return predict(dit, x[draws], t[draws], given, 4, (1, 2), 1)

    together = made([0, 1, 2])
    for draw_number in range(3):
        alone = made([draw_number])
        torch.testing.assert_close(together.velocity[draw_number], alone.velocity[0])
        torch.testing.assert_close(together.attention[:, draw_number], alone.attention[:, 0])


def test_a_new_model_predicts_no_motion_and_learns():
    dit = build(SMOKE, 0)
    x = draw(LENGTH, 80)
    made = trained(dit, x, torch.arange(1, 9), True, draw(8, 80), True, draw(4, 80))
    assert torch.equal(made.velocity, torch.zeros(2, LENGTH, 80))
    (made.velocity - x).square().mean().backward()
    assert dit.out_proj.weight.grad.abs().max() > 0


def test_padding_of_the_text_gets_no_attention(dit):
    made = trained(dit, draw(LENGTH, 80), torch.arange(1, 9), True, draw(8, 80), True, draw(4, 80))
    weights = made.attention[:, 0].softmax(dim=-1)
    assert weights[..., 8:].max() < 1e-6
    assert weights.shape == (2, 2, LENGTH, 13)
