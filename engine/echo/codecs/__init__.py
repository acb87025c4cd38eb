"""Latents to PCM and back: what the engine asks of a codec, and the two that there are."""
