"""Numbers with a unit: lengths, weights, temperatures, durations."""

from __future__ import annotations

import re

from speech.text.english.adjectives import PLAIN_NOUN, has_article, is_adjective
from speech.text.english.columns import COLUMNS
from speech.text.english.figures import (
    MINUS,
    NUMBER,
    SPELLED_NUMBERS,
    START,
    UPTO,
    cardinal,
    number,
)
from speech.text.english.rule import Rule, alternatives, listed, rule
from speech.text.english.sentences import rest_of, stop_after, word_before
from speech.text.english.units import PER, UNITS

_STOPPED = frozenset(  # written with a full stop as well
    [
        *listed("lb lbs oz ft mi yd yds gal gals qt qts hr hrs min mins sec secs wk wks mo mos yr"),
        *listed("yrs tsp tsps tbsp tbsps Tbsp tbs Tbs TBSP kg cm mm km ml cal cals pct pts in"),
        *listed("pkg pkgs doz deg degs"),
        *(unit for unit in UNITS if unit.startswith(("sq", "cu", "fl"))),
    ]
)
_CLOCKED = listed("hr hrs min mins sec secs wks mos yrs")  # a capital behind begins a sentence
_PARTED = listed("lb lbs oz ft mi yd gal qt tsp Tsp tbsp Tbsp kg km hr yr")  # behind a fraction
_BEHIND_WORDS = listed(
    "lb lbs oz ft mi yd yds qt tsp tbsp kg km cm mm mph kph hr hrs min mins sec secs wks yrs"
)
_UNIT = rf"(?P<unit>{alternatives(list(UNITS))})"
_RATE = rf"(?P<per>(?:/(?:\d{{1,4}}\s?)?(?:{alternatives(list(PER))})(?!\w))*)"
_SPANS = (*listed("second minute hour day night week month year person"), "s")
_PER_SHORT = [
    *listed("gal hr min sec lb oz yr mo wk kg km mi ft"),
    *(unit for unit in UNITS if unit.startswith(("sq", "cu", "fl"))),
]
_PER_COUNTED = [unit for unit in PER if unit in UNITS or unit in _SPANS]  # `cells/mL`, `trips/day`
_TIMES = {"h": "hours", "m": "minutes", "s": "seconds"}
_SEXES = {"M": "male", "F": "female"}
_OWN_NOUN = re.compile(PLAIN_NOUN)
_RATE_PARTS = re.compile(r"/(?:(\d+)\s?)?([^/]+)")
_LASTING = listed(
    "equals for wait waits after every within took takes lasts last lasted than under only about "
    "another again"
)
_TURNED = (
    "angle|arc|bend|camera|corner|day|feedback|heat|incline|lens|oven|rotation|slope|spin|turn|"
    "video|view"
)
_TIMED = listed(
    "ago delay timer timeout cooldown interval window clip video ad ads exposure pause break "
    "countdown rest sprint round buff stun"
)


