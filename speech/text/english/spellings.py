"""Units that are written otherwise, such as `12m people`, `14k gold` or `at 350F`."""

from __future__ import annotations

import re

from speech.text.english.figures import NUMBER, START, in_pairs, number
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, listed, rule
from speech.text.english.sentences import stop_after, word_before

_AROUND = listed(  # a temperature
    "about above around at below chill highs hit lows near of over reached to under"
)
_SCALES = {"K": "thousand", "m": "million", "B": "billion"}
_PACKED = {
    "ct": "count",
    "pk": "pack",
    "pc": "piece",
    "ga": "gauge",
    "spd": "speed",
    "pcs": "pieces",
}
_LETTER = re.compile("[a-zA-Z]")
_METRIC = "k?g|m[lL]|[lL]|[ckm]?m|litres?"
_IMPERIAL = "fl\\.?\\s?oz|oz|lbs?|in|ft|mi|pints?|cups?|yd"
_PER_POWER = "kg|mol|min|yr|m[lL]|[cdkm]?m|[gsLhdK]"
_PHYSICAL = {"N": "newtons", "J": "joules", "K": "kelvin"}
_REPEATED = "days?|weeks?|wks?|months?|hours?|hrs?|doses?|reps|sets|nights?"
_AGO = {
    **{"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month"},
    **{"y": "year", "min": "minute", "hr": "hour", "yr": "year"},
}
_AGES = {"k": "thousand", "m": "million", "b": "billion", "g": "billion"}
_COUNTED = listed(
    "people users customers viewers followers subscribers downloads views copies jobs homes "
    "households tonnes tons barrels votes voters passengers visitors children adults workers "
    "members shares streams inhabitants residents refugees tourists deaths cases doses parameters "
    "tokens likes comments reviews ratings subs hits installs sales employees students fans "
    "requests records rows words retweets dollars euros pounds"
)


def _in_other_units(match: re.Match[str]) -> str | None:
    """Return `200g, ` for the `200g/` of `200g/7oz`; `5mg/2ml` is a rate."""
    other = re.compile(_IMPERIAL if re.fullmatch(_METRIC, match["one"].strip()) else _METRIC)
    unit = _LETTER.search(match.string, match.end())
    found = unit and other.match(match.string, unit.start())
    return f"{match['one']}, " if found else None


def _physical(match: re.Match[str]) -> str:
    """Return `a force of 5 newtons` for `a force of 5 N`."""
    many = _PHYSICAL[match["unit"]]
    name = many.removesuffix("s") if match["amount"] == "1" else many
    return f"{match['before']}{match['amount']} {name}"


def _joules(match: re.Match[str]) -> str | None:
    """Return `500 joules` for `500 J`; a seat or a grade, as in `Row 12 J`, stays."""
    is_name = word_before(match)[:1].isupper()
    return None if is_name else f"{match['amount']} joule{'s' * (match['amount'] != '1')}"


def _per_power(match: re.Match[str]) -> str:
    """Return `/s` for the ` s⁻¹` of `3 m s⁻¹`, `/m³` for ` m⁻³`."""
    return f"/{match['unit']}{match['power'].replace('¹', '')}"


def _scaled(match: re.Match[str]) -> str:
    """Return `1.2 thousand` for the `1.2K` of `1.2K followers`."""
    return f"{match['amount']} {_SCALES[match['scale'].strip()[0]]}"


