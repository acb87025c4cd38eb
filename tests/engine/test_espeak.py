import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import espeak
from engine.pitch import median_pitch_hz
from speech.pcm import SAMPLE_RATE_HZ

PIECE_SAMPLES = 0.1 * SAMPLE_RATE_HZ


class StopAfter(threading.Event):
    """Is set once it has been asked `num_pieces` times."""

    def __init__(self, num_pieces):
        super().__init__()
        self.left = num_pieces
        self.asked = 0

    def is_set(self):
        self.asked += 1
        self.left -= 1
        return self.left < 0


def speak(text, pitch_hz=120.0, tempo=1.0, seed=1, stop=None):
    return espeak.speak(text, pitch_hz, tempo, seed, stop or threading.Event())


def longest_pause_s(pcm):
    loud = np.flatnonzero(np.abs(pcm) > 0.01)
    return np.diff(loud).max() / SAMPLE_RATE_HZ


@pytest.mark.parametrize("hz", [60, 75, 101, 140, 187, 250, 300, 400])
def test_speech_has_the_pitch_asked_for(hz):
    pcm = speak("Please call Stella. Ask her to bring these things with her from the store.", hz)
    assert abs(12 * np.log2(median_pitch_hz(pcm, SAMPLE_RATE_HZ) / hz)) < 0.75


def test_pitch_out_of_range_is_held_at_the_nearest_end():
    assert np.array_equal(speak("Low.", 5.0), speak("Low.", espeak.MIN_PITCH_HZ))
    assert np.array_equal(speak("High.", 5000.0), speak("High.", espeak.MAX_PITCH_HZ))


def test_tempo_changes_the_duration_and_pitch_does_not():
    text = "The birch canoe slid on the smooth planks."
    assert len(speak(text, tempo=2)) < 0.75 * len(speak(text))
    durations = [len(speak(text, hz)) for hz in (70, 72, 150, 300)]
    assert max(durations) < 1.05 * min(durations)


def test_equal_calls_give_equal_samples_whatever_came_between():
    before = speak("Same again?", 150)
    speak("Something else, 1234 times!", 310, 1.7, 9)
    assert np.array_equal(speak("Same again?", 150), before)
    assert not np.array_equal(speak("Same again?", 150, seed=2), before)


def test_stop_ends_the_call_within_one_piece_and_colours_nothing():
    text = "One two three four five six seven eight nine ten eleven twelve."
    whole = speak(text)
    for num_pieces in (1, 2, 9):
        stop = StopAfter(num_pieces)
        partial = speak(text, stop=stop)
        assert stop.asked == num_pieces + 1
        assert len(partial) <= num_pieces * PIECE_SAMPLES * 1.05
        assert np.array_equal(speak(text), whole)
    assert len(speak(text, stop=StopAfter(0))) == 0


def test_markup_phonemes_and_control_characters_are_only_text():
    assert longest_pause_s(speak("one <break time='5s'/> two")) < 1
    assert longest_pause_s(speak("<speak>one <break time='5s'/> two</speak>")) < 1
    assert np.array_equal(speak("dog \x01\x0099P dog"), speak("dog   99P dog"))
    assert len(speak("[[h@l'oU w3:ld]]")) > 1.2 * len(speak("hello world"))


def test_text_after_a_nul_or_a_lone_surrogate_is_spoken():
    assert np.array_equal(speak("hello\x00 there\ud800"), speak("hello  there "))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_spoken_without_overflow_and_the_same_twice(text):
    pcm = speak(text)
    assert pcm.dtype == np.float32
    assert np.isfinite(pcm).all()
    assert np.abs(pcm).max(initial=0) < 1
    assert np.array_equal(speak(text), pcm)


@pytest.mark.parametrize(
    "text", ["Zebra! " * 20, "Stop, thief? " * 12, "SHOUT " * 30, "attack " * 30]
)
@pytest.mark.parametrize("hz", [60, 120, 240, 400])
def test_speech_is_loud_enough_never_clips_and_starts_and_ends_in_silence(text, hz):
    pcm = speak(text, hz)
    assert 0.4 < np.abs(pcm).max() < 0.95
    assert 0.03 < np.sqrt(np.mean(pcm**2)) < 0.2
    assert np.abs(pcm[[0, -1]]).max() < 1e-3
    assert np.abs(np.diff(pcm[:50])).max() < 5e-3
