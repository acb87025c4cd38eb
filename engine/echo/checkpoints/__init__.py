"""Checkpoints: found, described by their config, loaded, written."""
