from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech.parameters import MAX_SPEED, MIN_SPEED
from speech.reference_audio import decode_reference
from speech.tempo import Tempo

RATE = 44100
SPEEDS = (0.25, 0.4, 0.5, 0.8, 1.25, 2.0, 3.0, 4.0)

Samples = NDArray[np.float32]


def tone(seconds: float, frequency: float = 440.0) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


def noise(num_samples: int) -> Samples:
    return np.random.default_rng(7).normal(0, 0.1, num_samples).astype(np.float32)


def change(
    pcm: Samples, speed: float, piece_sizes: tuple[int, ...] = (), rate: int = RATE
) -> Samples:
    tempo = Tempo(speed, rate)
    pieces = np.split(pcm, np.cumsum(piece_sizes))
    return np.concatenate([*map(tempo.process, pieces), tempo.finish()])


def energy(pcm: Samples) -> float:
    return float(np.sum(pcm.astype(np.float64) ** 2))


@settings(deadline=None, max_examples=50)
@given(
    num_samples=st.integers(0, 30_000),
    speed=st.floats(MIN_SPEED, MAX_SPEED),
    rate=st.sampled_from((8000, 24000, 44100, 48000)),
)
def test_length_is_what_the_speed_says(num_samples: int, speed: float, rate: int) -> None:
    assert len(change(noise(num_samples), speed, rate=rate)) == round(num_samples / speed)


@settings(deadline=None, max_examples=30)
@given(piece_sizes=st.lists(st.integers(0, 9000), max_size=8), speed=st.sampled_from(SPEEDS))
def test_pieces_of_any_size_give_the_same_samples(piece_sizes: list[int], speed: float) -> None:
    pcm = noise(30_000)
    np.testing.assert_array_equal(change(pcm, speed, tuple(piece_sizes)), change(pcm, speed))


@pytest.mark.parametrize("speed", SPEEDS)
def test_pitch_is_kept(speed: float) -> None:
    changed = change(tone(4), speed)
    spectrum = np.abs(np.fft.rfft(changed * np.hanning(len(changed))))
    assert np.argmax(spectrum) * RATE / len(changed) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("speed", SPEEDS)
def test_tempo_changes_throughout(speed: float) -> None:
    # The first second is loud, the other two are soft: the border moves with the tempo.
    pcm = tone(3) * np.repeat(np.float32([1, 0.01]), (RATE, 2 * RATE))
    changed = change(pcm, speed)
    border_s = np.flatnonzero(np.abs(changed) > 0.02)[-1] / RATE
    assert border_s == pytest.approx(1 / speed, abs=0.06)


def level_by_ms(pcm: Samples, speed: float = 1.0) -> NDArray[np.float64]:
    """The level over time, a value for each millisecond of the audio before its tempo changed."""
    starts = (np.arange(0, len(pcm) * speed / RATE, 0.001) / speed * RATE).astype(int)
    power = np.convolve(np.add.reduceat(pcm.astype(np.float64) ** 2, starts), np.ones(10) * speed)
    levels = np.log(power + 1e-3)
    return levels - levels.mean()


@pytest.mark.parametrize("speed", [0.25, 0.4, 0.5, 0.8, 0.9])
def test_slowed_speech_is_heard_at_its_time(speed: float) -> None:
    with Path("voices/ada.ogg").open("rb", buffering=0) as file:
        speech = decode_reference(file)[: 4 * RATE]
    before, after = level_by_ms(speech), level_by_ms(change(speech, speed), speed)
    late_ms = int(np.argmax(np.correlate(after, before, "full"))) - (len(before) - 1)
    assert abs(late_ms) <= 2


@pytest.mark.parametrize("speed", SPEEDS)
def test_first_and_last_sound_are_kept(speed: float) -> None:
    burst = tone(0.1)
    changed = change(np.concatenate((burst, noise(RATE) / 100, burst)), speed)
    tenth = round(0.1 * RATE / speed)
    for end in (changed[:tenth], changed[-tenth:]):
        assert energy(end) > 0.5 * energy(burst) / speed


@pytest.mark.parametrize("speed", SPEEDS)
def test_sound_comes_before_the_end_of_input(speed: float) -> None:
    assert len(Tempo(speed, RATE).process(tone(1))) > 0.75 * RATE / speed


def test_speed_one_passes_audio_through() -> None:
    pcm = noise(1000)
    tempo = Tempo(1.0, RATE)
    assert tempo.process(pcm) is pcm
    assert len(tempo.finish()) == 0
