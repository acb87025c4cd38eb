"""Initials in capitals: read letter by letter, such as FBI, or as a word, such as NASA."""

from __future__ import annotations

import re
from functools import lru_cache

from speech.text.english.rule import Rule, listed, rule
from speech.text.english.sentences import word_before
from speech.text.letters import LETTER_NAMES

_SAID_AS_WORDS = frozenset(
    listed(
        "ARM ASCII BASIC COVID "
        "DARPA FEMA FIFA GIF HIPAA IKEA JPEG JSON LAN LASER MPEG NAFTA NASA NATO "
        "OPEC OSHA PIN RADAR RAM RIP ROM SAT SCUBA SIM SONAR SWAT TED UEFA UNESCO UNICEF VAT WAN "
        "ANN AMY EVE IDA AVA IAN ELI IVY ALI ABE UMA UNA "  # before what they say, in a play
        "WASP ZIP TOEFL YAML TOML CRISPR QWERTY"
    )
)
_SPELLED = frozenset(
    listed(
        "AARP AC ACLU AEST BST CEST CET "
        "ADHD AI AKA AMC AOL API ASAP ATM BCE CEO CFO CIA CIO COO CTO DOJ DUI EDT "
        "ECHR EPA ESPN EWCA EWHC "
        "EST ETA EU EV FAA FAQ FBI FDA GOP GUI HIV IBM ID IEEE IMDB IMHO IOC IPO IQ IRA "
        "IRS ISBN ISO LAX LED LOL MIT NAACP NIH NYC NYSE OCD OECD OK OOO OS PM POV RSVP SAP SOS "
        "SUV UAE UAW UCLA UKSC UFC UFO UK UN URL US USA USB USDA USSR VIP"
    )
)
_COMMON = frozenset(
    listed(
        "AAH AARGH AGE AGO AH AID AIM AIR ALE ALL AM AN AND ANT ANY APE APP ARE ARGH ARK ART AS "
        "ASH ASK ASS AT ATE AWE AWW AXE AYE BAD BE BEE BIG BOO BOY BRA BRO BRR BUT BUY BY BYE "
        "CAN CRY CUE DAY DID DIE DO DR DRY DUE DYE EAR EAT EEK EEL EGG EGO EH ELF END EVE EW "
        "EYE FEE FEW FLU FLY FOE FOR FRY FUN GEE GET GO GOT GRR GUY HA HAD HAS HAY HE HER HEY "
        "HI HIM HIS HM HMM HO HOE HOT HOW ICE ICY IF ILL IN INK INN IS IT ITS IVY JOY KEY LAY "
        "LET LIE MAN MAY ME MEN MM MOO MR MRS MY NAY NEW NO NOT NOW OAK OAR ODD ODE OF OFF OH "
        "OI OIL OLD ON ONE OOF OOH OPT OR ORE OUR OUT OW OWE OWL OWN OX PAY PEA PFFT PIE PRO "
        "PRY PSST RYE SAW SAY SEA SEE SHE SHH SHY SKI SKY SLY SO SOY SPA SPY ST SUE TEA THE THY "
        "TIE TO TOE TOO TOP TOY TRY TWO UGH UH UM UP URN USE VIA WAS WAY WE WEE WHO WHY WOE WOW "
        "YE YEP YES YET YO YOU ZOO AARON LLAMA LLOYD SVEN TSAR TSK VLAD VROOM"
    )
)
_WORDS_IN_SHORT = frozenset(listed("FT IRA JR LAX LED LTD MS MT NTH SAP SR US VS"))
"""Initials and abbreviations that are words, or no initials, where all is shouted."""
_DRAWN_OUT = re.compile(r"A{3,}[HR]|.{0,9}([EHMORUZ])\1\1")
"""Exclamations, such as SHHH."""
_TIMES = {2: "double", 3: "triple", 4: "quadruple"}
_WORD = re.compile(r"[A-Za-z]{2,}")
_SOUNDS = frozenset(
    listed(
        "br brr brrr cm dr ft gr grr grrr hm hmm hmmm hr hrs kg km lb lbs ll mg mhm ml mm mmm "
        "mmmm mph mr mrs ms mt nd nth pff pfft pp psst pst rd sh shh shhh st tbsp th tsk tsp vs "
        "zz zzz zzzz"
    )
)
"""Words, sounds and abbreviations without a vowel."""
_PLURALS = frozenset(listed("bffs bfs cds djs dms dvds gfs npcs pcs pdfs tvs"))
_ARTICLES = frozenset(listed("the an my your our their his her its"))
_MIN_SHOUTED_WORDS = 3
_BEGINS_NO_WORD = re.compile(  # a consonant, and another that no word has behind it
    "(?:AA|II|UU)|(?![AEIOUY])(?!BL|BR|CH|CL|CR|DR|DW|FL|FR|GH|GL|GN|GR|KN|KR|PH|PL|PR|PS|QU|RH|SC|SH|SK|SL|SM|"
    "SN|SP|SQ|ST|SW|TH|TR|TW|WH|WR).[^AEIOUY]"
)
_CONSONANTS = re.compile(r"(?!(.)\1)[^AEIOUY]{2}")
_WORD_ENDS = frozenset(
    listed(
        "BS BT CH CK CS CT DR DS FS FT GH GN GS HN HS KS LD LF LK LM LN LP LS LT MB MN MP MS NC "
        "ND NG NK NS NT NX PH PR PS PT RB RC RD RF RG RK RL RM RN RP RS RT SC SH SK SM SP ST TH "
        "TR TS TZ WD WK WL WN WS XT"
    )
)
"""Two consonants that words end with: others are initials, as in NYPD."""
_SAYABLE = re.compile(
    "(?=.+[aeiouy])(?!.*[^aeiouy]{4})[a-z]{2,}", re.IGNORECASE
)  # a vowel, and not only at the start
_STAMMERS_NOT = (
    "boys?|clamps?|class|clef|curves?|girls?|plates?|rated|series|shaped|spline|tables?|tail|tests?|"
    "tubes?|turns?"
)
"""Behind a letter of their own and a hyphen, as in `S-shaped`: with any other word one stammers."""
_GRADED = "bombs?|frames?|game|levels?|line|list(?:er)?s?|roads?|team"
_LETTERED = (
    "Appendix|Building|Class|Exhibit|Gate|Grade|Group|Hepatitis|Option|Plan|Point|Section|Side|"
    "Team|Terminal|Type|Vitamin"
)


