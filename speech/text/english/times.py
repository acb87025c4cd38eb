"""Times of day, instants, and other numbers with a colon between."""

from __future__ import annotations

import re

from speech.text.english.figures import UNJOINED, cardinal, digits, in_pairs, number, two_figures
from speech.text.english.rule import Rule, rule
from speech.text.english.sentences import rest_of

_ANY_TIME = r"(?:\d{1,2}[:]\d\d(?!\d)|\d{1,2}\s?[ap]\.?\s?m\b)"
_RATIOS = "scale|ratio|odds|dilution|mixture|dilute|diluted"
_NOON = re.compile(r"\s(?:noon|midnight|o['’]clock)\b", re.IGNORECASE)
_HOURS = r"(?:[01]\d|2[0-3])[0-5]\d"
_SET_OUT = (
    "arriv(?:es?|ed|al|ing)|depart(?:s|ed|ure|ing)?|land(?:s|ed|ing)?|leav(?:es?|ing)|left|"
    "sail(?:s|ed)?|takes?\\soff|took\\soff|report(?:s|ed)?|assembled?"
)
_WATCHED = "at|by|from|until|till|since|before|after|around|about"
_ENDS = ("", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_GOES_ON = re.compile(  # behind `p.m.`, no sentence begins
    r"\s(?:[ECMPABJ][SD]?T|I?ST|GMT|UTC|CES?T|AE[SD]T|NZ[SD]T|AK[SD]T|HST|Eastern|Central|Mountain|"
    r"Pacific|Greenwich|(?:Mon|Tues?|Wednes|Thurs?|Fri|Satur|Sun)(?:days?)?|Wed|Sat)\b"
)
_SHOUTED = re.compile(r"\s[A-Z]{2,}\b")
_HALF_DAY = r"(?P<half>[ap])(?P<point>\.?)\s?m\b(?P<stop>\.(?=\s+[A-Z]|\s*$)|\.)?"


def _time(match: re.Match[str]) -> str | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), match["second"]
    fraction = match["fraction"]
    if hour > 24 or minute > 59:
        return None
    if second == "00" and not fraction:
        second = None
    if match["hour"] == "00" and minute == 0 and not second and not fraction:
        return "midnight"
    said = cardinal(str(hour))
    if minute:
        said += f" {two_figures(match['minute'])}"
    elif not match["half"] and not second and not fraction and not _NOON.match(rest_of(match)):
        said += " o'clock" if hour <= 12 else " hundred"
    if fraction and not second:
        said += f" point {digits(fraction)}"
    if second:
        amount = ".".join(filter(None, (str(int(second)), fraction)))
        said += f" and {number(amount)} second{'s' * (amount != '1')}"
    return said + _half_day(match)


def _offset(match: re.Match[str]) -> str:
    sign = "plus" if match["sign"] == "+" else "minus"
    minutes = f" {cardinal(match['minutes'])}" if match["minutes"] not in (None, "00") else ""
    return f"{sign} {cardinal(str(int(match['hours'])))}{minutes}"


def _military(match: re.Match[str]) -> str:
    """Return `oh six thirty` for `0630`."""
    said = _watch(match["hour"] + match["minute"])
    groups = match.groupdict()
    return said + " Zulu" * bool(groups.get("zulu")) + " hours" * bool(groups.get("hours"))


def _watch(time: str) -> str:
    """Return `oh six forty five` for `0645`."""
    return f"{two_figures(time[:2])} {two_figures(time[2:]) if time[2:] != '00' else 'hundred'}"


def _countdown(match: re.Match[str]) -> str:
    """Return `tee plus 30 seconds` for `T+30s`."""
    sign = "plus" if (match["sign"] or match["other"]) == "+" else "minus"
    return f"tee {sign} " + (f"{match['amount']} seconds" if match["amount"] else "")


def _hour(match: re.Match[str]) -> str:
    return cardinal(match["hour"]) + _half_day(match)


def _half_day(match: re.Match[str]) -> str:
    if not match["half"]:
        return ""
    rest = rest_of(match)
    is_shouted = match["point"] and match["half"].isupper() and _SHOUTED.match(rest)
    goes_on = _GOES_ON.match(rest) or is_shouted
    follower = rest.lstrip(' \n"“‘')[:1]
    is_item = "\n" in rest[:2] and not follower.islower()
    ends = match["stop"] and (is_item or (follower in _ENDS and not goes_on))
    return f" {'ay' if match['half'].lower() == 'a' else 'pee'} em{'.' if ends else ''}"


