import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.errors import InvalidRequest
from speech.parameters import (
    PARAMETER_NAMES,
    PRESETS,
    Parameters,
    SamplerParameters,
    complete,
    parameters_schema,
)
from speech.request import parse_job, parse_speech, parse_speech_config

MAX_CHARS, MAX_FRAMES = 4096, 640


def job(**fields):
    return parse_job({"text": "Hello.", **fields}, MAX_CHARS, MAX_FRAMES)


def job_error(**fields):
    with pytest.raises(InvalidRequest) as caught:
        job(**fields)
    return caught.value.message


def test_job_defaults_are_the_contracts():
    request = job()
    assert (request.voice, request.seed, request.output_format) == (None, 0, "opus")
    assert request.parameters == Parameters()
    expected = {
        "num_steps": 40,
        "stream_steps": None,
        "cfg_scale_text": 3.0,
        "cfg_scale_speaker": 8.0,
        "cfg_min_t": 0.5,
        "cfg_max_t": 1.0,
        "truncation_factor": None,
        "rescale_k": None,
        "rescale_sigma": None,
        "speaker_kv_scale": None,
        "speaker_kv_max_layers": None,
        "speaker_kv_min_t": None,
        "sequence_length": 640,
        "max_retakes": 0,
        "seed": None,
        "preset": None,
        "max_chars_per_chunk": 300,
        "target_duration_seconds": 10.0,
        "enable_crossfade": True,
        "normalize_boundaries": True,
        "paragraph_pause_seconds": 0.7,
        "sentence_pause_seconds": 0.25,
        "clause_pause_seconds": 0.15,
        "normalize_text": False,
    }
    assert vars(Parameters()) == expected


def test_schema_states_bounds_in_json_schemas_own_words():
    schemas = parameters_schema(MAX_FRAMES)["properties"]
    steps = schemas["num_steps"]
    assert (steps["minimum"], steps["maximum"]) == (1, 100)
    assert not re.search(r'"(ge|gt|le|lt)":', json.dumps(schemas))


def test_job_session_id_defaults_to_a_fresh_uuid():
    assert job().session_id != job().session_id
    assert len(job().session_id) == 36


@pytest.mark.parametrize("job_input", [None, 3, "Hello.", [], {}, {"text": None}, {"text": 5}])
def test_job_without_text_is_refused(job_input):
    with pytest.raises(
        InvalidRequest, match=r"^Missing or invalid 'text' field \(expected string\)$"
    ):
        parse_job(job_input, MAX_CHARS, MAX_FRAMES)


@pytest.mark.parametrize("half", ["\ud83d", "a\ude00"])
def test_job_with_half_a_surrogate_pair_is_refused(half):
    assert job_error(text=half) == "Missing or invalid 'text' field (expected string)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\t ",
        "\0\0",
        "\u200b",
        "\ufeff \u2060\u200d\u00ad",
        "\u200e\0\n",
        "-----\n***",
        "[pause:2s]",
    ],
)
def test_job_with_blank_text_is_refused(text):
    assert job_error(text=text) == "Text cannot be empty"


def test_job_with_too_long_text_names_length_and_limit():
    assert job_error(text="a" * 4097) == "Text too long: 4097 characters (max 4096)"
    assert job(text="a" * 4096).text == "a" * 4096
    assert job_error(text="<!--a" * 1000) == "Text too long: 5000 characters (max 4096)"
    assert job_error(text=" \u200b\n" * 2000) == "Text cannot be empty"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speaker_voice", 5),
        ("speaker_voice", "v" * 1025),
        ("session_id", 5),
        ("session_id", ""),
        ("session_id", "../x"),
        ("session_id", ".hidden"),
        ("session_id", "a\n"),
        ("session_id", "a" * 129),
        ("output_format", "wma"),
        ("seed", "1"),
        ("seed", 1.5),
        ("seed", True),
        ("seed", 2**63),
        ("stream", 1),
        ("parameters", []),
        ("parameters", "num_steps=4"),
    ],
)
def test_job_with_a_bad_field_names_it(field, value):
    message = job_error(**{field: value})
    assert message.startswith(f"Invalid '{field}': ")
    assert "\n" not in message
    assert len(message) < 250


