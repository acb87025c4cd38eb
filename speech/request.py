"""What a caller may send and what comes back, both doors: one model per shape.

A sampler parameter is one field here and its effect in an engine. Unknown top-level fields are
ignored, as existing clients rely on; unknown parameters are an error, because a misspelt one
would silently change nothing. `null` always means "not given".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from speech.errors import InvalidRequest
from speech.formats import DEFAULT_FORMAT, FORMATS, FormatName

MAX_TEXT_CHARS = 4096
"""Default of the text limit, in characters."""

_MAX_SHOWN_CHARS = 60


def _integral(value: Any) -> Any:
    """Accept 40.0 for 40: some JSON writers know only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, Field(strict=True), BeforeValidator(_integral)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Seed = Annotated[Integer, Field(ge=-(2**63), lt=2**63)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SamplerParameters:
    """Echo-TTS's sampler parameters under their upstream names. t runs from 1 (noise) to 0."""

    num_steps: Annotated[Integer, Field(ge=1, le=100, description="Euler steps.")] = 40
    cfg_scale_text: Annotated[
        Number, Field(ge=0, le=20, description="Guidance towards the text.")
    ] = 3.0
    cfg_scale_speaker: Annotated[
        Number, Field(ge=0, le=20, description="Guidance towards the voice.")
    ] = 8.0
    cfg_min_t: Annotated[
        Number, Field(ge=0, le=1, description="Guidance applies where t is at least this.")
    ] = 0.5
    cfg_max_t: Annotated[
        Number, Field(ge=0, le=1, description="Guidance applies where t is at most this.")
    ] = 1.0
    truncation_factor: Annotated[
        Number | None, Field(ge=0, le=2, description="Scales the initial noise.")
    ] = None
    rescale_k: Annotated[
        Number | None, Field(gt=0, description="Temporal score rescaling; needs rescale_sigma.")
    ] = None
    rescale_sigma: Annotated[
        Number | None, Field(gt=0, description="Temporal score rescaling; needs rescale_k.")
    ] = None
    speaker_kv_scale: Annotated[
        Number | None, Field(gt=0, le=4, description="Scales the voice's keys and values.")
    ] = None
    speaker_kv_max_layers: Annotated[
        Integer | None, Field(ge=0, description="Layers that speaker_kv_scale reaches; all if null.")
    ] = None
    speaker_kv_min_t: Annotated[
        Number | None,
        Field(ge=0, le=1, description="speaker_kv_scale applies down to this t; always if null."),
    ] = None
    sequence_length: Annotated[
        Literal["auto"] | Annotated[Integer, Field(ge=32, le=640)],
        Field(description="Latent frames of 2048 samples, or auto: chosen from the text."),
    ] = 640


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Parameters(SamplerParameters):
    """All that `parameters` may hold: the sampler's, and how long text is split and joined."""

    seed: Annotated[Seed | None, Field(description="Takes precedence over the job's seed.")] = None
    preset: Annotated[
        Text | None, Field(description="One of upstream's presets; explicit parameters win.")
    ] = None
    max_chars_per_chunk: Annotated[
        Integer, Field(ge=0, description="Longest piece of text spoken in one pass; 0: never split.")
    ] = 300
    target_duration_seconds: Annotated[
        Number, Field(gt=0, le=30, description="Aimed-at length of one pass.")
    ] = 10.0
    enable_crossfade: Annotated[Flag, Field(description="Cross-fade where passes meet.")] = True
    normalize_boundaries: Annotated[
        Flag, Field(description="Make the pause where passes meet even.")
    ] = True


def _preset(text: float, speaker: float, truncation: float, rescale_k: float) -> dict[str, float]:
    return {
        "num_steps": 40,
        "cfg_scale_text": text,
        "cfg_scale_speaker": speaker,
        "cfg_min_t": 0.5,
        "cfg_max_t": 1.0,
        "truncation_factor": truncation,
        "rescale_k": rescale_k,
        "rescale_sigma": 3.0,
    }


PRESETS: Mapping[str, Mapping[str, float]] = {
    name + suffix: _preset(text, speaker, truncation, rescale_k)
    for name, text, speaker in (
        ("Independent-High-Speaker-CFG", 3.0, 8.0),
        ("Independent-High-CFG", 8.0, 8.0),
        ("Independent-Low-CFG", 3.0, 3.0),
    )
    for suffix, truncation, rescale_k in (("", 1.0, 1.0), ("-Flat", 0.8, 1.2))
}
"""Upstream's presets by name."""

_PARAMETERS = TypeAdapter(Parameters)
PARAMETER_NAMES = tuple(sorted(field.name for field in fields(Parameters)))


class JobInput(BaseModel):
    """A RunPod job's `input`; also that of `POST /runsync`."""

    action: Any = Field(None, description="`health_check` answers the health report.")
    text: Any = Field(..., description="What to speak.", json_schema_extra={"type": "string"})
    speaker_voice: Text | None = Field(
        None, description="Reference audio file below the voices folder; none: default voice."
    )
    parameters: dict[str, Any] | None = Field(None, description="See SamplerParameters.")
    seed: Seed | None = Field(None, description="Same seed, same audio; 0 if not given.")
    session_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] | None = (
        Field(None, description="Names the output file; a random UUID if not given.")
    )
    output_format: FormatName | None = Field(None, description="Container and codec.")
    stream: Flag | None = Field(None, description="Send audio in pieces where the door can.")


class SpeechBody(BaseModel):
    """OpenAI's `POST /v1/audio/speech` body, plus seed, parameters and sample_rate."""

    model_config = ConfigDict(protected_namespaces=())

    input: Any = Field(..., description="What to speak.", json_schema_extra={"type": "string"})
    model: Text | None = Field(None, description="Any name: the served model answers.")
    voice: Any = Field(
        None,
        description="Reference audio file below the voices folder, as a string or {id: …}; "
        "`default` or nothing for the default voice.",
    )
    response_format: FormatName | None = Field(None, description="`mp3` if not given.")
    speed: Annotated[Number, Field(ge=0.25, le=4)] | None = Field(
        None, description="Tempo; the pitch stays."
    )
    stream_format: Literal["audio"] | None = Field(None, description="Raw audio bytes.")
    instructions: Any = Field(None, description="Accepted; has no effect on this model.")
    seed: Seed | None = None
    parameters: dict[str, Any] | None = None
    sample_rate: Integer | None = Field(
        None, description="Hz; `pcm` is 24000 if not given, as OpenAI's."
    )


class SpeechRequest(BaseModel):
    """One valid request, whichever door it came through."""

    model_config = ConfigDict(frozen=True)

    text: str
    voice: str | None
    parameters: Parameters
    seed: int
    output_format: FormatName
    sample_rate: int
    speed: float
    session_id: str
    stream: bool
