r"""Mathematics as LaTeX writes it, `$x \le \frac{1}{2}$`, in signs that are read: `x ≤ 1/2`."""

from __future__ import annotations

import re

_FORMULA = re.compile(
    r"(?<!\\)\$\$(?P<shown>[^$]{1,1000})\$\$"
    r"|\\\[(?P<bracketed>(?:(?!\\[\[\]]).){1,1000})\\\]"
    r"|\\\((?P<inline>(?:(?!\\[()]).){1,500})\\\)"
    r"|\\begin\{(?P<kind>align|equation|gather|multline)\*?\}(?P<block>.{1,1500}?)\\end\{(?P=kind)\*?\}"
    r"|(?<![\w$\\])\$(?P<dollars>(?=[^\s{])[^$\n\"]{1,300}(?<![\s\\]))\$(?![\w${])",
    re.DOTALL,
)
_MATHEMATICAL = re.compile(
    r"\\[A-Za-z%]|[\^_=<>+]|\A[A-Za-z]['’]?(?:\([A-Za-z]\))?(?:,\s?[A-Za-z]){0,9}\Z"
)
"""The text between a pair of dollar signs, unless they are prices."""
_NAMES = {
    "times": "×", "cdot": "×", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "neq": "≠", "ne": "≠", "approx": "≈", "equiv": "≡", "sim": "~", "propto": "∝", "infty": "∞",
    "sum": "∑", "prod": "∏", "int": "∫", "partial": "∂", "nabla": "∇", "in": "∈", "notin": "∉",
    "cup": "∪", "cap": "∩", "subset": "⊂", "subseteq": "⊆", "forall": "∀", "exists": "∃",
    "emptyset": "∅", "land": "∧", "lor": "∨", "neg": "¬", "angle": "∠", "perp": "⊥",
    "parallel": "∥", "therefore": "∴", "because": "∵", "to": "→", "rightarrow": "→",
    "Rightarrow": "⇒", "implies": "⇒", "iff": "⇔", "mid": "|", "dots": "…", "ldots": "…",
    "cdots": "…", "degree": "°", "circ": "°", "prime": "′",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
    "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_SETS = {"C": "ℂ", "N": "ℕ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}
_ARGUMENT = r"\{([^{}]*)\}"
_SET = re.compile(r"\\mathbb\s?\{?([CNQRZ])\}?")
_TEXT = re.compile(
    r"\\(?:text|math|operatorname|mbox|boxed|overline|hat|vec|bar)\w{0,6}\*?" + _ARGUMENT
)
_LAYOUT = re.compile(
    r"\\(?:begin|end)\{\w{1,20}\*?\}(?:\{[clr|]*\})?|\\(?:left|right|big|Big|limits|displaystyle)(?![a-z])\.?"
    r"|\\!|&"
)
_SPACE = re.compile(r"\\(?:[,;: ]|q?quad(?![a-z]))|~")
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?")
_FRACTION = re.compile(rf"\\[dt]?frac\s?(?:{_ARGUMENT}\s?{_ARGUMENT}|(\d)(\d))")
_ROOT = re.compile(rf"\\sqrt\s?(?:\[(\w)\])?\s?{_ARGUMENT}")
_RAISED = re.compile(rf"([\^_])\s?{_ARGUMENT}")
_DEGREES = re.compile(r"\^\s?\{?\\circ\}?")
_NAME = re.compile(r"\\([A-Za-z]+)[ ]?")
_SIMPLE = re.compile(r"\d+|d?[a-z]")
_GAPS = re.compile(r"\s{2,}")
_NO_GAP = re.compile(r"\s(?=[,.)])")
_PARTS = ("shown", "bracketed", "inline", "block", "dollars")
_MAX_NESTED = 6


def drop_latex(text: str) -> str:
    """Return `text` with its formulas in plain signs, without the marks around them."""
    return _FORMULA.sub(_formula, text)


def _formula(match: re.Match[str]) -> str:
    dollars = match["dollars"]
    if dollars is not None and not _MATHEMATICAL.search(dollars):
        return match[0]
    formula = next(filter(None, map(match.groupdict().get, _PARTS)))
    plain = _GAPS.sub(" ", _plain(formula).replace("( ", "("))
    return _NO_GAP.sub("", plain).strip(" ,\n")


def _plain(formula: str) -> str:
    formula = _DEGREES.sub("°", _SET.sub(lambda match: _SETS[match[1]], formula))
    formula = _SPACE.sub(" ", _ROW.sub(", ", _LAYOUT.sub("", formula)))
    for _ in range(_MAX_NESTED):
        before = formula
        formula = _TEXT.sub(r"\1", formula)
        formula = _RAISED.sub(lambda match: match[1] + _grouped(match[2]), formula)
        formula = _FRACTION.sub(_fraction, _ROOT.sub(_root, formula))
        if formula == before:
            break
    return _NAME.sub(_named, formula).translate(str.maketrans("", "", "{}\\"))


def _grouped(part: str) -> str:
    part = part.strip()
    return part if re.fullmatch(r"-?(?:\d+|[A-Za-z])|\w+", part) else f"({part})"


def _fraction(match: re.Match[str]) -> str:
    above, below = match[1] or match[3] or "", match[2] or match[4] or ""
    if _SIMPLE.fullmatch(above) and _SIMPLE.fullmatch(below) and above.isdigit() == below.isdigit():
        return f"{above}/{below}"
    return f"({above})/({below})"


def _root(match: re.Match[str]) -> str:
    return f"{'∛' if match[1] == '3' else '√'}({match[2]})"


def _named(match: re.Match[str]) -> str:
    name = match[1]
    if name not in _NAMES:
        return f"{name} " if match[0][-1] == " " else name
    sign = _NAMES[name]
    return sign if sign in "°′" else f" {sign} " if not sign.isalpha() else f"{sign} "
