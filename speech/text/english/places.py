"""Postal addresses: streets, points of the compass, states and postal codes."""

from __future__ import annotations

import re

from speech.text.english.abbreviations import TITLES
from speech.text.english.figures import digits
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, listed, rule
from speech.text.english.sentences import rest_of, stop_after, word_before

_STREETS = {
    "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Sq": "Square",
    "Terr": "Terrace",
    "Cres": "Crescent",
}
_UNSTOPPED = {"St": "Street", "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard"}
_STREETS_IN_SHORT = _STREETS | _UNSTOPPED
_SHOUTED_STREETS = {short.upper(): word.upper() for short, word in _STREETS_IN_SHORT.items()}
_STREET_WORDS = listed(
    "St Street Ave Avenue Rd Road Blvd Boulevard Dr Drive Ln Lane Way Ct Court Pl Place Sq Square "
    "Hwy Highway Pkwy Parkway Terrace Circle"
)
_COMPASS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest",
    "SE": "Southeast", "SW": "Southwest",
}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah",
    "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming", "DC": "dee see",
}  # fmt: skip
_SHORT_STATES = {
    "Ala": "AL", "Ariz": "AZ", "Ark": "AR", "Calif": "CA", "Colo": "CO", "Conn": "CT", "Del": "DE",
    "Fla": "FL", "Ga": "GA", "Ill": "IL", "Ind": "IN", "Kan": "KS", "Ky": "KY", "La": "LA",
    "Md": "MD", "Mass": "MA", "Mich": "MI", "Minn": "MN", "Miss": "MS", "Mo": "MO", "Mont": "MT",
    "Neb": "NE", "Nev": "NV", "Okla": "OK", "Ore": "OR", "Pa": "PA", "Tenn": "TN", "Tex": "TX",
    "Va": "VA", "Vt": "VT", "Wash": "WA", "Wis": "WI", "Wyo": "WY", "N.C": "NC", "N.D": "ND",
    "N.H": "NH", "N.J": "NJ", "N.M": "NM", "N.Y": "NY", "R.I": "RI", "S.C": "SC", "S.D": "SD",
    "W.Va": "WV", "D.C": "DC",
}  # fmt: skip
_NO_STREET = (
    "brother|father|mother|sister|the|in|of|at|to|from|near|and|via|with|by|for|on|visited|left"
)
_NO_ROAD = "The|Hey|Hi|Hello|Dear|Yes|Thanks|My|Your"
_WORDS = "HI|ID|ME|OH|OK"  # written like a state's sign
_OF_STREET = re.compile(r"\s(?:North|South|East|West|Bridge|Pier|Station|Theat)|[^A-Z]*$")
_IN_A_HOUSE = re.compile(r"(?:Apt|Apartment|Bldg|Floor|Rm|Room|Suite|Ste|Unit)\b")
_NAMED_BY_SIDE = (
    r"(?:Dakota|Carolina|Virginia|Korea|Africa|America|Sudan|Ireland|Yorkshire|Australia|Asia|"
    r"Europe)\b"
)
_STATE = alternatives(list(_STATES))
_SHORT_STATE = rf"(?:{alternatives(list(_SHORT_STATES))})\."
_STREET_NAME = rf"(?:\d+(?:st|nd|rd|th)|(?:[A-Z][a-z]+\s){{1,2}}(?:{'|'.join(_STREET_WORDS)}))\b"


_RUNWAYS = {"L": "left", "R": "right", "C": "center"}
_PROVINCES = {
    "AB": "Alberta", "BC": "British Columbia", "MB": "Manitoba", "NB": "New Brunswick",
    "NL": "Newfoundland and Labrador", "NS": "Nova Scotia", "ON": "Ontario",
    "PE": "Prince Edward Island", "QC": "Quebec", "SK": "Saskatchewan",
}  # fmt: skip


def _state(match: re.Match[str]) -> str:
    """Return the name of the state that a match has in short, or what is there instead of one."""
    written = match["state"]
    short = written.rstrip(".")
    return _STATES.get(_SHORT_STATES.get(short, short), written)


def _state_and_code(match: re.Match[str]) -> str:
    return f"{_state(match)} {' dash '.join(map(digits, match['code'].split('-')))}"


def _state_of_town(match: re.Match[str]) -> str | None:
    """Return `Tampa, Florida` for `Tampa, Fla.`; `Then, Miss. Lee` has no state."""
    stop = stop_after(match) if match["state"].endswith(".") else ""
    if match["state"].endswith(".") and not stop and rest_of(match).lstrip()[:1].isupper():
        return None
    return f"{match['town']}{_state(match)}{stop}"


def _side(match: re.Match[str]) -> str:
    return _COMPASS[match["side"].replace(".", "")]


def _character(char: str) -> str:
    return digits(char) if char.isdigit() else spell(char)


