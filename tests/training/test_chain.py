"""Data, training, export and speech, in small; needs the teacher (Debian's libflite1)."""

import asyncio
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine.echo.checkpoints.config_file import load_config
from engine.echo.checkpoints.folder import MODEL
from engine.echo.codecs.source_filter.codec import Components
from engine.echo.codecs.source_filter.features import SUBFRAMES
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from training import train
from training.augment import apply, draw_speaker
from training.batches import Batches
from training.dataset import Dataset
from training.evaluate import generate
from training.export import export
from training.flite import VOICES, Flite
from training.items import join, make_item
from training.recogniser import num_errors
from training.rhythm import Rhythm
from training.shards import FIELDS, PHONES, load, save, shard_path

pytestmark = pytest.mark.slow

TEXTS = (
    "Please open the window.",
    "At 4:30, Dr. Smith paid 12 dollars.",
    "[S2] Is it raining?",
    "The quick brown fox jumps over the lazy dog.",
)
NUM_STEPS = 6


@pytest.fixture(scope="module")
def flite():
    try:
        return Flite()
    except OSError:
        pytest.skip("flite is not installed")


@pytest.fixture(scope="module")
def items(flite):
    return [make_item(text, voice, flite) for text in TEXTS for voice in VOICES]


@pytest.fixture(scope="module")
def folder(items, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    save(items, shard_path(folder, 0))
    return folder


@pytest.fixture(scope="module")
def state(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    for steps in (NUM_STEPS // 2, NUM_STEPS):  # the second time it goes on
        arguments = ["--data", folder, "--out", out, "--steps", steps, "--size", "smoke"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["train", *map(str, arguments), "--rows", "4"])
            train.main()
    return torch.load(out / train.STATE, weights_only=True)


def test_words_are_found_in_the_tokens(items):
    words = [[bytes(item.tokens[int(a) : int(b) + 1]) for a, b, *_ in item.spans] for item in items]
    assert words[0] == [b"Please", b"open", b"the", b"window"]
    assert words[len(VOICES)] == [b"At", b"4,30", b"Dr", b"Smith", b"paid", b"12", b"dollars"]
    assert words[2 * len(VOICES)] == [b"Is", b"it", b"raining"]


def test_joined_items_say_one_after_the_other(items):
    one = join([items[0], items[1], items[len(VOICES)]])
    words = [bytes(one.tokens[int(a) : int(b) + 1]) for a, b, *_ in one.spans]
    assert words[2:6] == [b"the", b"window", b"Please", b"open"]
    assert words[8:10] == [b"At", b"4,30"]
    text = bytes(one.tokens)
    assert text.startswith(b"\0[S1] Please open the window. Please open the window. At 4,30")
    assert len(one.features) == sum(len(items[i].features) for i in (0, 1, len(VOICES)))
    assert (np.diff(one.phone_ends) > 0).all()
    assert one.phone_ends[-1] < len(one.features) / SUBFRAMES


def test_joined_sentences_may_go_from_speaker_to_speaker(items):
    parts = [items[0], items[1], items[2 * len(VOICES)]]
    plain, tagged = (join(parts, tagged=tagged) for tagged in (False, True))
    assert bytes(plain.tokens[1:6]) == bytes(tagged.tokens[1:6]) == b"[S1] "
    assert b"window. [S2] Please open the window. [S1] Is it raining?" in bytes(tagged.tokens)
    for one in (plain, tagged):
        words = [bytes(one.tokens[int(a) : int(b) + 1]) for a, b, *_ in one.spans]
        assert words[4:] == [b"Please", b"open", b"the", b"window", b"Is", b"it", b"raining"]
    np.testing.assert_array_equal(plain.spans[:, 2:], tagged.spans[:, 2:])


def test_a_row_between_joined_sentences_is_written_and_takes_no_time(items):
    parts = [items[0], items[2 * len(VOICES)], items[0]]
    plain, ruled = join(parts), join(parts, rows=["-----", ""])
    assert b"window. ----- Is it raining? Please" in bytes(ruled.tokens)
    words = [bytes(ruled.tokens[int(a) : int(b) + 1]) for a, b, *_ in ruled.spans]
    assert words[4:8] == [b"Is", b"it", b"raining", b"Please"]
    np.testing.assert_array_equal(plain.spans[:, 2:], ruled.spans[:, 2:])
    np.testing.assert_array_equal(plain.features, ruled.features)


def test_times_run_to_the_end_of_the_speech(items):
    for item in items:
        frames = len(item.features) / SUBFRAMES
        assert (np.diff(item.phone_ends) > 0).all()
        assert frames - 4 < item.phone_ends[-1] < frames
        assert (np.diff(item.spans[:, 2:].ravel()) >= 0).all()
        assert PHONES[item.phones[1]] != "pau"


def test_one_rhythm_makes_all_voices_say_a_sound_equally_long(items):
    rhythm = Rhythm(items)
    retimed = [rhythm.retimed(item) for item in items]
    for first in range(0, len(items), len(VOICES)):
        for one, other in pairwise(retimed[first : first + len(VOICES)]):
            np.testing.assert_array_equal(one.phones, other.phones)
            lengths = [np.diff(item.phone_ends) for item in (one, other)]
            np.testing.assert_allclose(*lengths, atol=1e-3)
    total, was = (sum(len(item.features) for item in some) for some in (retimed, items))
    assert total == pytest.approx(was, rel=0.05)


def test_what_is_retimed_is_said_at_its_new_time(items):
    rhythm = Rhythm(items)
    for item in (items[1], join([items[0], items[4], items[8]])):
        clock = (np.arange(len(item.features)) + 0.5) / SUBFRAMES
        timed = replace(item, features=np.tile(clock[:, None], 26).astype(np.float32))
        retimed = rhythm.retimed(timed)
        silence, was = (len(x.features) / SUBFRAMES - x.phone_ends[-1] for x in (retimed, item))
        assert abs(silence - was) < 1 / SUBFRAMES
        clock = (np.arange(len(retimed.features)) + 0.5) / SUBFRAMES
        heard = np.interp(retimed.phone_ends, clock, retimed.features[:, 0])
        np.testing.assert_allclose(heard, item.phone_ends, atol=1 / SUBFRAMES)
        moved = np.interp(item.spans[:, 2:], [0, *item.phone_ends], [0, *retimed.phone_ends])
        np.testing.assert_allclose(retimed.spans[:, 2:], moved, atol=0.01)
        np.testing.assert_array_equal(retimed.spans[:, :2], item.spans[:, :2])


def test_a_shard_reads_as_written(items, folder):
    for written, read in zip(items, load(shard_path(folder, 0)), strict=True):
        assert written.voice == read.voice
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(written, name), getattr(read, name))


def test_every_draw_of_a_window_has_its_own_denials(folder):
    batches = Batches(Dataset(folder), Components.load(), 400, 4, num_draws=3, num_joined=2)
    for batch in batches.pool(1):
        assert len(batch.given.text_given) == 3 * len(batch.latents)
        assert len(batch.given.text) == len(batch.latents)


def test_batches_depend_on_their_seed_alone(folder):
    batches = Batches(Dataset(folder), Components.load(), 400, 4, num_joined=2)
    first, again, other = (list(batches.pool(seed)) for seed in (1, 1, 2))
    assert len(first) == len(again) > 2
    for one, same in zip(first, again, strict=True):
        assert torch.equal(one.latents, same.latents)
        assert torch.equal(one.given.speaker, same.given.speaker)
    assert not any(torch.equal(one.latents, x.latents) for one in first for x in other)


def test_a_batch_is_consistent(folder):
    batches = Batches(Dataset(folder), Components.load(), 400, 4, num_joined=2)
    for batch in (batch for seed in range(4) for batch in batches.pool(seed)):
        rows, frames, _ = batch.latents.shape
        assert batch.positions.shape == batch.phones.shape == (rows, frames)
        assert batch.given.earlier.shape[1] == batch.start
        after = torch.arange(frames) >= batch.num_frames[:, None]
        assert (batch.phones[after] == -1).all()
        assert (batch.latents[after] == 0).all()
        last = batch.given.text_mask.sum(dim=1)[:, None]
        assert (batch.positions < last).all()
        assert (batch.positions >= 0).all()


def test_a_speaker_has_the_pitch_asked_for(items):
    rng = np.random.default_rng(0)
    item = items[0]
    features = item.features.astype(np.float64)
    voiced = features[:, 25] > 0.5
    features[:, 24] -= np.median(features[voiced, 24])
    made = apply(features, draw_speaker("slt", rng, pitch=0.5))
    assert len(made) == len(features)
    assert abs(np.median(made[made[:, 25] > 0.5, 24]) - 0.5) < 0.1
    assert np.isfinite(made).all()


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(state):
    assert state["step"] == NUM_STEPS
    assert all(torch.isfinite(x).all() for x in state["average"].values())


@pytest.mark.slow
def test_mixed_precision_learns_the_same(folder):
    batch = next(Batches(Dataset(folder), Components.load(), 400, 4).pool(1))
    flows = []
    for mixed in (False, True):
        training = train.Training.new("smoke", 0, torch.device("cpu"), mixed)
        for _ in range(3):
            training.learn(batch, torch.Generator().manual_seed(0), 100)
        flows.append(training.log["flow"])
    np.testing.assert_allclose(flows[1], flows[0], rtol=0.02)


@pytest.mark.slow
def test_the_engine_speaks_with_the_export(state, tmp_path):
    export(state, "smoke", tmp_path)
    assert load_config(tmp_path / "config.json").name == "echo-smoke"
    engine = EchoEngine(EchoOptions(weights_dir=str(tmp_path), device="cpu"))
    try:
        given = {"num_steps": 2, "sequence_length": 32}
        audio = asyncio.run(generate(engine, "Hello.", None, 0, given))
    finally:
        engine.close()
    assert len(audio) % 2048 == 0
    assert np.isfinite(audio).all()


@pytest.mark.slow
def test_weights_may_be_the_mean_of_two_trainings(state, tmp_path):
    export(state, "smoke", tmp_path / "one")
    halved = {name: value / 2 for name, value in state["average"].items()}
    export({"average": halved}, "smoke", tmp_path / "mean", tmp_path / "one", 0.75)
    one, mean = (load_file(tmp_path / name / MODEL) for name in ("one", "mean"))
    for name, value in one.items():
        torch.testing.assert_close(mean[name], value * 0.875, rtol=2e-3, atol=1e-6)


def test_word_errors():
    assert num_errors(["the", "cat", "sat"], ["the", "cat", "sat"]) == 0
    assert num_errors(["a", "cat", "sat", "down"], ["the", "cat", "sat"]) == 2
    assert num_errors([], ["the"]) == 1
