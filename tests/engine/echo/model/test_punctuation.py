import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.echo.model.punctuation import to_plain_punctuation


@pytest.mark.parametrize(
    ("typographic", "plain"),
    [
        ("“Hello,” she said.", '"Hello," she said.'),
        ("‘Hello,’ he said. It’s fine.", "'Hello,' he said. It's fine."),
        ("«Bonjour» and »Hallo« and „Ja“", '"Bonjour" and "Hallo" and "Ja"'),
        ("one – two—three", "one, two, three"),
        ("pages 5–10, well‑known", "pages 5-10, well-known"),
        ("– Speech.", "Speech."),
        ("He left –", "He left"),
        ("Wait… what", "Wait... what"),
        ("This is fine. 😀 Thank you.", "This is fine. Thank you."),
        ("café • naïve ™ → 你好。", "café naïve TM 你好."),
        ("¿Qué? Yes!", "Qué? Yes!"),
    ],
)
def test_punctuation_becomes_ascii(typographic: str, plain: str) -> None:
    assert to_plain_punctuation(typographic) == plain


@given(st.text(st.characters(codec="ascii")))
def test_plain_text_stays(text: str) -> None:
    assert to_plain_punctuation(text) == text


@given(st.text())
def test_no_letter_or_digit_is_lost(text: str) -> None:
    plain = to_plain_punctuation(text)
    kept = iter(plain)
    assert all(char in kept for char in text if char.isalpha() and char not in "ʹʻʼ")
    assert to_plain_punctuation(plain) == plain
