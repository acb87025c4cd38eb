"""Word times of a text from those of what is said for it."""

from speech.timestamps import TimedWord, Timestamps


def test_a_number_lasts_as_long_as_its_words():
    words = Timestamps("Pay $12 now.", ["Pay twelve", "dollars now."])
    first = words.add([TimedWord("Pay", 0.25, 0.5), TimedWord("twelve", 0.5, 0.75)], 0.0)
    assert first == [TimedWord("Pay", 0.25, 0.5)]
    assert words.add([TimedWord("dollars", 0.0, 0.5), TimedWord("now.", 0.5, 1.0)], 1.0) == [
        TimedWord("$12", 0.5, 1.5),
        TimedWord("now.", 1.5, 2.0),
    ]


def test_a_word_left_out_has_no_length():
    words = Timestamps("one two", ["one"])
    assert words.add([TimedWord("one", 0.25, 0.5)], 0.0) == [
        TimedWord("one", 0.25, 0.5),
        TimedWord("two", 0.5, 0.5),
    ]


def test_words_move_with_their_audio_and_its_speed():
    words = Timestamps("so be it", ["so be", "it"], speed=2.0)
    words.add([TimedWord("so", 0.5, 1.0), TimedWord("be", 1.0, 1.5)], 0.0)
    assert words.add([TimedWord("it", 0.5, 1.0)], 3.5) == [TimedWord("it", 2.0, 2.25)]


def test_words_of_a_silent_chunk_do_not_go_back():
    words = Timestamps("so be it", ["so be", "it"])
    words.add([TimedWord("so", 0.5, 1.0), TimedWord("be", 1.0, 1.5)], 0.0)
    assert words.add([TimedWord("it", 0.0, 0.25)], 1.0) == [TimedWord("it", 1.5, 1.5)]