def _spaced_word(match: re.Match[str]) -> str | None:
    """Return `STOP` for `S T O P`; the letters of an alphabet or a code stay apart."""
    word = match[0].replace(" ", "")
    is_alphabet = ord(word[-1]) - ord(word[0]) == len(word) - 1
    if is_alphabet or len(set(word)) == 1 or not _SAYABLE.fullmatch(word):
        return None
    return word


def spell(letters: str) -> str:
    """Return letters by name, such as `eff bee eye`: read alone, a letter is a sound."""
    said = (LETTER_NAMES.get(letter.upper(), letter) for letter in letters if letter.isalnum())
    return " ".join(said)


def _ends_no_word(letters: str) -> bool:
    return bool(_CONSONANTS.match(letters[-2:])) and letters[-2:] not in _WORD_ENDS


def is_spelled(letters: str) -> bool:
    """Tell whether capitals are read letter by letter, such as FBI, and not as a word, as NASA."""
    if letters in _SPELLED:
        return True
    if letters in _SAID_AS_WORDS or letters in _COMMON or _DRAWN_OUT.match(letters):
        return False
    vowels = [letter in "AEIOUY" for letter in letters]
    return (
        not any(vowels)
        or (len(letters) == 4 and _ends_no_word(letters))
        or bool(_BEGINS_NO_WORD.match(letters))
        or len(letters) == 2
        or (len(letters) == 3 and vowels != [False, True, False])
    )


def _initials(match: re.Match[str]) -> str | None:
    letters = match["letters"]
    is_sure = letters in _SPELLED or (len(letters) < 5 and bool(_BEGINS_NO_WORD.match(letters)))
    if letters in _WORDS_IN_SHORT:
        is_sure = letters == "US" and word_before(match) == "THE"
    if not is_spelled(letters) or (_is_shouted(_line_of(match)) and not is_sure):
        return None
    return spell(letters) + ("'s" if match["plural"] else "")


