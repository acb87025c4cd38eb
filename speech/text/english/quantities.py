"""Money, measures, fractions, ranges and plain numbers."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, number, ordinal
from speech.text.english.rule import Rule, alternatives, rule

_FIGURES = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_NUMBER = rf"{_FIGURES}(?:\.\d+)?"
_START = r"(?<![\w.,:/$£€¥₹])"  # not inside a word or a longer number
_END = r"(?![\w%]|[.,]\d)"

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_CODES = {"USD": "$", "US$": "$", "GBP": "£", "EUR": "€", "JPY": "¥", "INR": "₹"}
_SCALES = {
    **{word: word for word in ("hundred", "thousand", "million", "billion", "trillion")},
    **{"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion"},
    "tn": "trillion",
}
_SCALE = rf"(?:\s?(?P<scale>{alternatives(list(_SCALES))})\b)?"

_UNITS = {
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "mph": ("mile per hour", "miles per hour"),
    "km²": ("square kilometer", "square kilometers"),
    "m²": ("square meter", "square meters"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ft": ("foot", "feet"),
    "mi": ("mile", "miles"),
    "yd": ("yard", "yards"),
    "ml": ("milliliter", "milliliters"),
    "L": ("liter", "liters"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "W": ("watt", "watts"),
    "V": ("volt", "volts"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "dB": ("decibel", "decibels"),
    "KB": ("kilobyte", "kilobytes"),
    "kB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "h": ("hour", "hours"),
    "m": ("meter", "meters"),
}
_UNIT = rf"(?P<unit>{alternatives(list(_UNITS))})(?!\w)"

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
_FRACTIONS_OF = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 50, 64, 100, 1000})


def _money(match: re.Match[str]) -> str:
    sign = match["sign"].upper()
    one, many, one_cent, cents = _CURRENCIES[_CODES.get(sign, sign)]
    amount, scale = match["amount"], match["scale"]
    minus = "minus " * bool(match["minus"])
    if scale or match["upto"]:
        upto = f" to {number(match['upto'])}" if match["upto"] else ""
        scale = f" {_SCALES[scale.lower()]}" if scale else ""
        return f"{minus}{number(amount)}{upto}{scale} {many}"
    whole, _, fraction = amount.partition(".")
    if fraction and (len(fraction) != 2 or not cents):
        return f"{minus}{number(amount)} {many}"
    parts = []
    if int(whole.replace(",", "")) or not int(fraction or 0):
        parts.append(f"{cardinal(whole)} {one if whole == '1' else many}")
    if int(fraction or 0):
        parts.append(f"{cardinal(fraction.lstrip('0'))} {one_cent if fraction == '01' else cents}")
    return minus + " and ".join(parts)


def _measure(match: re.Match[str]) -> str:
    one, many = _UNITS[match["unit"]]
    minus = "minus " * bool(match["minus"])
    if match["upto"]:
        return f"{minus}{number(match['amount'])} to {number(match['upto'])} {many}"
    name = one if match["amount"] == "1" else many
    return f"{minus}{number(match['amount'])} {name}"


def _fraction(above: int, below: int) -> str:
    if below == 2:
        name = "half" if above == 1 else "halves"
    elif below == 4:
        name = "quarter" if above == 1 else "quarters"
    else:
        name = ordinal(str(below)) + "s" * (above != 1)
    return f"{cardinal(str(above))} {name}"


def _written_fraction(match: re.Match[str]) -> str | None:
    above, below = int(match["above"]), int(match["below"])
    if below not in _FRACTIONS_OF or not 0 < above < below:
        return None
    fraction = _fraction(above, below)
    if not match["whole"]:
        return fraction
    said = f"{cardinal(match['whole'])} and {fraction}"
    return said.replace("and one half", "and a half").replace("and one quarter", "and a quarter")


def _vulgar_fraction(match: re.Match[str]) -> str:
    fraction = _fraction(*_VULGAR[match["vulgar"]])
    if not match["whole"]:
        return f" {fraction} "
    said = f"{cardinal(match['whole'])} and {fraction}"
    return said.replace("and one half", "and a half").replace("and one quarter", "and a quarter")


def _plain_number(match: re.Match[str]) -> str:
    return ("minus " if match["minus"] else "") + number(match["amount"])


_MINUS = r"(?P<minus>(?:(?<=\s)|^)[-−])?"
_UPTO = rf"(?:\s?[-–—]\s?(?P<upto>{_NUMBER}))?"

MONEY: tuple[Rule, ...] = (
    rule(
        rf"{_MINUS}(?P<sign>US\$|[$£€¥₹])\s?(?P<amount>{_NUMBER})"
        rf"(?:\s?[-–]\s?[$£€¥₹]?(?P<upto>{_NUMBER}))?{_SCALE}",
        _money,
        re.IGNORECASE,
    ),
    rule(
        rf"{_START}(?P<minus>(?!))?(?P<amount>{_NUMBER}){_UPTO}{_SCALE}\s?"
        rf"(?P<sign>[£€¥₹]|\$(?!\d)|(?:USD|GBP|EUR|JPY|INR)\b)",
        _money,
    ),
    rule(rf"{_START}(?P<amount>\d+)\s?¢", lambda match: f"{cardinal(match['amount'])} cents"),
)
"""Amounts such as `$12.50`, `£3.5 million` or `20 EUR`."""

MEASURES: tuple[Rule, ...] = (
    rule(r"(?:(?<!\d)(?P<whole>\d+)\s?)?(?P<vulgar>[" + "".join(_VULGAR) + "])", _vulgar_fraction),
    rule(
        rf"{_START}(?:(?P<whole>\d+)[\s-])?(?P<above>\d{{1,3}})/(?P<below>\d{{1,4}})(?![\w/])",
        _written_fraction,
    ),
    rule(
        r"(?<![\w.,])(?P<feet>\d{1,2})['′]\s?(?P<inches>\d{1,2})[\"″]",
        lambda match: f"{cardinal(match['feet'])} foot {cardinal(match['inches'])}",
    ),
    rule(rf"{_MINUS}{_START}(?P<amount>{_NUMBER}){_UPTO}\s?{_UNIT}", _measure),
)
"""Fractions, and numbers with a unit."""

QUANTITIES: tuple[Rule, ...] = (
    rule(
        rf"{_START}(?P<amount>{_FIGURES})(?P<end>st|nd|rd|th)\b",
        lambda match: ordinal(match["amount"]),
        re.IGNORECASE,
    ),
    rule(
        rf"{_START}(?P<low>\d{{1,4}})\s?[-–]\s?(?P<high>\d{{1,4}})(?![\w-]|[.,]\d)",
        lambda match: f"{number(match['low'])} to {number(match['high'])}",
    ),
    rule(
        r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w.]\d)",  # a version, an address
        lambda match: " point ".join(cardinal(part) for part in match[0].split(".")),
    ),
    rule(rf"{_START}(?P<amount>\d+(?:\.\d+)?)k\b", lambda m: f"{number(m['amount'])} thousand"),
    rule(rf"{_MINUS}(?<![\w.,])(?P<amount>{_NUMBER}|\.\d+)(?!\d)", _plain_number),
    rule(r"(?<!\[S)\d+", lambda match: f" {cardinal(match[0])} "),
)
"""Numbers of any other kind; the last rule takes what is left of figures, speaker tags aside."""
