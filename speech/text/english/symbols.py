"""Signs and marks, and letters that stand together with figures."""

from __future__ import annotations

import re
import unicodedata

from speech.text.english.figures import START, cardinal, in_pairs, plural
from speech.text.english.initials import is_spelled, spell
from speech.text.english.rule import Rule, rule

_PRONOUN = "s?he|hers?|him|his|himself|herself|they|them"
_PRONOUN_BEFORE = re.compile(rf"\b(?:{_PRONOUN})\Z", re.IGNORECASE)
_VERB = r"(?:(?<=\bis)|(?<=\bare)|(?<=\bbe)|(?<=\bwas)|(?<=\bwere))"
_NO_VERB = rf"(?!{_VERB})"
_SEEN_CHARS = 10  # how far back a pronoun is looked for


def _letters_and_figures(match: re.Match[str]) -> str:
    """Return `ay three eighty` for `A380`, `eff 16's` for `F-16s`."""
    letters, figures = match["letters"], match["figures"]
    if len(letters) == 1 or is_spelled(letters):
        letters = spell(letters)
    if len(figures) > 2 and figures[0] != "0":
        figures = plural(in_pairs(figures)) if match["plural"] else in_pairs(figures)
    elif match["plural"]:
        figures += "'s"
    goes_on = " " * (match["joined"] is not None or match["word"] is not None)
    return " ".join(filter(None, (letters, figures, spell(match["rest"])))) + goes_on


def _letters_of(match: re.Match[str]) -> str | None:
    """Return `ay tee and tee` for `AT&T`, `ay bee` for `A/B`; None for words, as in `YES/NO`."""
    sides = (match["left"], match["right"])
    are_initials = [len(side) == 1 or is_spelled(side) for side in sides]
    if not any(are_initials) or any(len(side) > 2 and not is_spelled(side) for side in sides):
        return None
    between = " and " if "&" in match["mark"] else " "
    return between.join(map(spell, sides)) + "'s" * bool(match["plural"])


def _windows_path(match: re.Match[str]) -> str:
    path = match["path"].replace("\\", " backslash ").replace("_", " ")
    return f"{spell(match['drive'])} colon backslash {path.strip()}"


def _path(match: re.Match[str]) -> str:
    """Return `slash etc slash hosts` for `/etc/hosts`."""
    path = (
        re.sub(r"/\.(?=\w)", "/dot ", re.sub(r"^\./", "dot/", match["path"]))
        .replace("~", "home ")
        .replace("/", " slash ")
        .replace("..", "dot dot")
    )
    return path.strip()


def _composed(match: re.Match[str]) -> str:
    """Return `kg`, `IV` or `3` for a character that holds all of it."""
    plain = unicodedata.normalize("NFKC", match[0])
    before = match.string[match.start() - 1 : match.start()]
    return f" {plain}" if before.isalnum() and not plain.startswith("°") else plain


def _superscript(match: re.Match[str]) -> str:
    after = " " * match.string[match.end() : match.end() + 1].isdigit()
    return f"^{unicodedata.normalize('NFKC', match[0]).replace('−', '-')}{after}"


def _greek(match: re.Match[str]) -> str:
    """Return the name of a letter, such as `alpha`."""
    return unicodedata.name(match[0]).rsplit(maxsplit=1)[-1].lower().replace("lamda", "lambda")


def _team(match: re.Match[str]) -> str:
    """Return `forty niners` for `49ers`."""
    said = cardinal(match["amount"])
    return f"{said.removesuffix('e')}ers"


def _or(match: re.Match[str]) -> str | None:
    """Return ` or ` for the slash of `he/she`."""
    before = match.string[max(0, match.start() - _SEEN_CHARS) : match.start()]
    return " or " if _PRONOUN_BEFORE.search(before) else None


