"""E-mail and web addresses, names of files, and numbers that are read digit by digit."""

from __future__ import annotations

import re

from speech.text.english.figures import UNJOINED, cardinal, digits
from speech.text.english.initials import is_spelled, spell
from speech.text.english.rule import Rule, rule

_MARKS = {
    ".": "dot", "@": "at", "-": "dash", "_": "underscore", "/": "slash", "+": "plus",
    ":": "colon", "?": "question mark", "=": "equals", "&": "and", "#": "hash", "~": "tilde",
    "%": "percent",
}  # fmt: skip
_SPELLED_ENDINGS = frozenset(("exe", "env", "apk", "avi", "sql"))
_KEYS = {"*": "star", "#": "pound"}
_TOP_LEVEL = (
    "com|org|net|edu|gov|mil|info|io|ai|app|dev|co|uk|us|ca|de|fr|eu|tv|me|xyz|au|biz|blog|br|ch|cloud|cn|cz|dk|"
    "es|fm|gg|gl|hu|ie|jp|kr|ly|nl|nz|online|pl|pt|ru|se|shop|site|store|tech"
)
_ALSO_WORDS = "(?:am|be|cc|gd|im|in|is|it|la|sh|so|st|to)"
"""Ends of domains that are words as well: before a slash they are none, as in `youtu.be/x`."""
_FILE_ENDINGS = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|xml|html?|md|jpe?g|png|gif|svg|mp3|mp4|wav|zip|exe|py|js|ts|"
    "css|ya?ml|toml|ini|log|sh|cpp|rs|java|tsx|jsx|sql|conf|cfg|ipynb|epub|mkv|mov|avi|webp|gz|tar|rtf|srt|"
    "apk|dmg|iso|bak|tmp|psd|dll|php|db|jar|lock"
)
_DOT_NAMES = (
    "env|git|gitignore|gitattributes|github|dockerignore|bashrc|zshrc|vimrc|vim|npmrc|profile|htaccess|"
    "ssh|config|cache|local|venv|editorconfig|prettierrc|eslintrc"
)
_UPPER_ENDINGS = "TXT|PDF|DOCX?|CSV|XLSX?|JPE?G|PNG|GIF|MP3|MP4|WAV|ZIP|EXE"
_EXTENSION = r"(?P<what>,?\s?(?:x|ext\.?|extension)\s?(?P<extension>\d{1,6}))?"
_SPELLED_PARTS = frozenset(("uk", "us", "eu", "ai", "io", "de", "fr", "ca", "tv"))
_NO_VOWEL = re.compile("[b-df-hj-np-tv-xz]{2,5}", re.IGNORECASE)
_MIN_PHONE_DIGITS = 7
_WWW = "double-you double-you double-you"
_PARTS = re.compile(r"[A-Za-z]+|\d+|[^A-Za-z\d]")


def _address(text: str) -> str:
    """Return an address as it is read out."""
    said = []
    for part in _PARTS.findall(text):
        if part.isdigit():
            said.append(part if len(part) < 4 else digits(part))
        elif part.lower() == "www":
            said.append(_WWW)
        elif part in _SPELLED_PARTS or _NO_VOWEL.fullmatch(part):
            said.append(spell(part))
        else:
            said.append(_MARKS.get(part, part))
    return " ".join(said)


def _url(match: re.Match[str]) -> str:
    text, stop = match["rest"], ""
    while text and text[-1] in ".,;:!?)'\"":
        text, stop = text[:-1], text[-1] + stop
    return _address(text.rstrip("/")) + stop


def _digital_object(match: re.Match[str]) -> str:
    """Return `dee oh eye 10 dot one zero zero zero slash ...` for `doi:10.1000/...`."""
    return f"dee oh eye {_url(match)}"


def _host_and_port(match: re.Match[str]) -> str:
    path = f" {_address(match['path'])}" if match["path"] else ""
    return f"{match['host']} colon {digits(match['port'])}{path}"


def _vanity_number(match: re.Match[str]) -> str:
    """Return `one, eight hundred, flowers` for `1-800-FLOWERS`."""
    area = match["free"][2:]
    said = "eight hundred" if area == "800" else digits(area)
    words = (
        spell(word) if is_spelled(word) else word.lower() for word in match["words"].split("-")
    )
    return f"one, {said}, {' '.join(words)}"


def _groups(match: re.Match[str]) -> str:
    """Return the digits of a number in groups, one by one."""
    if extension := match.groupdict().get("extension"):
        number = match[0][: match.start("what") - match.start()]
        return f"{_groups_of(number)}, extension {digits(extension)}"
    return _groups_of(match[0])


