"""Roman numerals."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, ordinal, year
from speech.text.english.rule import Rule, rule

_ROMAN = r"(?P<roman>(?=[IVXLC]+\b)C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC]))"
_SMALL = r"(?P<roman>X{0,3}(?:IX|IV|VI{1,3}|I{2,3})|X{2,3}|XI|XV)"  # two letters or more
_YEAR = r"(?P<roman>(?:M{1,2}|MC{1,3}|MCD|MDC{0,3}|MCM)(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
_COUNTED = (
    "World War|Chapter|Part|Act|Scene|Book|Volume|Section|Phase|Type|Class|Article|Title|"
    "Super Bowl|Stage|Level|Round|Appendix|Schedule|Unit|Grade|Table|Figure|Rocky|Final Fantasy|"
    "Episode|Apollo|Mark|Canto|Paragraph|Step|Category|Tier|Division|Page|Number"
).replace(" ", r"\s")
_IN_CAPITALS = "CHAPTER|CANTO|STAVE|SCENE|VOLUME"  # before an I that is no pronoun
_ALSO_IN_CAPITALS = "PART|ACT|BOOK|SECTION"
_GAMES = r"GTA|Grand\sTheft\sAuto|Resident\sEvil|Street\sFighter|Civilization|Dragon\sQuest|Ultima"
_RULERS = (
    "Henry|Louis|Elizabeth|Charles|George|Edward|Richard|William|James|John|Paul|Benedict|Pius|"
    "Leo|Philip|Napoleon|Nicholas|Alexander|Catherine|Peter|Ivan|Mary|Frederick|Ferdinand|"
    "Francis|Gustav|Christian|Leopold|Otto|Ramses|Ptolemy|Gregory|Clement|Innocent|Urban|Sixtus|"
    "Julius|Boniface|Augustus|Robert|David|Harald|Haakon|Olaf|Margaret|Isabella|Xerxes|Darius|"
    "Thutmose|Amenhotep|Ramesses|Rameses|Edmund|Alfonso|Justinian|Theodosius|Constantine|Mehmed|Murad|"
    "Selim|Suleiman|Antiochus|Artaxerxes|Cyrus|Umberto|Valdemar|Wilhelm|Friedrich|Franz|Joseph"
)
_FIRST_NAMES = (
    "John|James|Robert|William|Henry|Charles|George|Thomas|Joseph|Edward|David|Richard|Walter|Frank|"
    "Samuel|Benjamin|Loudon|Thurston|Davis|Albert|Arthur|Daniel|Theodore|Martin"
)
_SPEAKER_VERBS = (
    "am|ate|bought|can|could|did|do|found|gave|got|had|have|hate|just|know|like|liked|love|loved|made|"
    "never|need|once|read|really|saw|see|should|still|think|thought|took|use|used|want|wanted|will|"
    "would|wrote|told|mentioned|promised|remember|lost|left|sent|chose|ordered|spoke|meant|enjoyed"
)
_REIGNED = (
    r"of\s[A-Z]\w+|is|has|died|reigned|ruled|became|succeeded|ascended|married|"
    r"was\s(?:executed|crowned|beheaded|succeeded|assassinated|deposed|king|queen|the)"
)
_NO_NAMES = "The|And|But|For|With|Via|Per|In|On|At|To|Of|From|By|Or|If|An|As|My|No|IV"
_ANY = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_NUMERAL = re.compile("[IVX]+")
_LINE_TWO = re.compile(r"(?:^|\n)[ ]{0,8}(?:ii|two)[.)]\s")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def value_of(roman: str) -> str:
    """Return the value of a numeral in capitals in figures; an empty text where it is none."""
    if not roman or not _ANY.fullmatch(roman):
        return ""
    values = [_VALUES[letter] for letter in roman]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return str(sum(-value if value < after else value for value, after in pairs))


def _world_war(roman: str) -> str:
    return f"World War {'one' if roman in ('I', '1') else 'two'}"


def _counted(match: re.Match[str]) -> str:
    return f"{match['name']} {cardinal(value_of(match['roman']))}"


def _ruler(match: re.Match[str]) -> str | None:
    roman = match["roman"]
    follower = match.string[match.end() : match.end() + 2]
    is_speaker = follower[:1] == " " and not follower[1:].isupper() and not match["title"]
    if roman == "I" and is_speaker:
        return None
    return f"{match['title'] or ''}{match['name']} the {ordinal(value_of(roman))}"


def _alone(match: re.Match[str]) -> str | None:
    value = value_of(match["roman"])
    return cardinal(value) if value else None


def _list(match: re.Match[str]) -> str:
    """Return `one, two and four` for `I, II and IV`."""
    return _NUMERAL.sub(lambda numeral: cardinal(value_of(numeral[0])), match[0])


def _upto(match: re.Match[str]) -> str | None:
    """Return `two to four` for `II–IV`."""
    low, high = value_of(match["low"]), value_of(match["high"])
    is_range = low and high and int(low) < int(high)
    return f"{cardinal(low)} to {cardinal(high)}" if is_range else None


def _line_item(match: re.Match[str]) -> str | None:
    """Return `two` for the `ii` of `ii. Open` where other lines are numbered so as well."""
    if not _LINE_TWO.search(match.string):
        return None
    return cardinal(value_of(match["roman"].upper()))


def _item(match: re.Match[str]) -> str | None:
    """Return `(one)` for `(i)` where there is another numeral: else it may be a letter."""
    roman = match["roman"]
    if len(roman) == 1 and "(ii)" not in match.string and "(iv)" not in match.string:
        return None
    return f"({cardinal(value_of(roman.upper()))})"


def _page(match: re.Match[str]) -> str | None:
    """Return `seven` for the `vii` that dots lead to."""
    value = value_of(match["roman"].upper())
    return f"{match['dots']}{cardinal(value)}" if value else None


def _ruler_i(match: re.Match[str]) -> str:
    return f"{match['name']} the first"


ROMAN_NUMERALS: tuple[Rule, ...] = (
    rule(r"(?:\A|(?<=\n\n))I(?=\.?\n\n)", "one"),  # a heading
    rule(r"(?P<dots>\.\.\.\s)(?P<roman>[ivxl]{2,6})(?=\n|$)", _page),
    rule(
        r"(?<![\w.'’&/-])(?:X{0,2}(?:IX|IV|V?I{0,3})(?<=[IVX]),\s){1,20}X{0,2}(?:IX|IV|V?I{0,3})(?<=[IVX]),?"
        r"\s(?:and|or|&)\sX{0,2}(?:IX|IV|V?I{0,3})(?<=[IVX])(?![\w'’&/-]|\.\w)",
        _list,
    ),
    rule(
        r"(?<![\w.'’&/-])I(?=\s(?:and|or|&|to|through)\s(?:I{2,3}|IV|VI{1,3}|IX)(?![\w'’]))",
        "one",
    ),
    rule(
        r"(?<![\w.'’&/-])(?P<low>[IVX]{1,5})\s?[-–]\s?(?P<high>[IVX]{2,5})(?![\w'’&/-]|\.\w)",
        _upto,
    ),
    rule(
        r"(?:^|(?<=\n))(?P<roman>x{0,2}(?:ix|iv|v?i{0,3})(?<=[ivx]))(?=[.)]\s)",
        _line_item,
    ),
    rule(r"(?<!\S)\((?P<roman>i|ii|iii|iv|v|vi{1,3}|ix|x)\)(?=\s)", _item),
    rule(
        rf"(?P<name>\b(?:(?:[A-Z][a-z]+\s)?(?:[A-HJ-Z]\.\s?){{1,3}}|(?:{_FIRST_NAMES})\s)[A-Z][a-z]+),?\s(?P<roman>II|III|IV)\b"
        r"(?!\.\w|['’]\w)",
        lambda match: f"{match['name']} the {ordinal(value_of(match['roman']))}",
    ),
    rule(r"\bWW[-\s]?(?P<roman>I{1,2}|[12])\b", lambda match: _world_war(match["roman"])),
    rule(
        r"(?<![\w.'’-])(?P<roman>[IVX]{2,6}|V|X)(?:th)?(?=\s(?:[Cc]entur|[Dd]ynasty))",
        lambda match: ordinal(value_of(match["roman"])),
    ),
    rule(
        r"(?:^|(?<=\n)|(?<=[:;]\s)(?=[IVX]{2}))(?P<roman>X{0,3}(?:IX|IV|V?I{0,3})(?<=[IVX]))\.(?=\s[A-Z])",
        lambda match: f"{cardinal(value_of(match['roman']))}.",
    ),
    rule(
        r"(?:^|(?<=\n))(?P<roman>[IVXLC]{2,7})(?=\.?[ ]*(?:\n|$))",
        _alone,
    ),
    rule(
        rf"\b(?P<name>(?i:{_COUNTED}))\s(?P<roman>I)(?=[.,:;!?)—–]|[ ]*(?:\n|$))(?!\.\w)", _counted
    ),
    rule(
        rf"(?P<name>\b(?:{_COUNTED}|{_GAMES}))\s(?!I\s(?:{_SPEAKER_VERBS})\b|[CL]\b){_ROMAN}\b(?!['’]|\.\w)",
        _counted,
    ),
    rule(
        rf"(?P<name>\b(?:{_IN_CAPITALS}|(?:{_ALSO_IN_CAPITALS})(?!\sI\b)))\s(?![CL]\b){_ROMAN}\b(?!['’]|\.\w)",
        _counted,
    ),
    rule(rf"\b(?P<name>{_RULERS})\s(?P<roman>I)(?=['’]s\b|\s(?:{_REIGNED})\b)", _ruler_i),
    rule(rf"\b(?P<name>(?i:{_COUNTED}))\s{_SMALL}\b(?!\.\w)", _counted),
    rule(
        rf"(?P<title>\b(?:King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser)\s)?"
        rf"\b(?P<name>{_RULERS})\s{_ROMAN}\b(?!\.\w)",
        _ruler,
    ),
    rule(rf"\b(?P<name>(?!(?:{_NO_NAMES})\s)[A-Z][a-z]+)\s{_SMALL}\b(?!\.\w|['’]\w)", _counted),
    rule(
        r"(?<![\w.'’&/-])(?P<roman>I{2,3}|VI{2,3}|IX|XI{1,3}|XIV|XVI{0,3}|XIX|XXI{1,3})(?![\w'’&/-]|\.\w)",
        _alone,
    ),
    rule(
        rf"(?<![\w.'’&-])(?=[MDCLXVI]{{4,}}\b){_YEAR}\b(?!['’.]\w)",
        lambda m: year(value_of(m["roman"])),
    ),
)
"""Numerals of what is counted, of rulers and centuries, then the plain ones behind a name."""
