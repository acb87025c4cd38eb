"""The parameters of a request: the sampler's, the long-text ones, and upstream's presets.

A sampler parameter is one field here and its effect in an engine. An unknown name is an error,
because a misspelt parameter would silently change nothing. The defaults here are the published
model's; a checkpoint may have its own, which hold for what a request does not give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError, PydanticKnownError

from speech.errors import InvalidRequest
from speech.validation import INTEGRAL, Flag, Number, Seed, Text, first_fault, given_fields, shown

MIN_SPEED, MAX_SPEED = 0.25, 4.0
"""The bounds of OpenAI's `speed`: a tempo factor, the pitch stays."""
MAX_PAUSE_S = 10.0
"""The longest silence between two passes that a caller may ask for."""
MAX_STREAM_STEPS = 20
"""The blocks of a stream that may each have a number of steps of their own."""


GivenParameters = Mapping[str, Any]
"""Parameters of the model that somebody really gave, by name."""


def _fits_pass(num_frames: int, info: ValidationInfo) -> int:
    """Refuse more frames than the engine's longest pass has, if the context has that number."""
    max_frames = (info.context or {}).get("max_frames", num_frames)
    if num_frames > max_frames:
        raise PydanticKnownError("less_than_equal", {"le": max_frames})
    return num_frames