def _groups_of(number: str) -> str:
    groups = re.findall(r"\d+", number)
    plus = "plus " if number.startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


def _record(match: re.Match[str]) -> str:
    """Return `ten, three, one` for the wins, losses and draws of `10-3-1`."""
    return ", ".join(map(cardinal, match[0].split("-")))


def _phone(match: re.Match[str]) -> str | None:
    return _groups(match) if sum(map(str.isdigit, match[0])) >= _MIN_PHONE_DIGITS else None


def _internet_address(match: re.Match[str]) -> str | None:
    parts = re.findall(r"\d+", match[0])
    if any(int(part) > 255 for part in parts[:4]):
        return None
    said = " dot ".join(map(digits, parts[:4]))
    between = "slash" if "/" in match[0] else "colon"
    return f"{said} {between} {digits(parts[4])}" if parts[4:] else said


def _dialled(match: re.Match[str]) -> str:
    """Return `dial star six seven` for `dial *67`."""
    keys = (
        _KEYS.get(key) or digits(key)
        for key in (match["key"], match["number"], match["last"])
        if key
    )
    return match["before"] + " ".join(keys)


def _file_name(match: re.Match[str]) -> str:
    name = match["name"].replace(".", " dot ")
    line = f" line {match['line']}" if match["line"] else ""
    return f"{name} dot {_ending(match['ending'])}{line}"


def _ending(ending: str) -> str:
    ending = ending.lower()
    has_vowel = any(letter in "aeiou" for letter in ending)
    return ending if has_vowel and ending not in _SPELLED_ENDINGS else spell(ending)


def _dot_name(match: re.Match[str]) -> str:
    """Return `dot env` for `.env`, `star dot see ess vee` for `*.csv`."""
    return f"{'star ' * bool(match['star'])}dot {_ending(match['name'])}"


def _here(match: re.Match[str]) -> str:
    return "dot dot slash " if match[0] == "../" else "dot slash "


