"""What is said of a document of an EPUB."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.book.epub.prose import SCENE_BREAK, read_prose
from serve_app.book.epub.tree import MAX_DEPTH, parse
from tests.serve_app.book.epubs import page


def said(body):
    return read_prose(parse(page(body).encode())).paragraphs


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        ("One.<p>Two.</p>3.<div>Four.<p>5.</p></div>", ["One.", "Two.", "3.", "Four.", "5."]),
        ("<p>One\n  line,\tand <em>it</em>\ngoes on.</p>", ["One line, and it goes on."]),
        ('<p><span class="dropcap">O</span>nce, half-<b>way</b>.</p>', ["Once, half-way."]),
        ("<p><img alt='O'/>nce. <img alt='A map of the town'/></p>", ["Once."]),
        ("<p>for&shy;ever &amp; ever&mdash;&#8220;so&#x201d;</p>", ["forever & ever—“so”"]),
        ("<p>Roses<br/>and rue</p>", ["Roses\nand rue"]),
        ("<p>One.<br/><br/>Two.</p>", ["One.", "Two."]),
        ("<pre>  One,\n  two.\n\nThree.</pre>", ["One,\ntwo.", "Three."]),
        ("<p>So <code>wc</code>:</p><pre>\n<code>not_said()</code></pre>", ["So wc:"]),
        ("<ul><li>Hats</li><li><p>Coats</p><p>Warm.</p></li></ul>", ["- Hats", "- Coats", "Warm."]),
        ('<ol start="3"><li>Wash</li><li>Dry</li></ol>', ["3. Wash", "4. Dry"]),
        ("<table><tr><td>Hat </td>\n<td> </td><th>5</th></tr><tr><td>Cap</td>", ["Hat, 5", "Cap"]),
        ("<table><tr><td><p>A page</p><p>of text.</p></td></tr></table>", ["A page", "of text."]),
        ("<dl><dt>Hat</dt><dd>A thing.</dd></dl>", ["Hat", "A thing."]),
        ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字</p>", ["漢字"]),
        ("<p>10 m<sup>2</sup>, H<sub>2</sub>O, the 1<sup>st</sup></p>", ["10 m², H₂O, the 1st"]),
        ("<p>&lt;b&gt; <![CDATA[<i>]]></p><!-- no -->", ["<b> <i>"]),
        ("<script>if (a < b) x = '</p>'</script><style>p {}</style><svg><text>no</text></svg>", []),
        ("<p hidden='hidden'>no</p><p aria-hidden='true'>no</p><nav>no</nav><p>&nbsp;</p>", []),
    ],
)  # fmt: skip
def test_paragraphs_are_whole_and_nothing_tears_words(body, paragraphs):
    assert said(body) == paragraphs


@pytest.mark.parametrize(
    ("body", "heading"),
    [
        ("<h1>The\n Sea</h1>", "# The Sea"),
        ("<h3>Chapter 1<br/>The Sea</h3>", "### Chapter 1: The Sea"),
        ("<h1><div>Chapter 1</div><div>The Sea</div></h1>", "# Chapter 1: The Sea"),
        ("<h2>Gone with<br/>the Wind</h2>", "## Gone with the Wind"),
        ("<h1><img alt='Chapter'/><img alt='One'/></h1>", "# Chapter One"),
        ("<h1><img alt='A rose'/>The Sea</h1>", "# The Sea"),
        ("<h2>Chapter I<span class='pagenum'>[Pg 12]</span></h2>", "## Chapter I"),
    ],
)
def test_heading_is_one_line_with_its_level(body, heading):
    assert said(f"{body}<p>It rained.</p>") == [heading, "It rained."]


def test_heading_that_is_not_ended_does_not_take_the_text():
    assert said(f"<h1>One<p>{'It rained. ' * 50}<p>It snowed.</p>")[-1] == "It snowed."


def test_scene_breaks_are_pauses():
    body = "<hr/><p>One.</p><hr/><p>* * *</p><p>Two.</p><p>⁂</p><p>Three.</p>"
    assert said(body) == ["One.", SCENE_BREAK, "Two.", SCENE_BREAK, "Three."]


@pytest.mark.parametrize(
    "markup",
    [
        '<a epub:type="noteref" href="#n1">12</a>',
        '<a role="doc-noteref" href="#n1">note</a>',
        '<sup><a href="n.xhtml#n1">12</a></sup>',
        '<a href="n.xhtml#n1"><sup>12</sup></a>',
        '<sup>[<a href="#n1">1</a>]</sup>',
        '<a href="#n1">[1]</a>',
        '<a href="#n1">(1)</a>',
        '<a href="#n1">*</a>',
        '<a class="fnanchor" href="#n1">1</a>',
        '<span epub:type="pagebreak" title="7">7</span>',
        '<span class="pagenum">[Pg 7]</span>',
        '<span class="page_number">xii</span>',
        '<a href="n.xhtml#n1" class="calibre5"><span class="calibre6">1</span></a>',
        '<a class="footnote" href="#n1">1</a>',
        '<a data-type="noteref" href="#n1">1</a>',
        '<span style="display: none">not shown</span>',
        '<div data-type="footnotes"><p data-type="footnote">A note.</p></div>',
        '<pre data-type="programlisting">print()</pre>',
        '<aside epub:type="footnote"><p>A note.</p></aside>',
        '<section role="doc-endnotes"><ol><li>A note. <a href="#r1">↩</a></li></ol></section>',
        '<div class="footnotes"><p>A note.</p></div>',
        '<section epub:type="frontmatter copyright-page"><p>ISBN 0</p></section>',
        '<section epub:type="index"><p>Sea, 12</p></section>',
    ],
)
def test_notes_pages_and_what_refers_to_them_are_left_out(markup):
    assert said(f"<p>It rained{markup}.</p>") in (["It rained."], ["It rained", SCENE_BREAK])


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<a href="two.xhtml">chapter 2</a>', "chapter 2"),
        ('<a href="two.xhtml">12</a>', "12"),
        ('<a href="#s">x<sup>2</sup> of it</a>', "x² of it"),
        ('<aside class="sidebar">See below.</aside>', "See below."),
        ('<a id="top">[1]</a>', "[1]"),
        ('<a epub:type="noteref" href="#n1">Caesar</a>', "Caesar"),
        ('<a class="footnote" href="#n1">Caesar</a>', "Caesar"),
        ('<span epub:type="pagebreak" id="p7">that it rains.', "that it rains."),
        (
            '<span aria-label="Tom"><b aria-hidden="true">T</b><i aria-hidden="true">om</i></span>',
            "Tom",
        ),
    ],
)
def test_links_that_are_words_and_sidebars_are_said(markup, text):
    assert " ".join(said(f"<p>See {markup}</p>")) == f"See {text}"


@pytest.mark.parametrize("tag", ["div", "p", "section", "h2"])
def test_style_that_begins_a_page_does_not_take_the_text(tag):
    assert " ".join(said(f'<{tag} class="pagebreak">It rained.</{tag}>')) in (
        "It rained.",
        "## It rained.",
    )


@pytest.mark.parametrize(
    "contents",
    [
        "<ul>{}</ul>",
        '<div class="toc">Chapters that are called by their titles, from the first: {}</div>',
    ],
)
def test_table_of_contents_within_a_document_is_left_out(contents):
    links = "".join(f'<li><a href="#c{n}">Chapter {n}</a></li>' for n in range(6))
    assert said(f"{contents.format(links)}<p>It rained.</p>") == ["It rained."]


def test_links_out_of_the_book_are_no_table_of_contents():
    links = "".join(f'<li><a href="https://example.org/{n}">Book {n}</a></li>' for n in range(6))
    assert len(said(f"<h2>Further reading</h2><ul>{links}</ul>")) == 7


def test_page_of_links_is_a_table_of_contents_and_a_page_with_links_is_not():
    links = "".join(f'<p><a href="{n}.xhtml">Chapter {n}</a></p>' for n in range(6))
    assert said(f"<h1>Contents</h1>{links}") == []
    assert len(said(f"<p>{'This is what the book is about. ' * 3}</p>{links}")) == 7
    assert len(said("".join(f'<p><a href="x">{n} was dark and it' for n in range(6)))) == 6


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<p>Café</p>".encode("utf-16"), "Café"),
        ("<p>Café</p>".encode("utf-16-be"), "Café"),
        ("\ufeff<p>Café</p>".encode(), "Café"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><p>Café</p>'.encode("latin-1"), "Café"),
        ('<meta charset=windows-1251><p>Война</p>'.encode("cp1251"), "Война"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><p>Café</p>'.encode(), "Café"),
        ("<p>“Café”</p>".encode("cp1252"), "“Café”"),
        ('<?xml version="1.0" encoding="rot13"?><p>Café</p>'.encode("latin-1"), "Café"),
        (b"<p>Caf\xe9 \x81</p>", "Café \ufffd"),
        (b"<p>Caf\0e</p>", "Cafe"),
    ],
)  # fmt: skip
def test_encoding_is_found_out(raw, text):
    assert read_prose(parse(raw)).paragraphs == [text]


@pytest.mark.parametrize(
    ("soup", "paragraphs"),
    [
        ("<P>One<P>Two<BR>three", ["One", "Two\nthree"]),
        ("<p><b><i>One</b></i> two</p></div></p> three", ["One two", "three"]),
        ("<p>a < b && c</p>", ["a < b && c"]),
        ("<p>&foo; &nbsp &#xD800;</p>one", ["&foo; \ufffd", "one"]),
        ("<p>One<p/>two<a id='x'/> three", ["One", "two three"]),
        ("<html:p>One</html:p><html:p>two</html:p>", ["One", "two"]),
        ("<![if x]><p>One</p><![endif]><![bad[x]]><p>two</p>", ["One", "two"]),
        ("<p>One <a href=x", ["One"]),
        ('<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><p>&c;</p>', ["&c;"]),
    ],
)
def test_soup_is_read(soup, paragraphs):
    assert read_prose(parse(soup.encode())).paragraphs == paragraphs


@pytest.mark.parametrize("soup", ["<a ", "<a b='", "<p>", "<!--", "<![CDATA[", "</", "<td>x", "&"])
def test_much_soup_is_read_in_time(soup):
    read_prose(parse(soup.encode() * 10_000))


TAGS = ("p", "b", "div", "h1", "li", "ol", "table", "td", "a href='x'", "sup", "pre", "ruby", "br")
PIECES = st.one_of(
    st.sampled_from(TAGS).map("<{}>".format),
    st.sampled_from(TAGS).map("</{}>".format),
    st.sampled_from(["<", ">", "&", "<!--", "-->", "<![CDATA[", "]]>", "<?", "\0", '"', "'", "="]),
    st.from_regex(r"[a-z]{1,8} ?", fullmatch=True),
    st.text(max_size=4),
)


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES).map(lambda p: "".join(p).encode())))
def test_any_document_is_read(raw):
    prose = read_prose(parse(raw))
    assert all(text.strip() for text in prose.paragraphs)
    assert all(0 <= index <= len(prose.paragraphs) for index in prose.anchors.values())


@given(st.lists(st.tuples(st.sampled_from(["p", "b", "div", "li", "td", "h2"]), st.integers(1, 3))))
def test_words_stay_in_order_however_elements_are_nested(elements):
    words = [f"word{index}x" for index in range(len(elements))]
    soup = "".join(
        f"<{tag}>{word} {'</p>' * (depth - 1)}"
        for word, (tag, depth) in zip(words, elements, strict=True)
    )
    text = " ".join(read_prose(parse(soup.encode())).paragraphs)
    assert [word.strip(",") for word in text.split() if "word" in word] == words


def test_deep_document_is_read():
    assert said("<div>" * 20 * MAX_DEPTH + "Deep." + "</div>" * 20 * MAX_DEPTH + "End.") == [
        "Deep.",
        "End.",
    ]