SPELLINGS: tuple[Rule, ...] = (
    rule(  # of a post, of what was saved
        rf"(?<![\w.,/$£€¥₹:-])(?P<amount>\d{{1,3}})\s?(?P<unit>{alternatives(list(_AGO))})"
        r"(?=\sago\b|(?:(?<!\dm)(?<!\sm)|(?<=\b\dm)|(?<=\b[1-4][1-9]m))\s(?:remaining|to\sgo)\b|(?<!m)\sleft\b)",
        lambda m: f"{m['amount']} {_AGO[m['unit']]}{'s' * (m['amount'] != '1')}",
    ),
    rule(
        rf"(?<![\w.,/])(?P<used>{NUMBER})\s?/\s?(?=(?:{NUMBER})\s?[KMGTP]i?B(?!\w))",
        lambda m: f"{m['used']} out of ",
    ),
    rule(
        r"(?<=\d)(?P<unit>\s?[KMGTP]B)/(?=\d[\d.]{0,5}\s?[KMGTP]B(?!\w))",
        lambda m: f"{m['unit']}, ",
    ),
    rule(
        r"(?<=[a-z]{2})(?<!http)(?<!s(?=\(s))\((?P<many>e?s)\)(?![\w(=])", lambda m: m["many"]
    ),  # `item(s)`
    rule(r"(?<!\w)\[(?P<letter>[A-Za-z])\](?=[a-z])", lambda m: m["letter"]),  # `[T]he` of a quote
    rule(r"(?<=opyright\s)\([cC]\)\s(?=\w)", ""),
    rule(
        r"(?<=\dV)(?P<kind>\s?[AD]C)?/(?=[56]0(?:[/-]60)?\s?Hz\b)", lambda m: f"{m['kind'] or ''}, "
    ),
    rule(
        r"(?<![\w.,/$£€-])(?P<pressure>9[5-9]\d|10[0134][1-9])\s?mb\b",
        lambda m: f"{m['pressure']} millibars",
    ),
    rule(
        r"(?<=\s)\((?P<amount>\d{1,3}(?:\.\d{1,2})?)[xX]\)(?![\w(])",
        lambda m: f"({number(m['amount'])} times)",
    ),
    rule(r"(?<![\w.,/$£€-])(?P<cents>[4-9]9|95)c(?![\w'’-])", lambda m: f"{m['cents']}¢"),
    rule(r"(?<=[½¼¾⅛⅜⅝⅞])\s?[x×]\s?(?=\d)", " by "),
    rule(r"(?P<sides>\d\s?in\s?[x×]\s?\d[\d./]{0,5})\s?in\b", lambda m: f"{m['sides']} inches"),
    rule(r"(?:(?<=\d/\d)|(?<=[½¼¾⅛⅜⅝⅞]))-in\.(?!\w)", "-inch"),
    rule(
        r"(?P<amount>(?P<whole>\d{1,3}[\s-])?\d/\d{1,2})\sin\.(?!\w)",
        lambda m: f"{m['amount']} inch{'es' if m['whole'] else ''}{stop_after(m)}",
    ),
    rule(
        r"(?P<count>(?<![\w.,/-])\d{1,4})(?:-(?P<pack>ct|pk|pc|ga|spd)|\s(?P<pieces>pcs))\b(?P<stop>\.)?(?![\w-])",
        lambda m: (
            f"{m['count']} {_PACKED[m['pack'] or m['pieces']]}{stop_after(m) if m['stop'] else ''}"
        ),
    ),
    rule(r"(?<=\d/\d)\s?[x×]\s?(?=\d)(?![^=\n]{1,16}=)|(?<=\bM\d)\s?x\s?(?=\d)", " by "),
    rule(
        r"(?P<one>(?<=\d)(?P<unit>\s?(?![CF]/)[A-Za-z]{1,4}|%))/(?=\d[\d.,]{0,8}(?P=unit)(?!\w))",
        lambda m: f"{m['one']}, ",
    ),
    rule(r"(?<![\w.,:/$£€-])(?P<amount>\d{2,3}\.\d)\s?F(?![\w'’-])", lambda m: f"{m['amount']}°F"),
    rule(r"(?<=\d)\s?ga\b\.?(?=\s[a-z]|[,;)])", " gauge"),
    rule(
        r"(?P<degrees>\b[Dd]egrees?\s)(?P<scale>[CF])(?![\w'’-])(?:\.(?=\s[a-z]))?",
        lambda m: f"{m['degrees']}{'Celsius' if m['scale'] == 'C' else 'Fahrenheit'}",
    ),
    rule(r"(?<=\d)(?:°\s|\s?degs?\.?\s?)(?=[CF](?![\w'’-]))", "°"),
    rule(
        r"(?<![\w.,/])(?P<first>\d{1,3})/(?=\d{1,3}\s?(?:mpg|MPG|[kMG]?Hz)\b)",
        lambda m: f"{m['first']}, ",
    ),
    rule(
        rf"(?<=[\d½¼¾])(?P<one>\s?(?:{_METRIC})|\s?(?:{_IMPERIAL}))/"
        rf"(?=[\d½¼¾⅓⅔][\d½¼¾⅓⅔./]{{0,5}}\s?(?:(?:{_METRIC})|(?:{_IMPERIAL}))(?!\w))",
        _in_other_units,
    ),
    rule(
        r"(?P<amount>\d{0,3}[½¼¾⅛⅜⅝⅞])\s?in\.(?!\w)(?P<stop>(?=\s?$|\s[A-Z]))?",
        lambda m: (
            f"{m['amount']} inch{'es' * m['amount'][0].isdigit()}{'.' * (m['stop'] is not None)}"
        ),
    ),
    rule(
        r"(?P<what>\b(?:[Aa]ctive|[Bb]ake|[Cc]hill|[Cc]ook(?:ing)?|[Dd]uration|ETA|[Pp]rep|[Rr]est|[Rr]untime|"
        r"[Tt]ime|[Tt]imer|[Tt]otal)(?:\s[Tt]ime)?[:]?\s)(?P<amount>\d{1,3})\s?m(?!\w)",
        lambda m: f"{m['what']}{m['amount']} min",
    ),
    rule(r"(?<=\d)bp(?!\w)", " bps"),
    rule(r"(?P<city>\b(?:MPG|mpg)[:]?\s\d{1,3})/(?=\d{1,3}(?![\w/]))", lambda m: f"{m['city']}, "),
    rule(
        r"(?<![\w.])[LWHD](?:\s?[x×]\s?[LWHD]){1,2}(?!\w)",
        lambda m: " by ".join(map(spell, re.findall("[A-Z]", m[0]))),
    ),
    rule(r"(?<=\d[KMGT]B)\s[x×]\s?(?=\d)", " times "),
    rule(r"(?<=\s)[x×]\s?(?P<days>\d{1,3})\s?d(?!\w)", lambda m: f"times {m['days']} days"),
    rule(rf"(?<=\s)[x×]\s?(?=\d{{1,3}}\s(?:{_REPEATED})\b)", "times "),
    rule(
        r"(?P<before>\b(?:forces?|load|tension|thrust|weight)\s(?:(?:of|is|was)\s)?|=\s)(?P<amount>[\d.]{1,8})\s"
        r"(?P<unit>[NJK])(?![\w'’-]|\.\w)",
        _physical,
    ),
    rule(r"(?<![\w.,/-])(?P<amount>\d[\d.,]{0,9})\sJ(?![\w.'’·-])", _joules),
    rule(rf"(?<=[A-Za-zΩ²³])[\s·](?P<unit>{_PER_POWER})⁻(?P<power>[¹²³])(?![\w⁰-⁹])", _per_power),
    rule(r"(?:(?<=\d\d\.\d)|(?<=\d\.\d\d)|(?<=[^\d.,]0))\sK(?![\w'’/-])", " kelvin"),
    rule(
        r"(?P<before>\b(?:[Hh]ighs?|[Ll]ows?|[Tt]emp(?:erature)?s?)[:]?\s(?:[-−]?\d{1,2}\s?[-–]\s?)?[-−]?\d{1,3}(?:\.\d)?)"
        r"\s?(?P<scale>[CF])(?![\w°'’-])",
        lambda m: f"{m['before']}°{m['scale']}",
    ),
    rule(r"(?<=°[CF])/(?=\d)", ", "),
    rule(r"(?<=[\dKkp])@(?=\d[\d.]{0,5}\s?(?:[kMG]?Hz|fps)(?!\w))", " at "),
    rule(r"(?<=\d)\s?in\.?\s?Hg\b", " inches of mercury"),
    rule(
        r"(?<=\d)\s?(?P<scale>[Mm]|k|[GB])ya(?!\w)|(?<=\d)\s(?P<short>[MGk])a(?![\w.'’-])",
        lambda m: f" {_AGES[(m['scale'] or m['short']).lower()]} years ago",
    ),
    rule(
        r"(?P<people>\b[Pp]op(?:ulation|\.)\s\d[\d.,]*)m(?!\w)", lambda m: f"{m['people']} million"
    ),
    rule(r"(?<![\w.,/-])(?P<count>\d{1,3})\sx\s(?=[A-Z][a-z])", lambda m: f"{m['count']} times "),
    rule(r"(?<=\d)\s?V(?=[AD]C(?!\w))", "V "),
    rule(
        rf"(?P<amount>{START}{NUMBER}(?:\s?[-–]\s?{NUMBER})?)(?P<scale>m|\s?mil\.?|\s?[KB](?=[+]?\s))"
        rf"(?=[+]?\s(?:{'|'.join(_COUNTED)})\b|(?<=\d\.\dm)\s[A-Z][a-z]{{2,20}}s\b)(?!(?<=[48]K)\s(?:copies|streams))",
        _scaled,
    ),
    rule(
        r"(?P<before>\b(?:at|below|above|(?:cooled|heated|warmed)\s(?:down\s|up\s)?to|temperatures?\s(?:of|is|was))\s"
        rf"(?:about\s|around\s)?)(?P<amount>{NUMBER})(?:\s?[-–]\s?(?P<upto>{NUMBER}))?\sK(?![\w'’-])",
        lambda m: f"{m['before']}{m['amount']}{' to ' + m['upto'] if m['upto'] else ''} kelvin",
    ),
    rule(
        r"(?<![\w.,/-])(?P<beds>\d)\s?(?:BR|br|BD|bd)\s?[/,|]\s?(?P<baths>\d(?:\.5)?)\s?(?:BA|ba)(?!\w)",
        lambda m: f"{m['beds']} bedroom, {m['baths'].replace('.5', '½')} bath",
    ),
    rule(r"(?<![\w.,/-])(?P<beds>\d)[\s-]?BR(?!\w)", lambda m: f"{m['beds']} bedroom"),
    rule(
        r"(?<![\w.,$£€/-])(?P<carats>8|9|10|14|18|22|24)\s?-?(?:[kK]t?|KT)(?=\s(?:(?:white|yellow|rose|solid)\s)?"
        r"(?:gold|ring|band|chain|necklace|bracelet)s?\b)",
        lambda m: f"{m['carats']} karat",
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<stones>\d{1,2})\s?st\.?\s?(?P<pounds>\d|1[0-3])\s?lbs?\b(?P<stop>\.)?(?!\w)",
        lambda m: (
            f"{m['stones']} stone {m['pounds']} pound{'s' * (m['pounds'] != '1')}"
            f"{stop_after(m) if m['stop'] else ''}"
        ),
    ),
    rule(
        r"(?P<volts>\d(?:V|Hz)(?:\s?[AD]C)?)(?:(?P<mark>[/,])\s?|\s@\s|\s)(?P<amps>\d{1,3}(?:\.\d{1,2})?)\s?A(?![\w-])",
        lambda m: (
            f"{m['volts']}{', ' if m['mark'] else ' at '}{m['amps']} amp{'s' * (m['amps'] != '1')}"
        ),
    ),
    rule(
        r"(?<=\d)\s?A(?=\s(?:fuse|breaker|circuit|charger|supply|outlet|socket|current|plug)s?\b)",
        " amp",
    ),
    rule(
        r"(?<![\w.,:/$£€-])(?P<amount>\d{2,3}(?:\.\d)?)\s?°?(?P<scale>[CF])"
        r"(?=\s(?:oven|heat|weather|temperatures?|water|days?|fever|preheat)\b)",
        lambda m: f"{m['amount']}°{m['scale']}",
    ),
    rule(r"(?<=\d)-(?P<kind>sq|cu)\.?-(?=(?:ft|in|mi|yd|m)\b)", lambda m: f"-{m['kind']} "),
    rule(
        r"(?<![\w.,])(?P<width>[1-9]\d{2,3})\s?[x×]\s?(?P<height>[1-9]\d{2,3})"
        r"(?P<pixels>\s?px\b)?(?!\w|[.,]\d|\s?(?:[kcm]?m|ft|in|inches|feet|yd)\b|[^=\n]{0,16}=)",
        lambda m: (
            f"{in_pairs(m['width'])} by {in_pairs(m['height'])}{' pixels' * bool(m['pixels'])}"
        ),
    ),
    rule(r"(?<=\d)(?P<unit>[vw])(?!\w)", lambda match: match["unit"].upper()),
    rule(
        r"(?<![\w.,])(?P<feet>[3-7])ft(?P<inches>\d|1[01])(?![\w.,²])",
        lambda match: f"{match['feet']} foot {match['inches']}",
    ),
    rule(
        r"(?P<unit>(?<=\d)\s?[kcm]?m|(?<=\d)\s?ft|(?<=[a-zA-Z]/)[kcm]?m)(?P<power>[23])(?!\w|[.,:]\d|-)",
        lambda match: match["unit"] + ("²" if match["power"] == "2" else "³"),
    ),
    rule(r"(?<=\d)[\s-]?pt(?=\.?\s(?:bold|font|italic|size|text|type)\b)", " point"),
    rule(
        rf"(?P<before>\b(?:{'|'.join(_AROUND)})\s)(?P<amount>[-−]?\d{{2,3}}(?:\.\d)?)"
        r"\s?(?P<scale>[CF])(?![\w°'’-])(?:\.(?=\s(?-i:[a-z])))?",
        lambda match: f"{match['before']}{match['amount']}°{match['scale'].upper()}",
        re.IGNORECASE,
    ),
    rule(
        r"(?<![\w.,:/-])(?P<first>\d{2,3})°?(?P<one>[CF])/(?P<second>\d{2,3})°?(?P<other>[CF])(?!\w)",
        lambda m: f"{m['first']}°{m['one']}, {m['second']}°{m['other']}",
    ),
    rule(
        r"(?<![\w.,:/-])(?P<count>\d{1,2})\s?[x×]\s?(?P<amount>\d{1,4}(?:\.\d)?)\s?"
        r"(?P<unit>k?g|m[lL]|[lL]|oz|lb)\s(?=[a-z]{3})",
        lambda match: f"{match['count']} {match['amount']}-{match['unit']} ",
    ),
)
"""Units that are written otherwise, before figures, fractions and powers are."""
