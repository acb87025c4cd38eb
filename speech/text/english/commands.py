"""Command lines and variables in a text: `--force`, `-v`, `$HOME`."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, listed, rule

_COMMANDS = listed(
    "apt awk bash brew build cargo cat chmod chown clone cmake commit cp curl docker find gcc git "
    "go grep install java kubectl ls make mkdir mv node npm npx perl ping pip pip3 ps pull push "
    "pytest python python3 rm rsync run scp sed sh sort ssh sudo tail tar test top uv wget yarn"
)
_ASKED_FOR = listed(
    "add and append arg argument flag flags omit option options or pass passing set specify supply "
    "switch the try use uses using via with without"
)
_VARIABLES = listed("EDITOR HOME LANG OLDPWD PATH PS1 PWD SHELL TERM TMPDIR UID USER")
_BEFORE = (
    rf"(?:\b(?:{alternatives([*_COMMANDS, *_ASKED_FOR])})\s|(?<!\w)--?[\w=-]{{1,30}},?\s"
    r"|\bdash(?:\s[a-z]{1,12}){1,4},?\s|(?<!\w)--[\w-]{1,20}[\s=][\w./:-]{1,30}\s"
    r"|\bdash(?:\s[a-z]{1,12}){1,3}\s[\w./:-]{0,30}[\d./:][\w./:-]{0,30}\s"
    r"|\w\.(?:exe|jar|js|pl|py|rb|sh|ts)\s|[\"“'‘(`])"
)
"""The words that a flag may follow; after any other, a dash may be one of prose."""
_OPENERS, _CLOSERS = "\"“'‘(", "\"”'’)="
_ENDS = r"(?![\w-]|['’]\w)"
_NO_FLAG = r"(?:and|as|at|but|for|he|if|in|it|not|of|or|she|so|the|they|this|to|we|which|who|you)\b"


def _is_speech(match: re.Match[str]) -> bool:
    """Tell whether a mark opens more than the flag, as in `"--never!" she cried`."""
    after = match.string[match.end() : match.end() + 1]
    return (match["before"] or " ") in _OPENERS and after not in _CLOSERS


def _long_flag(match: re.Match[str]) -> str | None:
    """Return `dash dash no cache` for `--no-cache`."""
    if _is_speech(match):
        return None
    return f"{match['before'] or ''}dash dash {match['name'].replace('-', ' ')}"


def _short_flag(match: re.Match[str]) -> str | None:
    """Return `dash vee` for `-v`; `f(-x)` is mathematics."""
    if _is_speech(match) or (match["before"] == "(" and match["letters"] in "aInxyz"):
        return None
    return f"{match['before']}dash {spell(match['letters'])}"


def _variable(match: re.Match[str]) -> str:
    """Return `dollar JAVA HOME` for `$JAVA_HOME`."""
    name = match["name"] or match["braced"]
    return f"dollar {name.replace('_', ' ').strip()}"


_VERSIONED = (
    "Python|Rust|Ruby|Django|Kubernetes|PHP|Node(?:\\.js)?|[Vv]ersion|[Kk]ernel|Go(?=\\s1\\.)"
)

COMMANDS: tuple[Rule, ...] = (
    rule(
        rf"(?P<what>(?<!\w)(?:(?:{_VERSIONED})\s|[vV]))(?P<major>\d{{1,2}})\.(?P<minor>[1-9]\d)(?![\w%]|\.\d)",
        lambda m: (
            f"{m['what'] if m['what'][-1] == ' ' else 'version '}"
            f"{cardinal(m['major'])} point {cardinal(m['minor'])}"
        ),
    ),
    rule(
        rf"(?P<before>{_BEFORE})-(?!(?<=\b[Oo]r\s-)[aIxyzn]|(?<=\bthe\s-)[aIxyzn]|(?<=\band\s-)[aIxyzn])(?P<letters>[a-zA-Z]){_ENDS}(?!\s?[+*/=^])",
        _short_flag,
    ),
    rule(
        rf"(?P<before>\b(?:{alternatives(_COMMANDS)})\s)-(?P<letters>[a-zA-Z]{{2,4}}){_ENDS}",
        _short_flag,
    ),
    rule(
        rf"(?P<before>{_BEFORE})?--(?P<name>(?!{_NO_FLAG})"
        rf"(?(before)[a-z][a-z\d]{{0,20}}(?:-[a-z\d]{{1,20}}){{0,5}}|(?<![^\s]--)[a-z][a-z\d]{{0,20}}(?:-[a-z\d]{{1,20}}){{1,5}}))"
        r"(?![\w-]|['’]\w)",
        _long_flag,
    ),
    rule(
        rf"(?<![^\s(\[\"“'‘`=:/])\$(?:(?P<name>(?:{alternatives(_VARIABLES)})(?!\w)|[A-Z][A-Z\d]*_\w{{1,40}}|[A-Z]{{6,30}}(?!\w)"
        r"|(?!(?:[mbk]|mm|mn|bn|tn|mil|million|billion|trillion)(?!\w))[a-z_]\w{0,40})(?!\w)|\{(?P<braced>\w{1,40})\})"
        r"(?![^$\n]{0,30}(?<!\s)\$(?!\w))",
        _variable,
    ),
)
"""Flags, short and long, then variables."""
