"""Mathematics: signs, functions, powers and factorials."""

from __future__ import annotations

import re
import unicodedata

from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, rule

_SIGNS = {
    "∞": "infinity", "∑": "the sum of", "∏": "the product of", "∫": "the integral of",
    "∂": "partial", "∇": "nabla", "∈": "is in", "∉": "is not in", "∩": "intersection",
    "∪": "union", "⊂": "is a subset of", "⊆": "is a subset of", "∀": "for all",
    "∃": "there exists", "∴": "therefore", "∵": "because", "∝": "is proportional to",
    "≡": "is equivalent to", "≅": "is congruent to", "∠": "angle", "⊥": "is perpendicular to",
    "∥": "is parallel to", "∛": "the cube root of", "∅": "the empty set",
    "⇔": "if and only if", "△": "triangle", "⇌": "is in equilibrium with",
    "∧": "and", "∨": "or", "¬": "not",
}  # fmt: skip
_SETS = {
    "ℂ": "the complex numbers", "ℕ": "the natural numbers", "ℚ": "the rational numbers",
    "ℝ": "the real numbers", "ℤ": "the integers",
}  # fmt: skip
_GREEK = {"Δ": "delta", "δ": "delta", "Σ": "sigma", "Π": "pi", "Ω": "omega"}
_NOTES = {"♩": "quarter note", "♪": "eighth note"}
_ANGLES = {"sin": "sine", "cos": "cosine", "tan": "tangent"}
_POWERS = {"²": "squared", "³": "cubed"}
_PART = r"[^()\n]{1,20}"
_TERM = "[A-Za-z]|[A-Z]{2}|[α-ωΑ-Ω]"
_FUNCTIONS = {
    "sin": "sine of", "cos": "cosine of", "tan": "tangent of", "log": "log of",
    "ln": "natural log of",
    "exp": "exponential of", "sqrt": "square root of",
}  # fmt: skip


def _sign(match: re.Match[str]) -> str:
    after = match.string[match.end() : match.end() + 3]
    said = _SIGNS[match[0].strip()]
    if after == "of ":
        said = said.removesuffix(" of")
    return f" {said}{' ' * (after[:1].isalnum() or after[:1] in '(√')}"


def _of(match: re.Match[str]) -> str:
    """Return `eff of 2, 27` for `F(2, 27)`."""
    name = match["name"]
    of = re.sub(r"\s?[+]\s?", " plus ", re.sub(r"\s?[−-]\s?", " minus ", match["of"]))
    return f"{spell(name) if name.isupper() else name} of {of}"


def _bounded(match: re.Match[str]) -> str:
    """Return `the sum from i = 1 to n of ` for `∑_(i = 1)^n`."""
    low, high = match["low"] or match["first"], match["high"] or match["last"]
    what = _SIGNS[match["sign"]].removesuffix(" of")
    return f"{what} from {low} to {high} of " if high else f"{what} over {low} of "


def _with_bounds(match: re.Match[str]) -> str:
    """Return `∫_(0)^(1)` for `∫₀¹`."""
    low, high = (unicodedata.normalize("NFKC", match[end] or "") for end in ("low", "high"))
    upto = f"^({high.strip('^')})" if high else ""
    return f"{match['sign']}_({low}){upto} ".replace("−", "-")


def _negative(match: re.Match[str]) -> str:
    """Return `minus ` for the sign of `−b`, after a space where a term is before it."""
    before = match.string[max(0, match.start() - 1) : match.start()]
    return f"{' ' * (before.isalnum() or before in tuple(')²³'))}minus "


def _powered_sum(match: re.Match[str]) -> str:
    said = re.sub(r"\s[-−]\s", " minus ", match["sum"])
    return f"{said} {_POWERS[match['power']]}"


LOGARITHMS: tuple[Rule, ...] = (
    rule(r"(?<!\w)ln\s(?=[a-zA-Z\d](?!\w))", "natural log of "),
    rule(
        r"(?<!\w)d/d(?P<name>[a-z])\s(?=[a-z]\^|[a-z\d]+[(²³])",
        lambda m: f"dee dee {spell(m['name'])} of ",
    ),
    rule(
        r"(?<![A-Za-z])(?P<change>[Δ∆])?(?P<energy>[GHSE])°(?=\s?[=)−+]|\s)",
        lambda m: f"{'delta ' * bool(m['change'])}{spell(m['energy'])} naught",
    ),
    rule(
        r"(?P<sign>[∫∑∏])(?P<low>[₀-₉₋ₐ-ₜ]{1,4})(?P<high>[⁰¹²³⁴-⁹⁻ⁿ]{1,4}|\^[\w∞]{1,4})?\s?",
        _with_bounds,
    ),
    rule(
        r"(?<![\w.])log(?P<base>[₀-₉]{1,2}|_(?:\d{1,2}|[a-z])(?!\w))\s?(?=[\w(])",
        lambda m: f"log base {unicodedata.normalize('NFKC', m['base']).strip('_')} of ",
    ),
)
"""Before what is written below the line is a figure."""