def _stopwatch(match: re.Match[str]) -> str:
    """Return `forty one twenty three` for `41:23`, which no clock shows."""
    if match["seconds"] == "00":
        return cardinal(match["minutes"])
    return f"{cardinal(match['minutes'])} {two_figures(match['seconds'])}"


def _running_time(match: re.Match[str]) -> str:
    """Return `one minute and two seconds` for `00:01:02`."""
    amounts = [(int(match[unit]), unit) for unit in ("minutes", "seconds")]
    said = [
        f"{cardinal(str(amount))} {unit if amount != 1 else unit[:-1]}"
        for amount, unit in amounts
        if amount or (unit == "seconds" and match["minutes"] == "00")
    ]
    return " and ".join(said)


def _ratio(match: re.Match[str]) -> str:
    left, right = match["left"] or match["one"], match["right"] or match["other"]
    return f"{match['what'] or ''}{cardinal(left)} to {cardinal(right)}"


def _verses(match: re.Match[str]) -> str:
    """Return `five three to twelve` for `5:3-12`; times such as `2:30-3` are read no other way."""
    say = two_figures if len(match["first"]) == 2 else cardinal
    first = say(match["first"])
    return f"{cardinal(match['chapter'])} {first} to {cardinal(match['last'])}"


INSTANTS: tuple[Rule, ...] = (
    rule(
        r"(?P<what>\b(?P<dep>dep)\.|\barr\.)(?P<place>\s[A-Z][a-z]+(?:\s[A-Z][a-z]+)?\s)(?P<hour>[01]?\d|2[0-3])[.:](?P<minute>[0-5]\d)(?!\w)",
        lambda m: f"{'departs' if m['dep'] else 'arrives'}{m['place']}{m['hour']}:{m['minute']}",
    ),
    rule(
        r"(?:(?<=\d:\d\d)(?=(?:\.\d+)?[+])|(?<=[:]\d\d:\d\d)|(?<=\d-\d\dT\d\d:\d\d))(?:\.\d+)?\s?"
        r"(?P<sign>[+−-])(?P<hours>\d\d)[:]?(?P<minutes>\d\d)(?![\w:])",
        lambda match: f" UTC {_offset(match)}",
    ),
    rule(r"(?<=\d{4}-\d\d-\d\d)[T\s](?=\d\d:\d\d)", " at "),
    rule(r"(?<=\d:\d\d)(?:\.\d+)?Z(?!\w)", " UTC"),
    rule(
        r"\b(?P<zone>GMT|UTC)(?P<sign>[+−–-])(?P<hours>\d{1,2})(?:[:]?(?P<minutes>\d\d))?(?![\w:]|\s(?:GMT|UTC)\b)",
        lambda match: f"{match['zone']} {_offset(match)}",
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<hour>[01]\d|2[0-4])(?P<minute>[0-5]\d)(?P<zulu>Z)(?!\w)", _military
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<hour>0\d|[01]\d(?=[0-5][1-9])|2[0-4](?=[0-5][1-9]))(?P<minute>[0-5]\d)"
        r"(?:(?P<hours>\s?hrs?\b\.?|\shours\b)|(?=\s?(?:GMT|UTC|local)\b))",
        _military,
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<hours>hrs\b\.?)", _military
    ),
    rule(
        r"(?:(?<=\b(?:at|by)\s)|(?<=\b(?:from|till)\s)|(?<=\b(?:until|since)\s))"
        r"(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<hours>\s(?:hours\b|hrs\b\.?))",
        _military,
        re.IGNORECASE,
    ),
    rule(
        rf"{UNJOINED}(?P<start>0\d[0-5]\d)\s?(?:[-–]|to)\s?(?P<end>{_HOURS})(?![\w-]|[.,:]\d)",
        lambda m: f"{_watch(m['start'])} to {_watch(m['end'])}",
    ),
    rule(
        rf"(?P<before>\b(?:{_WATCHED})\s)(?P<time>0\d[0-5]\d)(?![\w-]|[.,:]\d)",
        lambda m: m["before"] + _watch(m["time"]),
        re.IGNORECASE,
    ),
    rule(
        r"(?P<the>\b[Tt]he\s)(?P<time>0\d[0-5]\d)(?=\s(?:(?:from|to)\s[A-Z]|(?:bus|express|ferry|flight|service|train)\b))",
        lambda m: m["the"] + _watch(m["time"]),
    ),
    rule(
        rf"(?P<before>\b(?:{_SET_OUT})\s(?:\w{{1,12}}\s){{0,2}}at\s)(?P<time>{_HOURS})"
        r"(?![\w-]|[.,:]\d|\s(?!(?:and|but|for|from|in|local|on|or|today|tomorrow|with)\b)\w)",
        lambda m: m["before"] + _watch(m["time"]),
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<hour>[1-9]|1[0-2])(?P<minute>[0-5]\d)(?P<half>\s?[AP]M|\s?am|pm)(?!\w)",
        lambda m: f"{m['hour']}:{m['minute']}{m['half']}",
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<station>[5-9]\d0|1[0-6]\d0)\sAM(?!\w)",
        lambda m: f"{in_pairs(m['station'])} ay em",
    ),
    rule(
        r"(?P<before>\b(?:[Aa]t|[Bb]y|[Oo]r|[Uu]ntil|[Tt]ill)\s)(?P<hour>1\d|2[0-3]|[1-9])\.(?P<minute>[0-5][05])"
        r"(?=,?\s(?:at\sthe\s(?:earliest|latest)|he|I|it|precisely|sharp|she|they|this\s(?:morning|afternoon|evening)|tomorrow|we)\b)"
        r"|(?P<the>\bthe\s)(?P<h>1\d|2[0-3]|[1-9])\.(?P<m>[0-5]\d)"
        r"(?=\s(?:(?:from|to)\s[A-Z]|(?:bus|express|ferry|flight|service|train)\b))",
        lambda m: f"{m['before'] or m['the']}{m['hour'] or m['h']}:{m['minute'] or m['m']}",
    ),
    rule(
        r"(?P<day>\b(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun|[A-Z][a-z]{2,5}days?)[:,]?\s)"
        r"(?P<hour>[01]?\d|2[0-3])\.(?P<minute>[0-5]\d)\s?[-–]\s?(?P<end>[01]?\d|2[0-3])\.(?=[0-5]\d(?![\w.%]))",
        lambda m: f"{m['day']}{m['hour']}:{m['minute']}-{m['end']}:",
    ),
    rule(r"(?<=\d[:]\d\d[:]\d\d),(?=\d{3}(?![\d,]))", "."),  # of a log
    rule(r"(?<=[:]\d\d)c(?![\w'’])", " Central"),
    rule(r"(?<=[:]\d\d)/(?=\d{1,2}[:]\d\d)", ", "),
    rule(r"(?<=\b[A-Z]T)/(?=\d{1,2}(?:[:]\d\d)?\s?[apAP]\.?[mM])", ", "),
    rule(
        r"(?<![\w.,:/-])(?P<east>1?\d)/(?P<west>1?\d)c(?![\w'’-])",
        lambda m: f"{cardinal(m['east'])}, {cardinal(m['west'])} Central",
    ),
    rule(
        r"(?P<before>\b(?:[Bb]ake|[Cc]ook|[Dd]uration|[Ff]or|[Pp]rep|[Tt]ime|[Tt]otal|took)[:]?\s)(?P<hours>\d{1,2})h(?P<minutes>[0-5]\d)(?!\w)",
        lambda m: f"{m['before']}{m['hours']}h {m['minutes']}m",
    ),
    rule(r"(?<![\w.,:/$£€-])(?P<hour>[01]?\d|2[0-4])h(?=[0-5]\d(?!\w))", lambda m: f"{m['hour']}:"),
    rule(r"(?:(?<=\b[QH][1-4])|(?<=\bFY))\s?['’](?=\d\d\b)", " "),
    rule(r"\bFY\s?(?P<year>\d\d)/(?=\d\d(?![\w/]))", lambda m: f"FY {m['year']} "),
    rule(r"\bT[-−](?=\d+\s(?:days?|hours?|minutes?|seconds?)\b)", "tee minus "),
    rule(
        r"\bT(?P<sign>[+−-])(?=\d{1,4}\s?(?:h|min)(?!\w))|\bT(?P<other>[+−-])(?P<amount>\d{1,4})\s?s(?!\w)",
        _countdown,
    ),
    rule(r"(?<=\d[:]\d\d)\s?h(?!\w)", ""),
    rule(
        r"(?:(?<=\d[:]\d\d)|(?<=@\s[1-9])|(?<=@\s1[0-2]))(?P<half>[ap])(?![\w'’])",
        lambda m: f" {m['half']}m",
    ),
    rule(r"(?<=\bsub-)(?P<minutes>\d{1,2})[:](?P<seconds>[0-5]\d)(?![\w:]|\.\d)", _stopwatch),
    rule(
        r"(?<![\w.,:])(?P<left>\d{1,3})[:](?P<right>\d{1,3}(?:,\d{3})+)(?![\w:]|[.,]\d)",
        lambda match: f"{cardinal(match['left'])} to {cardinal(match['right'])}",
    ),
)
"""Instants such as `2024-03-15T14:30Z`, and times without a colon between hour and minute."""

