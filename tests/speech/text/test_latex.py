from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize
from speech.text.markup import drop_markup

FORMULAS = [
    (r"$A = \pi r^2$ and \(n \times 2\)", "A = π r^2 and n × 2"),
    (r"$$\frac{1}{2} + \frac{dy}{dx} = \frac{a+b}{\sqrt{c}}$$", "1/2 + dy/dx = (a+b)/(√(c))"),
    (r"\[ x = -2 \text{ or } x \in \mathbb{R} \]", "x = -2 or x ∈ ℝ"),
    (r"$90^\circ$, $25\%$, $x_{max}$, $e^{n+1}$, $f(x)$, $n$", "90°, 25%, x_max, e^(n+1), f(x), n"),
    (r"\begin{align} a &= b \\ c &\leq d \end{align}", "a = b, c ≤ d"),
    (r"$\left(\sin \theta\right)$, $\alpha, \beta > 0$", "(sin θ), α, β > 0"),
]
NO_FORMULAS = [
    "It costs $5 or $6, $5-$10, from $5 to 6$.",
    "$HOME/$USER, US$ 5 and A$ 6, pay $3+ or $4",
    "a = $b, c = $d",
]
SAID = [
    (r"so $x \leq 3$.", "so x is less than or equal to three."),
    (
        r"$\sum_{i=1}^{n} i^2$, $\int_0^1 x$",
        "the sum from i equals one to n of i squared, the integral from zero to one of x",
    ),
    (
        r"$\lim_{x \to 0} \log_2 x$, $|x| < 3$, $e^{n+1}$",
        "the limit as x approaches zero of log base two of x, the absolute value of x "
        "is less than three, e to the power of (n plus one)",
    ),
    (
        r"$x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}$",
        "x equals (minus b plus or minus the square root of (b squared minus four ay see)) "
        "over (two ay)",
    ),
]


@pytest.mark.parametrize(("written", "plain"), FORMULAS)
def test_formulas_are_in_plain_signs(written: str, plain: str) -> None:
    assert drop_markup(written) == plain


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_prices_and_variables_are_no_formulas(text: str) -> None:
    assert drop_markup(text) == text


@pytest.mark.parametrize(("written", "said"), SAID)
def test_formulas_are_said_in_english(written: str, said: str) -> None:
    assert normalize(drop_markup(written)) == said
