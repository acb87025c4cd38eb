from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

OTHER = [
    "El 5 de mayo de 1862, a las 10:30 h.",
    "Quiero 2 tacos, por favor.",
    "La reunión es a las 10.",
    "J'ai 3 chats et 1 chien.",
    "Le train part à 14h30 de la gare n° 3.",
    "Es ist 5 Uhr. Ich habe 2 Katzen und 1 Hund.",
    "Das kostet 3,50 € und nicht 4 €.",
    "Il prezzo è di 1.250,00 euro al kg.",
    "Não tenho R$ 1.234,56.",
    "Ik heb 3 katten en 2 honden.",
    "Jag är 20 år.",
    "Bugün 5 Mart.",
    "Hän tuli klo 15.30.",
    "Saya punya 5 apel.",
    "Mam 5 jabłek.",
    "Am 5 mere. Prețul este 100 lei.",
    "她说 Hello, 5 apples 然后走了。",
]
ENGLISH = [
    ("12 Rue de la Paix, Paris", "twelve Rue de la Paix, Paris"),
    ("Rio de Janeiro 2016", "Rio de Janeiro twenty sixteen"),
    ("Et al. 5; de novo; per se", "Et al. five; de novo; per se"),
    ("El 5 de mayo is a holiday.", "El five de mayo is a holiday."),
    ("2 tbsp mayo", "two tablespoons mayo"),
    ("He said “je ne sais quoi” to 5 of them.", "He said “je ne sais quoi” to five of them."),
    ("The word 你好 means hello 2 times.", "The word 你好 means hello two times."),
    ("I lived in Москва from 2010 on.", "I lived in Москва from twenty ten on."),
    ("The Škoda, 500 zł, 2 rōnin", "The Škoda, five hundred zlotys, two rōnin"),
    ("Then add 1 Tbsp soy sauce.", "Then add one tablespoon soy sauce."),
    ("Ang Lee won 3 Oscars.", "Ang Lee won three Oscars."),
    ("Ho Chi Minh City: 9 million", "Ho Chi Minh City: nine million"),
    ("EST 5, IST 6", "ee ess tee five, eye ess tee six"),
]


@pytest.mark.parametrize("text", OTHER)
def test_text_in_another_language_stays(text: str) -> None:
    assert normalize(text) == text


@pytest.mark.parametrize(("written", "said"), ENGLISH)
def test_names_and_phrases_of_another_language_are_in_english_text(written: str, said: str) -> None:
    assert normalize(written) == said


@pytest.mark.parametrize("context", ["答案是。", "Er sagte, dass es nicht so ist."])
def test_context_tells_the_language_of_a_text_that_is_too_short(context: str) -> None:
    for text in ("42!", "Kapitel 5", "iPhone 15", "La 5"):
        assert normalize(text, context) == text
    assert normalize("It is 5.", context) == "It is five."
    assert normalize("42!", "It was so.") == "forty two!"
