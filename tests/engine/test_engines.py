import pytest

from engine import ENGINES
from engine.echo.config import MAX_FRAMES, MAX_TEXT_BYTES
from engine.echo.model.tokenizer import tokenize
from serve_app.settings import Settings
from speech.errors import InvalidRequest
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", ENGINES)
def test_every_option_of_an_engine_is_a_setting(name):
    for option, field in ENGINES[name].options.model_fields.items():
        setting = Settings.model_fields[option]
        assert setting.default == field.default
        assert (setting.metadata, setting.description) == (field.metadata, field.description)


def test_options_of_an_engine_are_what_the_settings_say():
    given = {"stream_blocks": "16,64", "max_active_jobs": "3", "device": "cpu"}
    options = Settings.model_validate({"engine": "echo", **given}).engine_options
    assert isinstance(options, ENGINES["echo"].options)
    assert (options.stream_blocks, options.max_active_jobs, options.device) == ((16, 64), 3, "cpu")


@pytest.mark.parametrize("character", ["x", "é", "字", "😀"])
def test_the_longest_text_of_a_pass_fills_what_the_model_reads(character):
    width = len(character.encode())
    num_chars, rest = divmod(ENGINES["echo"].limits.max_text_bytes, width)
    longest = character * num_chars + "x" * rest
    assert len(tokenize(longest)) == MAX_TEXT_BYTES
    with pytest.raises(InvalidRequest, match="too long"):
        tokenize(longest + "x")


def test_the_longest_speech_of_a_pass_fits_in_its_frames():
    limits = ENGINES["echo"].limits
    assert limits.max_frames == MAX_FRAMES
    assert limits.max_speech_s <= 0.85 * limits.max_frames * FRAME_SAMPLES / SAMPLE_RATE_HZ
    half = limits.shortened(limits.max_frames // 2)
    assert (half.max_speech_s, half.max_text_bytes) == (12.5, limits.max_text_bytes)
