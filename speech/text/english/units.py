"""Units of measurement: how they are written, and the names of one and of many."""

from __future__ import annotations

from speech.text.english.figures import plural
from speech.text.english.rule import listed

_WRITTEN = {
    "percent": "% pct", "per mille": "‰", "degree": "° deg degs", "point": "pts",
    "degree Celsius": "°C", "degree Fahrenheit": "°F",
    # lengths, areas and volumes
    "kilometer": "km", "meter": "m", "centimeter": "cm", "decimeter": "dm",
    "millimeter": "mm", "nanometer": "nm",
    "micrometer": "μm", "foot": "ft", "mile": "mi", "yard": "yd yds", "hectare": "ha",
    "liter": "l L", "milliliter": "ml mL", "microliter": "μL μl", "deciliter": "dl dL",
    "centiliter": "cl cL", "cubic centimeter": "cc", "gallon": "gal gals", "quart": "qt qts",
    "teaspoon": "tsp tsps Tsp", "tablespoon": "tbsp tbsps Tbsp tbs Tbs TBSP", "pixel": "px",
    "package": "pkg pkgs", "dozen": "doz",
    # weights, amounts and energies
    "kilogram": "kg kgs", "gram": "g", "milligram": "mg", "microgram": "μg mcg", "nanogram": "ng",
    "pound": "lb lbs", "ounce": "oz", "millimole": "mmol", "micromole": "μmol",
    "nanomole": "nmol", "millimolar": "mM",
    "micromolar": "μM", "nanomolar": "nM", "kilodalton": "kDa", "electron volt": "eV",
    "kiloelectron volt": "keV", "megaelectron volt": "MeV", "gigaelectron volt": "GeV",
    "mole": "mol", "part per million": "ppm",
    "part per billion": "ppb", "kilocalorie": "kcal", "calorie": "cal cals", "kilojoule": "kJ",
    "megajoule": "MJ",
    # forces, pressures, powers
    "kilonewton": "kN", "newton meter": "Nm N·m", "pound per square inch": "psi PSI",
    "pascal": "Pa", "hectopascal": "hPa", "kilopascal": "kPa", "megapascal": "MPa",
    "gigapascal": "GPa", "pascal second": "Pa·s", "joule second": "J·s", "kilogram meter": "kg·m",
    "pound foot": "lb-ft lb·ft lbf·ft", "foot pound": "ft-lb ft-lbs ft·lb ft·lbf",
    "atmosphere": "atm", "millimeter of mercury": "mmHg", "horsepower": "hp bhp",
    "watt": "W", "milliwatt": "mW", "kilowatt": "kW", "megawatt": "MW", "gigawatt": "GW",
    "watt hour": "Wh", "kilowatt hour": "kWh", "megawatt hour": "MWh", "gigawatt hour": "GWh",
    "terawatt hour": "TWh",
    # electricity, sound and light
    "volt": "V", "millivolt": "mV", "kilovolt": "kV", "milliampere": "mA",
    "milliampere hour": "mAh", "ohm": "Ω", "kilohm": "kΩ", "megohm": "MΩ", "picofarad": "pF",
    "nanofarad": "nF", "microfarad": "μF", "millihenry": "mH",
    "hertz": "Hz hz", "kilohertz": "kHz khz KHz",
    "megahertz": "MHz mhz", "gigahertz": "GHz ghz", "decibel": "dB db", "lumen": "lm", "lux": "lx",
    # data
    "kilobyte": "KB kB kb", "megabyte": "MB mb", "gigabyte": "GB gb", "terabyte": "TB tb",
    "petabyte": "PB", "mebibyte": "MiB", "gibibyte": "GiB", "kilobit": "kbit", "megabit": "Mbit Mb",
    "gigabit": "Gbit Gb", "kilobit per second": "kbps Kbps", "megabit per second": "Mbps mbps",
    "gigabit per second": "Gbps gbps", "dot per inch": "dpi DPI", "pixel per inch": "ppi PPI",
    # times and speeds
    "millisecond": "ms", "microsecond": "μs", "second": "sec secs", "minute": "min mins",
    "hour": "h hr hrs", "week": "wk wks", "month": "mo mos", "year": "yr yrs",
    "kilometer per hour": "kph km/hr", "mile per hour": "mph MPH m.p.h.",
    "mile per gallon": "mpg m.p.g.", "beat per minute": "bpm BPM",
    "revolution per minute": "rpm RPM r.p.m.", "frame per second": "fps FPS", "knot": "kts kt kn",
    "nautical mile": "nmi",
    # of the lab and the sky
    "international unit": "IU", "angstrom": "Å", "light year": "ly",
    "million light year": "Mly", "kiloparsec": "kpc", "megaparsec": "Mpc",
    "astronomical unit": "AU",
    "thousand year": "kyr", "million year": "Myr", "billion year": "Gyr",
    "kibibyte": "KiB", "tebibyte": "TiB", "milligray": "mGy", "microsievert": "μSv",
    "millisievert": "mSv", "becquerel": "Bq", "kilobecquerel": "kBq", "millitesla": "mT",
}  # fmt: skip
_UNCHANGED = ("percent", "per mille", "hertz", "horsepower", "lux", "molar", "dozen")
_LENGTHS = {"km": "kilometer", "m": "meter", "cm": "centimeter", "dm": "decimeter",
            "mm": "millimeter", "ft": "foot", "mi": "mile", "yd": "yard", "in": "inch"}  # fmt: skip


def _many(name: str) -> str:
    """Return the plural of a unit, such as `miles per hour` or `cubic feet`."""
    if name.endswith(_UNCHANGED):
        return name
    for word in (" per ", " of ", " Celsius", " Fahrenheit"):
        head, found, rest = name.partition(word)
        if found:
            return _many(head) + found + rest
    if name.endswith("foot"):
        return name.replace("foot", "feet")
    return plural(name)


UNITS = (
    {
        spelling: (name, _many(name))
        for name, spellings in _WRITTEN.items()
        for spelling in spellings.split()
    }
    | {
        spelling: (f"{kind} {name}", f"{kind} {_many(name)}")
        for unit, name in _LENGTHS.items()
        for kind, spellings in (
            ("square", (f"{unit}²", f"sq {unit}", f"sq. {unit}")),
            ("cubic", (f"{unit}³", f"cu {unit}", f"cu. {unit}")),
        )
        for spelling in spellings
    }
    | {"fl oz": ("fluid ounce", "fluid ounces"), "fl. oz": ("fluid ounce", "fluid ounces")}
)
"""The names of one and of many by what is written behind a number."""

PER = {
    **{spelling: one for spelling, (one, _) in UNITS.items() if spelling[0].isalpha()},
    **{word: word for word in listed(
        "second minute hour day night week month year decade century person unit mile foot gallon "
        "pound kilogram liter item game head capita child household barrel share ton tonne piece "
        "serving inch"
    )},
    "s": "second", "s²": "second squared", "d": "day", "bbl": "barrel", "K": "kelvin",
    "pp": "person",
}  # fmt: skip
"""The word for the unit of a rate, by what is written behind the slash."""
