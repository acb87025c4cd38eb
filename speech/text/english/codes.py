"""Codes that are read character by character: serial numbers, keys, colours, passcodes."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, digits, in_pairs, plural, two_figures, year
from speech.text.english.initials import is_spelled, spell
from speech.text.english.rule import Rule, rule

_MIN_CHARS = 6
_MIN_CHANGES = 2  # from letters to figures or back: `AB123` is a model, not a serial number
_MIN_RANDOM_CHANGES = 3
_MEASURES = re.compile(
    r"(?:\d+(?:x|[a-z]{1,3}(?=\d|\Z))){1,6}\d*|\d{1,4}-\d{1,4}(?:[VW](?:[AD]C)?|[KMGT]B)"
)
_MIN_ACCOUNT_DIGITS = 8
_CHANGES = re.compile(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)")
_GROUPS = re.compile(r"[A-Za-z\d]+")
_WHAT = (
    r"\b(?:(?:[Pp]ass)?code|SKU|UPC|PIN|OTP|password|[Ee]xtension|ending(?:\sin)?|CV[VC]|account\snumber|"
    r"PMC?ID)"
)

_NAMED = (
    "Rooms?|Suite|Apartment|Unit|Boeing|Airbus|Xbox|[GR]TX|RX|Porsche|Interstate|Highway|Route|Form|"
    r"[Ee]rror|HTTP|[Pp]ort|[Ff]light(?:\s[A-Z]{2})?|Bus|Train|Cabin|Locker|Studio|Channel"
)
"""Nouns whose number of three or four figures is a name: nobody counts them."""
_PLACED = (
    "Rooms?|Suite|Apartment|Unit|Route|Highway|Gate|Exit|Platform|Row|Seat|Flat|Ward|[Rr]oom|[Ss]uite|"
    "[Aa]partment|[Gg]ate|[Rr]ow|[Ss]eat|[Pp]latform"
)
"""Nouns whose number may end with a letter, which is no unit there."""
_MEASURED = "feet|foot|kilomet(?:er|re)s|km|met(?:er|re)s|miles|yards|hours|minutes|days|people"
_NUMBERED = {"P": "part", "S": "serial"}
_CATALOGUES = "BWV|HWV|KV|RV|TWV|WoO"


def _characters(text: str) -> str:
    return " ".join(digits(char) if char.isdigit() else spell(char) for char in text)


def _code(match: re.Match[str]) -> str:
    """Return the characters of a code one by one, and its groups apart."""
    return _code_of(match[0])


def _code_of(written: str) -> str:
    return ", ".join(map(_characters, _GROUPS.findall(written)))


def _serial_number(match: re.Match[str]) -> str | None:
    groups = _GROUPS.findall(match[0])
    num_changes = sum(len(_CHANGES.findall(group)) for group in groups)
    num_digits = sum(map(str.isdigit, match[0]))
    is_long = re.search(r"\d{5}", match[0]) is not None or (len(groups) > 1 and num_digits > 4)
    if sum(map(len, groups)) < _MIN_CHARS or _MEASURES.fullmatch(match[0]):
        return None
    if num_changes < _MIN_CHANGES and not (num_changes and is_long):
        return None
    return _code(match)


def _random(match: re.Match[str]) -> str | None:
    """Return the characters of what is as mixed as `4f7Kq2`; `5ft10in` and `1h30m15s` are not."""
    code = match[0]
    if len(_CHANGES.findall(code)) < _MIN_RANDOM_CHANGES or _MEASURES.fullmatch(code):
        return None
    return _characters(code)


def _named(match: re.Match[str]) -> str:
    """Return `Room one oh one` for `Room 101`; only several have a range, as `Rooms 101-105`."""
    what = match["what"]
    said = f"{spell(what)} " if what.endswith("-") else what
    name = in_pairs(match["name"])
    said += plural(name) if match["many"] else name
    if not match["other"]:
        return said
    return f"{said}{' to ' if what == 'Rooms ' else ' '}{in_pairs(match['other'])}"


def _of_catalogue(match: re.Match[str]) -> str:
    """Return `kay five twenty five` for `K. 525`."""
    return " ".join(
        map(str, (spell(match["what"]), in_pairs(match["number"]), spell(match["letter"])))
    ).strip()


def _account(match: re.Match[str]) -> str | None:
    return _code(match) if sum(map(str.isdigit, match[0])) > _MIN_ACCOUNT_DIGITS else None


def _of_year(match: re.Match[str]) -> str:
    """Return `see vee ee twenty twenty one, one two three four` for `CVE-2021-1234`."""
    what = spell(match["what"]) if is_spelled(match["what"]) else match["what"]
    return f"{what} {year(match['year'])}, {digits(match['number'])}"


def _preprint(match: re.Match[str]) -> str:
    """Return `arXiv two one zero six dot zero nine six eight five` for `arXiv:2106.09685`."""
    said = f"arXiv {digits(match['month'])} dot {digits(match['number'])}"
    return f"{said} version {match['version']}" if match["version"] else said


def _published(match: re.Match[str]) -> str:
    """Return `ISO ninety one oh one, twenty fifteen` for `ISO 9101:2015`."""
    said = in_pairs(match["number"]) + (f" {cardinal(match['part'])}" if match["part"] else "")
    return (
        match["what"].replace("-", " ")
        + said
        + (f", {year(match['year'])}" if match["year"] else "")
    )


def _docket(match: re.Match[str]) -> str:
    number = match["number"]
    said = in_pairs(number) if len(number) < 5 else digits(number)
    return f"{match['what']}{two_figures(match['year'])}, {said}"


def _wireless(match: re.Match[str]) -> str:
    """Return `eight oh two dot eleven ay ex` for `802.11ax`."""
    kinds = spell(re.sub("[^a-zA-Z]", "", match["kinds"] or ""))
    return f"eight oh two dot {cardinal(match['number'])} {kinds}".rstrip()


def _standard(match: re.Match[str]) -> str:
    """Return `aitch two sixty four` for `H.264`, `eff one fifty` for `F-150`."""
    before = match["before"]
    family = "ex eighty six" if before == "x86-" else spell(before)
    return f"{family} {in_pairs(match['number'])}"


CODES: tuple[Rule, ...] = (
    rule(r"(?<![\w,/-])\.?30-06(?![\w-])", "thirty aught six"),
    rule(
        r"(?<!\w)(?P<what>[PS])/N(?P<mark>[:.]?\s)(?P<code>\d[\d-]{2,20})(?![\w-])",
        lambda m: f"{_NUMBERED[m['what']]} number{m['mark']}{_code_of(m['code'])}",
    ),
    rule(
        r"(?P<what>\b(?:[Aa]ccount|[Aa]cct\.?|[Cc]ard|[Rr]ef(?:erence|\.)?|[Pp]olicy|[Mm]embership)\s(?:[Nn]o\.|[Nn]umber)[:]?\s)"
        r"(?P<code>\d{3,4}(?:\s\d{3,4}){1,3})(?![\w-]|[.,]\d)",
        lambda m: m["what"] + _code_of(m["code"]),
    ),
    rule(
        r"(?<![\w.])(?P<line>[A-Z]{1,2})\.(?P<numbers>\d{1,3}(?:\.\d{1,4}){1,3})(?![\w-]|\.\d)",
        lambda m: f"{spell(m['line'])} {' point '.join(map(cardinal, m['numbers'].split('.')))}",
    ),
    rule(
        r"(?<=\b(?:18|19|20)\d\d[a-g]),\s?(?P<letter>[b-h])(?!\w)",
        lambda m: f", {spell(m['letter'])}",
    ),
    rule(r"(?<![\w#&])[#](?=[A-Z]{1,4}-\d[\d-]{0,20}(?!\w))", "number "),
    rule(
        r"(?<![\w-])(?P<from>(?P<row>[A-Z])\d{1,2})\s?[-–]\s?(?=(?P=row)\d{1,2}(?![\w-]))",
        lambda m: f"{m['from']} to ",
    ),
    rule(
        r"(?<![\w-])(?P<what>[A-Z]{2,5})-(?P<year>(?:19|20)\d\d)-(?P<number>\d{2,7})(?![\w-])",
        _of_year,
    ),
    rule(
        r"(?P<what>\b(?:ISSN[:]?|(?:ZIP|[Zz]ip)(?:\s[Cc]ode)?[:]?)\s)(?P<code>\d{4}-\d{3}[\dX]|\d{5}(?:-\d{4})?)(?![\w-])",
        lambda m: m["what"] + _code_of(m["code"]),
    ),
    rule(
        r"\barXiv[:]\s?(?P<month>\d{4})\.(?P<number>\d{4,5})(?:v(?P<version>\d))?(?!\w)",
        _preprint,
    ),
    rule(
        r"(?P<what>\b(?:ISO|IEC|IEEE|RFC|DIN|EN|BS|ANSI|ASTM)(?:/[A-Z]{2,4})?[\s-])(?P<number>[1-9]\d{2,4})"
        r"(?:-(?P<part>\d{1,2}))?(?:[:](?P<year>(?:19|20)\d\d))?(?![\w-]|[.,:]\d)",
        _published,
    ),
    rule(
        r"(?P<what>\b(?:Table|Figure|Exhibit|Example|Equation|Listing|Problem)\s)(?P<chapter>\d{1,2})-(?P<number>\d{1,2})(?![\w-]|[.,]\d)",
        lambda m: f"{m['what']}{cardinal(m['chapter'])} dash {cardinal(m['number'])}",
    ),
    rule(
        r"(?<=\d)-(?P<stage>alpha|beta|dev|preview|rc|RC)(?:[.-]?(?P<number>\d{1,3}))?(?![\w-]|\.\d)",
        lambda m: f" {m['stage'].replace('rc', 'RC')} {m['number'] or ''}".rstrip(),
    ),
    rule(r"(?:(?<=[A-Za-z]{2})|(?<=[A-Za-z]\s))[#][:]?\s(?=[A-Z]{0,3}-?\d)", " number "),
    rule(
        r"(?P<what>\bRyzen\s[3579]\s)(?P<number>\d{4})(?P<kind>[A-Z]{0,2})(?!\w)",
        lambda m: f"{m['what']}{in_pairs(m['number'])} {spell(m['kind'])}".rstrip(),
    ),
    rule(
        r"(?P<what>\b[Ss]ort\scode[:]?\s)(?P<code>\d\d-\d\d-\d\d)(?![\w-])",
        lambda m: m["what"] + _code_of(m["code"]),
    ),
    rule(r"(?<![\w/])[aA]/[cC](?:\snumber)?(?=\s\d)", "account number"),
    rule(
        r"(?P<what>\bISBN(?:-1[03])?[:]?\s)(?P<code>\d(?:[\s-]?\d){8,11}[\s-]?[\dX])(?![\w-])",
        lambda m: m["what"] + _code_of(m["code"]),
    ),
    rule(
        r"(?<![\w.,/-])(?P<cold>0|5|10|15|20)W-?(?P<hot>[1-6]\d)(?![\w-])",
        lambda m: f"{cardinal(m['cold'])} {spell('W')} {cardinal(m['hot'])}",
    ),
    rule(
        r"(?<![\w.,/-])P?(?P<width>[1-3]\d5)/(?P<height>[2-9][05])\s?Z?R\s?(?P<rim>[12]\d)(?!\w)",
        lambda m: f"{in_pairs(m['width'])} {cardinal(m['height'])} ar {cardinal(m['rim'])}",
    ),
    rule(
        r"(?P<what>\b(?:[Nn]umber|[Cc]ase|[Dd]ocket)\s)(?P<year>\d\d)-(?P<number>\d{3,5})(?![\w-])",
        _docket,
    ),
    rule(
        r"(?<![\w.,/$£€-])(?P<year>1[89]\d\d|20\d\d)(?P<mark>[/-])(?P<number>0\d{2,4})(?![\w/-])",
        lambda m: f"{year(m['year'])}{' slash' if m['mark'] == '/' else ','} {digits(m['number'])}",
    ),
    rule(
        r"(?<![\w.,])802\.(?P<number>1[15]|3(?=[a-z])|1(?=[xX]))(?P<kinds>[a-zX]{1,2}(?:/[a-z]{1,2})*)?(?![\w.])",
        _wireless,
    ),
    rule(r"(?<![\w&#])[#](?=\d{1,9}(?!\w))", "number "),
    rule(
        r"(?<![\w.,/$£€-])(?P<lines>240|360|480|540|576|720|1080|1440|2160|4320)(?P<scan>[ip])(?P<rate>\d{2,3})?(?!\w)",
        lambda m: f"{in_pairs(m['lines'])} {spell(m['scan'])} {m['rate'] or ''}".rstrip(),
    ),
    rule(
        rf"(?<![\w.'’-])(?P<what>(?:{_CATALOGUES})(?=[.\s])|K(?=\.)|D(?=\.\s?\d{{3}}))\.?\s?"
        r"(?P<number>[1-9]\d{0,3})(?P<letter>[a-e]?)(?![\w-]|[.,:]\d)",
        _of_catalogue,
    ),
    rule(
        r"(?P<before>\b[Aa]n?\s|\b(?:[Tt]he|[Oo]ur|[Hh]is|[Hh]er)\s(?=7[0-8]7(?:[.,;:!?-]|\s(?:MAX|jets?|aircraft|Dreamliner)\b)))"
        r"(?P<jet>7[0-8]7)(?:-(?P<kind>[1-9]00))?(?![\w/-]|[.,:]\d)",
        lambda m: (
            f"{m['before']}{in_pairs(m['jet'])} {cardinal(m['kind']) if m['kind'] else ''}".rstrip()
        ),
    ),
    rule(r"(?<![\w/.])24/7/365(?![\w/])", "twenty four seven three sixty five"),
    rule(
        r"(?<![\w.-])(?P<before>[HhXx]\.|F-(?=[1-4]50)|x86-(?=64))(?P<number>26[3-6]|[1-4]50|64)(?![\w-])",
        _standard,
    ),
    rule(
        r"(?P<number>\b\d{1,3})(?P<first>[A-Ha-h])\s?[-–]\s?(?P<last>[A-Ha-h])(?![\w'’-]|\.\w)",
        lambda m: f"{m['number']} {spell(m['first'])} to {spell(m['last'])}",
    ),
    rule(
        rf"(?P<what>\b(?:{_PLACED})\s)(?P<number>\d{{1,3}})(?P<letter>[A-HJ-Z])(?![\w-]|\.\w)",
        lambda m: f"{m['what']}{m['number']} {spell(m['letter'])}",
    ),
    rule(
        r"(?<![\w.])\.(?P<bore>17|22|30|32|38|40|44|45|50|223|243|270|303|308|338|357|380)"
        r"(?P<cal>\scal\b\.?(?!\w))?(?=(?(cal)|[\s-](?:caliber|calibre|rifle|pistol|revolver|handgun|"
        r"[Mm]agnum|ACP|LR|bullet|rounds?\b|"
        r"Win(?:chester)?\b|Remington|Colt|Special)))",
        lambda m: in_pairs(m["bore"]) + " caliber" * bool(m["cal"]),
    ),
    rule(r"(?<![\w-])[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}(?![\w-])", _code),
    rule(r"(?<![\w:])[\dA-Fa-f]{2}(?:[:][\dA-Fa-f]{2}){5}(?![\w:])", _code),
    rule(
        r"(?<![\w&])[#](?P<colour>(?=[A-F]{0,5}\d)(?=\d{0,5}[A-F])[\dA-F]{6})(?!\w)",
        lambda match: f"hash {_characters(match['colour'])}",
    ),
    rule(r"(?<![\w#&])[#](?=[A-Z]{1,3}-?\d)", "number "),
    rule(r"(?<!\w)0[xX][\da-fA-F]{1,16}(?!\w)|(?<!\w)0b[01]{1,32}(?!\w)", _code),
    rule(
        r"(?<![\w.-])(?=[A-Z\d-]{0,30}\d)(?=[\d-]{0,30}[A-Z])[A-Z\d]{2,20}(?:-[A-Z\d]{1,20}){0,4}(?![\w-])",
        _serial_number,
    ),
    rule(r"(?<![\w-])[A-Z]{1,4}-\d{5,12}(?![\w-]|[.,]\d)", _code),
    rule(
        r"(?<![\w.@/#$£€-])(?=[A-Za-z]{0,20}\d)[A-Za-z\d]{6,40}(?![\w@/-]|\.\w)",
        _random,
    ),
    rule(r"(?<![\w-])[A-Z]{2}\d\d(?:\s[A-Z\d]{4}){2,7}(?:\s[A-Z\d]{1,3})?(?![\w-])", _account),
    rule(
        rf"(?P<what>{_WHAT}(?:\s?[:]|\s(?:is|was))?\s)(?P<code>\d{{4,10}}|\d{{3}}[\s-]\d{{3}}|(?<=CV[VC]\s)\d{{3}}|(?<=CV[VC]:\s)\d{{3}})(?![\w-]|[.,]\d)",
        lambda match: match["what"] + digits(match["code"]),
    ),
    rule(  # nobody counts that far
        r"(?P<what>\b(?:[Nn]umber|ID)[:]?\s)(?P<code>\d{6,9})(?<!000)(?![\w-]|[.,]\d)",
        lambda m: m["what"] + digits(m["code"]),
    ),
    rule(r"(?P<what>\barea\scode\s)(?P<code>\d{3})\b", lambda m: m["what"] + digits(m["code"])),
    rule(
        r"(?P<what>\b[Tt]ext(?:ing)?\s[\"“']?[A-Z]{2,12}[\"”']?\sto\s)(?P<code>\d{4,6})\b",
        lambda match: match["what"] + digits(match["code"]),
    ),
    rule(
        rf"(?P<what>\b(?:(?:{_NAMED})\s|(?:I|US)-(?=\d{{3}}\b)))(?P<name>[1-9]\d{{2,3}})"
        rf"(?P<many>s(?=[\s.,;:!?)]|$))?(?:[-–](?P<other>[1-9]\d{{2,3}}))?(?!\w|/|-[^A-Z]|[.,:]\d|\s(?:{_MEASURED})\b)",
        _named,
    ),
)
"""Keys and colours, serial numbers, then figures behind what says that they are a code."""
