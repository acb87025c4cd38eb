"""Whether a text in Latin letters is English, by the little words that all texts have."""

from __future__ import annotations

import re

from speech.text.english.rule import listed

_ENGLISH = frozenset(
    listed(
        "about after an and any are at be because been before between but by can could did didn't "
        "do does doesn't don't each every for from had has have he hello her hi his how i'll i'm "
        "i've if into is isn't it it's its just many more much my not of only or other our out "
        "said she since some such than thank thanks that that's the their them then there these "
        "they this those through to until very was we we're were what when where which while who "
        "why will with without would yes you you're your"
    )
)
_OTHER = frozenset(
    listed(
        # Spanish and Portuguese
        "que con en un una por pero muy más como está están es soy eres tengo tiene quiero vemos "
        "hay su sus lo porque cuando número ganó cuesta hora horas minutos grados años año día hoy "
        "não são uma mais isso você eu anos é "
        # French and Italian
        "je tu elle nous vous dans sur avec est pas qui cette mais une aux suis avez ont "
        "sont fait heures degrés ans où ça c'est j'ai qu'il n'est s'il "
        "che non gli è sono ho hai anche questo anni minuti "
        # German and Dutch
        "und ist nicht ich ein eine einen mit zu auf für sich auch wie bei oder nach aus wir sie "
        "haben habe kann sind über bitte kostet beträgt Uhr Jahre Stunden Minuten Grad Prozent "
        "het een ik heb niet zijn voor dat ze hij maar ook naar uur jaar "
        # Swedish, Danish, Norwegian and Polish
        "och att det är på jag inte klockan og jeg ikke til år nie jest się dla czy wynosi "
        # Turkish, Finnish, Hungarian, Romanian, Indonesian, Filipino and Swahili
        "bugün bir ve için çok ile kadar değil ja ei että minä oli klo és egy nem hogy și este "
        "pentru sunt ini itu tidak untuk dengan saya adalah punya ang mga kwa katika "
        # days and months
        "lunes martes miércoles jueves viernes sábado domingo lundi mardi mercredi jeudi vendredi "
        "samedi dimanche Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag "
        "enero febrero marzo abril junio julio agosto septiembre octubre noviembre diciembre "
        "janvier février avril juin juillet août septembre octobre novembre décembre "
        "gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre "
        "janeiro fevereiro março junho julho setembro outubro dezembro Januar Februar März Oktober "
        "Dezember januari februari maart augustus"
    )
)
_ALSO_IN_NAMES = frozenset(
    listed(
        "à ang che ce con da das de del der des di dos du e el em en es est et Grad hai hay ho il "
        "la las le les lo los mai mayo na non o om para pas sao são se son soy sur sus te tu um un "
        "van von y zu"
    )
)
"""Found in English, its names and phrases as well, as in `Rue de la Paix` and `soy sauce`."""
_FOREIGN_LETTER = re.compile("(?![āēīōūŋ])[Ā-ɏ]")  # macrons are Hawaiian's and Japanese's as well
_MIN_FOREIGN_CHARS = 3  # `zł` stands behind an amount
_WORD = re.compile(r"(?<![\w./\\@'’-])[^\W\d_]+(?:['’][^\W\d_]+)?(?![\w/@-]|['’.]\w)")
_BEGINS = re.compile(r"[.!?…:¿¡\n]\s?[\"“«(¿¡]?\Z")
_MIN_POSSIBLE = 3
"""Different words that names have as well, where no other word tells."""
_SEEN_CHARS = 4  # how far before a capital the end of a sentence is looked for
_ET_AL = re.compile(r"\s(?:al|cetera|seq)\b")


def is_other_language(text: str) -> bool | None:
    """Tell whether the little words of `text` are rather those of another language than English.

    None where it has none of either but what names have as well. A capital counts at the beginning
    of a sentence only: elsewhere it is a name's.
    """
    english = other = 0
    certain, possible = set[str](), set[str]()
    for match in _WORD.finditer(text):
        word = match[0].replace("’", "'")
        if word[0].isupper() and word not in _OTHER:
            word = word.lower()
            if word not in _ENGLISH and not (match[0][1:] == word[1:] and _begins(match)):
                continue
        if word in _ENGLISH:
            english += 1
        elif word in _ALSO_IN_NAMES:
            if word == "et" and _ET_AL.match(text, match.end()):
                continue
            other += 1
            possible.add(word)
        elif word in _OTHER or (
            match[0] == word and len(word) >= _MIN_FOREIGN_CHARS and _FOREIGN_LETTER.search(word)
        ):
            other += 1
            certain.add(word)
    if not english and not certain and len(possible) < _MIN_POSSIBLE:
        return None
    return other > english and (bool(certain) or len(possible) >= _MIN_POSSIBLE + english)


def _begins(match: re.Match[str]) -> bool:
    """Tell whether a sentence begins with a match."""
    start = match.start()
    before = match.string[start - _SEEN_CHARS : start] if start >= _SEEN_CHARS else ""
    return bool(_BEGINS.search(before or f".{match.string[:start]}"))