ADDRESSES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w@])[\w.+-]{1,64}@(?:[A-Za-z\d-]{1,63}\.){1,6}[A-Za-z]{2,24}\b",
        lambda match: _address(match[0]),
    ),
    rule(
        r"(?P<user>(?<![\w@.])[a-z][\w-]{0,30})@(?=\d{1,3}(?:\.\d{1,3}){3}\b)",
        lambda m: f"{m['user']} at ",
    ),
    rule(r"(?:https?|ftp)://(?P<rest>[^\s<>\"“”]{1,300})", _url, re.IGNORECASE),
    rule(r"(?<![\w.@])(?P<rest>www\.[^\s<>\"“”]{1,300})", _url, re.IGNORECASE),
    rule(
        rf"(?<![\w.@/])(?P<rest>(?:[A-Za-z\d-]{{1,63}}\.){{1,4}}(?:{_TOP_LEVEL}|{_ALSO_WORDS}(?=/\w))(?:[:]\d{{2,5}}(?!\d))?(?:/[^\s<>\"“”]{{0,200}})?)"
        r"(?![\w@])",
        _url,
    ),
    rule(
        r"(?P<what>\b(?:doi|DOI)[:]?\s?)(?P<rest>10\.\d{4,9}/[^\s<>\"“”]{1,100})", _digital_object
    ),
    rule(r"(?<![^\s(\"“`])\.{1,2}/(?=[\w.-]{1,60}(?![\w./-]))", _here),
    rule(
        rf"(?<![\w./*…)\]])(?P<star>[*])?\.(?P<name>{_DOT_NAMES}|{_FILE_ENDINGS}|{_UPPER_ENDINGS})(?![\w./-]*\w)",
        _dot_name,
    ),
    rule(
        r"(?<![\w./-])(?P<name>[a-z][\w-]{1,30})\.(?P<ending>[ch])(?![\w-]|\.\w)",
        lambda m: f"{m['name']} dot {spell(m['ending'])}",
    ),
    rule(
        rf"(?<!\w)(?<!\w\.)(?P<name>[A-Za-z\d][\w-]{{0,63}}(?:\.(?:tar|min|test|spec|config|d))?)\.(?P<ending>{_FILE_ENDINGS}|{_UPPER_ENDINGS})"
        r"(?:[:](?P<line>\d{1,6}))?(?!\w|\.\w)",
        _file_name,
    ),
    rule(
        r"(?<![\w.,:/-])\d{1,3}(?:\.\d{1,3}){3}(?:[:]\d{1,5}|/\d{1,2})?(?![\w-]|\.\d)",
        _internet_address,
    ),
    rule(
        r"(?P<before>\b(?:call|dial|phone|ring)(?:s|ed|ing)?\s)(?P<number>\d{3})(?![\w-]|[.,]\d|\s\d)",
        lambda match: match["before"] + digits(match["number"]),
        re.IGNORECASE,
    ),
    rule(r"(?<=\bthe\s)[#](?=\s(?:button|key|sign)\b)", "pound"),
    rule(
        r"(?P<dialled>\b(?:[Dd]ial|[Ee]nter|[Hh]it|[Pp]ress)\s\d{1,4})[#](?=[\s.,;]|$)",
        lambda m: f"{m['dialled']} pound",
    ),
    rule(
        r"(?P<before>\b(?:[Dd]ial|[Pp]ress|[Hh]it)(?:ing|ed|s)?\s(?:the\s)?)(?P<key>[*#])"
        r"(?P<number>\d{0,3})(?P<last>[*#])?(?=[\s.,;:!?]|$)",
        _dialled,
    ),
    rule(
        r"(?P<before>\b(?:and|or|then)\s)(?P<key>[*#])(?=\s(?:for|key|to)\b)",
        lambda m: m["before"] + _KEYS[m["key"]],
    ),
    rule(r"(?<![\w.,$£€:/-])(?:911|999)(?=\s(?:call|operator|dispatch|emergency)\w*)", _groups),
    rule(
        r"\b(?P<host>localhost)[:](?P<port>\d{2,5})\b(?P<path>/[\w./-]{0,100}\w)?", _host_and_port
    ),
    rule(
        r"(?<![\w.-])(?P<free>1-8\d\d)-(?P<words>[A-Z]{2,10}(?:-[A-Z]{2,10}){0,2})(?![\w-])",
        _vanity_number,
    ),
    # a card, a book, an account
    rule(rf"{UNJOINED}\d{{4}}(?:\s\d{{4}}){{2,6}}(?![\w-])", _groups),
    rule(
        rf"{UNJOINED}\+\d{{1,3}}(?:[\s.-]?\(\d{{1,5}}\)\s?\d{{1,8}})?(?:[\s.-]\d{{1,8}}){{1,6}}"
        rf"{_EXTENSION}(?![\w-])",
        _phone,
    ),
    rule(rf"{UNJOINED}\d{{1,3}}(?:-\d{{1,3}}){{2}}(?=[\s-]days?\b)", _record),
    rule(rf"{UNJOINED}[67]\d(?:-[67]\d){{2,3}}(?![\w-]|[.,/]\d)", _record),
    rule(rf"{UNJOINED}(?:[1-9]\d|\d)-(?:[1-9]\d|\d)-\d(?![\w-]|[.,/]\d)", _record),
    rule(
        rf"{UNJOINED}(?!\d{{4}}-\d\d-\d\d(?![\d-])|\d\d?-\d\d?-(?:\d\d|\d{{4}})(?![\d-]))"
        r"\d{1,12}(?:-\d{1,12}){2,8}(?![\w-])",
        _groups,
    ),
    rule(
        rf"{UNJOINED}(?:1[\s.-])?"
        r"(?:\(\d{2,4}\)[\s-]?|\d{2,4}[\s.-])\d{3,4}[\s.-]\d{3,4}(?!\d)"
        rf"{_EXTENSION}(?![\w-]|\s\d)",
        _phone,
    ),
    rule(rf"{UNJOINED}\d{{3}}-\d{{4}}(?![\w-])", _phone),
    rule(rf"{UNJOINED}[6-9]\d{{4}}\s\d{{5}}(?![\w-]|[.,]\d|\s\d)", _phone),
    rule(
        r"(?P<before>\b(?i:cell|fax|mobile|phone|tel(?:ephone)?)[.:]?\s)(?P<number>\d{3}\s\d{4})(?![\w-])",
        lambda m: m["before"] + _groups_of(m["number"]),
    ),
    rule(rf"{UNJOINED}0\d{{1,4}}(?:\s\d{{2,8}}){{1,5}}(?![\w-])", _phone),
    rule(r"(?<![\w.,/$£€])\+\d{7,15}(?!\w)", _phone),
    rule(r"(?<=\w_)\d{5,20}(?![^\W_]|[.,]\d)", lambda m: digits(m[0])),  # a file's, of a camera
)
"""Rules for addresses and phone numbers, read out mark by mark and digit by digit."""
