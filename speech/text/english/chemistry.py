"""Chemical formulas, read letter by letter."""

from __future__ import annotations

import re
import unicodedata

from speech.text.english.figures import cardinal, in_pairs
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, listed, rule

_ELEMENTS = frozenset(
    listed(
        "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As "
        "Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Sm Eu Gd "
        "Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu"
    )
)
_NAMES = {
    "He": "helium", "Li": "lithium", "Na": "sodium", "Co": "cobalt", "Sr": "strontium",
    "Tc": "technetium", "Xe": "xenon", "Cs": "cesium", "Pb": "lead", "Ra": "radium",
    "Rn": "radon", "Pu": "plutonium", "H": "hydrogen", "B": "boron", "C": "carbon",
    "N": "nitrogen", "O": "oxygen", "F": "fluorine", "P": "phosphorus", "S": "sulfur",
    "K": "potassium", "I": "iodine", "U": "uranium",
}  # fmt: skip
_PREFIXES = "Mid|Non|Over|Post|Pre|Sub|Under"
"""Before amounts: behind other words stands a name, as in `Uranium-235`."""
_SYMBOL = r"[A-Z][a-z]?"
_PLAIN = re.compile(r"[A-Z]{2,}\d+|[BCDGP]2[BCDGP]")  # initials with a number: WW2, CO2, B2B
_PARTS = re.compile(r"[A-Z][a-z]?|\d+|[()+−-]")
_METALS = "Na|Li|Ca|Mg|Fe|Zn|Ag|Cu|Al|Ba|Pb|Hg|Ni|Si|Ga|Ti|Mn|K|H"
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SIGNS = {"+": "plus", "-": "minus", "−": "minus"}


def _formula(match: re.Match[str]) -> str | None:
    parts = _PARTS.findall(match[0])
    symbols = [part for part in parts if part[0].isalpha()]
    if not _ELEMENTS.issuperset(symbols) or _PLAIN.fullmatch(match[0]):
        return None
    said = (
        _SIGNS.get(part) or (cardinal(part) if part.isdigit() else spell(part)) for part in parts
    )
    return " ".join(filter(None, said))


def _ion(match: re.Match[str]) -> str:
    """Return `eff ee three plus` for `Fe³⁺`."""
    formula = match["formula"].translate(_SUBSCRIPTS)
    parts = (cardinal(part) if part.isdigit() else spell(part) for part in _PARTS.findall(formula))
    charge = cardinal(unicodedata.normalize("NFKC", match["charge"])) if match["charge"] else ""
    sign = "plus" if match["sign"] == "⁺" else "minus"
    return " ".join(filter(None, [*parts, charge, sign]))


CHEMISTRY: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w^])(?P<mass>[⁰¹²³⁴-⁹]{{1,3}})(?P<element>{'|'.join(_NAMES)})(?![a-z])",
        lambda m: f"{_NAMES[m['element']]} {in_pairs(unicodedata.normalize('NFKC', m['mass']))}",
    ),
    rule(
        rf"(?<![\w-])(?P<name>(?!{_PREFIXES})[A-Z][a-z]{{2,20}}-)(?P<mass>[1-9]\d\d)(?![\w-]|[.,]\d)",
        lambda m: m["name"] + in_pairs(m["mass"]),
    ),
    rule(  # of blood
        r"(?<!\w)(?P<gas>[SPF][aip]|p)(?P<what>C?O)2(?!\w)",
        lambda m: f"{spell(m['gas'])} {spell(m['what'])} two",
    ),
    rule(r"(?<!\w)HbA1[cC](?!\w)", f"{spell('HBA')} one {spell('C')}"),
    rule(
        r"(?<![\w-])(?P<element>U|Pu|Cs|Sr|Am|Th)-(?P<mass>\d{3})(?!\w)",
        lambda m: f"{spell(m['element'])} {in_pairs(m['mass'])}",
    ),
    rule(
        rf"(?<![\w.-])(?P<formula>(?:{_SYMBOL}[₀-₉\d]{{0,2}}){{1,4}})(?P<charge>[¹²³⁴]?)(?P<sign>[⁺⁻])",
        _ion,
    ),
    rule(
        r"(?P<amount>\]\s?=\s?(?:\d[\d.]{0,6}(?:\s?[×x·]\s?10)?)?(?:[⁰¹²³⁴-⁹⁻]{1,4})?)\s?M(?!\w)",
        lambda m: f"{m['amount']} molar",
    ),
    rule(rf"(?<=\d)\s?M(?=\s(?!HP\b)(?:{_METALS})[A-Z₂])", " molar"),
    rule(r"[₀-₉]+", lambda match: match[0].translate(_SUBSCRIPTS)),
    rule(
        rf"(?<![\w.-])(?=[A-Za-z()]{{1,12}}\d){_SYMBOL}\d{{0,2}}"
        rf"(?:{_SYMBOL}\d{{0,2}}|\((?:{_SYMBOL}\d{{0,2}}){{1,4}}\)\d{{0,2}}){{1,10}}(?![\w-])",
        _formula,
    ),
    rule(
        rf"(?<![\w.-])(?=[A-Z]{{0,2}}[A-Z][a-z])(?:{_METALS})(?:Cl|Br|OH|O|S|F|I|N)(?![\w-])",
        _formula,
    ),
    rule(r"(?<![\w.-])(?:Cl|Br|O|N|H|F|I)[23](?![\w.-])", _formula),
    rule(
        r"(?<![\w.-])(?P<oxide>[NS]O)(?P<count>[2-4])(?![\w-])",
        lambda m: f"{spell(m['oxide'])} {cardinal(m['count'])}",
    ),
    rule(
        r"(?<![\w.-])(?:Na|K|Li|Ag|Ca|Mg|Fe|Cu|Zn|Al|H|Cl|Br|F|NH4|NO3|SO4|PO4|CO3|OH)"
        r"\d?[+−](?![\w+])",
        _formula,
    ),
)
"""Subscripts, then formulas with figures, salts without, gases, ions."""