COMPARISONS: tuple[Rule, ...] = (
    rule(  # but no word that is bleeped, such as `f**k`
        r"(?<=[\d)])[*]{2}(?=[a-z](?!\w))|(?<=\b[abenxyz])[*]{2}(?=[abkmnpxyz](?!\w))|(?<=[\w)])[*]{2}(?=-?\d)",
        "^",
    ),
    rule(
        r"\b[Tt]ype[\s-](?P<blood>AB|[ABO])(?P<sign>[+−-])(?![\w-])",
        lambda m: f"type {spell(m['blood'])} {'positive' if m['sign'] == '+' else 'negative'}",
    ),
    rule(
        r"(?<![\w.+-])(?P<blood>AB|[ABO])(?P<sign>[+−-])(?=\s(?:blood|donors?|plasma|cells)\b)",
        lambda m: f"{spell(m['blood'])} {'positive' if m['sign'] == '+' else 'negative'}",
    ),
    rule(
        r"[\u2100\u2103\u2105\u2109\u2160-\u217f\u2460-\u249b\u3371-\u33df\uff10-\uff19]", _composed
    ),
    rule(
        r"(?<=\w[.,;:!?”\"’])[⁰¹²³⁴-⁹]{1,3}(?=\s|$)|(?<=[A-Za-z]{4})[⁰¹²³⁴-⁹]{1,3}(?![\w⁻])"
        r"|(?<=[a-z]{3}\))[⁰¹²³⁴-⁹]{1,3}(?=\s|$)",
        "",
    ),
    rule(r"[†‡]", ""),
    rule(r"(?=[\s→⇒=-])(?<=[\w%°)\"”])\s?(?:→|⇒|(?<!-)->|=>)\s?(?=[\w$£€\"“(])", " to "),
    rule(r"(?<=[\w)])(?:⁻[⁰¹²³⁴-⁹]{1,9}|[⁰¹²³⁴-⁹]{2,9}|(?<=\d)[⁰¹⁴-⁹])(?![^\W\d])", _superscript),
    rule(r"µ", "μ"),
    rule(r"∆(?=[A-Za-z])", "Δ"),
    rule(r"(?<![^\s(\[\"“'‘])[+](?=[$£€¥]?\.?\d)", "plus "),
    rule(r"\u20e3", ""),  # a keycap
    rule(r"(?<=\d)\u2044(?=\d)", "/"),
    rule(r"(?<=\d)\s?º(?=\s?[CF]\b)", "°"),
    rule(
        rf"(?<=[\w)|]){_NO_VERB}(?!(?<=[a-z]{{3}})\s[≤≥]\d)\s?(?=[<>]=\s?[\w$£€.-]|[≤≥]\s?[\w$£€.-])",
        " is ",
    ),
    rule(rf"{_VERB}\s<\s(?=[\w$£€.-])", " less than "),
    rule(rf"{_VERB}\s>\s(?=[\w$£€.-])", " greater than "),
    rule(r"\s?(?:<=|≤)\s?(?=[\w$£€.-])", " less than or equal to "),
    rule(r"\s?(?:>=|≥)\s?(?=[\w$£€.-])", " greater than or equal to "),
    rule(r"\s?(?:!=|≠)\s?(?=[\w$£€.-])", " is not equal to "),
    rule(
        r"(?<=\w)\s<\s(?=[\w$£€.-])|(?<=[)|])\s<\s(?=[−-]?\d|[a-z](?!\w))|(?<=\d)<(?=\d)|(?<=\b[a-zA-Z])<(?=\.?\d)",
        " is less than ",
    ),
    rule(r"(?<=[a-z]{2})\s>\s(?=[A-Z][a-z])", ", "),
    rule(
        r"(?<=\w)\s>\s(?=[\w$£€.-])|(?<=[)|])\s>\s(?=[−-]?\d|[a-z](?!\w))|(?<=\d)>(?=\d)|(?<=\b[a-zA-Z])>(?=\.?\d)",
        " is greater than ",
    ),
    rule(r"(?<![\w<])<\s?(?=\.?\d|[$£€])", "less than "),
    rule(r"(?<![\w>=-])>\s?(?=\.?\d|[$£€])", "more than "),
    rule(r"(?<![\w~])~\s?(?=[\d$£€])", "about "),
    rule(r"(?<=[\w)\"'])\s&&\s(?=\S)", " and "),
    rule(r"(?<=[\w)\"'])\s\|\|\s(?=\S)", " or "),
    rule(r"(?<!\w)\$(?P<land>US|A|NZ|HK|CA)\s?(?=\d)", lambda m: f"{m['land']}$"),
    rule(r"\s(?P<sign>[+−-])=\s", lambda m: f" {'plus' if m['sign'] == '+' else 'minus'} equals "),
    rule(r"(?<=[A-Z]\d)[+](?=[A-Z]\d)", " plus "),
    rule(r"(?:(?<=\s)|^)[+]/[-−–]\s?(?=[$£€]?\.?\d)", "plus or minus "),
    rule(r"(?<=[(\[])±\s?(?=[\d√]|[A-Z]{2})", "plus or minus "),
    rule(r"\s?±\s?(?=[\d√(]|[a-z](?![a-z])|[A-Z]{2})", " plus or minus "),
    rule(r"[↑▲]\s?(?=[\d$£€])", "up "),
    rule(r"[↓▼]\s?(?=[\d$£€])", "down "),
    rule(r"(?<=[\w²³)])\s?≈\s?(?=[\w$£€.√])", " is approximately "),
    rule(r"(?<=[(\[])≈\s?(?=[\d$£€.])", "approximately "),
    rule(r"\s?≈\s?(?=[\d$£€.])", " approximately "),
    rule(r"(?<=\d)\s?[*]\s?(?=\d)", " times "),
    rule(r"(?<=\d)\s?[x×]\s?(?=[$£€¥₹]\d)", " times "),
    rule(
        r"(?P<asked>\b[Ww]hat(?:['’]s|\sis)\s\d{1,6})\s?[x×]\s?(?=\d)",
        lambda m: f"{m['asked']} times ",
    ),
    rule(
        r"(?<![\w.,:/$£€+-])(?P<half>45|90|105|120)[+](?=\d{1,2}(?!\d))",
        lambda m: f"{m['half']} plus ",
    ),
)
"""Words for signs that are dropped elsewhere."""

