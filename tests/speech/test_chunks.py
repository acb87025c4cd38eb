from dataclasses import replace

import pytest

from engine.echo.config import PASS_LIMITS
from speech.chunks import ChunkPlanner, chunk_seed, plan_chunks
from speech.errors import InvalidRequest
from speech.parameters import ModelParameters
from speech.request import parse_job, parse_speech
from speech.text.breaks import Break
from speech.text.incremental import Sentence, SentenceReader

TEXT = "The first sentence is this one. The second sentence is another one. And a third one ends."


PUBLISHED = ModelParameters()
MAX_AUDIO_S = 60.0


def plan(defaults=PUBLISHED, **fields):
    request = parse_job({"text": TEXT, **fields}, 4096, PASS_LIMITS.max_frames)
    return plan_chunks(request, defaults, {}, PASS_LIMITS, MAX_AUDIO_S)


def test_each_chunk_has_the_requests_voice_and_a_seed_of_its_own():
    chunks = plan(seed=7, speaker_voice="ada.ogg", parameters={"max_chars_per_chunk": 40}).chunks
    assert len(chunks) == 3
    assert {chunk.voice for chunk in chunks} == {"ada.ogg"}
    assert [chunk.seed for chunk in chunks] == [chunk_seed(7, index) for index in range(3)]
    assert " ".join(chunk.text for chunk in chunks) == TEXT


def test_a_shorter_pass_has_shorter_chunks():
    assert len(plan().chunks) < len(plan(parameters={"sequence_length": 64}).chunks)
    assert plan() == plan(parameters={"sequence_length": "auto"})


def test_chunk_seed_is_the_requests_own_then_derived():
    assert chunk_seed(7, 0) == 7
    derived = [chunk_seed(7, index) for index in range(1, 50)]
    assert len(set(derived)) == 49
    assert all(0 <= seed < 2**63 for seed in derived)
    assert derived == [chunk_seed(7, index) for index in range(1, 50)]


def test_a_models_own_defaults_hold_where_a_request_gives_none():
    shorter = ModelParameters(target_duration_seconds=2.0, normalize_text=True)
    assert len(plan(shorter).chunks) == 3
    assert len(plan(shorter, parameters={"target_duration_seconds": 20}).chunks) == 1
    assert plan(shorter, text="Room 5.").chunks[0].text == "Room five."
    plain = plan(shorter, text="Room 5.", parameters={"normalize_text": False})
    assert plain.chunks[0].text == "Room 5."


def test_a_requests_pronunciations_come_before_the_servers():
    server, own = {"lead": "leed", "tear": "teer"}, {"lead": "led"}
    request = parse_job({"text": "Lead and tear.", "pronunciations": own}, 99, 640)
    made = plan_chunks(request, ModelParameters(), server, PASS_LIMITS, MAX_AUDIO_S)
    assert made.chunks[0].text == "led and teer."


def pauses(text, speed=1.0, **parameters):
    body = {"input": text, "speed": speed, "parameters": parameters}
    request = parse_speech(body, 4096, PASS_LIMITS.max_frames)
    made = plan_chunks(request, PUBLISHED, {}, PASS_LIMITS, MAX_AUDIO_S)
    return [*(chunk.pause_s for chunk in made.chunks), made.closing_pause_s]


def test_paragraphs_sentences_and_clauses_get_their_own_pause():
    sentence = "The lamp in the window went out before anybody came home again. "
    clause = "which nobody had expected at all on that particular day, "
    given = {
        "target_duration_seconds": 4,
        "paragraph_pause_seconds": 1,
        "sentence_pause_seconds": 0.5,
        "clause_pause_seconds": 0.2,
    }
    text = f"{sentence * 2}\n\n{sentence}{clause * 3}so it went."
    assert pauses(text, **given) == [None, 0.5, 1, 0.2, 0.2, 0.2, None]


def test_passes_keep_their_silence_where_joins_stay():
    text = "One.\n\nTwo. [pause:2s] Three."
    assert pauses(text, normalize_boundaries=False) == [None, None, 2, None]


def test_a_pause_that_is_asked_for_takes_the_place_of_others():
    text = "[pause:1s] One\n\n[pause:0.1s]\n\nTwo, [pause:3s] three.[pause:0.8s]"
    assert pauses(text) == [1, 0.1, 3, 0.8]


def test_pauses_around_nothing_to_say_add_up():
    assert pauses("One. [pause:1s] --- [pause:0.5s] Two.") == [None, 1.5, None]


def test_only_a_pause_that_is_asked_for_is_as_long_at_any_speed():
    text = "One.\n\nTwo. [pause:1s] Three. [pause:0.5s]"
    assert pauses(text, speed=2.0) == [None, 0.7, 2, 1]
    assert pauses(text, speed=0.5) == [None, 0.7, 0.5, 0.25]


