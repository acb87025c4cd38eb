from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("Pls see, gr8 job m8, l8r", "Please see, great job mate, later"),
    ("brb, tbh it's fine", "bee ar bee, tee bee aitch it's fine"),
    ("#BlackLivesMatter #100DaysOfCode", "hashtag Black Lives Matter hashtag one hundred Days Of "
     "Code"),
    ("#1, #2A, #covid19", "number one, number two ay, hashtag covid nineteen"),
    ("u/spez on r/AskReddit", "you slash spez on ar slash AskReddit"),
    ("Press Ctrl+Alt+Del or Cmd-S", "Press Control Alt Delete or Command ess"),
    ("I love it 😍😍. great 👍 job😀bye", "I love it. great job bye"),
    ("I ❤️ NY, ok :P yes", "I love en why, ok  yes".replace("  ", " ")),
    ("I <3 you, a 5k run, gtg", "I love you, a five kay run, jee tee jee"),
    ("No MSG, MSG me", "No em ess jee, Message me"),
    ("thx 4 the 5 dmg", "thanks for the five damage"),
    ("I ran a 10k. She ran her first 5K.", "I ran a ten kay. She ran her first five kay."),
    ("<3 you", "love you"),
    ("r u there? c u @ 8, u are late, love u!",
     "are you there? see you at eight, you are late, love you!"),
    ("ur #s, rn; let u = 3, u, v; Ur",
     "your numbers, right now; let u equals three, u, v; Ur"),
    ("1:1s, 1:1 with Bob, a 1:1 mix", "one on ones, one on one with Bob, a one to one mix"),
    ("W8 and M8 for me, m8", "double-you eight and em eight for me, mate"),
    ("Great :tada: :+1: work at 5: a:b: c", "Great work at five: a:b: c"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_chat_is_read_as_it_is_meant(written: str, said: str) -> None:
    assert normalize(written) == said