def test_job_null_means_not_given():
    fields = ("speaker_voice", "parameters", "seed", "session_id", "output_format", "stream")
    request = job(**dict.fromkeys(fields))
    assert (request.voice, request.seed, request.output_format) == (None, 0, "opus")
    assert job(parameters={"num_steps": None}).parameters.num_steps == 40


@pytest.mark.parametrize("voice", ["", "default"])
def test_job_voice_may_be_the_default_one(voice):
    assert job(speaker_voice=voice).voice is None
    dialogue = job(text="[S1] Hi. [S2] Ho.", voices={"S1": "ada.ogg", "S2": voice})
    assert dialogue.voices == {"S1": "ada.ogg", "S2": None}


def test_job_unknown_top_level_field_is_ignored():
    assert job(webhook="https://example.org").text == "Hello."


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [({}, 0), ({"seed": 7}, 7), ({"seed": 7, "parameters": {"seed": 0}}, 0), ({"seed": -1}, -1)],
)
def test_job_seed_precedence(seeds, expected):
    assert job(**seeds).seed == expected


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("num_steps", 1, 100),
        ("cfg_scale_text", 0, 20),
        ("cfg_scale_speaker", 0, 20),
        ("cfg_min_t", 0, 1),
        ("cfg_max_t", 0.5, 1),
        ("truncation_factor", 0, 2),
        ("speaker_kv_scale", 0.01, 4),
        ("speaker_kv_max_layers", 0, 99),
        ("speaker_kv_min_t", 0, 1),
        ("sequence_length", 32, 640),
        ("max_chars_per_chunk", 0, 99999),
        ("target_duration_seconds", 0.1, 30),
    ],
)
def test_parameter_range_is_inclusive(name, lowest, highest):
    for value in (lowest, highest):
        assert getattr(job(parameters={name: value}).parameters, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_steps", 0),
        ("num_steps", 101),
        ("num_steps", 4.5),
        ("num_steps", "40"),
        ("num_steps", True),
        ("stream_steps", 8),
        ("stream_steps", "8,40"),
        ("stream_steps", []),
        ("stream_steps", [0]),
        ("stream_steps", [8, 101]),
        ("stream_steps", [True]),
        ("stream_steps", [8.5]),
        ("stream_steps", [8] * 21),
        ("cfg_scale_text", -0.1),
        ("cfg_scale_text", 20.1),
        ("cfg_scale_text", True),
        ("cfg_scale_text", "3"),
        ("cfg_scale_text", math.nan),
        ("cfg_scale_text", math.inf),
        ("cfg_scale_text", 10**400),
        ("cfg_scale_speaker", 21),
        ("cfg_min_t", 1.1),
        ("cfg_max_t", -0.1),
        ("truncation_factor", 2.1),
        ("rescale_k", 0),
        ("rescale_sigma", -1),
        ("speaker_kv_scale", 0),
        ("speaker_kv_scale", 4.1),
        ("speaker_kv_max_layers", -1),
        ("speaker_kv_min_t", 1.1),
        ("sequence_length", 31),
        ("sequence_length", 641),
        ("sequence_length", "full"),
        ("seed", 1.5),
        ("preset", 3),
        ("preset", "Loud"),
        ("max_chars_per_chunk", -1),
        ("target_duration_seconds", 0),
        ("enable_crossfade", 1),
        ("normalize_boundaries", "yes"),
    ],
)
def test_bad_parameter_is_named(name, value):
    message = job_error(parameters={name: value})
    assert message.startswith(f"Invalid parameter '{name}': ")
    assert len(message) < 250


def test_whole_float_counts_as_integer():
    assert job(parameters={"num_steps": 40.0}).parameters.num_steps == 40