def _line_of(match: re.Match[str]) -> str:
    text = match.string
    end = text.find("\n", match.end())
    return text[text.rfind("\n", 0, match.start()) + 1 : end if end >= 0 else len(text)]


@lru_cache(maxsize=16)
def _is_shouted(line: str) -> bool:
    """Tell whether a line has ordinary words in capitals: its initials may be words as well."""
    words = (word for word in _WORD.findall(line) if word.isupper())
    shouted = (word for word in words if word not in _SAID_AS_WORDS and not is_spelled(word))
    return sum(1 for _ in shouted) >= _MIN_SHOUTED_WORDS


def _letter_by_letter(match: re.Match[str]) -> str | None:
    """Return `ess tee oh pee` for `S-T-O-P`; who stammers says one letter again."""
    letters = match[0].replace("-", "")
    return None if len(set(letters)) == 1 else spell(letters)


def _letter(match: re.Match[str]) -> str:
    return spell(match["letter"])


def _listed_letters(match: re.Match[str]) -> str | None:
    """Return `ay, bee and see` for `A, B and C`."""
    letters = match["letters"]
    if set(re.findall("[A-Z]", letters)) == {"I"}:
        return None
    return re.sub("[A-Z]", lambda letter: spell(letter[0]), letters)


def _no_pronoun(match: re.Match[str]) -> str | None:
    """Return `eye tee` for the IT of `an IT job`: behind an article stands no pronoun."""
    before = word_before(match)
    return spell(match[0]) if before[1:].islower() and before.lower() in _ARTICLES else None


def _after_small_letter(match: re.Match[str]) -> str | None:
    letters = match["letters"]
    return spell(match[0]) if is_spelled(letters) else None


def _unsayable(match: re.Match[str]) -> str | None:
    """Return `tee vee` for `tv`, which no vowel makes a word; `hmm` is a sound."""
    letters = match["letters"]
    if letters in _SOUNDS:
        return None
    return f"{spell(letters[:-1])}'s" if letters in _PLURALS else spell(letters)


def _choice(match: re.Match[str]) -> str | None:
    """Return `bee)` for the `b)` of `a) this b) that`."""
    return f"{spell(match['letter'])})" if _has_choices(match.string) else None


@lru_cache(maxsize=16)
def _has_choices(text: str) -> bool:
    return re.search(r"(?<!\S)(?:a|ay)\)\s", text) is not None


SPACED: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.'’-])(?:[A-Z](?:[ ][A-Z]){3,24}|[A-Za-z](?:[ ][a-z]){3,24})"
        r"(?![\w'’-]|[ ][A-Za-z](?!\w))",
        _spaced_word,
    ),
    rule(
        r"(?<![\w'’-])(?:[A-Z](?:-[A-Z]){2,24}|[a-z](?:-[a-z]){2,24})(?![\w'’-])", _letter_by_letter
    ),
)
"""Words whose letters stand apart."""

INITIALS: tuple[Rule, ...] = (
    rule(
        r"(?<![\w-])(?P<size>AAA?A?)(?=\s(?:batter|cells?\b)|-rated|[\s-](?:bonds?|games?|rating|status|titles?)\b)",
        lambda m: f"{_TIMES[len(m['size'])]} ay",
    ),
    rule(
        r"(?P<exchange>\b(?:NASDAQ|Nasdaq|NYSE|LSE|TSX|AMEX|OTC)\s?[:]\s?)(?P<letters>[A-Z]{1,5}(?:\.[A-Z])?)\b",
        lambda match: match["exchange"] + spell(match["letters"]),
    ),
    rule(
        r"(?<![\w.])(?P<letters>[A-Z]{2,4})\.(?P<share>[A-Z])(?![\w.])",
        lambda match: f"{spell(match['letters'])} {spell(match['share'])}",
    ),
    rule(r"(?<!\w)[a-z]{1,2}(?P<letters>[A-Z]{2,4})(?!\w)", _after_small_letter),
    rule(r"(?<!\w)(?:IoT|IPv(?=\s?[46]\b))(?!\w)", lambda match: spell(match[0])),
    rule(r"(?<![\w'’-])(?:IT|WHO)(?![\w-]|['’][a-z]{2})", _no_pronoun),
    rule(r"(?<!\w)p(?:H|Ka)(?!\w)", lambda match: spell(match[0])),
    rule(
        r"(?:(?<![\w'’-])|(?<=[a-z]{2}-)|(?<=\bEx-))(?P<letters>[A-Z]{2,6})(?P<plural>'?s)?(?![\w]|['’][a-z]{2})",
        _initials,
    ),
)
"""Capitals without full stops between them, not where all is shouted."""

