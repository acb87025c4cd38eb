"""Abbreviations of titles and words; those of what is numbered are in `numbered`."""

from __future__ import annotations

import re

from speech.text.english.initials import spell
from speech.text.english.roman import ROMAN_NUMERALS
from speech.text.english.rule import Rule, alternatives, like, rule
from speech.text.english.sentences import rest_of, stop_after, word_before

TITLES = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messers",
    "Prof": "Professor", "Rev": "Reverend", "Hon": "Honorable", "Gen": "General", "Col": "Colonel",
    "Capt": "Captain", "Cmdr": "Commander", "Lt": "Lieutenant", "Maj": "Major", "Sgt": "Sergeant",
    "Cpl": "Corporal", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Supt": "Superintendent", "Mt": "Mount", "Ft": "Fort",
    "Adm": "Admiral", "Pvt": "Private", "Brig": "Brigadier", "Amb": "Ambassador", "Fr": "Father",
    "Det": "Detective", "Insp": "Inspector", "Mme": "Madame", "Mlle": "Mademoiselle", "Mx": "Mix",
    "Drs": "Doctors", "Profs": "Professors", "Sens": "Senators",
    "Govs": "Governors", "Gens": "Generals", "Br": "Brother", "Msgr": "Monsignor",
    "Atty": "Attorney", "Cdr": "Commander", "Pfc": "Private First Class", "Sts": "Saints",
    "Lieut": "Lieutenant", "Cllr": "Councillor", "Sergt": "Sergeant", "Comdr": "Commander",
}  # fmt: skip
_WORDS = {
    "acct.": "account", "Acct.": "Account", "pmt.": "payment",
    "appt.": "appointment", "appts.": "appointments",
    "a.k.a.": "also known as", "A.k.a.": "Also known as", "a.s.l.": "above sea level",
    "std. dev.": "standard deviation",
    "avail.": "available", "dia.": "diameter", "wt.": "weight", "Wt.": "Weight",
    "Est.": "Established", "e.g.": "for example", "i.e.": "that is",
    "E.g.": "For example", "I.e.": "That is",
    "not incl.": "not included", "incl.": "including", "excl.": "excluding",
    "Incl.": "Including", "Excl.": "Excluding",
    "intl.": "international", "Intl.": "International", "asst.": "assistant",
    "Asst.": "Assistant", "mgr.": "manager", "Mgr.": "Manager",
    "vs.": "versus", "approx.": "approximately", "Approx.": "Approximately",
    "dept.": "department", "Dept.": "Department", "DEPT.": "DEPARTMENT",
    "est.": "established", "viz.": "namely", "cf.": "compare", "esp.": "especially",
    "avg.": "average", "misc.": "miscellaneous",
    "govt.": "government", "et al.": "and others", "ea.": "each", "p.a.": "per annum",
    "(ret.)": "(retired)", "(ed.)": "(editor)", "(eds.)": "(editors)",
    "b.i.d.": "twice a day", "t.i.d.": "three times a day", "q.i.d.": "four times a day",
    "p.r.n.": "as needed", "q.d.": "once a day", "p.o.": "by mouth",
    "TL;DR": "tee ell dee ar", "tl;dr": "tee ell dee ar", "feat.": "featuring",
    "Feat.": "Featuring", "Bd. of": "Board of",
    "YoY": "year over year", "QoQ": "quarter over quarter", "MoM": "month over month",
}  # fmt: skip
_MAY_END_TOO = frozenset(
    ["acct.", "a.s.l.", "avail.", "ea.", "et al.", "p.a.", "b.i.d.", "t.i.d.", "q.i.d.", "p.r.n."]
)
_MAY_END = {
    "etc": "et cetera", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation",
    "Co": "Company", "Bros": "Brothers", "Jr": "Junior", "Sr": "Senior", "Ave": "Avenue",
    "Blvd": "Boulevard", "Rd": "Road", "Esq": "Esquire",
    "Qtr": "Quarter", "qtr": "quarter", "Hwy": "Highway", "Pkwy": "Parkway",
    "pkg": "package", "pkgs": "packages", "Univ": "University", "Assn": "Association",
}  # fmt: skip
_NOTED = {"Hx": "History", "Dx": "Diagnosis", "Rx": "Prescription", "Tx": "Treatment"}
_TAKEN = {
    "PRN": "as needed", "BID": "twice a day", "TID": "three times a day",
    "QID": "four times a day", "QHS": "at bedtime", "daily": "daily",
}  # fmt: skip
"""How a dose is taken."""
_UNSTOPPED = {
    "acct": "account", "accts": "accounts", "appt": "appointment", "appts": "appointments",
    "amt": "amount", "dept": "department", "govt": "government", "mgmt": "management",
    "approx": "approximately",
}  # fmt: skip
_SPANS = {"yr": "year", "yrs": "years", "hrs": "hours", "mins": "minutes", "wk": "week",
          "wks": "weeks"}  # fmt: skip
