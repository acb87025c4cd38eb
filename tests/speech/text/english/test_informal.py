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
    ("I (34F) and my ex husband (36M); sales (36M)", "I (thirty four eff) and my ex husband "
     "(thirty six em); sales (thirty six million)"),
    ("tysm <3 <3", "thank you so much "),
    ("g2g, b4 u go, wbu", "got to go, before you go, double-you bee you"),
    ("the mtg. was rec'd, req'd", "the meeting was received, required"),
    ("Approx. 8, A.k.a. Bo, Gen. Z, Gen. Lee", "Approximately eight, Also known as Bo, Gen zee, "
     "General Lee"),
    ("$4bn est.; an est. $5; est. 1998", "four billion dollars estimated; an estimated five "
     "dollars; established nineteen ninety eight"),
    ("Sgt. 1st Class Lee, the Rt. Hon. Jo, Cllr. Li", "Sergeant first Class Lee, the Right "
     "Honorable Jo, Councillor Li"),
    ("nr. Didcot, Conf. Rm 2, 4-2 on agg. to go", "near Didcot, Conference Room two, four to two "
     "on aggregate to go"),
    ("a 67 y/o M, c/o pain, c/o us", "a sixty seven year old male, complaining of pain, "
     "care of us"),
    ("I\n\nNo.\n\nII\n\nOp. 9: IV. Presto", "one\n\nNo.\n\ntwo\n\nOpus nine: four. Presto"),
    ("Preface... vii\nOne... 1", "Preface... seven\nOne... one"),
    ("10-4, over. A 10-50 at 5th. A 10-50 split. 10-15.", "ten four, over. A ten fifty at fifth. "
     "A ten to fifty split. ten to fifteen."),
    ("love you xx\nBo", "love you\nBo"),
    ("Go on.\n\n:tada: Stop\nfor 5+\nThen", "Go on.\n\nStop\nfor five plus\nThen"),
    ("see chapter xx\nGo", "see chapter twenty\nGo"),
    ("the 5k in 19:45", "the five kay in nineteen forty five"),
    ("♩ = 120", "quarter note equals one hundred and twenty"),
    ("lol :) <3 xoxo :3 ok ^_^. a colon (:) T_T", "lol xoxo ok. a colon (:)"),
    ("That is it ¯\\_(ツ)_/¯ so (◕‿◕) it is", "That is it so it is"),
    ("at approx 2AM, Approx. 8, my dept", "at approximately two ay em, Approximately eight, my "
     "department"),
    ("$1.15 est.\n\nSo", "one dollar and fifteen cents estimated\n\nSo"),
    ("T_T", "tee tee"),
    ("fr fr, s**t, f**k, x**n", "for real, s t, f k, x to the power of n"),
    ("Go on\n\n⚠️ Stop 🎉\n🚀 Up", "Go on\n\nStop\nUp"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_chat_is_read_as_it_is_meant(written: str, said: str) -> None:
    assert normalize(written) == said
