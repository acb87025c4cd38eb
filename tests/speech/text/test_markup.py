from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.text.markup import drop_markup
from tests.cpu_time import takes_less


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("**Bold**, *so* and ***very***.", "Bold, so and very."),
        ("_Under_ and __init__ ~~gone~~", "Under and init gone"),
        ("Run `make` or ``all``", "Run make or all"),
        ("don`t use `it`s `code`", "don’t use its code"),
        ('See [the docs](https://a.b/c?d=e "Docs").', "See the docs."),
        ("![A cat](./cat.png) sat ![](x.png)[a](b)", "A cat sat [a](b)"),
        ("He was born[1] here.[2][3] So[^note].", "He was born here. So."),
        ("<p>Hello <b>world</b></p>", "\nHello world\n"),
        ('One<br/>two <a href="https://x.y">three</a>', "One\ntwo three"),
        ("Tom &amp; Ann&#39;s &lt;3 &quot;it&quot;&nbsp;", 'Tom & Ann\'s <3 "it"\u00a0'),
        ("so<!-- not\nthis --> on", "so  on"),
        ("| Name | Age |\n|---|---|\n| Ann | 5 |", "Name, Age.\n|---|---|\nAnn, 5."),
        ('<speak>So <prosody rate="slow">it</prosody> <emphasis>is</emphasis></speak>', "So it is"),
        ("<s>One.</s><s>Two.</s>", "One. Two."),
        (
            "<prosody rate='x'>On</prosody><sub alias='the web'>WWW</sub><lang a='x'>so</lang>.",
            "On the web so.",
        ),
        ("```python\nrun\n```", "\nrun\n"),
        ("- [x] done\n- [ ] open", "- done\n- open"),
        (
            "1\n00:01:15,200 --> 00:01:18,000\nHi, so\n\n2\n00:01:19,000 --> 00:01:20,000\nbye.",
            "\nHi, so\nbye.",
        ),
        ("**S**pecific, *un*known, 2**n**2", "Specific, unknown, 2**n**2"),
        (
            "It is so [4], [5]–[7]. See [1]. It【4:0†source】 is 【好】",
            "It is so. See [1]. It is 【好】",
        ),
        ("**Hello there.", "Hello there."),
        (r"\*So\* it's \$5, 5\%, \#1 and a\_b", "So it's $5, 5%, #1 and a_b"),
        ("1986\\. A year.", "1986. A year."),
        ("it can't* or plan A** be", "it can't or plan A be"),
        ("How are *you?** Bye `now", "How are you? Bye now"),
        ("See [this][1], [that][].\n\n[1]: https://x.y 'T'\n[that]: /z", "See this, that.\n\n\n"),
        ("See `the docs <https://x.y>`__, `it <a.b>`_.", "See the docs, it."),
        ("[a](https://x.y/b_(c)) <https://x.y> <a.b@x.y>", "a https://x.y a.b@x.y"),
        ("10<sup>3</sup>, CO<sub>2</sub>, 1<sup>st</sup>", "10³, CO₂, 1st"),
        ("<think>So</think><details><summary>A</summary>b</details>", "\nSo\n\n\nA\nb\n"),
        ("a ==very== good 10**3", "a very good 10**3"),
        ("[00:12.34] Line one\n[01:15.00] two", "Line one\ntwo"),
        ("[00:12:34] Ann: so\n(01:15:00) Bo: no [12:04]", "Ann: so\nBo: no [12:04]"),
        ("See <t:1700000000:R> and <@!12345678>, <:pog:123456789>!", "See  and , !"),
        ("<shake>No!</shake> <color=#F00>Hot</color> <0>Go</0> <sprite=3>", "No! Hot Go "),
        ("<name>Bob</name><age>5</age>", "Bob 5"),
        ("[b]So[/b] [url=https://x.y]it[/url] [img]https://x.y/a.png[/img]is[/i]", "So it is"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>", "漢字"),
        ('Hi.\\nSo\\n\\n- \\"it\\"\\n', 'Hi.\nSo\n\n- "it"\n'),
        ("WEBVTT\n\n00:15.200 --> 00:18.000 align:start\nHi.", "\nHi."),
    ],
)
def test_markup_is_not_said(written: str, plain: str) -> None:
    assert drop_markup(written) == plain


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d, 5 * 3 * 2, 2*3*4",
        "[S1] Hi. [S2](laughs) Oh. [pause:1s] [aside] (so)",
        "snake_case_name, a_b_c, AT&T, R & D; x | y",
        "see https://a.b/_c_/d?e=f&copy=g and <name>",
        "* one\n* two\n[1] A source.",
        "a 5* hotel, an A* or two A*s, dial *67, M*A*S*H, ~5, a ** b",
        "a <voice> or a <lang> here, del [/s] [/q] x, a[b] List<String>",
        r"ends in '\n', print('Hi\n'), \nabla, C:\new\Nice",
        r"C:\Program Files\x, C:\_old, \\srv\share, a \ b",
        r"C:\a\_old, (C:\Temp\*.txt), \\srv\c$\#1, \\srv\_b",
        "a == b and c == d, (a+b)**2, x[0], i[1], [a][b], [00:12] Bob, [9:15 AM] Al",
        "A* and B, the A* search, grades A*-C; C*-algebra, x* is",
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert drop_markup(text) == text


@settings(deadline=None)
@given(st.text("ab 1*_\n"))
def test_emphasis_loses_no_word(text: str) -> None:
    def said(marked: str) -> str:
        return "".join(filter(str.isalnum, marked))

    assert said(drop_markup(text)) == said(text)


@pytest.mark.parametrize(
    "hostile",
    [
        "<",
        "<a ",
        "<a =",
        "<!--",
        "&",
        "[",
        "[1]",
        "[a](/",
        "*a",
        "_",
        "`",
        "|",
        "-->",
        "\n1",
        "\\",
        "\\*",
        "$a ",
        "$$",
        "\\(",
        "\\[a",
        "\\begin{align}",
        "$\\frac{",
        "==a",
        "[a][",
        "[a]: /b\n",
        "<sup>1",
        "</a><a ",
        "<a=",
        "a[/a][a=",
        "a\\n",
        "\\n",
        "aa [1],",
    ],
)
def test_dropping_markup_takes_time_in_proportion(hostile: str) -> None:
    def drop(num_chars: int) -> None:
        drop_markup("x " + hostile * (num_chars // len(hostile)))

    assert takes_less(drop, 16_000, 2000, 30)
