import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from engine.echo import proof
from engine.echo.checkpoints.tiny import random_models
from engine.echo.forward.packed import PackedForward
from engine.echo.model.ops import plain
from engine.echo.model.ops.kernels.launch import MAX_ROWS
from engine.echo.model.packing import Size
from engine.echo.proof import find_difference, prove_in_child, run_child
from engine.echo.sizes import TINY


def _ops(**replaced):
    return SimpleNamespace(**{name: getattr(plain, name) for name in plain.__all__} | replaced)


def _find(models, ops):
    with torch.inference_mode():
        models.codec.use_ops(ops)
        return find_difference(models, PackedForward(models.dit, ops, [Size(192, 5)]))


def _norm_modulate(x, modulation, rows, eps):
    return plain.norm_modulate(x, modulation, rows * 0, eps)


def _residual_norm_modulate(x, a, weight, gates, *others):
    return plain.residual_norm_modulate(x, a, weight, gates * 1.01, *others)


def _turn_heads(qkvg, q_weight, k_weight, rotation, *rest):
    plain.turn_heads(qkvg, q_weight, k_weight, rotation.roll(1, 0), *rest)


def _attend(qkvg, num_heads, layer, tables, lanes, **options):
    return plain.attend(qkvg, num_heads, 0, tables, lanes, **options)


def _attend_later(*given, causal):
    return plain.attend(*given)


def _linear(x, weight):
    return plain.linear(x, weight * 1.1)


def _silu_linear(x, weight):
    return plain.silu_linear(x, weight) * torch.nan


def _causal_conv(a, layer, stream):
    return plain.causal_conv(a, replace(layer, dilation=min(layer.dilation, 3)), stream)


def _take_step(x, v, tables):
    return plain.take_step(x, v, SimpleNamespace(**vars(tables) | {"no_speaker": tables.no_text}))


WRONG = [
    _norm_modulate,
    _residual_norm_modulate,
    _turn_heads,
    _attend,
    _linear,
    _silu_linear,
    _causal_conv,
    _take_step,
]


def test_proof_passes_what_computes_the_same(models):
    assert _find(models, _ops()) is None


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__.strip("_"))
def test_proof_finds_a_wrong_kernel(models, wrong):
    found = _find(models, _ops(**{wrong.__name__.removeprefix("_"): wrong}))
    assert found is not None
    assert "differ" in found


def test_proof_finds_latents_that_see_later_ones():
    # The tiny model's own latent encoder has heads of a width that no kernel takes.
    dit = replace(TINY.dit, speaker=TINY.dit.text)
    models = random_models(replace(TINY, dit=dit), torch.device("cpu"), torch.float32)
    assert _find(models, _ops()) is None
    assert "earlier latents differs" in _find(models, _ops(attend=_attend_later))


def test_proof_finds_a_kernel_that_takes_one_t_for_all(models):
    def norm_modulate(x, modulation, rows, eps):
        return plain.norm_modulate(x, modulation, rows[:1].expand_as(rows), eps)

    found = _find(models, _ops(norm_modulate=norm_modulate))
    assert found.startswith("a mixed step differs")


def _wrong_beyond_a_tile(qkvg, num_heads, layer, tables, lanes, **options):
    out = plain.attend(qkvg, num_heads, layer, tables, lanes, **options)
    for first, start, _, _ in tables.tiles.tolist():
        if first > start:
            out[first:] *= 1.2
    return out


def test_proof_reads_a_text_longer_than_a_tile(models):
    found = _find(models, _ops(attend=_wrong_beyond_a_tile))
    assert found.startswith("what it reads of a text differs")


def test_proof_takes_a_step_of_a_lane_longer_than_a_tile(models):
    with torch.inference_mode():
        forward = PackedForward(models.dit, _ops(attend=_wrong_beyond_a_tile))
        forward.text_context = models.dit.text_context
        assert find_difference(models, forward).startswith("a mixed step differs")


