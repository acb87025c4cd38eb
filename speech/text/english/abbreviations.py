"""Abbreviations."""

from __future__ import annotations

import re

from speech.text.english.figures import SPELLED_NUMBERS
from speech.text.english.initials import spell
from speech.text.english.roman import ROMAN_NUMERALS, value_of
from speech.text.english.rule import Rule, alternatives, listed, rule
from speech.text.english.sentences import stop_after, word_before

TITLES = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messers",
    "Prof": "Professor", "Rev": "Reverend", "Hon": "Honorable", "Gen": "General", "Col": "Colonel",
    "Capt": "Captain", "Cmdr": "Commander", "Lt": "Lieutenant", "Maj": "Major", "Sgt": "Sergeant",
    "Cpl": "Corporal", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Supt": "Superintendent", "Mt": "Mount", "Ft": "Fort",
    "Adm": "Admiral", "Pvt": "Private", "Brig": "Brigadier", "Amb": "Ambassador", "Fr": "Father",
    "Det": "Detective", "Insp": "Inspector", "Mme": "Madame", "Mlle": "Mademoiselle", "Mx": "Mix",
    "Drs": "Doctors", "Profs": "Professors", "Sens": "Senators",
    "Govs": "Governors", "Gens": "Generals", "Br": "Brother", "Msgr": "Monsignor",
    "Atty": "Attorney", "Cdr": "Commander",
}  # fmt: skip
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
    "Arts": "Articles", "ss": "sections", "paras": "paragraphs", "Paras": "Paragraphs",
    "Long": "Longitude", "Elev": "Elevation", "elev": "elevation", "pop": "population",
    "Pop": "Population",
    "App": "Appendix", "Bk": "Book", "bk": "book", "Amend": "Amendment", "lat": "latitude",
    "Lat": "Latitude", "Ste": "Suite",
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
        "Fig Figs Vol Vols vol Ch Chs Ep Eps ep Apt Bldg Rm Rte Hwy Lvl lvl Lv lv LVL Pg pg pgs pp "
        "Pt Op Mk Sect Qty qty Ste"
    )
}
"""What no full stop need be behind: with a number it is nothing else."""
_WORDS = {
    "a.k.a.": "also known as",
    "Est.": "Established", "e.g.": "for example", "i.e.": "that is",
    "E.g.": "For example", "I.e.": "That is",
    "incl.": "including", "excl.": "excluding", "Incl.": "Including", "Excl.": "Excluding",
    "intl.": "international", "Intl.": "International", "asst.": "assistant",
    "Asst.": "Assistant", "mgr.": "manager", "Mgr.": "Manager",
    "vs.": "versus", "approx.": "approximately",
    "dept.": "department", "Dept.": "Department", "est.": "established", "viz.": "namely",
    "cf.": "compare", "esp.": "especially", "avg.": "average", "misc.": "miscellaneous",
    "govt.": "government", "et al.": "and others", "ea.": "each", "p.a.": "per annum",
    "(ret.)": "(retired)", "(ed.)": "(editor)", "(eds.)": "(editors)",
    "b.i.d.": "twice a day", "t.i.d.": "three times a day", "q.i.d.": "four times a day",
    "p.r.n.": "as needed", "q.d.": "once a day", "p.o.": "by mouth",
    "TL;DR": "tee ell dee ar", "tl;dr": "tee ell dee ar", "feat.": "featuring",
    "Feat.": "Featuring", "Bd. of": "Board of",
    "YoY": "year over year", "QoQ": "quarter over quarter", "MoM": "month over month",
}  # fmt: skip
_MAY_END = {
    "etc": "et cetera", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation",
    "Co": "Company", "Bros": "Brothers", "Jr": "Junior", "Sr": "Senior", "Ave": "Avenue",
    "Blvd": "Boulevard", "Rd": "Road", "Esq": "Esquire",
    "Qtr": "Quarter", "qtr": "quarter", "Hwy": "Highway", "Pkwy": "Parkway",
    "Univ": "University", "Assn": "Association",
}  # fmt: skip
_WITH_LOWER_CASE = {
    "p.": "page ", "pp.": "pages ", "vol.": "volume ", "Vol.": "Volume ", "ch.": "chapter ",
    "Ch.": "Chapter ", "sc.": "scene ", "Sc.": "Scene ",
}  # fmt: skip
_HEADS = {"Tel": "Telephone", "tel": "telephone", "Attn": "Attention", "attn": "attention"}
_NUMBERS_OF = {
    "tel": "telephone", "ref": "reference", "inv": "invoice", "acct": "account",
    "ser": "serial",
}  # fmt: skip
_WITH_ORDINAL = {
    "Amend": "Amendment", "Fl": "floor", "Lt": "Lieutenant", "Sgt": "Sergeant", "Cir": "Circuit",
    "Div": "Division", "Inf": "Infantry", "Cav": "Cavalry", "Bn": "Battalion", "Regt": "Regiment",
}  # fmt: skip
_CONTRACTED = {
    "gov't": "government", "int'l": "international", "nat'l": "national", "ass'n": "association",
    "dep't": "department", "cont'd": "continued", "sec'y": "secretary", "comm'n": "commission",
    "mfr'd": "manufactured", "mgm't": "management", "env't": "environment",
}  # fmt: skip
_CREDITS = {
    "ed": "edited", "prod": "produced", "dir": "directed", "arr": "arranged",
    "trans": "translated", "illus": "illustrated", "comp": "composed",
}  # fmt: skip
_NUNS = (
    "Agnes|Angela|Anna?e?|Bernadette|Catherine|Cecilia|Clare|Elizabeth|Helen|Joan|Josephine|Lucy|"
    "Margaret|Mari[ae]|Martha|Mary|Monica|Rita|Rose|Ther?esa|Ursula|Veronica"
)
_ANY_CONTRACTED = alternatives(list(_CONTRACTED)).replace("'", "['’]")
_ATTACHED = {"App": "Appendix", "Ex": "Exhibit"}
_DOSES = {"tab": "tablet", "cap": "capsule"}
_INITIAL = re.compile(r"\s[A-Z]\.")
_SHORT = {
    "w/o": "without",
    "s/he": "she or he",
    "S/he": "She or he",
    "b/c": "because",
    "c/o": "care of",
    "n/a": "not applicable",
    "y/y": "year on year",
    "q/q": "quarter on quarter",
    "m/m": "month on month",
    "y/o": "years old",
    "w/in": "within",
    "w/out": "without",
    "w/v": "weight per volume",
    "v/v": "volume per volume",
    "w/w": "weight per weight",
}