_FORENAMES = {
    "Benj": "Benjamin", "Chas": "Charles", "Danl": "Daniel", "Edw": "Edward", "Geo": "George",
    "Jas": "James", "Jos": "Joseph", "Robt": "Robert", "Saml": "Samuel", "Thos": "Thomas",
    "Wm": "William",
}  # fmt: skip
_SPECIES = (
    "aureus|carolinensis|cerevisiae|coli|diff|difficile|elegans|erectus|falciparum|gondii|habilis|"
    "melanogaster|musculus|neanderthalensis|pylori|rex|sapiens|subtilis|thaliana|tuberculosis"
)
_CONTRACTED = {
    "gov't": "government", "int'l": "international", "nat'l": "national", "ass'n": "association",
    "dep't": "department", "cont'd": "continued", "sec'y": "secretary", "comm'n": "commission",
    "rec'd": "received", "req'd": "required", "add'l": "additional",
    "mfr'd": "manufactured", "mgm't": "management", "env't": "environment",
}  # fmt: skip
_CREDITS = {
    "ed": "edited", "prod": "produced", "dir": "directed", "arr": "arranged",
    "trans": "translated", "illus": "illustrated", "comp": "composed",
}  # fmt: skip
_NUNS = (
    "Agnes|Angela|Anna?e?|Bernadette|Catherine|Cecilia|Clare|Elizabeth|Helen|Joan|Josephine|Lucy|"
    "Margaret|Mari[ae]|Martha|Mary|Monica|Rita|Rose|Ther?esa|Ursula|Veronica"
)
_ANY_CONTRACTED = alternatives(list(_CONTRACTED)).replace("'", "['’]")
_GOES_ON = re.compile(r"\s[a-z\d]|[,;:)]")
_CAPITAL = re.compile(r"[\"”’)]?\s[\"“‘(]?[A-Z]")
_INITIAL = re.compile(r"\s[A-Z]\.")
_LETTERED = re.compile(  # what has a letter for its name: a sentence ends behind it
    "answer|button|choice|choose|class|click|column|exhibit|group|hepatitis|hit|key|letter|option|part|"
    "plan|point|press|pick|room|section|select|step|team|type|vitamin",
    re.IGNORECASE,
)
_SHORT = {
    "w/o": "without",
    "W/o": "Without",
    "F/u": "Follow up",
    "s/he": "she or he",
    "S/he": "She or he",
    "b/c": "because",
    "c/o": "care of",
    "n/a": "not applicable",
    "w/c": "week commencing",
    "a/k/a": "also known as",
    "d/b/a": "doing business as",
    "y/y": "year on year",
    "q/q": "quarter on quarter",
    "m/m": "month on month",
    "y/o": "years old",
    "f/u": "follow up",
    "h/o": "history of",
    "r/o": "rule out",
    "s/p": "status post",
    "w/in": "within",
    "w/out": "without",
    "w/v": "weight per volume",
    "v/v": "volume per volume",
    "w/w": "weight per weight",
}


def _title(match: re.Match[str]) -> str:
    word = match["word"]
    return TITLES[word if word in TITLES else word.capitalize()]


def _may_end(match: re.Match[str]) -> str:
    trails_off = match.string.startswith("..", match.end())
    ends = match["word"] == "etc" and _CAPITAL.match(match.string, match.end())
    return _MAY_END[match["word"]] + ("." if trails_off or ends else stop_after(match))


def _word(match: re.Match[str]) -> str:
    return _WORDS[match[0]] + (stop_after(match) if match[0] in _MAY_END_TOO else "")


def _dotted(match: re.Match[str]) -> str:
    return spell(match[0]) + stop_after(match)


def _initial(match: re.Match[str]) -> str:
    """Return a name's initial; before another one there is no end, as in `A. A. Milne`."""
    if _LETTERED.fullmatch(word_before(match)):
        return f"{spell(match['letter'])}."
    is_first = _INITIAL.match(match.string, match.end())
    return spell(match["letter"]) + ("" if is_first else stop_after(match))


def _degree(match: re.Match[str]) -> str:
    plural = "s" * bool(match["plural"])
    return spell(match["letters"]) + plural + (stop_after(match) if match["stop"] else "")


