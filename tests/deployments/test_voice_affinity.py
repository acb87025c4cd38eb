from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from deployments.voice_affinity import VoiceAffinity

SAMPLERS = [f"sampler{number}" for number in range(8)]
VOICES = [f"voice{number}" for number in range(400)]


def affinity_among(samplers, **options):
    affinity = VoiceAffinity(**options)
    affinity.set_samplers(samplers)
    return affinity


def test_every_ingress_gives_a_voice_the_same_home():
    one, other = affinity_among(SAMPLERS), affinity_among(reversed(SAMPLERS))
    assert [one.home(voice) for voice in VOICES] == [other.home(voice) for voice in VOICES]


def test_homes_are_spread_evenly():
    affinity = affinity_among(SAMPLERS)
    homes = Counter(affinity.home(voice) for voice in VOICES)
    assert len(homes) == len(SAMPLERS)
    assert max(homes.values()) < 2 * len(VOICES) / len(SAMPLERS)


def test_only_the_voices_of_a_sampler_that_went_move():
    affinity = affinity_among(SAMPLERS)
    before = {voice: affinity.home(voice) for voice in VOICES}
    affinity.set_samplers(SAMPLERS[1:])
    for voice in VOICES:
        if before[voice] == SAMPLERS[0]:
            assert affinity.home(voice) in SAMPLERS[1:]
        else:
            assert affinity.home(voice) == before[voice]


def test_homes_of_voices_that_come_once_take_bounded_memory():
    affinity = affinity_among(SAMPLERS, max_sends=9)
    homes = [affinity.home(voice) for voice in VOICES]
    assert len(affinity._homes) <= 9
    assert [affinity.home(voice) for voice in VOICES] == homes


def test_voice_has_no_home_without_samplers():
    assert VoiceAffinity().home("voice") is None


def test_a_sampler_that_went_holds_nothing():
    affinity = affinity_among(SAMPLERS)
    affinity.sent("voice", SAMPLERS[0])
    affinity.sent("voice", SAMPLERS[1])
    affinity.set_samplers(SAMPLERS[1:])
    assert affinity.holders("voice") == {SAMPLERS[1]}


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(SAMPLERS))), st.integers(1, 9))
def test_what_was_sent_last_is_remembered_and_no_more(sends, max_sends):
    affinity = affinity_among(SAMPLERS, max_sends=max_sends)
    for key, sampler in sends:
        affinity.sent(key, sampler)
    latest = list(dict.fromkeys(reversed(sends)))[:max_sends]
    for key in "abcdef":
        assert affinity.holders(key) == {sampler for name, sampler in latest if name == key}