def test_steps_of_a_streams_blocks_are_a_list_of_counts():
    assert job(parameters={"stream_steps": [8.0, 40]}).given == {"stream_steps": (8, 40)}
    assert job_error(parameters={"stream_steps": [8, 0]}) == (
        "Invalid parameter 'stream_steps': should be a list of 1 to 20 whole numbers "
        "from 1 to 100, got [8, 0]"
    )


def test_sequence_length_may_be_auto():
    assert job(parameters={"sequence_length": "auto"}).parameters.sequence_length == "auto"


def test_guidance_window_must_not_be_reversed():
    message = job_error(parameters={"cfg_min_t": 0.8, "cfg_max_t": 0.2})
    assert message == "Invalid parameter 'cfg_min_t': 0.8 is above cfg_max_t 0.2"


@pytest.mark.parametrize("half", [{"cfg_min_t": 1.0}, {"cfg_max_t": 0.4}])
def test_half_a_guidance_window_is_held_against_the_checkpoints_other_half(half):
    given = job(parameters=half).given
    assert given == half
    complete(given, SamplerParameters(cfg_min_t=0.3), MAX_FRAMES)
    with pytest.raises(InvalidRequest, match="is above cfg_max_t"):
        complete(given, SamplerParameters(cfg_min_t=0.5, cfg_max_t=0.9), MAX_FRAMES)


def test_rescale_needs_both_halves():
    message = job_error(parameters={"rescale_k": 1.2})
    assert message == "Invalid parameter 'rescale_sigma': needed because rescale_k is given"
    assert job_error(parameters={"rescale_sigma": 3}).startswith("Invalid parameter 'rescale_k'")
    assert job(parameters={"rescale_k": 1.2, "rescale_sigma": 3}).parameters.rescale_k == 1.2


def test_unknown_parameter_lists_the_known_ones():
    message = job_error(parameters={"steps": 4})
    assert message == f"Unknown parameter 'steps' (known: {', '.join(PARAMETER_NAMES)})"


def test_unknown_parameter_may_hold_half_a_character():
    assert job_error(parameters={"\ud800": 4}).startswith(r"Unknown parameter '\\ud800' (known: ")
    assert job(**{"\ud800": 4}).text == "Hello."


def test_invalid_parameter_is_told_before_an_unknown_one():
    assert job_error(parameters={"steps": 4, "num_steps": 0}).startswith("Invalid parameter")


def test_errors_come_in_the_contracts_order():
    faults = {
        "text": "",
        "seed": "x",
        "parameters": {"num_steps": 0, "steps": 1},
    }
    assert job_error(**faults) == "Text cannot be empty"
    faults["text"] = "Hello."
    assert job_error(**faults).startswith("Invalid 'seed'")
    del faults["seed"]
    faults["speaker_voice"] = "v" * 2000
    assert job_error(**faults).startswith("Invalid 'speaker_voice'")
    del faults["speaker_voice"]
    for field in ({"voices": {"S1": "a.wav"}}, {"pronunciations": {"a": ""}}):
        assert job_error(**faults, **field).startswith(f"Invalid '{next(iter(field))}'")
        body = {"input": "Hello.", "parameters": faults["parameters"], **field}
        with pytest.raises(InvalidRequest, match=f"^Invalid '{next(iter(field))}'"):
            parse_speech(body, MAX_CHARS, MAX_FRAMES)
    with pytest.raises(InvalidRequest, match=r"^Invalid 'sample_rate'"):
        speech(sample_rate=7, parameters=faults["parameters"])
    assert job_error(**faults).startswith("Invalid parameter 'num_steps'")


def test_presets_are_upstreams_and_explicit_parameters_win():
    assert len(PRESETS) == 6
    flat = job(parameters={"preset": "Independent-High-CFG-Flat", "num_steps": 12}).parameters
    assert (flat.cfg_scale_text, flat.cfg_scale_speaker) == (8, 8)
    assert (flat.truncation_factor, flat.rescale_k, flat.rescale_sigma) == (0.8, 1.2, 3)
    assert flat.num_steps == 12
    plain = job(parameters={"preset": "Independent-Low-CFG"}).parameters
    assert (plain.cfg_scale_text, plain.truncation_factor, plain.rescale_k) == (3, 1, 1)


