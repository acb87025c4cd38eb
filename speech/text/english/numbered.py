"""Abbreviations of what is numbered, such as `Art. 5`, `pp. ix-xii` and `2nd Lt.`, and the like."""

from __future__ import annotations

import re

from speech.text.english.figures import SPELLED_NUMBERS
from speech.text.english.roman import value_of
from speech.text.english.rule import Rule, alternatives, like, listed, rule
from speech.text.english.sentences import stop_after, word_before

_BEFORE_NUMBERS = {
    "No": "Number", "no": "number", "Nos": "Numbers", "nos": "numbers", "Fig": "Figure",
    "fig": "figure", "Figs": "Figures", "Eq": "Equation", "Vol": "Volume", "vol": "volume",
    "Ch": "Chapter", "ch": "chapter", "Sec": "Section", "sec": "section", "Art": "Article",
    "art": "article", "p": "page", "pp": "pages", "Apt": "Apartment", "apt": "apartment",
    "para": "paragraph", "ext": "extension", "Ext": "Extension",
    "max": "maximum", "Max": "Maximum", "min": "minimum", "Min": "Minimum",
    "tel": "telephone", "Tel": "Telephone", "Bldg": "Building", "bldg": "building",
    "Rte": "Route", "Mk": "Mark", "Lvl": "Level", "lvl": "level", "Op": "Opus", "op": "opus",
    "Pt": "Part", "Ep": "Episode", "ep": "episode", "Eps": "Episodes", "Rm": "Room", "rm": "room",
    "Vols": "Volumes", "vols": "volumes", "Chs": "Chapters", "chs": "chapters",
    "Secs": "Sections", "Eqs": "Equations", "figs": "figures", "ver": "version",
    "Ver": "Version", "Hwy": "Highway", "Sect": "Section", "Para": "Paragraph",
    "Sc": "Scene", "sc": "scene", "Lv": "Level", "lv": "level", "Pg": "Page",
    "pg": "page", "pgs": "pages", "temp": "temperature", "Temp": "Temperature",
    "qty": "quantity", "Qty": "Quantity", "col": "column", "Cat": "Category", "Plat": "Platform",
    "vv": "verses", "ll": "lines", "Iss": "Issue", "iss": "issue", "Tab": "Table",
    "Reg": "Regulation", "reg": "regulation", "cl": "clause", "Cl": "Clause", "Sch": "Schedule",
    "Sched": "Schedule", "sched": "schedule", "Exh": "Exhibit", "exh": "exhibit",
    "subpara": "subparagraph", "Subpara": "Subparagraph",
    "Arts": "Articles", "ss": "sections", "paras": "paragraphs", "Paras": "Paragraphs",
    "Long": "Longitude", "Elev": "Elevation", "elev": "elevation", "pop": "population",
    "Pop": "Population",
    "App": "Appendix", "Bk": "Book", "bk": "book", "Amend": "Amendment", "lat": "latitude",
    "Lat": "Latitude", "Ste": "Suite", "agg": "aggregate", "Res": "Resolution",
    "Prop": "Proposition", "Chap": "Chapter",
    "rev": "revision", "acct": "account", "Acct": "Account", "Inv": "Invoice", "inv": "invoice",
}  # fmt: skip
_ALSO_WORDS = frozenset({"art", "app", "cat", "long", "max", "pop", "tab"})
_REFER = frozenset(
    listed("a an and as at by cf for from in is of on or per see than the to under with")
)
"""Behind these, and behind no other word, what is a word as well is numbered: `under Art. 5`."""
_SAY_NO = frozenset(
    listed(
        "answer answered answers definitely just meant means nodded oh replied said say saying "
        "says shouted thought vote voted whispered"
    )
)
_SHOUTED = {word.upper(): said for word, said in _BEFORE_NUMBERS.items() if len(word) > 1}
_UNSTOPPED = {
    word: {**_SHOUTED, **_BEFORE_NUMBERS}[word]
    for word in listed(
        "Fig Figs Vol Vols vol Ch ch Chs Ep Eps ep Apt Bldg Rm Rte Hwy Lvl lvl Lv lv LVL Pg pg pgs "
        "pp Pt Op Mk Sect Qty qty Ste ext"
    )
}
"""Abbreviations that need no full stop: before a number they are nothing else."""
_WITH_LOWER_CASE = {
    "p.": "page ", "pp.": "pages ", "vol.": "volume ", "Vol.": "Volume ", "ch.": "chapter ",
    "Ch.": "Chapter ", "sc.": "scene ", "Sc.": "Scene ",
}  # fmt: skip
_HEADS = {"tel": "telephone", "attn": "attention"}
_NUMBERS_OF = {
    "tel": "telephone", "ref": "reference", "inv": "invoice", "acct": "account",
    "ser": "serial",
}  # fmt: skip
_WITH_ORDINAL = {
    "Amend": "Amendment", "Fl": "floor", "fl": "floor", "flr": "floor", "Flr": "Floor",
    "Lt": "Lieutenant", "Sgt": "Sergeant", "Cir": "Circuit", "Div": "Division",
    "Inf": "Infantry", "Cav": "Cavalry",
    "Bn": "Battalion", "Regt": "Regiment", "inst": "instant", "ult": "ultimo", "prox": "proximo",
}  # fmt: skip
_RANKED = (
    r"of\s(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|"
    r"(?:day|[Bb]attalion|[Bb]rigade|[Cc]avalry|[Dd]ivision|[Ii]nfantry|"
    r"Lieutenant|Reg(?:imen)?t|Street|Cir)\b"
)
"""Behind figures with a `d`, which is an ordinal's as it was written."""
_ATTACHED = {
    "App": "Appendix", "Ex": "Exhibit", "Exh": "Exhibit", "Sched": "Schedule", "Sch": "Schedule",
    "Apt": "Apartment", "Bldg": "Building", "Rm": "Room", "rev": "revision", "Rev": "Revision",
}  # fmt: skip
_DOSES = {"tab": "tablet", "cap": "capsule"}


