"""Speakers with references; needs the teacher (Debian's libflite1)."""

import numpy as np
import pytest

from engine.echo.codecs.source_filter.codec import Components
from engine.echo.codecs.source_filter.features import PITCH, VOICING
from training.cast import NUM_FRAMES, Cast
from training.dataset import Dataset
from training.flite import Flite
from training.items import make_item
from training.shards import save, shard_path

TEXTS = ("Please open the window.", "The quick brown fox jumps over the lazy dog.")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    try:
        flite = Flite()
    except OSError:
        pytest.skip("flite is not installed")
    folder = tmp_path_factory.mktemp("data")
    save([make_item(text, "rms", flite) for text in TEXTS], shard_path(folder, 0))
    return Dataset(folder)


def test_a_reference_has_the_pitch_of_its_speaker(dataset):
    components = Components.load()
    voice = dataset.items[0].voice
    actor = Cast(dataset, components).draw(voice, np.random.default_rng(1))
    assert actor.reference.shape == (NUM_FRAMES, 80)
    features = components.unpack(actor.reference.astype(np.float64))
    voiced = features[features[:, VOICING] > 0.5, PITCH]
    assert abs(np.median(voiced) - actor.speaker.pitch) < 0.1


def test_every_utterance_of_a_speaker_has_its_pitch(dataset):
    rng = np.random.default_rng(3)
    speaker = dataset.speaker(dataset.items[0].voice, rng)
    for item in dataset.items:
        features = dataset.example(item, rng, speaker).features
        voiced = features[features[:, VOICING] > 0.45, PITCH]  # some of it is breath
        assert abs(np.median(voiced) - speaker.pitch) < 0.04  # half a semitone


def test_actors_are_used_again_and_depend_on_the_draws_alone(dataset):
    components, voice = Components.load(), dataset.items[0].voice
    some, same = (
        [cast.draw(voice, rng).speaker.pitch for _ in range(10)]
        for cast, rng in ((Cast(dataset, components), np.random.default_rng(2)) for _ in range(2))
    )
    assert some == same
    assert 1 <= len(set(some)) < 6