GLUED: tuple[Rule, ...] = (
    rule(r"\bA[–-]Z\b", "ay to zee"),
    rule(r"(?<=\b[A-Z])–(?=[A-Z]\b)|(?<=\b[A-Z]\d)\s?–\s?(?=[A-Z]\d\b)", " to "),
    rule(
        r"(?<!\w)(?P<drive>[A-Z]):\\(?P<path>(?:[\w.()-]{0,60}(?:[ ][\w.()-]{1,60}){0,3}\\){0,12}"
        r"[\w.-]{0,60})",
        _windows_path,
    ),
    rule(
        r"(?<![^\s(\"'“])(?P<path>(?:~|(?:\.{1,2})?/[\w.-]{1,60})(?:/[\w.-]{1,60}){1,12})/?(?!\w)",
        _path,
    ),
    rule(  # by which somebody is called
        r"\b(?P<who>he(?=/him\b)|she(?=/her\b)|they(?=/them\b))/",
        lambda m: f"{m['who']} ",
        re.IGNORECASE,
    ),
    rule(rf"/(?=(?:{_PRONOUN})\b)", _or),
    rule(r"(?<=[\w).%])\s\|\s(?=[\w($£€]|[+]\d)", ", "),
    rule(r"(?<![\w.'’*-])A\*(?=s?(?![\w*]))", "ay star"),  # a grade
    rule(r"[*_~|^\\<>{}`]+", " "),
    rule(r"[ \t]{2,}", " "),
    rule(r"(?<![A-Za-z])C[+][+]", "see plus plus"),
    rule(r"(?<![A-Za-z])(?P<letter>[CF])[#](?!\w)", lambda m: f"{spell(m['letter'])} sharp"),
    rule(r"(?<![\w.])\.NET(?![A-Za-z])", "dot net"),
    rule(
        r"(?<![\w/&-])(?!WWI)(?P<left>[A-Z]{1,4})(?P<mark>\s?&\s?|/)(?P<right>[A-Z]{1,4})(?P<plural>'?s)?(?![\w/&]|-(?!\d))",
        _letters_of,
    ),
    rule(r"(?<![\w/&-])[A-Z](?:/[A-Z]){2,5}(?![\w/&-])", lambda match: spell(match[0])),
    rule(r"(?<![\w.'’-])[vV](?:er)?\.?\s?(?=\d+\.\d)", "version "),
    rule(r"(?<![\w.'’/-])(?P<letter>[a-z])(?=\d)", lambda match: f"{spell(match['letter'])} "),
    rule(
        r"(?<![\w/-])(?P<source>[BCDGP])2(?P<target>[BCDGP])(?![\w/-])",
        lambda match: f"{spell(match['source'])} to {spell(match['target'])}",
    ),
    rule(
        r"(?<![\w\[])(?!WW-?[12]\b|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD)\d)(?P<letters>[A-Z]{1,5})-?(?P<figures>\d{1,4})(?P<rest>[A-Z]{0,3})(?P<plural>s)?"
        r"(?:(?!\w)(?P<joined>-(?=[A-Z\d]))?|(?P<word>(?<=\d)(?=[a-z]{2,4}(?!\w)|[A-Z][a-z])))",
        _letters_and_figures,
    ),
    rule(
        r"(?<![\w-])(?:[A-Z]\d{1,2}){2,3}[A-Z]?(?!\w)",
        lambda match: " ".join(
            part if part.isdigit() else spell(part) for part in re.findall(r"[A-Z]+|\d+", match[0])
        ),
    ),
    rule(
        r"(?<=\d)(?=[A-Za-z]{3}|[A-Z][a-z]|[a-z]\.[a-z]\.)|(?<=[A-Za-z])(?<!\[S)(?<!\dx)(?=\d)",
        " ",
    ),
    rule(r"(?<=[\w,.])\s?&c(?:\.|(?=[,)]|\s[a-z]{2}|$))", " etc."),
    rule(r"\s?&(?!\w+;)\s?", " and "),
)
"""Marks that are not said, and what stands together though it is said apart."""