TIMES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,:])[1-9]\d?(?:[:][1-9]){2,4}(?![\w:]|\.\d)",
        lambda m: " to ".join(map(cardinal, m[0].split(":"))),
    ),
    rule(
        r"(?:^|(?<=[\n\[(])|(?<=[,;:–—-]\s)|(?<=\b(?:in|of|is)\s)|(?<=\b(?:took|time)\s))00[:](?P<minutes>[0-5]\d)[:](?P<seconds>[0-5]\d)(?![\w:]|\.\d|\s?(?:UTC|GMT)\b)",
        _running_time,
    ),
    rule(
        r"(?<![\w.,:/-])0[:](?P<seconds>[0-5]\d)(?=\s(?:left|remaining|to\sgo|on\sthe\sclock)\b)",
        lambda m: f"{cardinal(str(int(m['seconds'])))} seconds",
    ),
    rule(r"(?<![\w.,:])50[:]50(?![\w:]|[.,]\d)", "fifty fifty"),
    rule(
        rf"{UNJOINED}(?P<chapter>\d{{1,3}})[:](?P<first>\d{{1,3}})\s?[-–—]\s?(?P<last>\d{{1,3}})"
        r"(?![\w:-]|[.,]\d|\s?[ap]\.?\s?m\b)",
        _verses,
    ),
    rule(
        r"(?<![\w.,/$£€])(?P<hour>1[0-2]|[1-9])\.(?=[0-5]\d\s?[ap]\.?\s?m\b)",
        lambda match: f"{match['hour']}:",
        re.IGNORECASE,
    ),
    rule(
        rf"{UNJOINED}(?P<start>\d{{1,2}}(?:[:]\d\d)?(?:\s?[ap]\.?\s?m\b\.?)?)\s?[-–—]\s?(?={_ANY_TIME})",
        lambda match: f"{match['start']} to ",
        re.IGNORECASE,
    ),
    rule(r"(?=[\s–—-])(?:(?<=\b[Nn]oon)|(?<=\b[Mm]idnight))\s?[-–—]\s?(?=\d)", " to "),
    rule(
        r"(?<=\d)(?P<half>\s?[ap]\.?m\.?)?\s?[-–—]\s?(?=(?:noon|midnight)\b)",
        lambda match: f"{match['half'] or ''} to ",
    ),
    rule(
        rf"(?<![\w.,:])(?P<left>\d{{1,3}})[:](?P<right>\d{{1,6}})(?=\s(?:{_RATIOS})\b)"
        rf"|(?P<what>\b(?:{_RATIOS})(?:\s(?:of|is|was|at))?\s)(?P<one>\d{{1,3}})[:]"
        r"(?P<other>\d{1,6})(?![\w:]|\.\d)",
        _ratio,
    ),
    rule(
        rf"{UNJOINED}(?P<hour>\d{{1,2}})[:](?P<minute>\d\d)(?:[:](?P<second>\d\d))?(?!\d)"
        r"(?:\.(?P<fraction>\d{1,3})(?!\w))?"
        rf"(?:\s?{_HALF_DAY})?",
        _time,
        re.IGNORECASE,
    ),
    rule(rf"{UNJOINED}(?P<hour>1[0-2]|[1-9])\s?{_HALF_DAY}", _hour, re.IGNORECASE),
    rule(
        rf"(?<![\w.'’])(?=[ap]\.\s?m\.){_HALF_DAY}",
        lambda match: _half_day(match).lstrip(),
    ),
    rule(
        r"(?<=\b(?:in|at|by)\s)(?P<minutes>2[5-9]|[3-9]\d)[:](?P<seconds>[0-5]\d)(?![\w:]|\.\d)",
        _stopwatch,
    ),
    rule(
        r"(?<![\w.,:])(?P<left>\d{1,3})[:](?P<right>\d{1,6})(?![\w:]|\.\d)",
        lambda match: f"{cardinal(match['left'])} to {cardinal(match['right'])}",
    ),
)
"""Times of day first; what else has a colon between is a ratio or a score."""