def _wind(side: str) -> str:
    """Return `north northwest` for `NNW`."""
    points = [side] if len(side) < 3 else [side[0], side[1:]]
    return " ".join(_COMPASS[point] for point in points).lower()


def _saint_or_street(match: re.Match[str]) -> str:
    before, after = word_before(match), rest_of(match)
    names_street = _is_name(before)
    if before[:1].isdigit():
        names_street = bool(stop_after(match) or _OF_STREET.match(after))
    if after.lstrip()[:1].isupper() and not names_street:
        return "Saint"
    return f"Street{stop_after(match)}"


def _saint(match: re.Match[str]) -> str | None:
    """Return `Saint` for `St` in `in St Ives`; behind a name, as in `Main St Boise`, None."""
    before = word_before(match)
    if re.match(r"\d+[a-z]", before):
        return "Street"
    return None if _is_name(before) else "Saint"


def _is_name(word: str) -> bool:
    """Tell whether a word before `St` may be a street's name."""
    return word[:1].isupper() and not re.fullmatch(_NO_STREET, word, re.IGNORECASE)


def _street(match: re.Match[str]) -> str | None:
    """Return `Elm Drive` for `Elm Dr.`; a capital that begins no sentence is somebody's name."""
    stop = stop_after(match)
    rest = rest_of(match).lstrip()
    if not stop and rest[:1].isupper() and not _IN_A_HOUSE.match(rest):
        return None
    return f"{match['before']}{_STREETS[match['word']]}{stop}"


