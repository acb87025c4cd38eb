"""Verses of the Bible and of the Quran, such as `Luke 2:1`."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, ordinal
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, listed, rule

_BOOKS = (
    *listed(
        "Genesis Exodus Leviticus Numbers Deuteronomy Joshua Judges Ruth Samuel Kings Chronicles "
        "Ezra Nehemiah Esther Job Psalm Psalms Proverbs Ecclesiastes Isaiah Jeremiah Lamentations "
        "Ezekiel Daniel Hosea Joel Amos Obadiah Jonah Micah Nahum Habakkuk Zephaniah Haggai "
        "Zechariah Malachi Matthew Mark Luke John Acts Romans Corinthians Galatians Ephesians "
        "Philippians Colossians Thessalonians Timothy Titus Philemon Hebrews James Peter Jude "
        "Revelation Tobit Judith Wisdom Sirach Baruch Maccabees Esdras Nephi Alma Surah Sura "
        "Qur'an Qur’an Quran Koran"
    ),
    "Song of Songs", "Song of Solomon",
)  # fmt: skip
_SHORT_BOOKS = {
    "Gen": "Genesis", "Ex": "Exodus", "Exod": "Exodus", "Lev": "Leviticus", "Num": "Numbers",
    "Deut": "Deuteronomy", "Josh": "Joshua", "Judg": "Judges", "Sam": "Samuel", "Kgs": "Kings",
    "Chr": "Chronicles", "Chron": "Chronicles", "Neh": "Nehemiah", "Esth": "Esther",
    "Ps": "Psalm", "Pss": "Psalms", "Prov": "Proverbs", "Eccl": "Ecclesiastes",
    "Eccles": "Ecclesiastes", "Isa": "Isaiah", "Jer": "Jeremiah", "Lam": "Lamentations",
    "Ezek": "Ezekiel", "Dan": "Daniel", "Hos": "Hosea", "Obad": "Obadiah", "Mic": "Micah",
    "Nah": "Nahum", "Hab": "Habakkuk", "Zeph": "Zephaniah", "Hag": "Haggai", "Zech": "Zechariah",
    "Mal": "Malachi", "Matt": "Matthew", "Mt": "Matthew", "Mk": "Mark", "Lk": "Luke", "Jn": "John",
    "Rom": "Romans", "Cor": "Corinthians", "Gal": "Galatians", "Eph": "Ephesians",
    "Phil": "Philippians", "Col": "Colossians", "Thess": "Thessalonians", "Tim": "Timothy",
    "Tit": "Titus", "Philem": "Philemon", "Heb": "Hebrews", "Jas": "James", "Pet": "Peter",
    "Rev": "Revelation", "Macc": "Maccabees",
}  # fmt: skip
_IN_PARTS = "Corinthians|Thessalonians|Chronicles|Maccabees|Cor|Thess|Chron|Macc"
_MAY_BE_NAMES = "Samuel|Kings|Timothy|Peter|Sam|Kgs|Tim|Pet"
_PART = r"(?<![\w.,:/-])(?P<part>[1-4]|I{1,3})\s"
_BOOK = rf"(?P<book>\b(?:{alternatives([*_BOOKS, *_SHORT_BOOKS])})\b)\.?"
_NEXT = r"(?:[,;]\s?|\s?[-–—]\s?|\sand\s(?=\d{1,3}[:]))(?:\d{1,3}[:])?[1-9]\d{0,2}[ab]?"
_VERSES = rf"\d{{1,3}}[:][1-9]\d{{0,2}}[ab]?(?:{_NEXT}(?![\w:]|\.\d|\s[A-Z][a-z]))*"
_PIECE = re.compile(r"(?P<mark>\D*?)(?:(?P<chapter>\d+)[:])?(?P<verse>\d+)(?P<half>[ab]?)")


def _book(match: re.Match[str]) -> str:
    """Return `First Corinthians` for `1 Cor.` and for `I Corinthians`."""
    part, book = match["part"], match["book"] or match["whole"]
    name = _SHORT_BOOKS.get(book, book)
    if not part:
        return name
    number = part if part.isdigit() else str(len(part))
    return f"{ordinal(number).capitalize()} {name}"


def _reference(match: re.Match[str]) -> str:
    """Return `John three sixteen to eighteen` for `John 3:16-18`."""
    said = [_book(match)]
    for piece in _PIECE.finditer(match["verses"]):
        mark = piece["mark"].strip()
        if mark in (",", ";"):
            said[-1] += mark
        elif mark:
            said.append("and" if mark == "and" else "to")
        if chapter := piece["chapter"]:
            said.append(cardinal(chapter) + "," * (len(chapter) > 2))
        said.append(cardinal(piece["verse"]))
        said += [spell(half) for half in piece["half"]]
    return " ".join(said)


SCRIPTURE: tuple[Rule, ...] = (
    rule(
        rf"(?:{_PART})?{_BOOK}\s?(?P<verses>{_VERSES})(?![\w:]|\.\d|\s?[ap]\.?\s?m\b)",
        _reference,
    ),
    rule(
        rf"{_PART}(?:(?P<book>(?:{_IN_PARTS}|{_MAY_BE_NAMES})\b)\.?(?=\s?\d)"
        rf"|(?<!I\s)(?P<whole>(?:{_IN_PARTS})\b(?!\.)))",
        _book,
    ),
    rule(r"\bPs(?P<many>s?)\.?\s(?=\d)", lambda match: f"Psalm{match['many']} "),
)
"""Books with chapter and verse, then books that come in parts."""