def _measure(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    stop = match["stop"] or ""
    if stop and match["unit"] in _STOPPED:
        stop = _stop_after(match)
    amount = number(match["amount"])
    if match["upto"]:
        amount += f" to {number(match['upto'])}"
    is_one = match["amount"] == "1" and not match["upto"]
    name = one if is_one or (not stop and is_adjective(match)) else many
    return f"{'minus ' * bool(match['minus'])}{amount} {name}{_rate(match['per'])}{stop}"


def _stop_after(match: re.Match[str]) -> str:
    begins = rest_of(match).lstrip()[:1].isupper()
    return "." if begins and match["unit"] in _CLOCKED else stop_after(match)


def _rate(per: str) -> str:
    """Return ` per kilogram per day` for `/kg/day`."""
    return "".join(
        f" per {PER[unit]}" if not figures else f" per {cardinal(figures)} {UNITS[unit][1]}"
        for figures, unit in _RATE_PARTS.findall(per)
    )


def _seconds(match: re.Match[str]) -> str | None:
    if match["before"] == "(" and match["amount"][1:] == "0" and word_before(match).isupper():
        return None  # the age of a character, as in `JANE (30s)`
    upto = f" to {cardinal(match['upto'])}" if match["upto"] else ""
    plural = "s" * (match["amount"] != "1" or bool(upto))
    return f"{match['before']}{cardinal(match['amount'])}{upto} second{plural}"


def _seconds_apart(match: re.Match[str]) -> str | None:
    """Return `thirty seconds` for `30 s`; `30s` may as well be a plural, unlike `0.5s`."""
    amount, upto = match["amount"], match["upto"]
    if not match["gap"] and "." not in (upto or amount):
        return None
    is_one = is_adjective(match) or (amount == "1" and not upto)
    said = f"{number(amount)} to {number(upto)}" if upto else number(amount)
    return f"{said} second{'' if is_one else 's'}"


def _age(match: re.Match[str]) -> str:
    if match["sex"]:
        return f"{cardinal(match['amount'])} year old {_SEXES[match['sex']]}"
    of_noun = match["noun"] is not None or has_article(match)
    return f"{cardinal(match['amount'])} {'year' if of_noun else 'years'} old"


def _part(match: re.Match[str]) -> str:
    """Return `two and a half pounds` for `two and a half lbs`."""
    one, many = UNITS[match["unit"]]
    stop = stop_after(match) if match["stop"] else ""
    is_mixed = match["whole"] and word_before(match) in SPELLED_NUMBERS
    return f"{match['whole'] or ''}{match['part']} {many if is_mixed else one}{stop}"


def _counted(match: re.Match[str]) -> str:
    """Return `sixty feet` for `sixty ft.`, `ten pound` for the `ten-lb` of a bag."""
    one, many = UNITS[match["unit"]]
    stop = _stop_after(match) if match["stop"] else ""
    is_one = match["amount"].lower() == "one" or match["gap"] == "-" or is_adjective(match)
    return f"{match['amount']}{match['gap']}{one if is_one else many}{stop}"


def _duration(match: re.Match[str]) -> str:
    """Return `two hours thirty minutes` for `2h30m`."""
    is_one = is_adjective(match)
    return " ".join(
        f"{number(figures)} {_TIMES[unit][: -1 if is_one or figures == '1' else None]}"
        for unit, figures in match.groupdict().items()
        if figures
    )


def _inches(match: re.Match[str]) -> str:
    is_one = match["amount"] == "1" or match["hyphen"] == "-" or is_adjective(match)
    is_one = is_one or (not match["hyphen"] and bool(_OWN_NOUN.match(match.string, match.end())))
    stop = stop_after(match) if match["stop"] else ""
    upto = f" to {number(match['upto'])}" if match["upto"] else ""
    return f"{number(match['amount'])}{upto} {'inch' if is_one and not upto else 'inches'}{stop}"


POWERED: tuple[Rule, ...] = (
    rule(
        rf"(?P<amount>(?<![\d.])(?:\d[\d.]{{0,9}}\s?[x×·*]\s?)?10(?:\^[-−]?\d{{1,3}}|[²³]))(?:\s?{_UNIT})?{_RATE}(?![\w^])",
        lambda m: m["amount"] + (f" {UNITS[m['unit']][1]}" if m["unit"] else "") + _rate(m["per"]),
    ),
)
"""Powers of ten with a unit, before the powers are said."""

MEASURES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,/-])(?P<days>[1-7])\s?d(?=/(?:wk|week|mo|month)\b)",
        lambda m: f"{m['days']} day{'s' * (m['days'] != '1')}",
    ),
    rule(
        r"(?<=[a-z]s)/(?P<hours>\d{1,2})\s?h(?:rs?|ours)?(?!\w)",
        lambda m: f" per {cardinal(m['hours'])} hours",
    ),
    rule(
        r"(?<![\w.,/$£€¥₹:-])(?P<rate>\d{1,4}(?:\.\d{1,3})?)/(?P<per>s|sec|min|hr|h|day|wk|week|mo|month|yr|year)(?![\w/])",
        lambda m: f"{number(m['rate'])} per {PER[m['per']]}",
    ),
    rule(r"(?<=\d)[xX×]\s?[-–—]\s?(?=\d{1,3}(?:\.\d)?[xX×](?!\w))", "-"),
    rule(
        rf"{START}(?P<feet>\d{{1,2}})\s?ft\.?\s?(?P<inches>\d{{1,2}})\s?in\b(?P<stop>\.(?!\w))?",
        lambda match: (
            f"{cardinal(match['feet'])} feet {cardinal(match['inches'])} inches"
            f"{stop_after(match) if match['stop'] else ''}"
        ),
    ),
    rule(
        rf"(?<!\dm\s){START}(?P<amount>{NUMBER}){UPTO}(?P<gap>\s?)s(?![\w'’/^²-]|\.\w)",
        _seconds_apart,
    ),
    rule(
        rf"{MINUS}{START}(?P<amount>\d{{1,3}})s(?=\s(?:{'|'.join(_TIMED)})\b)",
        lambda m: f"{'minus ' * bool(m['minus'])}{cardinal(m['amount'])} second",
    ),
    rule(
        rf"(?P<before>^(?=\d{{1,3}}s\s*(?:$|\|))|[:|=]\s?|(?<=\s)\(|\b(?:{'|'.join(_LASTING)})\s)(?P<amount>\d{{1,3}})"
        r"(?:\s?[-–]\s?(?P<upto>\d{1,3}))?s(?=[.,;:!?)|]|\s?$|\s?\n|\s[^A-Z])",
        _seconds,
    ),
    rule(
        rf"{START}(?P<amount>\d{{1,3}})[\s-]?(?:yo|y\.o\.|y/o)(?!\w)(?:\s(?P<sex>[MF])(?![\w/]))?(?P<noun>(?=\s(?:male|female|m[ae]n|"
        r"wom[ae]n|boys?|girls?|child|kids?|patients?|son|daughter|dog|cat|account)\b))?",
        _age,
    ),
    rule(
        rf"{START}(?P<amount>{NUMBER})°(?=\s(?:{_TURNED})s?\b)",
        lambda m: f"{number(m['amount'])} degree",
    ),
    rule(r"(?<=\d)pp\b(?!\.\w)|(?<=\d\.\d)\spp\b", " percentage points"),
    rule(r"(?<=\d)\s?pp\b\.?(?=\s?[,;)]|\s?$)", " pages"),
    rule(r"(?<=\d)\spp(?P<stop>\.)(?=\s\w)", lambda match: f" pages{stop_after(match)}"),
    rule(
        r"(?<![\w.,/$£€-])(?P<amount>11|1?[02-9]|[2-9][02-9])st(?![\w'’])",
        lambda match: f"{cardinal(match['amount'])} stone",
    ),
    rule(
        rf"(?<=[a-z]s)/(?P<per>{alternatives(_PER_COUNTED)})(?![\w²³])"
        r"|(?<=[a-z]{3})/(?P<short>hr|sec|wk|yr|mo)\b(?!\.\w)",
        lambda m: f" per {PER[m['per'] or m['short']]}",
    ),
    rule(r"(?<=\d%)[:](?=\d)", " to "),
    rule(r"(?<=\d[+])%", " percent"),
    rule(  # behind a fraction that is said
        r"(?P<part>\b(?:half|halves|quarters?|thirds?|[a-z]{3,9}ths?))%(?!\w)",
        lambda m: f"{m['part']} percent",
    ),
    rule(r"(?P<amount>(?<![\w.])\d{1,3}\.\d{1,3})\s?ac(?!\w)", lambda m: f"{m['amount']} acres"),
    rule(r"(?<=\d[xX×])/(?=(?:day|week|month|year|hour|minute|wk|mo|yr|hr|min|d|h)\b)", " per "),
    rule(
        rf"{START}(?P<amount>\d{{1,3}}(?:\.\d)?)(?:(?P<unit>[WV]|mm)|[\"”″]){PLAIN_NOUN}",
        lambda m: f"{number(m['amount'])} {UNITS[m['unit']][0] if m['unit'] else 'inch'}",
    ),
    rule(
        rf"{START}(?P<h>\d{{1,3}})\s?hr?s?\s?(?P<m>\d{{1,2}})\s?m(?:ins?)?(?:\s?(?P<s>\d{{1,2}}(?:\.\d{{1,3}})?)\s?s)?\b(?!\.\d)",
        _duration,
    ),
    rule(
        rf"{START}(?P<m>\d{{1,3}})\s?m(?:in)?\s?(?P<s>\d{{1,2}}(?:\.\d{{1,3}})?)\s?s(?:ecs?)?\b",
        _duration,
    ),
    rule(
        rf"(?P<side>{START}{NUMBER}\s?(?:[kcm]?m|ft|in|yd)\.?)\s?[x×]\s?(?=\d)",
        lambda match: f"{match['side']} by ",
    ),
    rule(r"(?<=\d)\s?[x×]\s?(?=\d[\d.,]{0,9}\s?(?:[kcm]?m|ft|in|inches|feet|foot)\b)", " by "),
    rule(r"(?<=\d)(?:[x×]\s?|\sx\s)(?=\d)(?![^=\n]{1,16}=)|(?<=inches)\s?[x×]\s?(?=\d)", " by "),
    rule(
        rf"{START}(?P<amount>{NUMBER}){UPTO}(?:[xX]\b|\s?×(?=\s?[A-Za-z]{{2}}|[.,;:!?)]|\s?$)|×(?=\s?[A-Za-z]|[.,;:!?)]|\s?$))",
        lambda m: (
            f"{number(m['amount'])}{' to ' + number(m['upto']) if m['upto'] else ''} times"
            + " " * m.string[m.end() : m.end() + 1].isalnum()
        ),
    ),
    rule(
        r"(?P<whole>\band\s(?:a|\w+)\s)?\b(?P<part>half|quarters?|thirds?|fifths?|eighths?)\s"
        rf"(?P<unit>{alternatives(_PARTED)})\b(?P<stop>\.(?!\w))?",
        _part,
    ),
    rule(
        rf"\b(?P<amount>(?i:{'|'.join(SPELLED_NUMBERS)}|few|several|dozen|many|plus))(?P<gap>[\s-])"
        rf"(?P<unit>{alternatives(_BEHIND_WORDS)})(?![\w'’-])(?P<stop>\.(?!\w))?",
        _counted,
    ),
    # "5kg-10kg" is "5-10kg"
    rule(rf"(?<=\d)\s?{_UNIT}(?!\w)\s?[-–—]\s?(?={NUMBER}\s?(?P=unit)(?!\w))", "-"),
    rule(
        rf"{START}(?P<amount>{NUMBER}){UPTO}(?P<hyphen>-|\s?)in(?P<stop>\.(?=\s[a-z(]|[,;)]|\s?$)"
        r"|(?=\s(?:tall|high|wide|long|deep|thick|by|x)\b)|(?<=\din)(?=\s[a-z]))",
        _inches,
    ),
    rule(
        rf"(?<!-){START}(?P<amount>{NUMBER})-(?P<unit>[gmVW](?=\s[a-z])"
        rf"|(?:{alternatives([unit for unit in UNITS if len(unit) > 1])})\b(?![.]\w))(?P<stop>\.)?",
        lambda m: (
            f"{number(m['amount'])} {UNITS[m['unit']][0]}{stop_after(m) if m['stop'] else ''}"
        ),
    ),
    rule(
        rf"{MINUS}{START}(?P<amount>{NUMBER}){UPTO}\s?{_UNIT}{_RATE}(?!\w|['’]s\b|[:]\s?\d)(?P<stop>\.(?!\w))?",
        _measure,
    ),
    *COLUMNS,
    rule(
        r"(?<![\w.])(?<!\bper\s)(?P<first>[Ss])q\.?\sft\b(?:\.(?=[,;:)]|\s[a-z\d]))?",
        lambda m: f"{m['first']}quare feet",
    ),
    rule(
        r"(?P<pressure>(?<![\w/.,])\d{2,3}/\d{2,3})\s?mmHg\b",
        lambda match: f"{match['pressure']} {UNITS['mmHg'][1]}",
    ),
    rule(
        rf"(?P<what>{START}{NUMBER}[\s-][a-z]{{3,20}})(?=/[a-z]){_RATE}",
        lambda match: match["what"] + _rate(match["per"]),
    ),
    rule(
        r"(?<![\w/.,-])(?P<unit>[kcm]?m|mi|ft|[KMGT]i?B|[KMG]b|m?L)/(?P<per>s|h|hr|sec|min)(?![\w/])",
        lambda m: f"{UNITS[m['unit']][1]} per {PER[m['per']]}",
    ),
    rule(
        rf"(?<=\bper\s)(?P<unit>{alternatives(_PER_SHORT)})(?!\w)(?P<stop>\.)?",
        lambda m: f"{UNITS[m['unit']][0]}{stop_after(m) if m['stop'] else ''}",
    ),
)
"""Lengths in feet, durations, sizes, then numbers with any unit."""
