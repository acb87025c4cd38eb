import dataclasses

import pytest
import torch

from engine.echo.checkpoints.weights import published
from engine.echo.config import DiTConfig
from engine.echo.model import dit as dit_module
from engine.echo.model.attention import Lane, LoopAttention, VarlenAttention
from engine.echo.model.dit import EchoDiT, Positions
from engine.echo.model.layers import rotate, timestep_embedding
from engine.echo.sizes import TINY
from tests.engine.echo.reference import (
    SEEDS,
    build_dit,
    dit_pair,
    model,
    precision,
    relative_error,
    stacked,
    tokens_and_mask,
)

LIMITS = [(torch.float32, 5e-6), (torch.float64, 1e-10)]
NUM_FRAMES = 24
T = 0.974


@pytest.fixture(autouse=True)
def _inference():
    with torch.inference_mode():
        yield


def _inputs(dtype, seed=0):
    """Noise, voice latents, earlier latents, and text with its mask."""
    generator = torch.Generator().manual_seed(seed)

    def draw(num_frames):
        return torch.randn((num_frames, 80), generator=generator).to(dtype)

    tokens, mask = tokens_and_mask("hello there", 40)
    return draw(NUM_FRAMES), draw(36), draw(16), tokens, mask


def _theirs(dit, inputs, start, t=T):
    """The reference's velocity of three lanes, with padding and masks, as it runs them."""
    x, voice, earlier, tokens, mask = inputs
    text_mask = torch.cat([mask, torch.zeros_like(mask), mask])
    voice_mask = torch.ones(3, len(voice), dtype=torch.bool)
    voice_mask[2] = False

    def tripled(cache):
        return [(k.repeat(3, 1, 1, 1), v.repeat(3, 1, 1, 1)) for k, v in cache]

    return dit(
        x=x.repeat(3, 1, 1).to(dit.dtype),
        t=torch.full((3,), t).to(dit.dtype),
        text_mask=text_mask,
        speaker_mask=voice_mask,
        kv_cache_text=tripled(dit.get_kv_cache_text(tokens, mask)),
        kv_cache_speaker=tripled(dit.get_kv_cache_speaker(voice[None].to(dit.dtype))),
        start_pos=start,
        kv_cache_latent=tripled(dit.get_kv_cache_latent(earlier[None].to(dit.dtype))),
    ).flatten(0, 1)


