"""Chat English: shorthand, hashtags, emoticons, keys."""

from __future__ import annotations

import re

from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, like, listed, rule

_SHORTHAND = {
    "pls": "please", "plz": "please", "thx": "thanks", "ppl": "people", "msg": "message",
    "msgs": "messages", "mtg": "meeting", "gr8": "great", "l8r": "later", "m8": "mate",
    "b4": "before", "2nite": "tonight", "2day": "today", "2moro": "tomorrow", "4ever": "forever",
    "str8": "straight", "w8": "wait", "h8": "hate", "dmg": "damage", "l8": "late",
    "ur": "your", "rn": "right now", "cya": "see ya", "txt": "text", "thnx": "thanks",
    "tnx": "thanks", "tysm": "thank you so much", "g2g": "got to go",
    "bday": "birthday", "b-day": "birthday", "wknd": "weekend", "tmrw": "tomorrow",
    "fr fr": "for real",
}  # fmt: skip
_SPELLED = listed(
    "afaik afk aka brb btw fyi gtg hbu idc idk iirc ikr ily imho imo irl jk lmk ngl nvm ofc omg "
    "omw smh tbh ttyl wbu wtf wyd"
)
_BEFORE_U = (
    "about|and|are|ask|before|bless|call|can|could|did|do|for|give|got|hate|help|hope|how|if|like|love|luv|miss|need|of|"
    "say|see|should|tell|text|thank|that|thx|to|told|want|were|what|when|where|who|why|will|wish|with|would"
)
_BEHIND_U = (
    "all|are|can|coming|could|did|do|doing|don['’]?t|ever|free|get|going|gonna|got|guys|have|home|know|later|like|"
    "mean|need|okay|ok|really|said|should|still|there|think|too|tonight|up|wanna|want|were|will|would"
)
_PEOPLE = (
    "aunt|bf|boss|boyfriend|brother|coworker|cousin|dad|daughter|ex|father|fianc[ée]e?|friend|gf|girlfriend|guy|"
    "husband|mom|mother|mum|neighbou?r|partner|roommate|sister|son|uncle|wife|woman|man"
)
_KEYS = {"Ctrl": "Control", "Del": "Delete", "Esc": "Escape", "Cmd": "Command", "Ins": "Insert"}
_FIRST_KEYS = "Ctrl|Control|Alt|Shift|Cmd|Command|Option|Win|Fn"
_PARTS = re.compile(r"(?<=[a-z])(?=[A-Z\d])|(?<=\d)(?=[A-Za-z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_FACES = (
    "\u2600-\u266c\u2670-\u2775\u2794-\u27bf\u2b00-\u2bff\U0001f000-\U0001f0ff\U0001f1e6-\U0001faff"
)
_CODE = re.compile(r"[A-Z]\d")  # of a bolt, a seat, a size of paper
_ADDRESSEE = re.compile(r"\s(?:me|us|him|her|them|you)\b", re.IGNORECASE)
_SMILEY = (
    r"[:;]['’]?[-^o]?(?:[()DPpOo3/\\|*]|\)+)|=-?[()DPp]|xD|[<>^]_+[<>^]|\^\^|-_-|T_+T|;_;|[oO]_[oO]|>\.<|"
    r"[^\s()a-zA-Z\d]{0,6}\([^\w\s()]{0,4}[ツ‿◕ಠωಥᴗ◡ʖ□﹏╥◉][^\s()a-zA-Z\d]{0,8}\)[^\s()a-zA-Z\d]{0,6}"
)
"""A face of marks."""
_EMOJI = rf"[^\S\n]?(?![♩♪]\s?=)[{_FACES}][{_FACES}\u200d\ufe0f]*[ ]?"


def _shorthand(match: re.Match[str]) -> str | None:
    if match[0] == "MSG" and not _ADDRESSEE.match(match.string, match.end()):
        return None  # of food
    if _CODE.fullmatch(match[0]) or match[0] in ("Ur", "RN", "Rn"):
        return None  # a city, a nurse, radon
    said = _SHORTHAND[match[0].lower()]
    return like(match[0], said)


def _hashtag(match: re.Match[str]) -> str:
    """Return `hashtag Black Lives Matter` for `#BlackLivesMatter`."""
    return f"hashtag {' '.join(filter(None, _PARTS.split(match['tag'])))}"


def _keys(match: re.Match[str]) -> str:
    return " ".join(_KEYS.get(key, key) for key in re.split("[+-]", match[0]))


def _speaks(text: str) -> bool:
    return any(map(str.isalnum, text))


def _unsaid(match: re.Match[str]) -> str | None:
    """Return the space that stays where an emoji was: none before a mark or at an end.

    None for one in letters, such as `T_T`, by itself: a text that said something still does.
    """
    text, start, end = match.string, match.start(), match.end()
    if _speaks(match[0]) and not (_speaks(text[:start]) or _speaks(text[end:])):
        return None
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    is_inside = before not in ("", "\n") and after and after not in ".,;:!?)\n"
    return " " if is_inside else ""