def test_given_holds_what_the_caller_or_its_preset_gave_of_the_models():
    assert job(parameters={"num_steps": None, "seed": 3}).given == {}
    given = {"num_steps": 9.0, "sequence_length": "auto", "max_chars_per_chunk": 50}
    assert job(parameters=given).given == {
        "num_steps": 9,
        "sequence_length": "auto",
        "max_chars_per_chunk": 50,
    }
    preset = "Independent-Low-CFG"
    assert job(parameters={"preset": preset, "num_steps": 12}).given == {
        **PRESETS[preset],
        "num_steps": 12,
    }


def test_complete_puts_what_is_given_over_the_defaults():
    defaults = SamplerParameters(num_steps=8, cfg_scale_text=2.0, sequence_length="auto")
    assert complete({}, defaults, MAX_FRAMES) == defaults
    given = {"num_steps": 9, "sequence_length": 64}
    expected = SamplerParameters(num_steps=9, cfg_scale_text=2.0, sequence_length=64)
    assert complete(given, defaults, MAX_FRAMES) == expected


def test_complete_refuses_what_does_not_go_with_the_defaults():
    with pytest.raises(InvalidRequest, match=r"^Invalid parameter 'cfg_min_t': 0\.9 is above"):
        complete({"cfg_min_t": 0.9}, SamplerParameters(cfg_max_t=0.8), MAX_FRAMES)


def speech(**fields):
    return parse_speech({"input": "Hello.", "model": "tts-1", **fields}, MAX_CHARS, MAX_FRAMES)


def test_speech_defaults_are_openais():
    request = speech(voice="default")
    assert (request.voice, request.output_format, request.speed) == (None, "mp3", 1.0)
    assert request.sample_rate == 44100


def test_timestamps_are_of_words_or_none():
    assert parse_job({"text": "Hi.", "timestamps": "word"}, MAX_CHARS, MAX_FRAMES).timestamps
    assert parse_speech({"input": "Hi.", "timestamps": "word"}, MAX_CHARS, MAX_FRAMES).timestamps
    assert not parse_job({"text": "Hi.", "timestamps": None}, MAX_CHARS, MAX_FRAMES).timestamps
    for value in ("segment", True, ["word"], 1):
        with pytest.raises(InvalidRequest, match=r"^Invalid 'timestamps': ") as refusal:
            parse_speech({"input": "Hi.", "timestamps": value}, MAX_CHARS, MAX_FRAMES)
        assert refusal.value.param == "timestamps"


@pytest.mark.parametrize("voice", ["ada.ogg", {"id": "ada.ogg"}])
def test_speech_voice_may_be_a_string_or_an_object(voice):
    assert speech(voice=voice).voice == "ada.ogg"


@pytest.mark.parametrize("voice", [5, [], {"id": 5}, {"name": "ada.ogg"}])
def test_speech_voice_of_another_shape_is_refused(voice):
    with pytest.raises(InvalidRequest, match="Invalid 'voice'"):
        speech(voice=voice)


def test_speech_pcm_is_24_khz_unless_asked_otherwise():
    assert speech(response_format="pcm").sample_rate == 24000
    assert speech(response_format="pcm", sample_rate=44100).sample_rate == 44100


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_format", "wma"),
        ("speed", 0.2),
        ("speed", 4.1),
        ("speed", "fast"),
        ("stream_format", "ndjson"),
        ("sample_rate", 44101),
        ("sample_rate", True),
        ("seed", 0.5),
        ("model", 3),
    ],
)
def test_speech_with_a_bad_field_names_it(field, value):
    with pytest.raises(InvalidRequest) as caught:
        speech(**{field: value})
    assert caught.value.message.startswith(f"Invalid '{field}': ")
    assert caught.value.param == field