@pytest.mark.parametrize("is_wrong", [lambda x: len(x) <= MAX_ROWS, lambda x: len(x) > MAX_ROWS])
def test_proof_takes_passes_of_few_rows_and_of_many(models, is_wrong):
    def silu_linear(x, weight):
        return plain.silu_linear(x, weight) * (1.2 if is_wrong(x) else 1.0)

    with torch.inference_mode():
        forward = PackedForward(models.dit, _ops(silu_linear=silu_linear))
        forward.text_context = models.dit.text_context  # a text has few rows, too
        assert "step differs" in find_difference(models, forward)


@pytest.mark.parametrize("wrong", [lambda x: x.flip(2), lambda x: x * torch.nan])
def test_proof_finds_a_text_that_is_read_otherwise(models, wrong):
    with torch.inference_mode():
        forward = PackedForward(models.dit, plain)
        forward.text_context = lambda tokens: wrong(models.dit.text_context(tokens))
        assert find_difference(models, forward).startswith("what it reads of a text differs")


def test_proof_finds_audio_that_is_no_number(models):
    def causal_conv(a, layer, stream):
        stream, out = plain.causal_conv(a, layer, stream)
        return stream, out * torch.nan

    assert _find(models, _ops(causal_conv=causal_conv)) == "decoded audio differs by nan"


@pytest.mark.parametrize("wrong", [lambda a: a.half().float(), lambda a: a * torch.nan])
def test_proof_finds_an_encoder_that_rounds_as_tf32_does_or_gives_no_number(models, wrong):
    def causal_conv(a, layer, stream):
        if a.dtype == torch.float32:  # no operand of the decoder's
            a = wrong(a)
        return plain.causal_conv(a, layer, stream)

    assert _find(models, _ops(causal_conv=causal_conv)).startswith("an encoded voice differs")


def test_proof_encodes_in_full_float32_on_both_sides(models):
    precisions = set()

    def causal_conv(a, layer, stream):
        if a.dtype == torch.float32:
            precisions.add(torch.backends.cudnn.conv.fp32_precision)
        return plain.causal_conv(a, layer, stream)

    assert _find(models, _ops(causal_conv=causal_conv)) is None
    assert precisions == {"ieee"}


def test_proof_looks_into_every_part_of_a_context(models):
    def attend(qkvg, num_heads, layer, tables, lanes, **options):
        lanes = [replace(lane, context=lane.context[:2]) for lane in lanes]
        return plain.attend(qkvg, num_heads, layer, tables, lanes, **options)

    assert _find(models, _ops(attend=attend)).startswith("a plain step differs")


@pytest.mark.slow
def test_trial_in_a_child_process_proves_the_kernels(mini_weights, monkeypatch):
    def run_smaller(command):
        assert command[:3] == [sys.executable, "-m", "engine.echo.proof"]
        program = (
            "from engine.echo import proof\n"
            "proof.NUM_TOKENS = proof.NUM_LONG_FRAMES = proof.NUM_FRAMES = 8\n"
            "raise SystemExit(proof.main())"
        )
        return run_child([sys.executable, "-c", program, *command[3:]])

    monkeypatch.setattr(proof, "run_child", run_smaller)
    assert prove_in_child(mini_weights, torch.device("cpu"), torch.float32) is None


@pytest.mark.slow
def test_trial_that_cannot_run_is_told_in_a_few_words(mini_weights):
    device = torch.device("cuda:31")  # nobody has so many
    assert (
        prove_in_child(mini_weights, device, torch.float32) == "their trial ended with exit code 1"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "timeout_s", "expected"),
    [
        ("", 60, None),
        ("import os; os.abort()", 60, "their trial ended with exit code -6"),
        ("raise SystemExit('a plain step differs')", 60, "their trial ended with exit code 1"),
        ("print('a step differs'); raise SystemExit(1)", 60, "a step differs"),
        ("import time; time.sleep(60)", 1, "their trial did not end within 1 s"),
    ],
)
def test_child_that_fails_says_why(program, timeout_s, expected):
    assert run_child([sys.executable, "-S", "-c", program], timeout_s) == expected
