import torch

from engine.echo.speakers import SpeakerCache


def test_speaker_cache_keeps_states_and_contexts_apart():
    cache = SpeakerCache(1000, 1000)
    state, context = torch.zeros(2), torch.ones(2)
    cache.put_state("voice", state)
    assert cache.context("voice") is None
    cache.put_context("voice", context)
    assert cache.state("voice") is state
    assert cache.context("voice") is context


def test_speaker_cache_keeps_each_voice_under_its_own_key():
    cache = SpeakerCache(1000, 1000)
    held = {key: (torch.zeros(2), torch.ones(2)) for key in ("a", "b")}
    for key, (state, context) in held.items():
        cache.put_state(key, state)
        cache.put_context(key, context)
    for key, (state, context) in held.items():
        assert cache.state(key) is state
        assert cache.context(key) is context


def fill(cache):
    """Put four voices of 40 bytes into either memory."""
    for i in range(4):
        cache.put_state(f"voice {i}", torch.zeros(10))
        cache.put_context(f"voice {i}", torch.zeros(10))


def test_speaker_cache_is_bounded_by_bytes():
    cache = SpeakerCache(max_state_bytes=100, max_context_bytes=0)
    fill(cache)
    stats = cache.stats()
    assert stats["speaker_cache_voices"] == 2
    assert stats["speaker_cache_host_bytes"] == 80
    assert stats["speaker_cache_device_bytes"] == 0
    assert cache.state("voice 0") is None


def test_speaker_cache_counts_what_either_memory_drops():
    cache = SpeakerCache(max_state_bytes=1000, max_context_bytes=100)
    fill(cache)
    stats = cache.stats()
    assert stats["speaker_cache_host_evictions"] == 0
    assert stats["speaker_cache_device_evictions"] == 2