def _title(match: re.Match[str]) -> str:
    word = match["word"]
    return TITLES[word if word in TITLES else word.capitalize()]


def _may_end(match: re.Match[str]) -> str:
    trails_off = match.string.startswith("..", match.end())
    return _MAY_END[match["word"]] + ("." if trails_off else stop_after(match))


def _dotted(match: re.Match[str]) -> str:
    return spell(match[0]) + stop_after(match)


def _initial(match: re.Match[str]) -> str:
    """Return a name's initial; before another one there is no end, as in `A. A. Milne`."""
    is_first = _INITIAL.match(match.string, match.end())
    return spell(match["letter"]) + ("" if is_first else stop_after(match))


def _degree(match: re.Match[str]) -> str:
    plural = "s" * bool(match["plural"])
    return spell(match["letters"]) + plural + (stop_after(match) if match["stop"] else "")


def _in_lower_case(match: re.Match[str]) -> str | None:
    """Return `pages 9 to 12` for `pp. ix-xii`."""
    numbers = [value_of(part.upper()) for part in (match["first"], match["last"]) if part]
    if not all(numbers):
        return None
    what = _WITH_LOWER_CASE.get(match["what"].strip(), match["what"])
    return what + " to ".join(map(str, numbers))


def _like(word: str, said: str) -> str:
    return said.capitalize() if word[:1].isupper() else said


def _contracted(match: re.Match[str]) -> str:
    return _like(match[0], _CONTRACTED[match[0].lower().replace("’", "'")])


def _number_of(match: re.Match[str]) -> str:
    return f"{_like(match['what'], _NUMBERS_OF[match['what'].lower()])} number"


def _credit(match: re.Match[str]) -> str:
    return _like(match["what"], _CREDITS[match["what"].lower()])


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


def _sister(match: re.Match[str]) -> str | None:
    """Return `Sister` for `Sr.` before a nun's name; behind a name it is Senior."""
    return None if word_before(match)[:1].isupper() else "Sister"