def _in_lower_case(match: re.Match[str]) -> str | None:
    """Return `pages 9 to 12` for `pp. ix-xii`."""
    numbers = [value_of(part.upper()) for part in (match["first"], match["last"]) if part]
    if not all(numbers):
        return None
    what = _WITH_LOWER_CASE.get(match["what"].strip(), match["what"])
    return what + " to ".join(map(str, numbers))


def _number_of(match: re.Match[str]) -> str:
    return f"{like(match['what'], _NUMBERS_OF[match['what'].lower()])} number"


def _dose(match: re.Match[str]) -> str:
    plural = "s" * (match["amount"] != "1")
    return f"{match['amount']} {_DOSES[match['dose']]}{plural}"


def _numbered(match: re.Match[str]) -> str | None:
    """Return `Article ` for the `Art. ` of `under Art. 5`; None for the word in `modern art. 5`."""
    word, before = match["word"], word_before(match)
    if word == "no" and before in _SAY_NO:
        return None
    is_word = word.lower() in _ALSO_WORDS and (before.islower() or word == "Max")
    if is_word and word not in ("max", "long") and before and before.lower() not in _REFER:
        return None
    return f"{_BEFORE_NUMBERS[word]} "


def _featuring(match: re.Match[str]) -> str | None:
    is_length = match["name"].strip().lower() in SPELLED_NUMBERS and stop_after(match)
    return None if is_length else f"{match['name']}featuring"


def _full_ordinal(match: re.Match[str]) -> str:
    """Return `3rd` for the `3d` of `3d of May`."""
    return f"{match['figures']}{'nd' if match['figures'][-1] == '2' else 'rd'}"


