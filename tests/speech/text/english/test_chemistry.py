from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    (
        "Uranium-235, Blink-182, Sub-150",
        "Uranium-two thirty five, Blink-one eighty two, Sub-one hundred and fifty",
    ),
    (
        "SpO2 98%, HbA1c, pCO2",
        "ess pee oh two ninety eight percent, aitch bee ay one see, pee see oh two",
    ),
    ("H2O, CO₂ and H₂SO₄", "aitch two oh, see oh two and aitch two ess oh four"),
    ("C6H12O6, Fe2O3", "see six aitch twelve oh six, eff ee two oh three"),
    ("Ca(OH)2 (SiO2) with NaCl", "see ay oh aitch two (ess eye oh two) with en ay see ell"),
    ("Na+ or Ca2+, Cl2", "en ay plus or see ay two plus, see ell two"),
    ("WW2, COP26, PhD, LaTeX", "World War two, COP twenty six, pee aitch dee, LaTeX"),
    (
        "Fe³⁺, SO₄²⁻, 0.1 M HCl",
        "eff ee three plus, ess oh four two minus, zero point one molar aitch see ell",
    ),
    ("¹⁴C dating, U-235", "carbon fourteen dating, you two thirty five"),
    ("type AB− blood, an O+ donor", "type ay bee negative blood, an oh positive donor"),
    ("3.5M HP", "three point five million aitch pee"),
    ("SO2, NO2 or NO 2", "ess oh two, en oh two or NO two"),
]


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_formulas_are_spelled(written: str, said: str) -> None:
    assert normalize(written) == said