NUMBERED: tuple[Rule, ...] = (
    rule(
        rf"\b(?P<what>(?i:{alternatives(list(_NUMBERS_OF))}))\.?\s[Nn]o\.(?=[:]|\s?[#\d]|\s?$)",
        _number_of,
    ),
    rule(
        rf"(?P<nth>\d(?:st|nd|rd|th)\s)(?P<what>{alternatives(list(_WITH_ORDINAL))})\.",
        lambda m: f"{m['nth']}{_WITH_ORDINAL[m['what']]}{stop_after(m)}",
    ),
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
    rule(r"(?:^|(?<=\n)|(?<=/))INT\.(?=\s[A-Z]{2}|/EXT)", "Interior."),
    rule(r"(?:^|(?<=\n)|(?<=/))EXT\.(?=\s[A-Z]{2}|/INT)", "Exterior."),
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
    rule(r"(?<!\w)q(?P<hours>\d{1,2})h(?!\w)", lambda m: f"every {m['hours']} hours"),
    rule(
        r"(?<![\w.])(?<!\d[\s-])(?P<most>(?<![A-Za-z]\s)M|m)(?P<ax>ax|in)\.(?=\s[a-z])",
        lambda match: f"{match['most']}{match['ax']}imum",
    ),
    rule(r"\b(?P<short>[Tt]el|[Aa]ttn)\.?(?=:)", lambda match: _HEADS[match["short"]]),
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
"""What is numbered, before its number is said."""

ABBREVIATIONS: tuple[Rule, ...] = (
    rule(rf"(?<![\w./])(?:{alternatives(list(_SHORT))})(?![\w/])", lambda match: _SHORT[match[0]]),
    rule(r"(?<![\w./])w/(?=\s)", "with"),
    rule(r"\b(?P<first>[Aa])pprox\.?(?=\s[\d$£€])", lambda m: f"{m['first']}pproximately"),
    rule(rf"(?<![\w.])(?:{alternatives(list(_WORDS))})", lambda match: _WORDS[match[0]]),
    rule(r"(?<=[\w)%]\s)(?:vs(?=\s\w)(?!\scode\b)|v\.(?=\s[A-Z\d]|\sthe\b))", "versus"),
    rule(
        rf"(?<![\w'’-])(?i:{_ANY_CONTRACTED})(?![\w'’])",
        _contracted,
    ),
    rule(rf"(?<![\w.])(?P<what>(?i:{alternatives(list(_CREDITS))}))\.(?=\sby\s[A-Z])", _credit),
    rule(
        r"(?P<dose>\b(?:hours|daily|day|mg|mL|ml|tablets?|capsules?|puffs?|milligrams|mouth|bid|tid|times)\s)prn"
        r"(?=[\s.,;)]|$)",
        lambda m: f"{m['dose']}as needed",
    ),
    rule(
        r"(?P<before>\b(?:[Tt]he|Hey|Hi|Hello|Dear|Yes|Thanks|[Mm]y|[Yy]our)\s)Dr\.",
        lambda m: f"{m['before']}Doctor{stop_after(m)}",
    ),
    rule(
        rf"\b(?P<word>{alternatives(list(TITLES))}|MR|MRS|MS|DR)\."
        r"(?=\s+(?:[A-Z\"“]|and\b)|(?<=[Mm][Rr]\.|[MD][sr]\.)[A-Z])",
        _title,
    ),
    rule(r"\b(?P<word>Dr|Mr|Mrs|Ms)(?=\s[A-Z])", _title),
    rule(rf"(?<![\w.])Sr\.(?=\s(?:{_NUNS})\b)", _sister),
    rule(rf"(?<![\w.])(?P<word>{alternatives(list(_MAY_END))})\.", _may_end),
    *ROMAN_NUMERALS,
    rule(
        r"\b(?P<letters>(?:Ph|Ed)\.?D|[MB]\.?Sc|LL\.?[BM])(?:\.?(?P<plural>s)(?!\w)|(?P<stop>\.(?!\w))|(?!\w))",
        _degree,
    ),
    rule(r"(?<![\w.])(?:[A-Z]\.){2,}", _dotted),
    rule(r"(?<![\w.])[A-Z]\.-[A-Z]\.(?=\s)", _dotted),
    rule(r"(?<![\w.'’])(?!a\.m|p\.m)(?:[a-z]\.){2,5}(?![\w'’])", _dotted),
    rule(r"(?<![\w.'’])(?P<letter>[A-HJ-Z])(?=\.[\"”’)]*[^\S\n]*(?:$|\n))", lambda m: spell(m[0])),
    rule(r"(?<![^\s(\"“])[A-HJ-Z](?=:\s)", lambda match: spell(match[0])),
    rule(
        r"(?P<name>\b(?:[A-Z][a-z]{1,20}|Op\.?\s\d{1,3},|in)\s|,\s|\(|^|\n)(?P<letter>[A-HJ-Z])\.(?=\s[a-z\d])",
        lambda m: f"{m['name']}{spell(m['letter'])}",
    ),
    rule(
        r"(?<![\w.'’])(?P<letter>[A-HJ-Z])\.(?=\s[A-Z])",
        _initial,
    ),
)
"""Titles and the like first, then numerals, then initials with full stops."""