NUMBERED: tuple[Rule, ...] = (
    rule(rf"(?<![\w.,/$£€-])(?P<figures>\d{{0,2}}[23])d(?=\s(?:{_RANKED}))", _full_ordinal),
    rule(
        r"(?<![\w.])(?P<word>Vol|vol|Ch|Chap|Pt|Bk)\.\s(?=[IVX](?:[,;:.)]|\s?(?:$|\n)))",
        lambda match: f"{_BEFORE_NUMBERS[match['word']]} ",
    ),
    rule(
        rf"\b(?P<what>(?i:{alternatives(list(_NUMBERS_OF))}))\.?\s[Nn]o\.(?=[:]|\s?[#\d]|\s?$)",
        _number_of,
    ),
    rule(
        rf"(?P<nth>\d(?:st|nd|rd|th)\s)(?P<what>{alternatives(list(_WITH_ORDINAL))})\.",
        lambda m: f"{m['nth']}{_WITH_ORDINAL[m['what']]}{stop_after(m)}",
    ),
    rule(r"(?P<nth>\d(?:st|nd|rd|th)\s)Fl(?=[,;)]|\s?$|\n)", lambda m: f"{m['nth']}Floor"),
    rule(
        r"(?<![\w.,/])(?P<amount>\d{1,2})\s(?P<dose>tab|cap)s?\.(?=\s[a-z])",
        _dose,
    ),
    rule(
        rf"(?<![\w.])(?P<what>{alternatives(list(_ATTACHED))})\.\s(?=[B-HJ-Z](?![\w.'’])|A(?=[,;)]|\s?$))",
        lambda m: f"{_ATTACHED[m['what']]} ",
    ),
    rule(
        r"(?<![\w.])(?P<e>[Ee])q(?P<many>s?)\.(?=\s\(\d)", lambda m: f"{m['e']}quation{m['many']}"
    ),
    rule(r"(?P<name>\b[A-Z][\w'’]{0,20}\s|\()ft\.(?=\s[A-Z])", _featuring),
    rule(r"(?<![\w.'’-])Ste\.?(?=\s[A-Z](?![\w.]))", "Suite"),
    rule(
        r"\b(?P<what>[Dd]ep|[Aa]rr)\.?(?=\s\d{1,2}[:.]\d\d\b)",
        lambda m: f"{m['what']}{'arts' if m['what'][0] in 'Dd' else 'ives'}",
    ),
    rule(r"(?:^|(?<=\n)|(?<=[:]\s))(?:FWD?|Fwd?)(?=[:]\s)", "Forward"),
    rule(r"(?:^|(?<=\n)|(?<=[:]\s))RE(?=[:]\s)", "Re"),
    rule(r"\bACT(?=\s(?:[IVX]{1,4}|\d{1,2}|ONE|TWO|THREE|FOUR|FIVE)\b)", "Act"),
    rule(r"(?:^|(?<=\n)|(?<=/))INT\.(?=\s[A-Z]{2}|\s\d+[A-Z]{2}\b|/EXT)", "Interior."),
    rule(r"(?:^|(?<=\n)|(?<=/))EXT\.(?=\s[A-Z]{2}|\s\d+[A-Z]{2}\b|/INT)", "Exterior."),
    rule(
        rf"(?<![\w.'’])(?P<word>{alternatives(list(_BEFORE_NUMBERS))})\.\s?(?=[#+]?\d|[IVX]{{2,5}}\b)",
        _numbered,
    ),
    rule(
        rf"(?<![\w.'’])(?P<word>{alternatives(list(_SHOUTED))})\.\s?(?=[#+]?\d|[IVX]{{1,5}}\b)",
        lambda match: f"{_SHOUTED[match['word']]} ",
    ),
    rule(
        rf"(?<![\w.])(?P<word>{alternatives(list(_UNSTOPPED))})\s(?=\d|[IVX]{{2,5}}\b)",
        lambda match: f"{_UNSTOPPED[match['word']]} ",
    ),
    rule(r"(?<![\w.])(?P<first>[Ll])vl?\.?(?=\d)", lambda m: f"{m['first']}evel "),
    rule(r"\bRt\.(?=\s(?:Hon|Rev)\b)", "Right"),
    rule(r"(?<![\w.])(?P<first>[Nn])o\.(?=\sof\s)", lambda m: f"{m['first']}umber"),
    rule(r"(?<=[a-z]\s)No(?=\s\d{1,3}(?![\w,]|\.\d|\stimes\b))", "number"),
    rule(
        r"(?P<nth>\d(?:st|nd|rd|th)\s)(?P<rev>rev\.\s)?ed\.",
        lambda m: f"{m['nth']}{'revised ' if m['rev'] else ''}edition{stop_after(m)}",
    ),
    rule(
        r"(?<!\w)q\.?\s?(?P<hours>\d{1,2}(?:[-–]\d{1,2})?)\s?h(?:rs?)?(?!\w)(?:\.(?=\s[a-z]))?",
        lambda m: f"every {m['hours']} hours",
    ),
    rule(r"(?<![\w.'’])(?P<word>[Nn]o)\.\s(?=[A-Z]{1,4}-?\d)", _numbered),
    rule(r"(?:(?<=\bin\s)|(?<=\()|^)Rd\.?\s(?=\d{1,2}(?!\w))", "Round "),
    rule(r"\bLat(?=[:]\s?[-−]?\d)", "Latitude"),
    rule(r"\bLo?ng?(?=[:]\s?[-−]?\d{1,3}\.\d)", "Longitude"),
    rule(r"\blong\.(?=\s[-−]?\d{1,3}(?:\.\d|°))", "longitude"),
    rule(r"\bbasis\spts\b\.?(?!\w)", "basis points"),
    rule(
        r"(?<![\w.])(?<!\d[\s-])(?P<most>(?<![A-Za-z]\s)M|m)(?P<ax>ax|in)\.(?=\s[a-z])",
        lambda match: f"{match['most']}{match['ax']}imum",
    ),
    rule(
        r"\b(?P<short>[Tt]el|TEL|[Aa]ttn|ATTN)\.?(?=:)",
        lambda m: like(m["short"], _HEADS[m["short"].lower()]),
    ),
    rule(
        r"(?<![\w.])(?P<short>[Ee]st)\.(?=\s(?!1[5-9]\d\d|20\d\d|in\s)\S|\)|$)",
        lambda m: f"{m['short']}imated",
    ),
    rule(
        r"(?P<what>\b(?:[Pp]ages?|[Cc]hapter|[Vv]olume|[Ss]cene|[Aa]ct|[Bb]ook)\s(?=[ivxl]{2})"
        r"|\b(?:pp?|[Vv]ol|[Cc]h|[Ss]c)\.\s?)"
        r"(?P<first>[ivxl]{1,6})(?:\s?[-–—]\s?(?P<last>[ivxl]{1,6}))?(?![\w'’-])",
        _in_lower_case,
    ),
)
"""Rules for things that are numbered, which come before those for numbers."""
