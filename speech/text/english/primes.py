"""Primes and quotes behind figures: feet and inches, angles with their minutes and seconds."""

from __future__ import annotations

import re

from speech.text.english.adjectives import PLAIN_NOUN
from speech.text.english.rule import Rule, rule

_COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_SIDES = {"W": "wide", "H": "high", "D": "deep", "L": "long"}
_FIRST = r"(?<![\w.,:/$£€'’′-])"
_MIXED = r"(?:\d{1,4}(?:\.\d{1,3})?[½¼¾⅓⅔⅛⅜⅝⅞]?|(?:\d{1,3}[\s-])?\d{1,2}/\d{1,3}|[½¼¾⅓⅔⅛⅜⅝⅞])"
_INCH = r"(?:[\"”″]|''|’’)"
_BY = r"(?P<by>\s?(?:[x×]|by)\s?(?=[\d½¼¾]))?"
_OPENED = r"(?<!\w)(?:\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”)"
"""Words in quotes: the mark behind the last of them is no inch."""
_A_NOUN = re.compile(r"\s(?!(?:and|or|of|in|is|was|on|at|to|from)\b)[A-Za-z]")
_OWN_NOUN = re.compile(PLAIN_NOUN)
_AN_ARTICLE = re.compile(
    r"\b(?:an?|the|this|my|his|her|your|our|their)\s(?:\S{1,6}\s?[x×]\s?|\S{1,6}\sby\s)?$",
    re.IGNORECASE,
)
_OPENS_QUOTE = re.compile(r"(?<!\w)['‘]|s['’](?!\w)")
_QUOTED_CHARS = 300  # how far back a single quote is looked for that the mark may close
_SEEN_CHARS = 20  # how far back an article is looked for


def _angle(match: re.Match[str]) -> str | None:
    """Return `40 degrees 26 minutes north`; None for a number of degrees alone."""
    side = match["before"] or match["after"]
    parts = [(match[unit], unit) for unit in ("degree", "minute", "second") if match[unit]]
    if len(parts) == 1 and not side:
        return None
    said = [f"{amount} {unit}{'s' * (amount != '1')}" for amount, unit in parts]
    return " ".join([*said, *([_COMPASS[side]] if side else [])])


def _feet(match: re.Match[str]) -> str:
    return f"{match['feet']} {'foot' if _is_adjective(match) else 'feet'}"


def _feet_outside_quotes(match: re.Match[str]) -> str | None:
    before = match.string[max(0, match.start() - _QUOTED_CHARS) : match.start()]
    return None if _OPENS_QUOTE.search(before) else _feet(match)


def _inches(match: re.Match[str]) -> str | None:
    amount = match["amount"]
    if amount is None:
        return None
    if match["by"]:
        return f"{amount} by "
    is_one = amount == "1" or not re.match(r"\d+(?!/)", amount) or _is_adjective(match)
    return f"{amount} {'inch' if is_one else 'inches'}"


def _is_adjective(match: re.Match[str]) -> bool:
    """Tell whether a length belongs to a noun, as in `an 8" cake`."""
    text, start, end = match.string, match.start(), match.end()
    if _OWN_NOUN.match(text, end) and match.groupdict().get("amount"):
        return True
    return bool(
        _AN_ARTICLE.search(text[max(0, start - _SEEN_CHARS) : start])
        and _A_NOUN.match(text[end : end + 6])
    )


def _foot_and_inches(match: re.Match[str]) -> str:
    return f"{match['feet']} foot {match['inches']}"


def _minutes_and_seconds(match: re.Match[str]) -> str:
    """Return `1 minute 8 seconds` for `1'08"`."""
    minutes, seconds = match["minutes"], match["seconds"].removeprefix("0")
    return f"{minutes} minute{'s' * (minutes != '1')} {seconds} second{'s' * (seconds != '1')}"