def test_speech_text_errors_name_openais_field():
    with pytest.raises(InvalidRequest, match="Missing or invalid 'input' field") as caught:
        parse_speech({"voice": "default"}, MAX_CHARS, MAX_FRAMES)
    assert caught.value.param == "input"


def test_speech_accepts_instructions():
    assert speech(instructions="cheerful").text == "Hello."


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
JOB_FIELDS = [
    "action",
    "speaker_voice",
    "parameters",
    "seed",
    "session_id",
    "output_format",
    "stream",
    "voice",
    "speed",
    "sample_rate",
    "response_format",
]
ANY_JOB = ANY_JSON | st.fixed_dictionaries(
    {"text": st.just("Hello.") | ANY_JSON, "input": st.just("Hello.") | ANY_JSON},
    optional={
        **dict.fromkeys(JOB_FIELDS, ANY_JSON),
        "parameters": st.dictionaries(st.sampled_from(PARAMETER_NAMES) | st.text(), ANY_JSON),
    },
)


@given(ANY_JOB)
def test_nothing_but_a_contract_error_comes_out(job_input):
    for parse in (parse_job, parse_speech):
        try:
            parse(job_input, MAX_CHARS, MAX_FRAMES)
        except InvalidRequest as error:
            message = error.message
        else:
            message = ""
        assert message == "" or message.isprintable()
        json.dumps(message, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "pause", ["[pause:11s]", "[pause:-1s]", "[pause:]", "[pause:soon]", "[pause:1]", "[pause:1s"]
)
def test_text_with_an_invalid_pause_is_refused_by_name(pause):
    message = f"Invalid pause '{pause}': it takes 0 to 10 s, as in [pause:0.8s]"
    assert job_error(text=f"Hello {pause}") == message
    with pytest.raises(InvalidRequest, match="Invalid pause") as caught:
        parse_speech({"input": pause}, MAX_CHARS, MAX_FRAMES)
    assert caught.value.param == "input"


def test_voices_are_the_same_field_in_both_bodies():
    voices = {"S1": "ada.ogg", "S2": "otto.ogg"}
    assert job(text="[S1] Hi. [S2] Ho.", voices=voices).voices == voices
    body = {"S1": {"id": "ada.ogg"}, "S2": "default"}
    assert speech(input="[S1] Hi. [S2] Ho.", voices=body).voices == {"S1": "ada.ogg", "S2": None}
    assert job(voices={}).voices == job().voices == {}


@pytest.mark.parametrize(
    ("text", "voices", "named"),
    [
        ("[S1] Hi. [S2] Ho.", {"S1": "ada.ogg"}, "[S2]"),
        ("[S1] Hi.", {"S1": "ada.ogg", "S9": "otto.ogg"}, "[S9]"),
        ("Hi.", {"ada": "ada.ogg"}, "'ada'"),
        ("[S1] Hi.", {"S1": 5}, "5"),
        ("[S1] Hi.", "ada.ogg", "ada.ogg"),
    ],
)
def test_voices_that_do_not_fit_are_refused_by_name(text, voices, named):
    assert named in job_error(text=text, voices=voices)
    with pytest.raises(InvalidRequest) as caught:
        speech(input=text, voices=voices)
    assert named in caught.value.message
    assert caught.value.param == "voices"


def test_voices_of_a_text_to_come_need_no_tags_yet():
    voices = {"S1": "ada.ogg"}
    assert parse_speech_config({"voices": voices}, MAX_FRAMES).voices == voices
    with pytest.raises(InvalidRequest, match="'ada' is not S and a number"):
        parse_speech_config({"voices": {"ada": "ada.ogg"}}, MAX_FRAMES)


def test_dialogue_of_nothing_but_tags_is_empty():
    assert job_error(text="[S10] [S10]", voices={"S10": "ada.ogg"}) == "Text cannot be empty"
    cue = "[S1]00:00:01,000 --> 00:00:02,000"  # only a turn by itself begins with it
    assert job_error(text=cue, voices={"S1": "ada.ogg"}) == "Text cannot be empty"