LETTERS: tuple[Rule, ...] = (
    rule(r"(?<![\w.'’-])A(?=\sto\s(?:[B-Z]|bee|zee)(?![\w.'’-]))", "ay"),
    rule(
        r"(?:^|(?<=\n))(?P<letter>[a-z])(?P<mark>\)(?=\s)|\.(?=\s[A-Z]))",
        lambda match: spell(match["letter"]) + match["mark"],
    ),
    rule(r"(?<=\s)(?P<letter>[a-h])\)(?=\s)", _choice),
    rule(r"(?P<before>\b(?:[Tt]he|[Aa]n)\s)A(?=-[A-Za-z])", lambda match: f"{match['before']}ay"),
    rule(
        r"(?<![^\s\d])\((?P<letter>[a-h])\)(?=[\s.,;:])",
        lambda match: f"({spell(match['letter'])})",
    ),
    rule(rf"(?<![\w'’-])A(?=-(?:{_GRADED})\b)", "ay"),
    rule(
        r"(?<![\w'’-])(?P<letter>[B-HJ-Z])(?=-[a-z])"
        rf"(?:(?!-(?i:(?P=letter)))|(?=-(?:{_STAMMERS_NOT})\b))",
        _letter,
    ),
    rule(r"(?<=[a-z]-)(?P<letter>[A-HJ-Z])(?![\w'’.&/-])", _letter),
    rule(
        r"(?<![\w.'’@#$&/\\-])(?P<letters>[A-Z](?:,\s[A-Z]){1,25}(?:,?\s(?:and|or)\s[A-Z])?)(?![\w'’&/-]|\.\w)",
        _listed_letters,
    ),
    rule(
        r"(?<![\w.'’@#$&/\\-])A(?=\s(?:and|or|versus)\s(?:[B-HJ-Z]|[bdep]ee|eff|jee|aitch)(?![\w'’&/-]|\.\w))",
        "ay",
    ),
    rule(
        r"(?<![\w.'’@#$&/\\-])(?P<letter>[A-HJ-Z](?:\s[A-Z])+|[B-HJ-NP-Z])(?![\w.'’´`$&/-]|[\])][a-z])",
        _letter,
    ),
    rule(
        rf"\b(?P<what>(?:{_LETTERED}|vitamin|hepatitis|type|grade|plan|option)[:]?)\sA(?![\w.'’&/-])",
        lambda m: f"{m['what']} ay",
    ),
    rule(r"(?P<before>\b[Aa]n\s)A(?![\w'’&/-])", lambda match: f"{match['before']}ay"),
    rule(r"(?<![\w.'’&-])(?P<letter>[A-HJ-Z])(?=['’]s(?!\w))", _letter),
    rule(r"\bO(?=\s(?:negative|positive|blood)\b)", "oh"),
    rule(r"(?<![\w.'’-])(?P<letter>[a-z])(?=['’]s(?!\w))", _letter),
    rule(
        r"(?<![\w.'’@#$/&-])(?P<letters>[b-df-hj-np-tv-xz]{2,5})"
        r"(?=['’]s(?!\w)|-[a-z]{3}|\.?(?:[\s,;:!?)\]\"”]|$))(?!\.\s[a-z\d]|\.[,;:)])",
        _unsayable,
    ),
)
"""Capitals by themselves, such as those of `T-shirt` and `vitamin C`, once all else is said."""
