"""Word times of a text from what is said for it."""

from speech.timestamps import TimedWord, Timestamps


def test_a_number_lasts_as_long_as_its_words():
    words = Timestamps("Pay $12 now.", ["Pay twelve", "dollars now."])
    assert words.add([TimedWord("Pay", 0.1, 0.4), TimedWord("twelve", 0.4, 0.8)]) == [
        TimedWord("Pay", 0.1, 0.4)
    ]
    assert words.add([TimedWord("dollars", 1.0, 1.5), TimedWord("now.", 1.5, 1.8)]) == [
        TimedWord("$12", 0.4, 1.5),
        TimedWord("now.", 1.5, 1.8),
    ]


def test_a_word_left_out_has_no_length():
    words = Timestamps("one two", ["one"])
    assert words.add([TimedWord("one", 0.2, 0.5)]) == [
        TimedWord("one", 0.2, 0.5),
        TimedWord("two", 0.5, 0.5),
    ]


def test_a_word_moves_with_its_audio():
    assert TimedWord("so", 0.5, 0.75).within(1.5, 2.0) == TimedWord("so", 1.0, 1.125)