PLACES: tuple[Rule, ...] = (
    rule(
        r"(?P<runway>\b(?:RWY|[Rr]unway)\s)(?P<number>[0-3]\d)(?P<side>[LRC])?(?![\w-])",
        lambda m: f"runway {digits(m['number'])} {_RUNWAYS.get(m['side'], '')}".rstrip(),
    ),
    rule(
        r"(?P<doctor>\bDr\.?\s(?:[A-Z][\w.'’-]{0,20}\s){0,3}[A-Z][\w'’-]{1,20},\s)(?P<degree>MD|MA|PA|DO|ND)(?!\w)"
        r"|(?P<name>\b[A-Z][a-z]+,\s)(?P<first>MD|MA|PA|DO)(?=,\s(?:PhD|Ph\.D|MPH|MBA|MSc|MSN|RN|F(?:AAN|AAP|ACC|ACP|ACS|RCP|RCS))\b)",
        lambda m: f"{m['doctor'] or m['name']}{spell(m['degree'] or m['first'])}",
    ),
    rule(
        rf"(?<![\w.])(?P<province>{'|'.join(_PROVINCES)})(?=,?\s{{1,2}}[A-Z]\d[A-Z]\s?\d[A-Z]\d(?!\w))",
        lambda m: _PROVINCES[m["province"]],
    ),
    rule(
        rf"(?<![\w.])(?P<state>{_STATE}|{_SHORT_STATE}),?\s"
        r"(?P<code>\d{5}(?:-\d{4})?)(?![\w-]|[.,]\d)",
        _state_and_code,
    ),
    rule(
        r"(?<![\w.])(?P<land>NSW|VIC|QLD|TAS|ACT)\s(?P<code>[2-7]\d{3})(?![\w-]|[.,]\d)",
        lambda m: f"{spell(m['land'])} {digits(m['code'])}",
    ),
    rule(
        r"(?<![\w.-])[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2}(?![\w-])",  # British
        lambda m: ", ".join(" ".join(map(_character, half)) for half in m[0].split()),
    ),
    rule(
        r"(?P<town>\b[A-Z][a-z]+,?\s(?:[-–]\s)?)(?P<code>[1-9]\d{5})(?=[.,;]?\s*(?:$|\n)|,\s[A-Z])",
        lambda m: m["town"] + digits(m["code"]),
    ),
    rule(
        r"(?P<unit>\b(?:Unit|Flat|Shop|Suite)\s\d{1,4})/(?=\d{1,4}[A-Z]?\s[A-Z][a-z])",
        lambda m: f"{m['unit']}, ",
    ),
    rule(
        rf"(?P<town>\b[A-Z][a-z]+,\s)(?P<state>(?!{_WORDS})(?:{_STATE})|{_SHORT_STATE})"
        r"(?:(?<=\.)(?=\s)|(?=[.,;:!?)]|\s*$|\n|\s[a-z(]))",
        _state_of_town,
    ),
    rule(
        rf"(?<=,\s)(?P<party>[DRI])-(?P<state>{_STATE}|{_SHORT_STATE}|[A-Z][a-z]{{3,}}(?=,\s))(?!\w)",
        lambda match: f"{spell(match['party'])}, {_state(match)}",
    ),
    rule(
        rf"\((?P<party>[DRI])-(?P<state>{_STATE}|{_SHORT_STATE}|[A-Z][a-z]+)\)",
        lambda match: f"({spell(match['party'])}, {_state(match)})",
    ),
    rule(
        rf"(?<![\w.'’])(?P<side>[NS][EW]|[NSEW])\.?\s(?={_STREET_NAME})",
        lambda match: f"{_side(match)} ",
    ),
    rule(rf"(?<![\w.'’])(?P<side>[NSEW])\.\s(?={_NAMED_BY_SIDE})", lambda m: f"{_side(m)} "),
    rule(
        rf"\bNo(?=\s\d{{1,4}}[A-Za-z]?\s{_STREET_NAME})",
        "Number",
    ),
    rule(
        rf"(?P<street>\b(?:{'|'.join(_STREET_WORDS)}))\.?,?\s"
        r"(?P<side>[NS]\.?[EW](?!\w)|[NSEW](?=[,;]|\s*$|\n))",
        lambda m: f"{_STREETS_IN_SHORT.get(m['street'], m['street'])} {_side(m)}",
    ),
    rule(
        r"(?P<wind>\b[Ww]inds?[:]?\s|\d\s?(?:km/h|kph|mph|knots|kts|m/s|miles?|km|kilometers?|mi)\s"
        r"|\d°\s?)(?P<side>[NS]{1,2}[EW]|[EW][NS][EW])(?!\w)",
        lambda m: f"{m['wind']}{_wind(m['side'])}",
    ),
    rule(
        r"(?<![\w.'’-])(?P<side>[NS]{1,2}[EW]|[EW][NS][EW]|[NSEW](?=\swind\b))(?=\s(?:winds?|breezes?|gales?|swells?)\b)",
        lambda m: _wind(m["side"]),
    ),
    rule(
        r"(?<![\w.'’-])(?P<side>[NS]{1,2}[EW]|[EW][NS][EW]|(?<=\d\skm\s)[NSEW]|(?<=\dkm\s)[NSEW]"
        r"|(?<=\d\smi\s)[NSEW]|(?<=\bmiles\s)[NSEW])(?=\sof\s)",
        lambda m: _wind(m["side"]),
    ),
    rule(
        r"(?P<wind>\b[Ww]inds?[:]?\s|\d\s?(?:km/h|kph|mph|knots|kts)\s)(?P<side>[NSEW])(?![\w.'’])",
        lambda m: f"{m['wind']}{_wind(m['side'])}",
    ),
    rule(
        r"(?P<road>\b(?:I-|US-|US\s|(?:Route|Rte\.?|Highway|Hwy\.?|Interstate)\s)\d{1,3}\s)"
        r"(?P<side>[NSEW])(?![\w.'’-])",
        lambda match: match["road"] + _side(match),
    ),
    rule(
        r"(?P<before>\b(?:[A-Z][a-z]+(?:['’]s)?|\d+(?:st|nd|rd|th))\s)(?P<word>St|Ave|Rd|Blvd)"
        r"(?=[,;)]|\s*$|\n|\s(?:&|(?:and|at|in|is|near|on|to|was|Apartment|Suite|Unit|North|South|East|West)\b))",
        lambda match: match["before"] + _UNSTOPPED[match["word"]],
    ),
    rule(r"(?<![\w.'’-])St(?=\s[A-Z][a-z]{2})", _saint),
    rule(r"(?<![\w.'’-])Ste\.?(?=\s[A-Z][a-z]{2})", "Saint"),
    rule(r"(?<=\d)(?=St\.)", " "),
    rule(r"\bSt\.(?=\W|$)", _saint_or_street),
    rule(
        rf"(?P<before>\b\d{{1,5}}[A-Z]?\s(?:[NSEW]\.?\s)?(?:[A-Z]{{3,}}\s){{1,3}}|\d(?:ST|ND|RD|TH)\s)"
        rf"(?P<word>{alternatives(list(_SHOUTED_STREETS))})\b\.?"
        r"(?=\s*(?:$|[\n,;:)#–-]|(?:AND|APT|AT|FL|RM|STE|SUITE|UNIT|[NSEW])\b))",
        lambda m: m["before"] + _SHOUTED_STREETS[m["word"]],
    ),
    rule(
        rf"(?P<before>\b(?:(?!(?:{alternatives(list(TITLES.values()))}|{_NO_ROAD})\b)[A-Z][a-z]+(?:['’]s)?"
        rf"|\d+(?:st|nd|rd|th))\s)(?P<word>{alternatives(list(_STREETS))})\.",
        _street,
    ),
    rule(r"(?<=\d\s)(?P<side>[NSEW])\.(?=\s[A-Z\d])", _side),
    rule(
        r"\b(?P<state>(?:Calif|Ariz|Okla|Wyo|Tenn|Fla|N\.Y|N\.J|W\.Va)\.)(?!\w)",
        lambda match: f"{_state(match)}{stop_after(match)}",
    ),
)
"""States with their codes, sides, then streets and saints."""
