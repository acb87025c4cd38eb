"""The bodies that callers send to each API, and the one kind of request they become.

Unknown top-level fields are ignored, as existing clients rely on. `null` means "not given".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from speech.errors import InvalidRequest
from speech.formats import DEFAULT_FORMAT, FORMATS, FormatName, check_sample_rate
from speech.parameters import (
    MAX_SPEED,
    MIN_SPEED,
    GivenParameters,
    Parameters,
    parse_parameters,
)
from speech.text.passage import require_words
from speech.text.pronunciations import Pronunciations, check_pronunciations
from speech.text.turns import Voices, check_speakers, check_tags, read_apart
from speech.text.typography import clean
from speech.validation import Flag, Integer, Number, Seed, Text, first_fault, given_fields, is_utf8
from speech.voice_names import chosen_name

MAX_VOICE_CHARS = 1024
MIN_LOUDNESS, MAX_LOUDNESS = -36.0, -10.0
OPENAI_PCM_SAMPLE_RATE = 24_000
"""The rate of `pcm` through OpenAI's route, because its clients assume it."""


StreamFormat = Literal["audio", "sse"]
TimedUnit = Literal["word"]
VoiceName = Annotated[str, Field(strict=True, max_length=MAX_VOICE_CHARS)]
_TIMESTAMPS = "`word`: tells when each word is said."


def _voice_id(voice: Any) -> Any:
    """Take OpenAI's `{"id": name}` for the name."""
    return voice.get("id", voice) if isinstance(voice, Mapping) else voice


PRONUNCIATIONS_FIELD = Field(
    None,
    description='Spellings by word, such as `{"Siobhan": "Shivawn"}`.',
    json_schema_extra={"additionalProperties": {"type": "string"}},
)

Loudness = Annotated[Number, Field(ge=MIN_LOUDNESS, le=MAX_LOUDNESS)]
LOUDNESS_FIELD = Field(
    None, description="Loudness of the audio in LUFS, with a true peak of at most -1 dBTP."
)

SEED_FIELD = Field(
    None, description="Same seed, same audio, on a GPU up to rounding; 0 if not given."
)
VOICES_FIELD = Field(
    None, description="Dialogue: voice files by speaker; `[S1]` in the text begins a turn of `S1`."
)


class JobInput(BaseModel):
    """A RunPod job's `input`; also that of `POST /runsync`."""

    action: Any = Field(None, description="`health_check` answers the health report.")
    text: Any = Field(..., description="What to speak.", json_schema_extra={"type": "string"})
    speaker_voice: VoiceName | None = Field(
        None,
        description="Voice file; without one, or with `default`, the model makes a voice up.",
    )
    voices: dict[str, VoiceName] | None = VOICES_FIELD
    parameters: dict[str, Any] | None = None
    seed: Seed | None = SEED_FIELD
    session_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] | None = Field(
        None, description="Names the output file; a random UUID if not given."
    )
    output_format: FormatName | None = Field(None, description="Container and codec.")
    timestamps: TimedUnit | None = Field(None, description=_TIMESTAMPS)
    loudness: Loudness | None = LOUDNESS_FIELD
    pronunciations: dict[str, Any] | None = PRONUNCIATIONS_FIELD
    stream: Flag | None = Field(
        None,
        description="Stream the job, on RunPod's client routes only: `POST /runsync` answers "
        "whole, and a RunPod worker streams or not as it was started.",
    )


class SpeechBody(BaseModel):
    """OpenAI's `POST /v1/audio/speech` body, plus seed, parameters and sample_rate."""

    model_config = ConfigDict(protected_namespaces=())

    input: Any = Field(..., description="What to speak.", json_schema_extra={"type": "string"})
    model: Text | None = Field(None, description="Any name: the served model answers.")
    voice: Annotated[
        VoiceName | None,
        BeforeValidator(_voice_id),
        Field(
            description="Voice file, as a string or {id: …}; without one, or with `default`, the "
            "model makes a voice up."
        ),
    ] = None
    voices: dict[str, Annotated[VoiceName, BeforeValidator(_voice_id)]] | None = VOICES_FIELD
    response_format: FormatName | None = Field(None, description="`mp3` if not given.")
    speed: Annotated[Number, Field(ge=MIN_SPEED, le=MAX_SPEED)] | None = Field(
        None, description="Tempo; the pitch stays."
    )
    stream_format: StreamFormat | None = Field(
        None, description="`audio` (raw bytes, the default) or `sse` (OpenAI's events)."
    )
    instructions: Any = Field(None, description="Accepted; has no effect on this model.")
    seed: Seed | None = SEED_FIELD
    parameters: dict[str, Any] | None = None
    timestamps: TimedUnit | None = Field(
        None, description=_TIMESTAMPS + " On this route only with `stream_format` `sse`."
    )
    loudness: Loudness | None = LOUDNESS_FIELD
    pronunciations: dict[str, Any] | None = PRONUNCIATIONS_FIELD
    sample_rate: Integer | None = Field(
        None, description="In Hz; 24000 for `pcm` if not given, as OpenAI's."
    )


