"""ElevenLabs' requests as speech bodies of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from speech.errors import InvalidRequest
from speech.formats import FORMATS
from speech.validation import Seed, shown

PREFIX = "/v1/text-to-speech/{voice_id:path}"
"""The beginning of every route's path: a voice in a sub-folder has slashes in its name."""
DEFAULT_FORMAT = "mp3_44100_128"

_FORMAT = re.compile(r"(mp3|opus|pcm|wav)_(\d{4,5})(?:_\d{2,3})?")


class TextToSpeechBody(BaseModel):
    """ElevenLabs' body of a text-to-speech request; any other field has no effect."""

    text: str = Field(..., description="What to speak.")
    seed: Seed | None = None
    voice_settings: dict[str, Any] | None = Field(
        None, description="`speed`: tempo; the pitch stays. All else has no effect."
    )


def speech_body(voice_id: str, output_format: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the speech body, less its `input`.

    Args:
        voice_id: Name of the voice.
        output_format: Codec, sample rate and bitrate, such as `mp3_44100_128`; each codec has one
            bitrate here, whatever is asked for.
        message: The body, or the first message: of it, `seed` and the speed count.

    Raises:
        InvalidRequest: There is no such format.
    """
    codec, sample_rate = _parse_format(output_format)
    settings = message.get("voice_settings")
    speed = settings.get("speed") if isinstance(settings, Mapping) else None
    return {
        "voice": voice_id,
        "response_format": codec,
        "sample_rate": sample_rate,
        "speed": speed,
        "seed": message.get("seed"),
    }


def _parse_format(output_format: str) -> tuple[str, int]:
    if match := _FORMAT.fullmatch(output_format):
        row = next(row for row in FORMATS.values() if row.name == match[1])
        if int(match[2]) in row.sample_rates:
            return row.name, int(match[2])
    raise InvalidRequest(
        f"Invalid 'output_format': there is no {shown(output_format)} (use mp3_44100_128, "
        "opus_48000_64, pcm_24000 and the like)",
        "output_format",
    )