SYMBOLS: tuple[Rule, ...] = (
    rule(r"(?<![#])[#]+(?=\d)", "number "),
    rule(r"(?<![#])[#]+(?=[A-Za-z])", "hashtag "),
    rule(r"№\s?", "number "),
    rule(r"§§\s?(?=\w)", "sections "),
    rule(r"§\s?(?=\w)", "section "),
    rule(r"¶¶\s?(?=\w)", "paragraphs "),
    rule(r"¶\s?(?=\w)", "paragraph "),
    rule(r"©\s?(?=\w)", "copyright "),
    rule(r"[™®]", ""),
    rule(r"√\s?(?=[\d(])", "the square root of "),
    rule(r"(?<![^\W\d_])[α-ωΑ-Ω](?![^\W\d_])", _greek),
    rule(r"(?<=\d)\s[x]\s(?=\d)", " times "),
    rule(r"\s?×\s?(?=\d|[A-Za-z](?!\w)|\()", " times "),
    rule(r"\s?÷\s?(?=\d)", " divided by "),
    rule(r"(?<=\d)\s/\s(?=\d)", " divided by "),
    rule(r"(?<=\d)\s?=\s?(?=[\d-])", " equals "),
    rule(r"\s=(?=\s)", " equals"),
    rule(
        r"(?<![\w.+-])(?P<grade>[A-FO])(?P<sign>[+−-])(?=[\s.,;:!?)]|$)",
        lambda m: f"{spell(m['grade'])} {'plus' if m['sign'] == '+' else 'minus'}",
    ),
    rule(
        r"(?<!\w)(?P<note>[A-Ga-g])(?P<sign>[♭♯])",
        lambda m: f"{spell(m['note'])} {'flat' if m['sign'] == '♭' else 'sharp'}",
    ),
    rule(r"(?<=[\w.!?])\s/\s(?=[^\W\d])", ", "),
    rule(
        r"(?<=[\w)])\s?[+][^\S\n](?=[\w(])|(?<=\w)[+](?=\d)|(?<=[A-Za-z]{2})[+](?=[A-Za-z]{2})",
        " plus ",
    ),
    rule(r"(?<=\d)[+](?!\w)|(?<=[A-Za-z])[+](?=[\s.,;:!?)]|$)", " plus"),
    rule(r"(?<![^\s(\[\"“'‘])@(?=\w)", " at "),
    rule(r"(?<=\w)@(?=\d)", " at "),
    rule(r"\s@(?=\s)", " at"),
    rule(r"(?<=[^\W\d])/(?=\w)|(?<=\d)/(?=[^\W\d])", " "),
)
"""Signs between and before words and figures."""

MIXED: tuple[Rule, ...] = (
    rule(rf"{START}(?P<amount>\d{{1,2}})\s?ers(?!\w)", _team),
    rule(
        rf"{START}(?P<amount>\d{{1,4}})s(?![\w'’])",
        lambda match: plural(cardinal(match["amount"])),
    ),
    rule(
        r"(?<=\d)\s?(?!(?:st|nd|rd|th|vs|ft|kg|km|cm|mm)\b)(?P<letters>[bcdfghjklmnpqrstvwxz]{2,4})(?![\w'’-])",
        lambda match: f" {spell(match['letters'])}",
    ),
    rule(
        r"(?<=\d)-?(?!(?:ST|ND|RD|TH)\b)(?P<letters>[A-Z]{1,3})(?![\w])",
        lambda match: f" {spell(match['letters'])}",
    ),
    rule(r"(?<=\d)(?P<letter>[a-jl-wyz])(?![\w'’])", lambda match: f" {spell(match['letter'])}"),
    rule(r"(?<=\d)(?=[A-Za-z]{1,3}\b)(?!(?:(?i:st|nd|rd|th)|k)\b)", " "),
)
"""Letters behind figures."""