INFORMAL: tuple[Rule, ...] = (
    rule(r"\bmtg\.(?=\s[a-z])", "meeting"),
    rule(  # `my husband (36M)`
        rf"(?P<who>\b(?:I|[Mm]e|(?:[Mm]y|[Hh]is|[Hh]er|[Aa]|[Tt]he)\s(?:[a-z-]+\s){{0,2}}(?:{_PEOPLE}))\s?)\((?P<age>\d\d)(?P<sex>[MFmf])\)",
        lambda m: f"{m['who']}({m['age']} {spell(m['sex'])})",
    ),
    rule(
        rf"(?<![\w@#.'’-])(?:{alternatives(list(_SHORTHAND))})(?![\w'’-])",
        _shorthand,
        re.IGNORECASE,
    ),
    rule(rf"(?<![\w@#.'’-])(?:{alternatives(_SPELLED)})(?![\w'’-]|\.\w)", lambda m: spell(m[0])),
    rule(r"(?<![\w'’./-])r\su(?![\w'’-])", "are you"),
    rule(r"(?<![\w'’./-])(?P<c>[Cc])\su(?![\w'’-])", lambda m: f"{like(m['c'], 'see')} you"),
    rule(
        rf"(?P<before>\b(?i:{_BEFORE_U})\s)u(?![\w'’/-]|\.\w|\s[=+])", lambda m: f"{m['before']}you"
    ),
    rule(rf"(?<![\w'’./-])u(?=\s(?:{_BEHIND_U})\b)", "you"),
    rule(r"(?<![\w&#])[#]s(?!\w)", "numbers"),
    rule(r"(?<![\w.:])1[:]1s(?!\w)", "one on ones"),
    rule(r"(?<![\w.:])1[:]1(?=\s(?:call|chat|meeting|session|sync|time|with)s?\b)", "one on one"),
    rule(
        r"(?P<thanks>\bthanks\s)4(?=\s(?:all|being|coming|everything|letting|that|the|this|u|ur|your?)\b)",
        lambda m: f"{m['thanks']}for",
        re.IGNORECASE,
    ),
    rule(r"(?<![\w&#])[#](?P<tag>\d{0,8}[A-Za-z]\w{2,60})(?!\w)", _hashtag),
    rule(r"(?<!\S)(?P<place>[ur])/(?=[A-Za-z]\w{2})", lambda m: f"{spell(m['place'])} slash "),
    rule(rf"(?<![\w+-])(?:{_FIRST_KEYS})(?:[+-][A-Z][A-Za-z\d]{{0,9}}){{1,4}}(?![\w+-])", _keys),
    rule(
        rf"[^\S\n]?(?<!\S)(?:{_SMILEY})(?:[ ]?(?:{_SMILEY}|<3))*(?=[\s.,;!?]|$)[ ]?",
        _unsaid,
    ),
    rule(
        r"(?<![\w.,$£€/-])(?P<length>\d{1,2})[kK](?=\s(?:run|race|walk|runner|course)\b)",
        lambda match: f"{match['length']} kay",
    ),
    rule(
        r"(?P<ran>\b(?i:ran|run|running|runs|jogged|walked|finished|completed)\s(?:an?|my|the|her|his)\s(?:\w{1,12}\s)?)"
        r"(?P<length>\d{1,2})[kK](?![\w-])",
        lambda match: f"{match['ran']}{match['length']} kay",
    ),
    rule(
        r"(?<=\b[Tt]he\s)(?P<length>5|10)[kK](?=[.,;]|\s(?:and|in\s\d))",
        lambda match: f"{match['length']} kay",
    ),
    rule(r"(?<!\S)<3\s(?=(?:it|my|this|u|ya|you)\b)", "love "),
    rule(r"\bI\s<3\s(?=[A-Za-z])", "I love "),
    rule(r"(?<=[A-Za-z.!?]\s)<3(?:\s?<3)*(?=\s*$|[.!\n]|\s[A-Z])", ""),
    rule(r"\bI\s?\u2764\ufe0f?\s?(?=\w)", "I love "),
    rule(  # kisses
        r"(?P<before>[.!?]|\b(?:bye|day|later|love|luck|night|soon|ta|thanks|thx|tomorrow|tonight|u|well|you))"
        r"[ ](?-i:x{2,5})(?=\s*$|\n|\s[A-Z])",
        lambda match: match["before"],
        re.IGNORECASE,
    ),
    rule(_EMOJI, _unsaid),
    rule(r"[^\S\n]?(?<![\w:]):(?:[a-z][a-z\d_+-]{1,30}|[+-]1|100):(?![\w:])[ ]?", _unsaid),
)
"""Shorthand first, then what stands for a place, a key or a face."""
