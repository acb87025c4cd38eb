"""Markup of Markdown, HTML and SSML: links, emphasis, tags, entities, tables."""

from __future__ import annotations

import html
import re

from speech.text.latex import drop_latex
from speech.text.typography import clean

_COMMENT = re.compile(r"<!--.{0,1000}?-->", re.DOTALL)
_TAG_END = r"(?:\s[^<>]{0,300}=[^<>]{0,300}|\s?/?)>"
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|u)"
    + _TAG_END,
    re.IGNORECASE,
)
_SPEECH_NAME = (
    r"(?:speak|prosody|emphasis|voice|say-as|phoneme|lang|audio|token"
    r"|(?:amazon|google|mstts):[\w-]{1,30})"
)
_SPEECH_TAG = re.compile(  # of SSML; its pauses are `speech.text.pauses`'s
    r"<\?xml[^<>]{0,100}\?>|</?(?:speak|emphasis)\s?>"
    rf"|</{_SPEECH_NAME}>|<{_SPEECH_NAME}\s[^<>]{{0,300}}=[^<>]{{0,300}}>",
    re.IGNORECASE,
)
_ALIAS = re.compile(
    r"<sub\salias\s?=\s?(?:\"([^\"<>]{1,200})\"|'([^'<>]{1,200})')\s?>[^<>]{0,200}</sub>"
)
_OPENS = re.compile(r"<\w")
_SENTENCE_TAG = re.compile(r"(?<=</s>)\s?(?=<s>)", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"</?(?:article|aside|blockquote|body|br|center|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|head|"
    r"header|hr|html|img|li|main|nav|ol|p|pre|section|summary|table|tbody|td|th|thead|think|thinking|tr|ul)"
    + _TAG_END,
    re.IGNORECASE,
)
_VALUE_TAG = re.compile(  # of games, as in <color=#ff0000>, and of forums, as in [url=https://x.y]
    r"<[a-z]{2,20}=[^<>\s]{1,60}>|\[[a-z]{2,12}=[^\[\]\s]{1,300}\]", re.IGNORECASE
)
_UNSAID = re.compile(  # what they are around is an address, or the reading of a word of Japanese
    r"\[img(?:=[^\[\]\s]{1,60})?\][^\[\]\s]{1,500}\[/img\]|<(r[tp])>[^<>]{0,60}</\1>", re.IGNORECASE
)
_CLOSING = re.compile(r"</([\w:.-]{1,40})\s?>(?=(<\w)?)|(?<=\S)\[/([A-Za-z]\w{0,20})\](?=(\[\w)?)")
_OPENING = re.compile(
    r"<([A-Za-z\d][\w:.-]{0,40})(?:\s[^<>]{0,300})?>|\[(?!S\d)([A-Za-z]\w{0,20})(?:=[^\[\]\n]{0,300})?\]"
)
_ENTITY = re.compile(r"&(?:\#\d{1,7}|\#[xX][\da-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_LINK = re.compile(
    r"!?\[([^\[\]\n]{1,300})\]"
    r"\((?:https?://|www\.|mailto:|\#|\.{0,2}/)[^\s()]{0,500}(?:\([^\s()]{0,100}\)[^\s()]{0,100})?(?:\s\"[^\"\n]{0,200}\")?\)"
)
_IMAGE = re.compile(r"!\[([^\[\]\n]{0,300})\]\([^\s()]{1,500}(?:\s\"[^\"\n]{0,200}\")?\)")
_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,300}|[\w.+-]{1,64}@[\w.-]{1,100})>")
_NAMED_ADDRESS = re.compile(r"`([^`<>]{1,200}?)\s<[^\s<>]{1,300}>`_{1,2}")  # reStructuredText's
_TARGET = re.compile(  # of links whose address stands elsewhere
    r"^[ ]{0,3}\[([^\[\]\n^]{1,80})\]:[ ]+<?(?:https?://|www\.|mailto:|\#|\.{0,2}/)\S{0,300}"
    r"(?:[ ]+[\"'(][^\n]{0,200})?$",
    re.MULTILINE,
)
_REFERENCE = re.compile(r"!?\[([^\[\]\n]{1,300})\][ ]?\[([^\[\]\n]{0,80})\]")
_RAISED = re.compile(r"<(su[bp])>\s?([-+−]?\d{1,4}[-+−]?|[-+−n])\s?</\1>", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-−n", "₀₁₂₃₄₅₆₇₈₉₊₋₋ₙ")
_LINE_TIME = re.compile(  # of lyrics and of transcripts
    r"^(?:\[\d{1,3}:\d\d\.\d{2,3}\]|[\[(]\d{1,2}:\d\d:\d\d(?:[.,]\d{1,3})?[\])])[ ]?", re.MULTILINE
)
_CHAT_TAG = re.compile(r"<(?:t:|a?:\w{2,32}:|@[!&]?|\#)\d{5,20}(?::[a-zA-Z])?>")  # Discord's
_FOOTNOTE = re.compile(
    r"\[\^[\w-]{1,20}\]:?|(?<=[\w.,;:!?\"”’)])(?<!\b[b-z])(?:\[(?!0)\d{1,3}(?:[,–-]\s?\d{1,3}){0,4}\])+(?=[\s.,;:!?\"”’)\[]|$)"
)
_BRACKETED = r"\[(?!0)\d{1,3}(?:[,–-]\s?\d{1,3}){0,4}\]"
_CITATION = re.compile(  # with a space before, as in papers
    rf"(?<![^\W_])([^\W\d_]{{2,30}})([\"”’)]?)[ ]{_BRACKETED}(?:(?:,?[ ]?|[–-]){_BRACKETED}){{0,6}}"
    r"(?=[.,;:)])"
)
_CITES = re.compile(  # what is cited in words, and what has numbers in brackets of its own
    "and|are|array|at|by|bytes|chapter|citations?|cites?|equals?|example|elements|figure|for|from|in|index|interval|"
    "is|items?|keys?|lists?|note|numbers|of|on|option|or|press|ranges?|refs?|references?|returns?|see|sets?|"
    "steps?|than|that|the|theorem|to|values?|vectors?|via|with",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    "【[^【】\n]{0,12}†[^【】\n]{0,60}】|\ue200[^\ue200\ue201\n]{1,200}\ue201"
)  # ChatGPT's
_EMPHASIS = (
    re.compile(r"(?<!\*)(\*\*)([^\W\d_]{1,30})\1(?![*\d])"),
    re.compile(r"(?<![\w*])(\*)([^\W\d_]{1,30})\1(?=[^\W\d_])"),
    re.compile(r"(?<![\w*)\]])(\*{1,3})(?=[^\s*])([^*\n]{1,500})(?<=\S)\1(?![\w*])"),
    re.compile(r"(?<![\w/])(_{1,3})(?=[^\s_])([^_\n]{1,500})(?<=\S)\1(?!\w)"),
    re.compile(r"(?<![\w~])(~~)(?=[^\s~])([^~\n]{1,500})(?<=\S)\1(?![\w~])"),
    re.compile(r"(?<![\w=])(==)(?=[^\s=])([^=\n]{1,500})(?<=\S)\1(?![\w=])"),
    re.compile(r"(?<!`)(`{1,2})(?=[^\s`])([^`\n]{1,500})(?<=\S)\1(?!`)"),
)
_EMPHASIS_MARK = r"(?:\*{1,3}|~~|`{1,2})"
_STAR_OF_LETTER = r"(?<=\b[^\W\d_])(?<!['’].)\*(?!\*)"  # a grade, A*, or x* of mathematics
_TORN_EMPHASIS = re.compile(  # its other end is behind a pause, or in another sentence of a stream
    rf"(?<![\w*~`]){_EMPHASIS_MARK}(?=[^\W\d_])"
    rf"|(?<=[^\W\d_]|[.,;:!?…\"”’)])(?!{_STAR_OF_LETTER}){_EMPHASIS_MARK}(?![\w*~`])"
)
_FENCE = re.compile(r"^[ ]{0,8}(?:```|~~~)[\w+-]{0,20}[ ]{0,8}$", re.MULTILINE)
_TASK = re.compile(r"^([ ]{0,8}[-*+][ ]{1,4})\[[ xX]\][ ]", re.MULTILINE)
_ROW = re.compile(r"^[ ]{0,8}\|(.+)\|[ ]{0,8}$", re.MULTILINE)
_CUE_TIME = r"(?:\d{1,2}:)?\d{2}:\d{2}[.,]\d{3}"
_CUE = re.compile(  # with the blank line before, for a sentence goes on from one to the next
    r"(?:\A|\r?\n)(?:\r?\n)?(?:\d{1,5}[ ]?\r?\n)?"
    rf"{_CUE_TIME}[ ]-->[ ]{_CUE_TIME}[^\n]{{0,80}}(?=\n|\Z)"
)
_CUES_HEAD = re.compile(r"\A\s{0,8}WEBVTT[^\n]{0,80}$", re.MULTILINE)
_PATH = r"(?:\b[A-Za-z]:|(?<![\w\\])\\)\\\S*"
_ESCAPE = re.compile(rf"({_PATH})|(?<![:\\])\\(?=[*_~`#$%|\"'])|(?<=\d)\\(?=\.\s)")
_LINE_END = re.compile(  # that was escaped once too often
    rf"({_PATH})|(?<=[\w.!?,;:)\"”*])(?:\\r)?\\n(?:(?:\\r)?\\n){{0,20}}(?=[A-Z\d*#•“¿¡-]|\s*\Z)"
)
_CONTRACTION = re.compile(r"(?<![`\w])([^\W\d_]{1,20})`(?=(?:s|t|d|m|ll|re|ve)\b(?!`))")
_MARKS = re.compile(r"[<&\[*_~`|\\$【\ue200]|-->|==|^\(\d", re.MULTILINE)


def drop_markup(text: str) -> str:
    """Return `text` without the marks of Markdown, LaTeX, HTML and SSML, but what they are around.

    Of a link, its text stays; of subtitles, what is said, without the times; of a table, each row
    is a sentence of its cells. Headings, lists and rules are left to `speech.text.layout`.
    """
    if not _MARKS.search(text):
        return text
    text = drop_latex(text)
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", _LINE_END.sub(_line_ends, text))
    if "-->" in text:
        text = _CUE.sub("", _CUES_HEAD.sub("", text))
    text = _NAMED_ADDRESS.sub(r"\1", text)
    text = _ADDRESS.sub(r"\1", _RAISED.sub(_raised, _LINE_TIME.sub("", text)))
    text = _CHAT_TAG.sub("", _SENTENCE_TAG.sub(" ", _COMMENT.sub(" ", text)))
    text = _INLINE_TAG.sub("", _SPEECH_TAG.sub(_gap, _ALIAS.sub(_alias, text)))
    text = _without_pairs(_UNSAID.sub("", _BLOCK_TAG.sub("\n", text)))
    if _ENTITY.search(text):
        text = clean(_ENTITY.sub(lambda match: html.unescape(match[0]), text))
    text = _CITATION.sub(_uncited, _SOURCE.sub("", text))
    text = _FOOTNOTE.sub("", _without_targets(_LINK.sub(r"\1", _IMAGE.sub(r"\1", text))))
    text = _TASK.sub(r"\1", _ROW.sub(_row, _FENCE.sub("", text)))
    text = _CONTRACTION.sub(r"\1’", text)
    for emphasis in _EMPHASIS:
        text = emphasis.sub(r"\2", text)
    return _TORN_EMPHASIS.sub("", text)


def _gap(tag: re.Match[str]) -> str:
    """Return a space for a tag that closes where another opens: no word goes on there."""
    return " " * (tag[0][1] == "/" and _OPENS.match(tag.string, tag.end()) is not None)


def _uncited(match: re.Match[str]) -> str:
    return match[0] if _CITES.fullmatch(match[1]) else match[1] + match[2]


def _alias(tag: re.Match[str]) -> str:
    before = " " * tag.string.endswith(">", 0, tag.start())
    return before + (tag[1] or tag[2]) + " " * tag.string.startswith("<", tag.end())


def _line_ends(match: re.Match[str]) -> str:
    return match[1] or "\n" * match[0].count("\\n")


def _without_pairs(text: str) -> str:
    """Return `text` without tags of any name, as games and forums have, that it closes."""
    text = _VALUE_TAG.sub("", text)
    closed = {(tag[1] or tag[3]).casefold() for tag in _CLOSING.finditer(text)}
    if not closed:
        return text

    def unless_closed(tag: re.Match[str]) -> str:
        return "" if (tag[1] or tag[2]).casefold() in closed else tag[0]

    text = _CLOSING.sub(lambda tag: " " * bool(tag[2] or tag[4]), text)
    return _OPENING.sub(unless_closed, text)


def _without_targets(text: str) -> str:
    """Return `text` without the addresses that links such as `[this][1]` refer to."""
    targets = {name.casefold() for name in _TARGET.findall(text)}
    if not targets:
        return text

    def shown(match: re.Match[str]) -> str:
        return match[1] if (match[2] or match[1]).casefold() in targets else match[0]

    return _REFERENCE.sub(shown, _TARGET.sub("", text))


def _raised(match: re.Match[str]) -> str:
    return match[2].translate(_SUPERSCRIPTS if match[1].lower() == "sup" else _SUBSCRIPTS)


def _row(match: re.Match[str]) -> str:
    """Return a table's row as a sentence; the rule below its head stays for the layout to drop."""
    cells = [cell.strip() for cell in match[1].split("|")]
    said = [cell for cell in cells if any(map(str.isalnum, cell))]
    if not said:
        return match[0]
    row = ", ".join(said)
    return row if row[-1] in ".!?:" else f"{row}."