def _ours(dit, inputs, start, t=T, shift=0, make_attention=LoopAttention):
    x, voice, earlier, tokens, mask = inputs
    text = dit.text_context(tokens[0, : mask.sum()])
    speaker = dit.speaker_context(dit.speaker_state(voice))
    latent = dit.latent_context(earlier[: -(-start // 4) * 4]) if start else None
    contexts = [(latent, text, speaker), (latent, speaker), (latent, text)]
    lanes = [
        Lane(NUM_FRAMES, tuple(part for part in context if part is not None))
        for context in contexts
    ]
    rotation = dit.rotation(start + shift, start + shift + NUM_FRAMES).repeat(3, 1, 1)
    positions = Positions(rotation, dit.modulation(t)[None], None)
    return dit(x.repeat(3, 1), positions, make_attention(lanes))


@pytest.mark.parametrize(("dtype", "limit"), LIMITS)
@pytest.mark.parametrize("seed", SEEDS)
def test_contexts_equal_reference(seed, dtype, limit):
    with precision(dtype):
        their_dit, dit = dit_pair(seed, dtype)
        _, voice, earlier, tokens, mask = _inputs(dtype, seed)
        num_tokens = int(mask.sum())
        text = stacked(their_dit.get_kv_cache_text(tokens, mask))[:, :, :num_tokens]
        assert relative_error(dit.text_context(tokens[0, :num_tokens]), text) < limit
        speaker = stacked(their_dit.get_kv_cache_speaker(voice[None]))
        state = dit.speaker_state(voice)
        assert relative_error(dit.speaker_context(state), speaker) < limit
        latent = stacked(their_dit.get_kv_cache_latent(earlier[None]))
        assert relative_error(dit.latent_context(earlier), latent) < limit


@pytest.mark.parametrize(("dtype", "limit"), LIMITS)
@pytest.mark.parametrize("start", [0, 12, 10])
@pytest.mark.parametrize("seed", SEEDS)
def test_forward_equals_reference(seed, start, dtype, limit):
    with precision(dtype):
        their_dit, dit = dit_pair(seed, dtype)
        inputs = list(_inputs(dtype, seed))
        inputs[2][start:] = 0  # frames that are not drawn yet
        theirs = _theirs(their_dit, inputs, start)
        assert relative_error(_ours(dit, inputs, start), theirs) < limit


def _rms(x):
    return float(x.double().pow(2).mean().sqrt())


@pytest.mark.slow
def test_forward_in_bfloat16_is_as_close_to_truth_as_the_reference():
    ours, theirs = [], []
    for seed in range(6):
        # The same bfloat16 weights at every precision.
        low_theirs, low_ours = dit_pair(seed, torch.bfloat16)
        inputs = _inputs(torch.float32, seed)
        t = float(torch.tensor(T).to(torch.bfloat16))
        with precision(torch.float64):
            truth_dit = build_dit(TINY.dit, seed, torch.bfloat16).double()
            truth = _theirs(
                truth_dit, [y.double() if y.is_floating_point() else y for y in inputs], 0, t
            )
        reference = _theirs(low_theirs, inputs, 0)
        theirs.append(_rms(reference - truth))
        ours.append(_rms(_ours(low_ours, inputs, 0) - reference))
    assert sum(ours) <= sum(theirs)


def _error(start=0, **changes):
    their_dit, dit = dit_pair()
    inputs = _inputs(torch.float32)
    ours, theirs = _ours(dit, inputs, start, **changes), _theirs(their_dit, inputs, start)
    return relative_error(ours, theirs)


def test_forward_control_lanes_that_see_each_other_fail():
    class Mixed(LoopAttention):
        def __init__(self, lanes):
            context = tuple(part for lane in lanes for part in lane.context)
            super().__init__([Lane(sum(lane.num_frames for lane in lanes), context)])

    assert _error(make_attention=Mixed) > 1e-2


def test_forward_control_shifted_positions_fail():
    # Rotation is relative: only where earlier latents stand still does a shift show.
    assert _error(start=16, shift=1) > 1e-3


def test_forward_control_rotating_all_heads_fails(monkeypatch):
    monkeypatch.setattr(dit_module, "rotate_half", rotate)
    assert _error() > 1e-3


def test_forward_control_unrounded_t_fails():
    _, dit = dit_pair()
    exact, rounded = (dit.modulation(t) for t in (T, float(torch.tensor(T).to(torch.bfloat16))))
    ours = dit_pair(dtype=torch.bfloat16)[1].modulation(T).float()
    assert _rms(ours - rounded) < 0.2 * _rms(ours - exact)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dim", [512, 48, 40, 2 * 97])
def test_timestep_embedding_has_the_references_bits(dim, dtype):
    for t in torch.linspace(0.999, 0.01, 41).to(dtype):
        theirs = model.get_timestep_embedding(t[None], dim)
        assert torch.equal(timestep_embedding(t[None], dim), theirs)


def test_modulation_equals_the_references_off_powers_of_two():
    config = dataclasses.replace(TINY.dit, timestep_dim=40)
    their_dit, dit = dit_pair(config=config)
    embedding = model.get_timestep_embedding(torch.tensor([T]), 40)
    cond = their_dit.cond_module(embedding)[:, None]
    adaln = their_dit.blocks[0].attention_adaln
    x = torch.randn((1, 5, config.dim), generator=torch.Generator().manual_seed(0))
    shifted, gate = adaln(x, cond)
    shift, scale, our_gate = dit.modulation(T)[0, 0]
    normalised = torch.nn.functional.rms_norm(x, (config.dim,), eps=config.norm_eps)
    assert relative_error(normalised * scale + shift, shifted) < 1e-6
    assert relative_error(our_gate, gate[0, 0]) < 1e-6


def test_varlen_attention_packs_what_loop_attention_loops_over():
    def kernel(q, k, v, q_offsets, k_offsets, max_q, max_k):
        out = []
        for i in range(len(q_offsets) - 1):
            rows, keys = (slice(*o[i : i + 2].tolist()) for o in (q_offsets, k_offsets))
            assert rows.stop - rows.start <= max_q
            assert keys.stop - keys.start <= max_k
            parts = (y.transpose(0, 1) for y in (q[rows], k[keys], v[keys]))
            out.append(torch.nn.functional.scaled_dot_product_attention(*parts).transpose(0, 1))
        return torch.cat(out)

    def packed(lanes):
        return VarlenAttention(lanes, kernel, torch.device("cpu"))

    (_, dit), inputs = dit_pair(), _inputs(torch.float32)
    looped = _ours(dit, inputs, 8)
    assert relative_error(_ours(dit, inputs, 8, make_attention=packed), looped) < 1e-6


def test_full_size_is_the_published_one():
    with torch.device("meta"):
        ours = published(EchoDiT(DiTConfig()))
        theirs = build_dit(DiTConfig(), 0).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
    assert len(ours) == 1336
    assert sum(view.numel() for view in ours.values()) == 2_800_742_736


def test_without_blockwise_the_continuation_weights_are_not_there():
    with torch.device("meta"):
        views = published(EchoDiT(DiTConfig(), blockwise=False))
    assert len(views) == 1117
    assert sum(view.numel() for view in views.values()) == 2_380_828_496
    assert not [name for name in views if "latent" in name]


def test_every_parameter_is_filled_by_published_tensors():
    with torch.device("meta"):
        dit = EchoDiT(dataclasses.replace(TINY.dit, num_layers=3))
        views = published(dit)
    assert sum(view.numel() for view in views.values()) == sum(
        parameter.numel() for parameter in dit.parameters()
    )
