"""Counts in games and of progress: dice, levels, episodes, points out of all there are."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, in_pairs
from speech.text.english.rule import Rule, rule

_COUNTED = (
    r"(?:HP|MP|SP|AP|PP|XP|EXP|STA|[Hh]ealth|[Mm]ana|[Ss]tamina|[Aa]mmo|[Ll]ives|[Ss]hields?|[Ee]nergy|"
    r"[Ll]ap|[Mm]atch|[Gg]ame|[Hh]ole|[Ss]tep|[Pp]art|[Ll]evel|[Rr]ound|[Ss]tage|[Ww]ave|[Ss]lide|[Pp]hase|[Ll]esson|[Ee]pisode|[Cc]hapter|"
    r"[Pp]age|[Dd]ay|[Ww]eek|[Aa]ttempt|[Qq]uestion|[Ss]core|[Pp]rogress|[Tt]ask|[Tt]urn|[Ii]tem|[Rr]ated|[Rr]eview|[Rr]atings?|[Qq]uiz)"
)
_DATED = "".join(
    rf"(?<!\b{word}\s)"
    for word in ("on", "On", "since", "until", "before", "after", "to", "in", "the")
)
_REPORTED = re.compile(r"(?<![\w-])\d\s?[-–]\s?\d(?![\w-])|\((?:pen|og|OG|HT|FT)\b")
_PARTS_OR_DAYS = re.compile(
    r"half|halves|quarters?|thirds?|\w+ths?|(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)(?:[a-z]*day)?",
    re.IGNORECASE,
)
_MEASURES = frozenset({(1, 2), (1, 3), (2, 3), (1, 4), (3, 4)})
"""Fractions of a cup, a slope, a beat, unless what stands before is counted."""
_COUNTED_WORD = re.compile(
    rf"{_COUNTED}|thread|quest|tweet|post|file|photo|test|video|volume|batch|attempt|job|tip|update",
    re.IGNORECASE,
)
_SPLIT = frozenset({"1", "2", "4", "12", "20", "50"})  # fifty fifty, twenty twenty, four four time


def _out_of(match: re.Match[str]) -> str | None:
    if int(match["got"]) > int(match["all"]):
        return None
    return f"{match['what']}{cardinal(match['got'])} out of {cardinal(match['all'])}"


def _part_of(match: re.Match[str]) -> str | None:
    """Return `Thread (one out of three)` for `Thread (1/3)`; a day and `sugar (1/2)` stay."""
    got, total = int(match["got"]), int(match["all"])
    what = match["what"].strip(", ")
    if not 0 < got <= total or _PARTS_OR_DAYS.fullmatch(what):
        return None
    if (got, total) in _MEASURES and not _COUNTED_WORD.fullmatch(what):
        return None
    return f"{match['what']}({cardinal(match['got'])} out of {cardinal(match['all'])})"


def _all(match: re.Match[str]) -> str | None:
    """Return `five out of five`; a day and what is parted evenly are said otherwise."""
    amount = match["all"]
    return None if amount in _SPLIT else f"{cardinal(amount)} out of {cardinal(amount)}"


def _scored(match: re.Match[str]) -> str:
    """Return `Messi (23 minutes, 67 minutes)` for `Messi (23', 67')`."""
    minutes = re.findall(r"\d+(?:[+]\d+)?", match["minutes"])
    said = ", ".join(f"{minute.replace('+', ' plus ')} minutes" for minute in minutes)
    return f"{match['name']}({said})"


def _scored_at(match: re.Match[str]) -> str | None:
    """Return `Saka 81 minutes` for `Saka 81'` in the report of a match."""
    if not _REPORTED.search(match.string):
        return None
    said = re.sub(r"(?<=\d)['’′]", " minutes", match["minutes"].replace("+", " plus "))
    return match["name"] + said


def _set(match: re.Match[str]) -> str:
    """Return `7-6 (5),` for the set `7-6(5)` with another behind it."""
    tie = f" {match['tie']}" if match["tie"] else ""
    return f"{match['games']}{tie}{',' if match['more'] is not None else ''}"


def _list_of_seconds(match: re.Match[str]) -> str | None:
    """Return `1 second, 2 seconds` for `1s, 2s`; `20s, 30s` may be ages as well."""
    amounts = re.findall(r"\d+", match[0])
    if all(amount.endswith("0") for amount in amounts):
        return None
    return ", ".join(f"{cardinal(amount)} second{'s' * (amount != '1')}" for amount in amounts)


GAMES: tuple[Rule, ...] = (
    rule(r"(?<=\()\d{1,3}s(?:,\s\d{1,3}s){1,6}(?=\)|,\s?(?:\.|…|etc))", _list_of_seconds),
    rule(
        r"(?<![\w.,/$£€-])(?P<games>[0-7][-–][0-7])(?:\s?(?P<tie>\(\d{1,2}(?:[-–]\d{1,2})?\)))?"
        r"(?P<more>(?=\s[0-7][-–][0-7](?![\w-]|[.,/]\d)))?(?![\w-])",
        _set,
    ),
    rule(
        r"(?P<winner>\b[A-Z][\w'’-]{1,20}\s)(?:d|def)\.(?=\s[A-Z][\w'’-]{1,20}(?:\s[A-Z][\w'’-]{1,20})?,?\s\d{1,3}[-–]\d)",
        lambda m: f"{m['winner']}defeated",
    ),
    rule(
        r"(?P<name>\b[A-ZÀ-Þ][\w.'’-]{1,20}\s)\((?P<minutes>\d{1,3}(?:[+]\d{1,2})?['’′](?:\spen)?(?:,\s?\d{1,3}(?:[+]\d{1,2})?['’′])*)\)",
        _scored,
    ),
    rule(
        r"(?P<name>\b[A-ZÀ-Þ][\w.'’-]{1,20}\s)(?P<minutes>\d{1,3}(?:[+]\d{1,2})?['’′](?:\s\((?:pen|og|OG|p)\)?)?"
        r"(?:,\s?\d{1,3}(?:[+]\d{1,2})?['’′](?:\s\((?:pen|og|OG|p)\)?)?)*)(?=[\s.,;)]|$)",
        _scored_at,
    ),
    rule(
        r"(?P<before>\b[Aa]\s|\b[Cc]opy\s|(?:^|[.!?]\s)(?=10-4))10-(?P<code>4|[1-9]\d)(?=[,.!;]|$|\s(?:at|on|over|in\s(?:progress|the))\b)",
        lambda m: f"{m['before']}ten {cardinal(m['code'])}",
    ),
    rule(r"(?<=\d)[\s-]pt\.?(?=\s(?:basket|game|lead|line|play|shot|win)\w{0,3}\b)", "-point"),
    rule(r"(?<=\d)\s?[★⭐](?![★⭐])", " stars"),
    rule(
        rf"(?P<what>\b{_COUNTED}[:]?\s)(?P<got>\d{{1,5}})\s?/\s?(?P<all>\d{{1,5}})(?![\w/]|[.,]\d)",
        _out_of,
    ),
    rule(
        r"(?P<what>\b[a-zA-Z]{2,20},?\s)\((?P<got>\d{1,2})/(?P<all>\d{1,2})\)",
        _part_of,
    ),
    rule(
        rf"(?=[1-9]){_DATED}(?<![\w.,:/$£€-])(?P<all>[1-9]\d{{0,3}})/(?P=all)(?![\w/-]|[.,]\d)",
        _all,
    ),
    rule(
        r"(?<![\w.-])(?P<count>\d{1,3})?d(?P<sides>4|6|8|10|12|20|100)(?!-?\w|\.\w)",
        lambda m: f"{(cardinal(m['count']) + ' ') if m['count'] else ''}dee {cardinal(m['sides'])}",
    ),
    rule(
        r"(?<!\w)S(?P<season>\d{1,2})[\s.]?E(?P<episode>\d{1,3})(?!\w)",
        lambda m: (
            f"Season {cardinal(str(int(m['season'])))} Episode {cardinal(str(int(m['episode'])))}"
        ),
    ),
    rule(
        r"(?P<before>^|\n|[,;:(+]\s?|\band\s)[x×](?=\d{1,3}\s[A-Z][a-z])",
        lambda m: f"{m['before']}times ",
    ),
    rule(
        r"(?:(?<=\()(?=.(?:[2-9]|1\d|20)\))|(?<=[A-Za-z]\s))(?<!\b[Tt]he\s)(?<!\b[ao]n\s)(?<!\bfor\s)[x×](?P<count>\d{1,2})(?=[.,;:!?)]*(?:\s|$))",
        lambda m: f"times {cardinal(m['count'])}",
    ),
    rule(
        r"(?<![\w.])\.\d{3}/\.\d{3}/\.\d{3}(?![\w/])",
        lambda m: ", ".join(in_pairs(part.lstrip(".0")) for part in m[0].split("/")),
    ),
    rule(
        r"(?P<what>\b(?:bat(?:s|ted|ting)|hit(?:s|ting)?|slugg(?:ed|ing)|OPS|OBP|SLG|AVG)\s(?:of\s)?|"
        r"(?<![^\s(])(?=\.\d{3}\s(?:average|OBP|OPS|SLG|ball|baseball|hitter|mark|record|season|team)\b))\.(?P<average>[1-9]\d\d)(?!\w)",
        lambda m: m["what"] + in_pairs(m["average"]),
    ),
)
"""Points first, then dice, episodes, how many there are of a thing, and averages of a batter."""
