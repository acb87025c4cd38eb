import pickle

import pytest

from speech import errors

ALL = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.SpeechError)
]


@pytest.mark.parametrize("cls", ALL)
def test_error_survives_the_way_through_a_handle(cls):
    error = pickle.loads(pickle.dumps(cls("went wrong", "text")))
    assert type(error) is cls
    assert (error.message, error.param, str(error)) == ("went wrong", "text", "went wrong")


def test_error_message_is_one_printable_line():
    message = errors.InvalidRequest("voice 'a\nb\x00\ud800' is odd").message
    assert message == "voice 'a\\nb\\x00\\ud800' is odd"
    assert message.isprintable()


def test_error_codes_are_distinct():
    leaves = [cls for cls in ALL if cls is not errors.SpeechError]
    assert len({cls.code for cls in leaves}) == len(leaves)
