import pytest

from bench.memory import CARDS, count

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["12 GB", "8 GB"])
def test_published_model_fits_the_card_with_its_settings(name):
    card = CARDS[name]
    parts = count(card)
    assert sum(parts.values()) < card.num_bytes, parts