@pytest.mark.parametrize("speed", [0.25, 1, 4])
def test_pauses_longer_than_the_audio_may_be_are_refused(speed):
    body = {"input": "One.", "speed": speed}
    request = parse_speech(body, 4096, PASS_LIMITS.max_frames)
    planner = ChunkPlanner(request, PUBLISHED, {}, PASS_LIMITS, MAX_AUDIO_S)
    for pause_s in (MAX_AUDIO_S / 24,) * 24:
        planner.plan(Sentence(f"[pause:{pause_s}s]", Break.SENTENCE))
    told = rf"^Pauses too long: 61 s in all \(max {MAX_AUDIO_S:g}\)$"
    with pytest.raises(InvalidRequest, match=told):
        planner.plan(Sentence("[pause:1s] One.", Break.SENTENCE))


def by_sentence(text, **fields):
    """Return the planner of a text, and what it makes of its sentences."""
    request = parse_job({"text": text, **fields}, 4096, PASS_LIMITS.max_frames)
    planner = ChunkPlanner(request, PUBLISHED, {}, PASS_LIMITS, MAX_AUDIO_S)
    reader = SentenceReader(10.0)
    sentences = [*reader.feed(text), *reader.flush()]
    return planner, [chunk for sentence in sentences for chunk in planner.plan(sentence)]


def test_sentences_are_planned_like_a_text_that_is_cut_between_them():
    text = f"[S1] {TEXT.replace('. And', '.' + chr(10) * 2 + 'And')} [pause:2s] [S2] So it is."
    fields = {"seed": 7, "speaker_voice": "ada.ogg"}
    whole = plan(text=text, parameters={"max_chars_per_chunk": 45}, **fields)
    _, chunks = by_sentence(text, **fields)
    assert chunks == list(whole.chunks)
    assert [chunk.text[:4] for chunk in chunks] == ["[S1]", "[S1]", "[S1]", "[S2]"]


def test_pause_alone_is_kept_for_what_follows_or_for_the_end():
    planner, chunks = by_sentence("Wait.\n\n[pause:1s]\n\nThen go. [pause:0.5s]")
    assert [chunk.pause_s for chunk in chunks] == [None, 1.0]
    assert planner.closing_pause_s == 0.5


DIALOGUE = "Two met. [S1] Is it you? [pause:2s]\n\n[S2] It is I.\n\n[S1] [S2] At last.[S1]Good."
VOICES = {"S1": "ada.ogg", "S2": "otto.ogg"}
TURNS = [
    ("Two met.", "tim.ogg", None),
    ("Is it you?", "ada.ogg", 0.25),
    ("It is I.", "otto.ogg", 2.0),
    ("At last.", "otto.ogg", 0.7),
    ("Good.", "ada.ogg", 0.25),
]


def lines(chunks):
    return [(chunk.text, chunk.voice, chunk.pause_s) for chunk in chunks]


def test_turns_of_a_dialogue_are_chunks_in_their_voices():
    chunks = plan(text=DIALOGUE, voices=VOICES, speaker_voice="tim.ogg").chunks
    assert lines(chunks) == TURNS
    assert [chunk.seed for chunk in chunks] == [chunk_seed(0, index) for index in range(5)]


def test_dialogue_by_sentence_has_the_same_turns():
    request = parse_job({"text": DIALOGUE, "voices": VOICES, "speaker_voice": "tim.ogg"}, 4096, 640)
    planner = ChunkPlanner(request, PUBLISHED, {}, PASS_LIMITS, MAX_AUDIO_S)
    reader = SentenceReader(10.0)
    sentences = [*reader.feed(DIALOGUE), *reader.flush()]
    assert lines(chunk for sentence in sentences for chunk in planner.plan(sentence)) == TURNS
    with pytest.raises(InvalidRequest, match=r"\[S3\]"):
        planner.plan(Sentence("[S3] And I?", Break.SENTENCE))


def test_what_was_said_before_tells_the_language_of_a_short_sentence():
    request = parse_job({"text": "x"}, 4096, PASS_LIMITS.max_frames)
    parameters = replace(PUBLISHED, normalize_text=True)
    planner = ChunkPlanner(request, parameters, {}, PASS_LIMITS, MAX_AUDIO_S)
    sentences = ["Das ist nicht so.", "42!", "3 Jahre."]
    planned = [planner.plan(Sentence(text, Break.SENTENCE))[0].text for text in sentences]
    assert planned == sentences


def test_tags_without_voices_are_the_models():
    [chunk] = plan(text="[S1] Is it you? [S2] It is I.").chunks
    assert chunk.text == "[S1] Is it you? [S2] It is I."
