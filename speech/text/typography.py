"""Typography that is never said: composed accents, ligatures, characters that nobody sees.

A byte-level model reads two spellings of one visible text as two texts, and an invisible character
as a sound. Ordinary text passes through unchanged.
"""

from __future__ import annotations

import re
import unicodedata

from speech.text.mojibake import mend_mojibake
from speech.text.scripts import ZERO_WIDTH_SPACE, is_spaced

# Controls; soft hyphen, grapheme joiner, bidirectional marks, Hangul filler, Mongolian separator,
# zero-width space, word joiner, invisible operators, byte order mark, annotations, tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_PARTED = re.compile("\xad[ \t]{0,8}\r?\n[ \t]{0,8}")  # a word, at the end of a line
_JOINERS = re.compile("[\u200c\u200d]+")
# They choose a letter's form, and with it the word, in the Arabic and Indic scripts and Mongolian.
_JOINED_SCRIPTS = re.compile("[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ua980-\ua9df]")
# Latin and Armenian ligatures, Arabic as PDFs hold it, and letters in mathematical alphabets.
_PRESENTATION_FORMS = re.compile(
    "[\ufb00-\ufb17\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U0001d400-\U0001d7ff]+"
)
# Letters and figures as wide as Chinese ones, with the marks between them.
_WIDE = re.compile("[＃＄＠＋－]?[０-９Ａ-Ｚａ-ｚ]+(?:[！-～][０-９Ａ-Ｚａ-ｚ]+)*％?")
_BLANK = "\u2800"  # a Braille cell without dots, which some write for a space
# Hyphens that no line breaks at, as language models write them, and dashes of rare width.
_SAME_MARKS = str.maketrans({"‐": "-", "‑": "-", "﹣": "-", "‒": "–", "―": "—", _BLANK: " "})
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[´ʼ＇](?=[^\W\d_])")


def clean(text: str) -> str:
    """Return `text` in composed form (NFC) without ligatures, wide letters, invisible characters.

    Hyphens, dashes and apostrophes that only Unicode tells apart are one. What was read in a wrong
    encoding, such as `itâ€™s`, is what was written.

    Zero-width joiners stay where they make a letter or an emoji, and zero-width spaces where they
    mark words of a script that has no others.
    """
    if text.isascii() and text.isprintable():
        return text
    text = mend_mojibake(text)
    text = _WIDE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _PRESENTATION_FORMS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _APOSTROPHE.sub("’", text.translate(_SAME_MARKS))
    text = _UNSEEN.sub(_seen_part, _PARTED.sub("", text))
    # What was between them gone, two characters may be one.
    return unicodedata.normalize("NFC", _JOINERS.sub(_working_joiner, text))


def _seen_part(match: re.Match[str]) -> str:
    if match[0] != ZERO_WIDTH_SPACE:
        return ""
    before, after = _neighbours(match)
    marks_words = all(char.isalpha() and not is_spaced(char) for char in (before, after))
    return ZERO_WIDTH_SPACE if marks_words else ""


def _working_joiner(match: re.Match[str]) -> str:
    before, after = _neighbours(match)
    is_emoji = all(char and unicodedata.category(char) in ("So", "Sk") for char in (before, after))
    shapes = _JOINED_SCRIPTS.match(before) or _JOINED_SCRIPTS.match(after)
    return match[0][0] if is_emoji or shapes else ""


def _neighbours(match: re.Match[str]) -> tuple[str, str]:
    text = match.string
    return text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 1]
