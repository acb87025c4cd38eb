import pytest

from deployments.http.elevenlabs.alignment import CharacterTimes, TimedCharacters
from speech.timestamps import TimedWord

TEXT = "😀 Well, well  done 🎉! :-) "
WORDS = [TimedWord("Well,", 1.0, 1.5), TimedWord("well", 1.75, 2.0), TimedWord("done", 2.25, 2.75)]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_every_character_is_told_once_however_the_words_come(step):
    times = CharacterTimes(TEXT, 0.5)
    parts = [times.take(WORDS[start : start + step]) for start in range(0, len(WORDS), step)]
    parts.append(times.take((), last=True))
    assert "".join(char for part in parts for char in part.characters) == TEXT
    starts = [start for part in parts for start in part.starts]
    ends = [end for part in parts for end in part.ends]
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert (starts[0], ends[-1]) == (1.0, 2.75)
    assert times.take((), last=True) == TimedCharacters([], [], [])


def test_text_of_which_no_word_is_known_is_where_it_begins():
    timed = CharacterTimes("Hm", 0.5).take((), last=True)
    assert timed == TimedCharacters(["H", "m"], [0.5, 0.5], [0.5, 0.5])