PRIMES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,/-])(?P<low>\d{1,3}(?:\.\d)?)[\"”″]\s?[-–]\s?(?P<high>\d{1,3}(?:\.\d)?)[\"”″]",
        lambda m: f"{m['low']} to {m['high']} inches",
    ),
    rule(r"(?P<inch>\d[\"”″])/(?=\d)", lambda m: f"{m['inch']}, "),
    rule(
        rf"{_FIRST}(?P<amount>{_MIXED}){_INCH}\s?(?P<side>[WHDL])(?!\w)(?P<by>\s?[x×]\s?(?=\d))?",
        lambda m: f"{m['amount']} inches {_SIDES[m['side']]}{' by ' * bool(m['by'])}",
    ),
    rule(r"(?<![\w.,/])(?P<high>[-−]?\d{1,3})/(?=[-−]?\d{1,3}\s?°)", lambda m: f"{m['high']}, "),
    rule(
        r"(?<![\w.,/-])(?P<half>45|90|105|120)[+](?P<more>\d{1,2})['’′](?P<told>(?=\s[Mm]inute\b))?",
        lambda m: f"{m['half']} plus {m['more']}{' minutes' if m['told'] is None else ''}",
    ),
    rule(
        r"(?<![\w.,/-])(?P<minute>\d{1,2})['’′](?=\s(?:GOAL|Goal|Yellow|Red|Penalty|Substitution)\b)",
        lambda match: f"{match['minute']} minutes",
    ),
    rule(
        r"(?:(?<!\w)(?P<before>[NSEW])\s?)?(?<![\w.])(?P<degree>\d{1,3}(?:\.\d{1,9})?)\s?°"
        r"(?:\s?(?P<minute>\d{1,2}(?:\.\d{1,9})?)\s?['’′])?"
        r"(?:\s?(?P<second>\d{1,2}(?:\.\d{1,9})?)\s?(?:[\"”″]|''|’’|′′))?"
        r"(?:\s?(?P<after>[NSEW])(?!\w))?",
        _angle,
    ),
    rule(r"(?<=°)/(?=\d{1,3}°)", ", "),
    rule(
        r"(?<![\w.,/-])(?P<end>[35])['’′](?=\s(?:end|cap|UTR|carbon|position|overhang|splice|untranslated|"
        r"phosphate|to\s[35]['’′])|-[a-z])",
        lambda match: f"{match['end']} prime",
    ),
    rule(
        rf"{_FIRST}(?P<feet>\d{{1,2}})['’′][\s-]?(?P<inches>(?:\d|1[01])(?:[½¼¾]|\.\d)?){_INCH}",
        _foot_and_inches,
    ),
    rule(rf"{_FIRST}(?P<feet>[3-8])['’′](?P<inches>\d|1[01])(?![\w'’\"”″])", _foot_and_inches),
    rule(
        rf"{_FIRST}(?P<minutes>\d{{1,2}})['’′](?P<seconds>\d\d(?:\.\d{{1,3}})?)(?:[\"”″]|''|’’)",
        _minutes_and_seconds,
    ),
    rule(
        rf"{_FIRST}(?P<first>\d{{1,3}})['’′]\s?[x×]\s?(?P<feet>\d{{1,3}})['’′](?![\w\"'’])",
        lambda match: f"{match['first']} by {_feet(match)}",
    ),
    rule(rf"{_FIRST}(?P<feet>\d{{1,3}})(?:['’](?=\s(?:tall|high|long|wide|deep)\b)|′)", _feet),
    rule(rf"{_FIRST}(?P<feet>\d{{1,3}}(?:\.\d)?)['’](?=[.,;:!?)]?(?:\s|$))", _feet_outside_quotes),
    rule(rf"{_OPENED}|(?:{_FIRST}|(?<=[\"”″\d][x×]))(?P<amount>{_MIXED}){_INCH}{_BY}", _inches),
)
"""Angles, then feet with inches, then either alone."""
