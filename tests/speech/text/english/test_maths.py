from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("The sum is > 5, it was < x, must be ≥ 4, x > 1", "The sum is greater than five, it was "
     "less than x, must be greater than or equal to four, x is greater than one"),
    ("r=-.34", "r equals minus zero point three four"),
    ("x ∈ ℝ, for all n in ℕ", "x is in the real numbers, for all n in the natural numbers"),
    ("E = mc², f(x) = 2x + 1", "ee equals em see squared, f of x equals two x plus one"),
    ("2^n or 5! = 120, n! ok", "two to the power of n or five factorial equals one hundred and "
     "twenty, n factorial ok"),
    ("x ≥ 5, ≥5 and 10/2 = 5", "x is greater than or equal to five, greater than or equal to five "
     "and ten divided by two equals five"),
    ("the area is 2πr², ∞ or a ∈ B", "the area is two pi r squared, infinity or a is in bee"),
    ("sin(30°), 5−3, ΔT", "sine of (thirty degrees), five minus three, delta tee"),
    ("his sin (often) grew", "his sin (often) grew"),
    ("No! 5! 3x faster, 10x", "No! five! three times faster, ten times"),
    ("the end.¹ Word² note†", "the end. Word note"),
    ("p<0.05, a=5, n == 3", "p is less than zero point zero five, a equals five, n equals three"),
    ("x = y / 2, a/b = c, 1/x, dy/dx = 3",
     "x equals y over two, a over b equals c, one over x, dee why dee ex equals three"),
    ("sin 30° = 0.5, 5/8 = 0.625",
     "sine thirty degrees equals zero point five, five eighths equals zero point six two "
     "five"),
    ("a && b || c", "a and b or c"),
    ("(x + y)², f'(x) = 2x, up 2x", "(x plus y) squared, f prime of x equals two x, up two times"),
    ("(2a - 1)³, (see below)² and", "(two ay minus one) cubed, (see below) and"),
    ("F(2, 27) = 4, η² = .15", "eff of two, twenty seven equals four, eta squared equals zero "
     "point one five"),
    ("ω = 2πf, ∆G = −RT", "omega equals two pi f, delta jee equals minus ar tee"),
    ("x = (−b ± √(b² − 4c)) / (2a)", "x equals (minus b plus or minus the square root of (b "
     "squared minus four see)) over (two ay)"),
    ("3x − 7 > 2, 3x - 7 = 2", "three x minus seven is greater than two, three x minus seven "
     "equals two"),
    ("V = I/R, x²/2, 2/3 × 9 = 6", "vee equals I over ar, x squared over two, two thirds times "
     "nine equals six"),
    ("log₂(8), |−5| < 6, xₙ, e^−x", "log base two of (eight), the absolute value of minus five is "
     "less than six, x en, e to the power of minus x"),
    ("√2 ≈ 1.4, ≈50 people, ∑ of all", "the square root of two is approximately one point "
     "four, approximately fifty people, the sum of all"),
    ("the |n| command, |x| = 2", "the n command, the absolute value of x equals two"),
    ("He came − as always − late.", "He came − as always − late."),
    ("P(A|B), x̄ = 4", "pee of ay given bee, x bar equals four"),
    ("What's 9 x 7? A 9 x 7 room.", "What's nine times seven? A nine by seven room."),
    ("10**3, x**y, (a+b)^2", "ten cubed, x to the power of y, (a+b) squared"),
    ("log₂8, sin²θ, ax² + bx + c, x² - 4",
     "log base two of eight, sine squared theta, ay ex squared plus bee ex plus c, x "
     "squared minus four"),
    ("(≈3), (±SD), 12,000 × g",
     "(approximately three), (plus or minus ess dee), twelve thousand times g"),
    ("aged ≥65, x ≥ 5, p ≥0.5", "aged greater than or equal to sixty five, "
     "x is greater than or equal to five, p is greater than or equal to zero point five"),
    ("∫₀¹ x² dx, ∑ᵢ xᵢ", "the integral from zero to one of x squared dee ex, the sum of ᵢ xᵢ"),
    ("lim(h→0) [f(x+h) − f(x)]/h", "the limit as h approaches zero of [f of x plus h minus f of x] "
     "over h"),
    ("lim x→∞ 1/x = 0", "the limit as x approaches infinity of one over x equals zero"),
    ("so ∃ c ∈ (a, b), ∀ x ∈ ℝ", "so there exists c in (a, b), for all x in the real numbers"),
    ("T = 2π√(L/g), P(A)·P(B)", "tee equals two pi the square root of (ell over g), "
     "pee of A times pee of bee"),
    ("with |A| ≤ |B|, a=1, b=-3", "with the absolute value of A is less than or equal to the "
     "absolute value of bee, a equals one, b equals minus three"),
    ("ln e = 1, d/dx e^x", "natural log of e equals one, dee dee ex of e to the power of x"),
    ("in △ABC, ΔG° = 2", "in triangle ay bee see, delta jee naught equals two"),
    ("[H⁺] = 10⁻⁷ M, [Cu²⁺] = 0.1 M", "[aitch plus] equals ten to the power of minus seven molar, "
     "[see you two plus] equals zero point one molar"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_mathematics_is_read_out(written: str, said: str) -> None:
    assert normalize(written) == said