@dataclass(frozen=True)
class SpeechRequest:
    """One valid request, whichever API it came through.

    Attributes:
        text: The text to speak, without the characters that nobody sees.
        voice: Name below the voices folder, or None for no speaker conditioning.
        parameters: All parameters, the published defaults where the caller gave none.
        given: The model's parameters that the caller, or its preset, gave.
        sample_rate: The rate of the encoded audio, in Hz.
        speed: Tempo factor, 1.0 leaves the audio alone.
        pronunciations: The caller's own, in addition to the server's.
        voices: The voices of a dialogue by speaker, whose turns tags in the text begin; empty where
            the tags are the model's own.
        stream_format: The form of a streamed answer: bytes, or OpenAI's events.
        timestamps: Whether the caller wants to know when each word is said.
        loudness: The loudness of the audio, in LUFS; None leaves it as the model speaks.
    """

    text: str
    voice: str | None
    parameters: Parameters
    given: GivenParameters
    seed: int
    output_format: FormatName
    sample_rate: int
    session_id: str
    speed: float = 1.0
    pronunciations: Pronunciations = field(default_factory=dict)
    voices: Voices = field(default_factory=dict)
    stream_format: StreamFormat = "audio"
    timestamps: bool = False
    loudness: float | None = None


def is_health_check(job_input: object) -> bool:
    """Tell whether a job asks for the health report instead of speech."""
    return isinstance(job_input, Mapping) and job_input.get("action") == "health_check"


def parse_job(job_input: object, max_text_chars: int, max_frames: int) -> SpeechRequest:
    """Return the request that a job's `input` asks for.

    Raises:
        InvalidRequest: With the contract's text for the first thing wrong with it.
    """
    given = given_fields(job_input)
    text = _check_text(given.get("text"), "text", max_text_chars)
    job = _validate(JobInput, given)
    output_format = job.output_format or DEFAULT_FORMAT
    return _make_request(
        job,
        text,
        "text",
        max_frames,
        voice=chosen_name(job.speaker_voice),
        output_format=output_format,
        sample_rate=FORMATS[output_format].default_sample_rate,
        session_id=job.session_id or str(uuid.uuid4()),
    )


def parse_speech(
    body: object, max_text_chars: int, max_frames: int, *, text_field: str = "input"
) -> SpeechRequest:
    """Return the request that an OpenAI speech body asks for, whose text is in `text_field`.

    Raises:
        InvalidRequest: For the first thing wrong with it.
    """
    given = given_fields(body)
    text = _check_text(given.get(text_field), text_field, max_text_chars)
    return _speech_request(text, given, max_frames, text_field)


def parse_speech_config(config: object, max_frames: int) -> SpeechRequest:
    """Return the request of a speech body whose `input` comes later; its text is empty.

    Raises:
        InvalidRequest: For the first thing wrong with it.
    """
    return _speech_request("", given_fields(config), max_frames)


def _speech_request(
    text: str, given: Mapping[str, Any], max_frames: int, text_field: str = "input"
) -> SpeechRequest:
    speech = _validate(SpeechBody, {**given, "input": text})
    output_format: FormatName = speech.response_format or "mp3"
    return _make_request(
        speech,
        text,
        text_field,
        max_frames,
        voice=chosen_name(speech.voice),
        output_format=output_format,
        sample_rate=_openai_sample_rate(output_format, speech.sample_rate),
        session_id=str(uuid.uuid4()),
        speed=1.0 if speech.speed is None else speech.speed,
        stream_format=speech.stream_format or "audio",
    )


def _make_request(
    body: JobInput | SpeechBody, text: str, text_field: str, max_frames: int, **own: Any
) -> SpeechRequest:
    """Return the request of a body; `own` are the fields that the other kind of body has not.

    An empty text comes later, with the tags of a dialogue.

    Raises:
        InvalidRequest: The voices do not go with the tags in `text`, or it has nothing but tags; or
            the pronunciations, the sample rate or the parameters are wrong.
    """
    voices = {speaker: chosen_name(voice) for speaker, voice in (body.voices or {}).items()}
    check_speakers(voices)
    if voices and text:
        check_tags(text, voices)
        require_words(read_apart(text, voices), text_field)
    pronunciations = check_pronunciations(body.pronunciations or {})
    check_sample_rate(FORMATS[own["output_format"]], own["sample_rate"])
    parameters, given = parse_parameters(body.parameters, max_frames)
    seeds = (parameters.seed, body.seed)
    return SpeechRequest(
        text=text,
        voices=voices,
        parameters=parameters,
        given=given,
        seed=next((seed for seed in seeds if seed is not None), 0),
        timestamps=body.timestamps is not None,
        loudness=body.loudness,
        pronunciations=pronunciations,
        **own,
    )


def _check_text(text: object, field: str, max_chars: int) -> str:
    if not isinstance(text, str) or not is_utf8(text):
        raise InvalidRequest(f"Missing or invalid '{field}' field (expected string)", field)
    if len(text) <= max_chars:
        cleaned = clean(text)
        require_words([cleaned], field)
        return cleaned
    # Read no closer: that takes a second for a mebibyte of markup, and all other requests wait.
    if not any(map(str.isalnum, text)):
        raise InvalidRequest("Text cannot be empty", field)
    raise InvalidRequest.too_long(len(text), max_chars, field)


def _openai_sample_rate(output_format: FormatName, asked: int | None) -> int:
    if asked is not None:
        return asked
    is_pcm = output_format == "pcm"
    return OPENAI_PCM_SAMPLE_RATE if is_pcm else FORMATS[output_format].default_sample_rate


_Model = TypeVar("_Model", bound=BaseModel)


def _validate(model: type[_Model], given: Mapping[str, Any]) -> _Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        name, why = first_fault(error)
        raise InvalidRequest(f"Invalid '{name}': {why}", name) from None