MATHS: tuple[Rule, ...] = (
    rule(rf"(?P<sign>[∫∑∏])\s?_(?:\((?P<low>{_PART})\)|(?P<first>[\w-]{{1,6}}))"
         rf"(?:\s?\^(?:\((?P<high>{_PART})\)|(?P<last>-?[\w∞]{{1,6}})))?\s?", _bounded),
    rule(r"(?<!\w)lim\s(?P<name>[a-z])\s?(?:→|to)\s?(?P<to>∞|[−-]?\w{1,4})\s",
         lambda m: f"the limit as {m['name']} approaches {m['to']} of "),
    rule(r"(?<=[\w)])\s?·\s?(?=[A-Za-z]\()|(?<=\))·(?=\w)", " times "),
    rule(r"(?<=[α-ωΑ-Ω])(?=√)", " "),
    rule(r"(?P<root>√\([A-Za-z])/(?=[A-Za-z]\))", lambda m: f"{m['root']} over "),
    rule(r"(?P<one>[∀∃]\s?[a-zA-Z](?:,\s?[a-z]){0,3})\s?∈\s?", lambda m: f"{m['one']} in "),
    rule(r"(?<=\])\s?/\s?(?=[a-z\d](?!\w))", " over "),
    rule(r"(?<!\w)lim\s?_?\((?P<name>[a-z])\s?(?:→|to)\s?(?P<to>[^()\n]{1,10})\)\s?",
         lambda m: f"the limit as {m['name']} approaches {m['to']} of "),
    rule(r"(?P<before>(?:\bto|equals|than|[=<>≤≥+])\s)\|(?P<of>[a-zA-Z]|\d{1,4})\|(?![\w|])",
         lambda m: f"{m['before']}the absolute value of {m['of']}"),
    rule(r"(?<=[\w)])\s?\^(?=\()", " to the power of "),
    rule(r"(?<=\()-(?=[a-z]\s?(?:[+±−^²³]|plus\b))", "minus "),
    rule(r"(?<![\w.])(?P<number>\d{1,2})(?P<letters>a[bc]|bc|x[yz]|yz)(?![\w'’-])",
         lambda m: f"{m['number']} {spell(m['letters'])}"),
    rule(r"(?<![\w.])(?P<name>sin|cos|tan)(?P<power>[²³])\s?(?=[\w(])",
         lambda m: f"{_ANGLES[m['name']]} {_POWERS[m['power']]} "),
    rule(r"(?<![\w.'’-])(?P<factor>[abckmnp])x(?=[²³]?\s?[+=−]\s?(?:[a-z](?:x|[²³])?|\d{1,4})(?![\w'’]))",
         lambda m: f"{spell(m['factor'])} {spell('x')}"),
    rule(r"(?<=\d\s)×\s(?=g(?!\w))", "times "),
    rule(r"(?:(?<=[²³])|(?<=\^\d))\s-\s(?=[a-z\d]{1,4}(?!\w)|\()", " minus "),
    rule(r"(?<![\w.])log_?(?P<base>\d{1,2})(?=\()", lambda m: f"log base {m['base']} of "),
    rule(r"(?<!\w)P\((?P<of>[A-Z])\s?\|\s?(?P<given>[A-Z])\)",
         lambda m: f"pee of {spell(m['of'])} given {spell(m['given'])}"),
    rule(r"(?<=[A-Za-z])\u0304(?!\w)", " bar"),
    rule(r"(?<=[A-Za-z])[ₐ-ₜ]", lambda m: f" {spell(unicodedata.normalize('NFKC', m[0]))}"),
    rule(r"(?P<name>[α-ωΑ-Ω])(?P<power>[²³])", lambda m: f"{m['name']} {_POWERS[m['power']]}"),
    rule(r"(?<![\w|])\|(?P<of>[−-]?\d{1,4}|[−-]?[a-zA-Z](?=\|\s?(?:[=<>≤≥+−*/²]|(?:is\s)?(?:less|greater|equals?|not)\b)))\|(?![\w|])",
         lambda m: f"the absolute value of {m['of']}"),
    rule(r"(?:(?<=[²³])|(?<=[\w²³)]\)))\s?/\s?(?=\d{1,3}[a-z]?(?!\w)|\()", " over "),
    rule(rf"(?<!\w)[{''.join(_SETS)}](?![\w^⁺*])", lambda m: _SETS[m[0]]),
    rule(r"[♩♪]\s?=\s?(?=\d)", lambda match: f"{_NOTES[match[0][0]]} equals "),
    rule(rf"(?<![\w.])(?:{'|'.join(_FUNCTIONS)})(?=\()", lambda m: f"{_FUNCTIONS[m[0]]} "),
    rule(r"(?P<sum>\([^()\n]{0,40}[+−×*/-]\s?[\w.]{1,6}\))(?P<power>[²³])",
         _powered_sum),
    rule(r"(?P<equation>(?:\bd[a-z]/d[a-z]|\bf(?:['’′]?\(x\)|(?:\sprime)?\sof\sx)|(?<![\w.'’])[yz])\s(?:=|equals)\s[−-]?\d{1,4})x(?!\w)",
         lambda m: f"{m['equation']} x"),
    rule(r"(?<![\w.'’-])(?P<name>sin|cos|tan)\s(?=\d{1,3}°|[xθφαβ](?!\w))",
         lambda m: f"{_ANGLES[m['name']]} "),
    rule(r"(?<![\w.'’/])(?P<above>[a-z]|\d{1,3}(?=\s?/\s?[a-z]))\s?/\s?(?=(?:[a-z]|\d{1,3})\s=\s[\w-])",
         lambda m: f"{m['above']} over "),
    rule(r"(?P<above>=\s(?:[A-Za-z]|\d{1,3}))\s?/\s?(?=[A-Za-z](?![\w/.]))"
         r"|(?P<letter>=\s[a-z])\s?/\s?(?=\d)",
         lambda m: f"{m['above'] or m['letter']} over "),
    rule(r"(?<![\w./-])(?P<number>\d{1,2})/(?=[nxyz](?![\w/.'’]))",
         lambda m: f"{m['number']} over "),
    rule(r"(?<![\w.])d(?P<above>[a-z])/d(?P<below>[a-z])(?!\w)",
         lambda m: f"{spell('d' + m['above'])} {spell('d' + m['below'])}"),
    rule(r"(?<=\d)\s?−\s?(?=\d)", " minus "),
    rule(r"(?<![\w.'’-])(?P<name>[kmnxy])[-−](?=\d)", lambda match: f"{match['name']} minus "),
    rule(r"(?<=\d)[xX](?=\s?[+=)^²³]|\s[−-]\s?\d)", " x"),
    rule(r"(?<![\w.])(?P<base>[a-z]|\d{1,9})\^(?P<sign>[-−]?)(?P<name>[a-z])(?!\w)",
         lambda m: f"{m['base']} to the power of {'minus ' * bool(m['sign'])}{m['name']}"),
    rule(r"(?:(?<=\d[nxyz])|(?<=\d\sx))\s-\s(?=\d)|(?:(?<=\d[a-z])|(?<=[²³)])|(?<=\b[b-hj-z]))\s?−\s?(?=\d)",
         " minus "),
    rule(rf"−\s?(?=[(√]|(?![aAI]\s[a-z]{{2}})(?:{_TERM})(?![A-Za-z]))", _negative),
    rule(r"(?<![\w.])(?P<number>[kmn]|\d{1,3}(?=!\s?[=/×*]))!(?!\w)(?=\s?[^A-Z\s!?]|$)",
         lambda match: f"{match['number']} factorial"),
    rule(r"(?<![\w.'’])(?P<name>[fghtFGP])\((?P<of>[a-zA-Z]|\d{1,3}(?:,\s?\d{1,4})?"
         r"|[a-z]\s?[+−-]\s?[a-z\d])\)(?!\w)", _of),
    rule(r"(?<![\w.'’°/-])(?<!\d\s)(?P<name>[A-HJ-Z]|[b-df-hj-np-tv-z]{2})(?=(?P<power>[²³])?(?:\s=\s[\w.−-]|=\.?\d|(?(power)(?![\w⁺⁻])|(?!))))",
         lambda match: spell(match['name'])),
    rule(r"(?<![\w.'’])(?P<name>[fgh])['’′]\((?P<of>[a-z])\)(?!\w)",
         lambda match: f"{match['name']} prime of {match['of']}"),
    rule(r"(?<![\w.'’])O\((?=[a-z\d])", "oh of ("),
    rule(r"(?<![\w.'’-])(?P<name>[a-z])_(?=(?:\d|[a-z])(?!\w))", lambda match: f"{match['name']} "),
    rule(r"(?<=\w)\s?==\s?(?=[\w\"'-])|(?<=\w)=(?=\.?\d)|(?<=\b[a-z])=(?=[-−]\.?\d)", " equals "),
    rule(r"[ΔδΣΠΩ](?=[A-Za-z](?![a-z]))", lambda m: f"{_GREEK[m[0]]} "),
    rule(r"(?<=\d)(?=[α-ωΑ-Ω](?![^\W\d_]))", " "),
    rule(r"(?<=[α-λν-ω])(?=[a-z][²³]?(?![a-z]))", " "),
    rule(rf"\s?(?:{alternatives(list(_SIGNS))})\s?", _sign),
)  # fmt: skip
"""Rules for mathematics, which come before its marks are dropped."""
