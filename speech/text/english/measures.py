"""Numbers with a unit: lengths, weights, temperatures, durations."""

from __future__ import annotations

import re

from speech.text.english.figures import MINUS, NUMBER, START, UPTO, cardinal, number
from speech.text.english.rule import Rule, alternatives, listed, rule
from speech.text.english.sentences import stop_after

_UNITS = {
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "MPH": ("mile per hour", "miles per hour"),
    "mpg": ("mile per gallon", "miles per gallon"),
    "m/s²": ("meter per second squared", "meters per second squared"),
    "kg/m³": ("kilogram per cubic meter", "kilograms per cubic meter"),
    "m/s": ("meter per second", "meters per second"),
    "mph": ("mile per hour", "miles per hour"),
    "km²": ("square kilometer", "square kilometers"),
    "m²": ("square meter", "square meters"),
    "cm²": ("square centimeter", "square centimeters"),
    "ft²": ("square foot", "square feet"),
    "sq ft": ("square foot", "square feet"),
    "sq. ft": ("square foot", "square feet"),
    "sq km": ("square kilometer", "square kilometers"),
    "sq mi": ("square mile", "square miles"),
    "m³": ("cubic meter", "cubic meters"),
    "cm³": ("cubic centimeter", "cubic centimeters"),
    "ha": ("hectare", "hectares"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "nm": ("nanometer", "nanometers"),
    "μm": ("micrometer", "micrometers"),
    "μg": ("microgram", "micrograms"),
    "μs": ("microsecond", "microseconds"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ft": ("foot", "feet"),
    "mi": ("mile", "miles"),
    "yd": ("yard", "yards"),
    "yds": ("yard", "yards"),
    "ml": ("milliliter", "milliliters"),
    "L": ("liter", "liters"),
    "l": ("liter", "liters"),
    "mL": ("milliliter", "milliliters"),
    "gal": ("gallon", "gallons"),
    "tsp": ("teaspoon", "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "GW": ("gigawatt", "gigawatts"),
    "GWh": ("gigawatt hour", "gigawatt hours"),
    "MWh": ("megawatt hour", "megawatt hours"),
    "W": ("watt", "watts"),
    "V": ("volt", "volts"),
    "kV": ("kilovolt", "kilovolts"),
    "mA": ("milliampere", "milliamperes"),
    "mAh": ("milliampere hour", "milliampere hours"),
    "kcal": ("kilocalorie", "kilocalories"),
    "psi": ("pound per square inch", "pounds per square inch"),
    "hPa": ("hectopascal", "hectopascals"),
    "kPa": ("kilopascal", "kilopascals"),
    "hp": ("horsepower", "horsepower"),
    "bpm": ("beat per minute", "beats per minute"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "fps": ("frame per second", "frames per second"),
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
    "PB": ("petabyte", "petabytes"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "Mbit/s": ("megabit per second", "megabits per second"),
    "Gbit/s": ("gigabit per second", "gigabits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Ω": ("ohm", "ohms"),
    "kΩ": ("kilohm", "kilohms"),
    "MΩ": ("megohm", "megohms"),
    "pF": ("picofarad", "picofarads"),
    "nF": ("nanofarad", "nanofarads"),
    "μF": ("microfarad", "microfarads"),
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

_STOPPED = frozenset(  # written with a full stop as well
    [*listed("lb lbs oz ft mi yd yds gal hr hrs min mins sec secs tsp tbsp"), "sq ft", "sq. ft"]
)
_PARTED = listed("lb lbs oz ft mi yd gal tsp tbsp kg km")  # behind a fraction in words
_UNIT = rf"(?P<unit>{alternatives(list(_UNITS))})(?!\w)"
_TIMES = {"h": "hours", "m": "minutes", "s": "seconds"}


def _measure(match: re.Match[str]) -> str:
    one, many = _UNITS[match["unit"]]
    minus = "minus " * bool(match["minus"])
    stop = match["stop"] or ""
    if stop and match["unit"] in _STOPPED:
        stop = stop_after(match)
    if match["upto"]:
        return f"{minus}{number(match['amount'])} to {number(match['upto'])} {many}{stop}"
    name = one if match["amount"] == "1" else many
    return f"{minus}{number(match['amount'])} {name}{stop}"


def _part(match: re.Match[str]) -> str:
    """Return `two and a half pounds` for `two and a half lbs`."""
    one, many = _UNITS[match["unit"]]
    stop = stop_after(match) if match["stop"] else ""
    return f"{match['whole'] or ''}{match['part']} {many if match['whole'] else one}{stop}"


def _duration(match: re.Match[str]) -> str:
    """Return `two hours thirty minutes` for `2h30m`."""
    return " ".join(
        f"{cardinal(figures)} {_TIMES[unit][: -1 if figures == '1' else None]}"
        for unit, figures in match.groupdict().items()
        if figures
    )


MEASURES: tuple[Rule, ...] = (
    rule(
        rf"{START}(?P<feet>\d{{1,2}})\s?ft\.?\s?(?P<inches>\d{{1,2}})\s?in\b(?P<stop>\.(?!\w))?",
        lambda match: (
            f"{cardinal(match['feet'])} feet {cardinal(match['inches'])} inches"
            f"{stop_after(match) if match['stop'] else ''}"
        ),
    ),
    rule(rf"{START}(?P<amount>\d+\.\d+)\s?s\b", lambda m: f"{number(m['amount'])} seconds"),
    rule(
        r"(?<![\w.,])(?P<feet>\d{1,2})['’′][\s-]?(?P<inches>\d{1,2})(?:[\"”″]|'')",
        lambda match: f"{cardinal(match['feet'])} foot {cardinal(match['inches'])}",
    ),
    rule(
        rf"{START}(?P<h>\d{{1,3}})\s?hr?s?\s?(?P<m>\d{{1,2}})\s?m(?:ins?)?(?:\s?(?P<s>\d{{1,2}})\s?s)?\b(?!\.\d)",
        _duration,
    ),
    rule(rf"{START}(?P<m>\d{{1,3}})\s?m(?:in)?\s?(?P<s>\d{{1,2}})\s?s(?:ecs?)?\b", _duration),
    rule(r"(?<=\d)(?:[x×]\s?|\sx\s)(?=\d)(?![^=\n]{1,16}=)", " by "),
    rule(
        rf"{START}(?P<amount>{NUMBER}){UPTO}[xX]\b",
        lambda m: f"{number(m['amount'])}{' to ' + number(m['upto']) if m['upto'] else ''} times",
    ),
    rule(
        r"(?P<whole>\band\s(?:a|\w+)\s)?\b(?P<part>half|quarters?|thirds?|fifths?|eighths?)\s"
        rf"(?P<unit>{alternatives(_PARTED)})\b(?P<stop>\.(?!\w))?",
        _part,
    ),
    # "5kg-10kg" is "5-10kg"
    rule(rf"(?<=\d)\s?{_UNIT}\s?[-–—]\s?(?={NUMBER}\s?(?P=unit)(?!\w))", "-"),
    rule(
        rf"{START}(?P<amount>{NUMBER})\s?in\.(?=\s[a-z(]|[,;)]|\s?$)",
        lambda m: (
            f"{number(m['amount'])} {'inch' if m['amount'] == '1' else 'inches'}{stop_after(m)}"
        ),
    ),
    rule(
        rf"{MINUS}{START}(?P<amount>{NUMBER}){UPTO}\s?{_UNIT}(?P<stop>\.(?!\w))?",
        _measure,
    ),
)
"""Lengths in feet, durations, sizes, then numbers with any unit."""