def _contracted(match: re.Match[str]) -> str:
    return like(match[0], _CONTRACTED[match[0].lower().replace("’", "'")])


def _credit(match: re.Match[str]) -> str:
    return like(match["what"], _CREDITS[match["what"].lower()])


def _sister(match: re.Match[str]) -> str | None:
    """Return `Sister` for `Sr.` before a nun's name; behind a name it is Senior."""
    return None if word_before(match)[:1].isupper() else "Sister"


ABBREVIATIONS: tuple[Rule, ...] = (
    rule(
        r"(?P<change>\b(?:down|fell|fallen|risen|rose|up)\s(?:\w+\s){1,8}percent\s)w/w(?!\w)",
        lambda m: f"{m['change']}week on week",
    ),
    rule(
        r"(?<!\w)c/o(?=\s(?!(?:general|her|him|his|me|my|our|the|their|them|us|your?)\b)[a-z])",
        "complaining of",
    ),
    rule(rf"(?<![\w./])(?:{alternatives(list(_SHORT))})(?![\w/])", lambda match: _SHORT[match[0]]),
    rule(
        r"(?<![\w./])(?P<first>[a-v])/(?P<second>[a-w])(?=[\s,;:!?)]|\.?(?:\s|$))(?!\s?[=+])",
        lambda m: spell(m["first"] + m["second"]),
    ),
    rule(r"(?<![\w./])w/(?=\s)", "with"),
    rule(r"(?<=\w\s)(?P<what>in|ex)cl\.(?=[,;)]|\s?$|\n)", lambda m: f"{m['what']}cluded"),
    rule(
        r"(?:(?<=^)|(?<=\n)|(?<=[.:;,(]\s)|(?<=[a-z]\s))(?P<a>[Aa])ve\.?(?=\s(?!(?:and|at|in|near|on|to)\b)[a-z])",
        lambda m: like(m["a"], "average"),
    ),
    rule(
        r"(?<![\w.])est\.(?=\s?(?:[,;)]|$|\n)|\s[a-z$£€])(?!\s(?:in|by|circa|nineteen|twenty)\b)",
        "estimated",
    ),
    rule(rf"(?<![\w.])(?:{alternatives(list(_WORDS))})", _word),
    rule(r"(?<=[\w)%]\s)(?:vs(?=\s\w)(?!\scode\b)|v\.(?=\s[A-Z\d]|\sthe\b))", "versus"),
    rule(r"(?P<name>\b[A-Z][\w.'’-]{0,30}\s)v(?=\s[A-Z])", lambda m: f"{m['name']}versus"),
    rule(
        rf"(?<![\w'’-])(?i:{_ANY_CONTRACTED})(?![\w'’])",
        _contracted,
    ),
    rule(rf"(?<![\w.])(?P<what>(?i:{alternatives(list(_CREDITS))}))\.(?=\sby\s[A-Z])", _credit),
    rule(
        r"(?P<dose>\b(?:hours|daily|day|mg|mL|ml|tab(?:let)?s?|cap(?:sule)?s?|puffs?|milligrams|micrograms|milliliters|"
        rf"units|mouth|bid|tid|times)\s)(?P<mouth>PO\s)?(?P<how>prn|{'|'.join(_TAKEN)})(?=[\s.,;)]|$)",
        lambda m: f"{m['dose']}{'by mouth ' * bool(m['mouth'])}{_TAKEN.get(m['how'], 'as needed')}",
    ),
    rule(
        r"(?P<before>\b(?:[Tt]he|Hey|Hi|Hello|Dear|Yes|Thanks|[Mm]y|[Yy]our)\s)Dr\.",
        lambda m: f"{m['before']}Doctor{stop_after(m)}",
    ),
    rule(r"\bGen\.?\s(?P<letter>[XYZ])(?![\w.'’])", lambda m: f"Gen {spell(m['letter'])}"),
    rule(r"\bRt\.?\sHon\.?(?=\s[A-Zt])", "Right Honorable"),
    rule(
        r"(?:(?<=dollars\s)|(?<=euros\s)|(?<=pounds\s)|(?<=percent\s))min\b\.?(?=[;,)]|\s?$)",
        "minimum",
    ),
    rule(r"\bConf\.(?=\sR(?:oo)?m\b)", "Conference"),
    rule(r"(?<![\w.])nr\.?(?=\s[A-Z][a-z])", "near"),
    rule(r"(?<=\bon\s)agg\.?(?=\s[a-z(]|[),;])", "aggregate"),
    rule(
        rf"\b(?P<word>{alternatives(list(TITLES))}|MR|MRS|MS|DR)\."
        r"(?=\s+(?:[A-Z\"“]|and\b|\d(?:st|nd)\s[A-Z])|-[A-Z][a-z]{1,8}\.|(?<=[Mm][Rr]\.|[MD][sr]\.)[A-Z])",
        _title,
    ),
    rule(rf"\b(?:{'|'.join(_NOTED)})(?=:\s|\sof\s)", lambda m: _NOTED[m[0]]),
    rule(r"\bM/s\.?(?=\s[A-Z])", "Messers"),
    rule(
        rf"(?<=[a-z]\s)(?P<span>{'|'.join(_SPANS)})(?P<stop>\.)?(?![\w'’@/-])",
        lambda m: _SPANS[m["span"]] + "." * bool(m["stop"] and not _GOES_ON.match(rest_of(m))),
    ),
    rule(
        rf"(?<![\w.@/'’-])(?:{alternatives(list(_UNSTOPPED))})(?![\w.'’@/-])",
        lambda m: like(m[0], _UNSTOPPED[m[0].lower()]),
        re.IGNORECASE,
    ),
    rule(r"\b(?P<word>Mme|Mlle)(?=\s(?:de\s)?[A-Z])", _title),
    rule(
        r"\b(?P<word>Capt|Cpl|Insp|Lt|Maj|Prof|Rev|Sgt|Supt)(?=\s(?:Col|Gen)?\s?[A-Z][a-z]{2})",
        _title,
    ),
    rule(r"(?:(?<=\bLieutenant\s)|(?<=\bMajor\s))(?P<word>Col|Gen)(?=\s[A-Z][a-z.])", _title),
    rule(r"\b(?P<word>Dr|Mr|Mrs|Ms)(?=\s(?:(?:and|&)\s(?=[DM]))?[A-Z])", _title),
    rule(
        r"(?P<the>\b(?:[Tt]he|body|room|water)\s)temp\.(?=\s[a-z])",
        lambda m: f"{m['the']}temperature",
    ),
    rule(rf"(?<![\w.])Sr\.(?=\s(?:{_NUNS})\b)", _sister),
    rule(rf"(?<![\w.])(?P<word>{alternatives(list(_MAY_END))})\.", _may_end),
    *ROMAN_NUMERALS,
    rule(
        r"\b(?P<letters>(?:Ph|Ed)\.?D|[MB]\.?Sc|LL\.?[BM])(?:\.?(?P<plural>s)(?!\w)|(?P<stop>\.(?!\w))|(?!\w))",
        _degree,
    ),
    rule(
        r"(?:^|(?<=\n)|(?<=[.!?]\s))(?:P\.){1,3}S\.(?=\s[A-Z])", lambda match: f"{spell(match[0])}."
    ),
    rule(
        rf"(?<![\w.'’-])(?P<name>{alternatives(list(_FORENAMES))})\.(?=\s[A-Z])",
        lambda match: _FORENAMES[match["name"]],
    ),
    rule(rf"(?<![\w.])(?P<letter>[A-Z])\.(?=\s(?:{_SPECIES})\b)", lambda m: spell(m["letter"])),
    rule(r"(?<![\w.])(?:[A-Z]\.){2,}", _dotted),
    rule(r"(?<![\w.])[A-Z]\.-[A-Z]\.(?=\s)", _dotted),
    rule(r"(?<![\w.'’])(?!a\.m|p\.m)(?:[a-z]\.){2,5}(?![\w'’])", _dotted),
    rule(r"(?<![\w.'’])(?P<letter>[A-HJ-Z])(?=\.[\"”’)]*[^\S\n]*(?:$|\n))", lambda m: spell(m[0])),
    rule(r"(?<=[\w,]\s)(?P<letter>[A-HJ-Z])\.(?=,)", lambda match: spell(match["letter"])),
    rule(r"(?<![^\s(\"“])[A-HJ-Z](?=:\s)", lambda match: spell(match[0])),
    rule(
        r"(?P<name>\b(?:[A-Z][a-z]{1,20}|Op\.?\s\d{1,3},|in)\s|,\s|\(|^|\n)(?P<letter>[A-HJ-Z])\.(?=\s[a-z\d])",
        lambda m: f"{m['name']}{spell(m['letter'])}",
    ),
    rule(
        r"(?<![\w.'’])(?P<letter>[A-HJ-Z])\.(?=\s[A-Z])",
        _initial,
    ),
)
"""Titles and the like first, then numerals, then initials with full stops."""
