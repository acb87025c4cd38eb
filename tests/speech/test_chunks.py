from engine.echo.config import PASS_LIMITS
from speech.chunks import chunk_seed, plan_chunks
from speech.request import parse_job

TEXT = "The first sentence is this one. The second sentence is another one. And a third one ends."


def plan(**fields):
    request = parse_job({"text": TEXT, **fields}, 4096, PASS_LIMITS.max_frames)
    return plan_chunks(request, PASS_LIMITS).chunks


def test_each_chunk_has_the_requests_voice_and_a_seed_of_its_own():
    chunks = plan(seed=7, speaker_voice="ada.ogg", parameters={"max_chars_per_chunk": 40})
    assert len(chunks) == 3
    assert {chunk.voice for chunk in chunks} == {"ada.ogg"}
    assert [chunk.seed for chunk in chunks] == [chunk_seed(7, index) for index in range(3)]
    assert " ".join(chunk.text for chunk in chunks) == TEXT


def test_a_shorter_pass_has_shorter_chunks():
    assert len(plan()) < len(plan(parameters={"sequence_length": 64}))
    assert plan() == plan(parameters={"sequence_length": "auto"})


def test_chunk_seed_is_the_requests_own_then_derived():
    assert chunk_seed(7, 0) == 7
    derived = [chunk_seed(7, index) for index in range(1, 50)]
    assert len(set(derived)) == 49
    assert all(0 <= seed < 2**63 for seed in derived)
    assert derived == [chunk_seed(7, index) for index in range(1, 50)]
