import pytest
import torch

from bench.memory import CARDS, META, count, peak, unlaunched
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.codecs.dac.lengths import GRAPH_FRAME_BYTES
from engine.echo.config import DACConfig
from engine.echo.model.ops import ops_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["12 GB", "8 GB"])
def test_published_model_fits_the_card_with_its_settings(name):
    card = CARDS[name]
    parts = count(card)
    assert sum(parts.values()) < card.num_bytes, parts


@torch.inference_mode()
def test_activations_of_a_frame_fit_what_graphs_reserve():
    with META:
        codec = S1DAC(DACConfig(), 80)
    codec.use_ops(ops_for(fused=True))
    for num_frames in (32, 640):
        latents = torch.empty((num_frames, 80), device=META)
        with unlaunched():
            most = peak(lambda: codec.decode(latents))  # noqa: B023 - called at once
        assert 0.8 * GRAPH_FRAME_BYTES < most / num_frames < GRAPH_FRAME_BYTES