def _in_one_fault(counts: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Tell what is wrong with a list of step counts as callers know it, not as pydantic does."""
    try:
        return validate(counts)
    except ValidationError:
        raise PydanticCustomError(
            "step_counts",
            "should be a list of 1 to {most} whole numbers from 1 to 100",
            {"most": MAX_STREAM_STEPS},
        ) from None


StepCount = Annotated[int, Field(strict=True, ge=1, le=100), INTEGRAL]
StepCounts = Annotated[
    tuple[StepCount, ...],
    Field(min_length=1, max_length=MAX_STREAM_STEPS),
    WrapValidator(_in_one_fault),
]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SamplerParameters:
    """Echo-TTS's sampler parameters under their upstream names. t runs from 1 (noise) to 0."""

    num_steps: Annotated[StepCount, Field(description="Euler steps.")] = 40
    stream_steps: Annotated[
        StepCounts | None,
        Field(
            description="Steps of a stream's blocks, at most num_steps; the last repeats. Fewer "
            "in the first bring early audio. Without it, num_steps in each."
        ),
    ] = None
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
        Annotated[int, Field(strict=True, ge=0), INTEGRAL] | None,
        Field(description="Layers that speaker_kv_scale reaches. Without it, all."),
    ] = None
    speaker_kv_min_t: Annotated[
        Number | None,
        Field(
            ge=0,
            le=1,
            description="speaker_kv_scale applies where t is at least this. Without it, always.",
        ),
    ] = None
    sequence_length: Annotated[
        Literal["auto"]
        | Annotated[int, Field(strict=True, ge=32), INTEGRAL, AfterValidator(_fits_pass)],
        Field(description="Latent frames of 2048 samples, or auto: chosen from the text."),
    ] = 640
    max_retakes: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=5,
            description="How often a chunk that comes out silent, far too short or cut off is "
            "drawn again; never in streams.",
        ),
        INTEGRAL,
    ] = 0


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TextParameters:
    """The parameters by which text is written out, split and joined."""

    max_chars_per_chunk: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            description="Characters of the longest chunk, the text of one pass; 0: never split.",
        ),
        INTEGRAL,
    ] = 300
    target_duration_seconds: Annotated[
        Number, Field(gt=0, le=30, description="Length of speech to aim at in a chunk.")
    ] = 10.0
    enable_crossfade: Annotated[Flag, Field(description="Cross-fade where chunks meet.")] = True
    normalize_boundaries: Annotated[
        Flag,
        Field(description="Pause where chunks meet for as long as the parameters of pauses say."),
    ] = True
    paragraph_pause_seconds: Annotated[
        Number,
        Field(
            ge=0,
            le=MAX_PAUSE_S,
            description="Silence at a blank line; 0: a blank line need not end a chunk.",
        ),
    ] = 0.7
    sentence_pause_seconds: Annotated[
        Number,
        Field(ge=0, le=MAX_PAUSE_S, description="Silence where chunks meet between sentences."),
    ] = 0.25
    clause_pause_seconds: Annotated[
        Number,
        Field(ge=0, le=MAX_PAUSE_S, description="Silence where chunks meet inside a sentence."),
    ] = 0.15
    normalize_text: Annotated[
        Flag,
        Field(description="Say figures, money, dates and abbreviations in words, in English text."),
    ] = False


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ModelParameters(TextParameters, SamplerParameters):
    """All parameters for which a checkpoint may have defaults of its own."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Parameters(ModelParameters):
    """All that `parameters` may hold."""

    seed: Annotated[Seed | None, Field(description="Takes precedence over the job's seed.")] = None
    preset: Annotated[
        Text | None, Field(description="One of upstream's presets; explicit parameters win.")
    ] = None


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

_MODEL_NAMES = tuple(field.name for field in fields(ModelParameters))
_PARAMETERS = TypeAdapter(Parameters)
PARAMETER_NAMES = tuple(sorted(field.name for field in fields(Parameters)))


@cache
def parameters_schema(max_frames: int) -> dict[str, Any]:
    """Return the JSON schema of `Parameters` for an engine with passes of up to `max_frames`.

    It is not to be changed.
    """
    schema = _PARAMETERS.json_schema()
    _, whole_number = schema["properties"]["sequence_length"]["anyOf"]
    whole_number["maximum"] = max_frames
    return schema


def parse_parameters(
    raw: Mapping[str, Any] | None, max_frames: int
) -> tuple[Parameters, GivenParameters]:
    """Return `raw` over its preset over the defaults, checked; and the model's of what it gave.

    Args:
        raw: The caller's parameters.
        max_frames: Frames of the engine's longest pass.

    Raises:
        InvalidRequest: `Invalid parameter '<name>': …` or `Unknown parameter '<name>' (known: …)`.
    """
    given = given_fields(raw)
    preset = given.get("preset")
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise InvalidRequest(
                f"Invalid parameter 'preset': no such preset {shown(preset)} "
                f"(known: {', '.join(PRESETS)})",
                "preset",
            )
        given = {**PRESETS[preset], **given}
    parameters = _validate(_PARAMETERS, given, max_frames)
    return parameters, {name: getattr(parameters, name) for name in _MODEL_NAMES if name in given}


_P = TypeVar("_P", bound=SamplerParameters)


def complete(given: GivenParameters, defaults: _P, max_frames: int) -> _P:
    """Return `given` over `defaults`, in a pass of up to `max_frames`.

    Raises:
        InvalidRequest: When they do not go together, or one of them is no such parameter.
    """
    return _validate(TypeAdapter(type(defaults)), {**vars(defaults), **given}, max_frames)


def _validate(kind: TypeAdapter[_P], given: Mapping[str, Any], max_frames: int) -> _P:
    try:
        parameters = kind.validate_python(given, context={"max_frames": max_frames})
    except ValidationError as error:
        name, why = first_fault(error)
        if name not in PARAMETER_NAMES:
            raise InvalidRequest(
                f"Unknown parameter {shown(name)} (known: {', '.join(PARAMETER_NAMES)})", name
            ) from None
        raise InvalidRequest(f"Invalid parameter '{name}': {why}", name) from None
    # One alone is held against the checkpoint's own default, by the engine: see `complete`.
    has_both = given.keys() >= {"cfg_min_t", "cfg_max_t"}
    if has_both and parameters.cfg_min_t > parameters.cfg_max_t:
        raise InvalidRequest(
            f"Invalid parameter 'cfg_min_t': {parameters.cfg_min_t} is above "
            f"cfg_max_t {parameters.cfg_max_t}",
            "cfg_min_t",
        )
    for name, other in (("rescale_k", "rescale_sigma"), ("rescale_sigma", "rescale_k")):
        if getattr(parameters, name) is None and getattr(parameters, other) is not None:
            raise InvalidRequest(
                f"Invalid parameter '{name}': needed because {other} is given", name
            )
    return parameters
