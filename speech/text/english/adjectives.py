"""Whether an amount belongs to the noun behind it, as in `a 40 lb bag`: its unit is one then."""

from __future__ import annotations

import re

_ARTICLE = re.compile(
    r"\b(?:an?|the|this|that|each|every|another|my|his|her|its|your|our|their)\s$", re.IGNORECASE
)
_NOUN = (
    r"(?!(?:a|above|after|and|are|as|at|away|because|before|below|but|by|does|during|each|every|"
    r"for|from|had|has|have|he|if|in|into|is|it|more|of|on|once|or|over|per|she|since|so|than|that|"
    r"the|then|they|to|under|until|up|was|we|were|when|where|which|while|who|will|with|would|you)\b)"
    r"[a-z]{2}"
)
_MEASURED = re.compile(
    r"\)\s(?:bags?|blocks?|bottles?|box(?:es)?|cans?|containers?|jars?|pack(?:age|et)s?|pkgs?\.?|tins?|tubs?)\b|"
    r"\s(?:bags?|barrels?|buckets?|jugs?|kegs?|batter(?:y|ies)|bottles?|bulbs?|burgers?|cables?|cans|capacitors?|capsules?|chargers?|clocks?|"
    r"chips?|cups?|dash|delays?|discs?|disks?|doses?|drives?|engines?|lattes?|mugs?|turbo|flats?|freestyle|hurdles|jars?|kettlebells?|"
    r"lens(?:es)?|loa(?:f|ves)|medley|monitors?|packs?|pkgs?\b|patt(?:y|ies)|pills?|pings?|plates?|races?|radius|"
    r"bolts?|hoses?|nails?|nuts?|pipes?|relays?|resistors?|ropes?|sacks?|screens?|screws?|sockets?|sprints?|steaks?|tablets?|tanks?|timeouts?|tubes?|"
    r"warrant(?:y|ies)|wrench(?:es)?)\b"
)
"""Nouns that an amount describes, with an article or without: `two 12 oz bottles`."""
_NOUN_BEHIND = re.compile(rf"\s{_NOUN}")
PLAIN_NOUN = (
    r"(?=\s(?!(?:about|ago|all|also|am|any|apart|around|away|across|back|behind|between|but|can|could|"
    r"deep|deeper|did|do|down|expected|got|high|higher|just|larger|left|less|like|long|longer|lower|max|maximum|may|"
    r"minimum|must|near|needed|next|not|now|off|only|out|overall|per|short|shorter|should|smaller|square|tall|"
    r"taller|then|there|these|thick|thicker|this|those|through|throughout|too|total|via|vs|wide|wider|"
    rf"within|without)\b){_NOUN})"
)
"""Pattern of a noun that belongs to what is before it though that has no article."""
_SEEN_CHARS = 9  # how far around an amount its noun and its article are looked for


def has_article(match: re.Match[str]) -> bool:
    """Tell whether an article, or a word in its place, stands before a match."""
    start = match.start()
    return bool(_ARTICLE.search(match.string[max(0, start - _SEEN_CHARS) : start]))


def is_adjective(match: re.Match[str]) -> bool:
    """Tell whether an amount has a noun behind it that it tells, with an article or by itself."""
    end = match.end()
    if _MEASURED.match(match.string, end):
        return True
    return has_article(match) and bool(_NOUN_BEHIND.match(match.string[end : end + _SEEN_CHARS]))
