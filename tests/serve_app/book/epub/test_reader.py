"""An EPUB as a book: its order, its chapters, its names, and what is wrong with it."""

import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve_app.book.chapters import read_chapters
from serve_app.book.epub import archive
from serve_app.book.epub.archive import EpubError
from serve_app.book.epub.reader import read_epub
from tests.serve_app.book.epubs import CONTAINER, PNG, nav, with_nav, with_ncx, write_epub

RAIN = {
    "rain.xhtml": "<h1>Rain</h1><p>It rained.</p>",
    "snow.xhtml": "<h1>Snow</h1><p>It snowed.</p>",
}


@pytest.fixture
def read(tmp_path):
    """Return `read(documents, **options)`: the book in such an EPUB."""
    return lambda *args, **options: read_epub(write_epub(tmp_path / "book.epub", *args, **options))


def titles(book):
    return [(chapter.title, chapter.paragraphs) for chapter in book.chapters]


@pytest.mark.parametrize("contents", [with_nav, with_ncx])
def test_chapters_begin_where_the_contents_say_in_the_order_of_the_spine(read, contents):
    book = read(
        {
            "title.xhtml": "<p>The Book</p>",
            "text/one.xhtml": "<p>One.</p><h2 id='b'><span id='c'>Two</span></h2><p>Two.</p>",
            "text/more two.xhtml": "<p>More of two.</p>",
            "three.xhtml": "<p>Three.</p>",
        },
        **contents(
            ("Third", "three.xhtml"),
            ("First", "text/one.xhtml", ("Second", "./text/../text/one.xhtml#c")),
            ("Nowhere", "four.xhtml"),
            ("Far", "http://[x/three.xhtml"),
        ),
    )
    assert titles(book) == [
        ("", ["The Book"]),
        ("First", ["One."]),
        ("Second", ["## Two", "Two.", "More of two."]),
        ("Third", ["Three."]),
    ]
    paragraphs = [paragraph for chapter in book.chapters for paragraph in chapter.paragraphs]
    assert book.text == "\n\n".join(paragraphs)


def test_part_without_text_of_its_own_is_in_the_title_of_its_first_chapter(read):
    documents = {
        "cover.xhtml": "<svg/>",
        "title.xhtml": "<p>The Book</p>",
        "part.xhtml": "<img src='part.png'/>",
        "one.xhtml": "<p>One.</p>",
        "two.xhtml": "<p>Two.</p>",
    }
    book = read(
        documents,
        **with_nav(
            ("Cover", "cover.xhtml"),
            ("Title", "title.xhtml"),
            (
                "Part I",
                "part.xhtml",
                ("One", "one.xhtml", ("Same", "one.xhtml")),
                ("Two", "two.xhtml"),
                ("2.1", "two.xhtml"),
            ),
        ),
    )
    assert [title for title, _ in titles(book)] == ["Title", "Part I: One: Same", "Two"]


@pytest.mark.parametrize("contents", [{}, with_nav(("Start", "rain.xhtml"))])
def test_chapters_are_at_headings_where_the_contents_name_none(read, contents):
    book = read(RAIN, **contents)
    assert book.chapters == []
    assert [chapter.title for chapter in read_chapters(book.text)] == ["Rain", "Snow"]


def test_ncx_serves_where_the_nav_does_not(read):
    options = with_ncx(("Rain", "rain.xhtml"), ("Snow", "snow.xhtml"))
    broken = with_nav()
    options["items"] += broken["items"]
    options["files"] |= broken["files"]
    assert [title for title, _ in titles(read(RAIN, **options))] == ["Rain", "Snow"]


def test_what_stands_outside_the_reading_order_is_not_read(read):
    listed = ("d1", "nav", "pic", 'd0" linear="no', "d1")
    spine = "".join(f'<itemref idref="{item}"/>' for item in listed)
    options = with_nav(("Snow", "snow.xhtml"))
    options["items"] += '<item id="pic" href="a.svg" media-type="image/svg+xml"/>'
    options["files"]["OEBPS/a.svg"] = "<svg><desc>A picture</desc></svg>"
    assert read(RAIN, spine=spine, **options).text == "# Snow\n\nIt snowed."


def test_names_that_differ_in_case_only_are_two_files(read):
    assert read({"a.xhtml": "<p>One.</p>", "A.xhtml": "<p>Two.</p>"}).text == "One.\n\nTwo."


def test_table_of_contents_in_a_document_with_text_does_not_take_it(read):
    contents = nav(("Rain", "nav.xhtml#rain"), ("Snow", "nav.xhtml#snow"))
    text = "<h1 id='rain'>Rain</h1><p>It rained.</p><h1 id='snow'>Snow</h1><p>It snowed.</p>"
    item = '<item id="nav" href="nav.xhtml" properties="nav"/>'
    files = {"OEBPS/nav.xhtml": contents.replace("</body>", f"{text}</body>")}
    book = read({}, items=item, spine='<itemref idref="nav"/>', files=files)
    assert titles(book) == [("Rain", ["# Rain", "It rained."]), ("Snow", ["# Snow", "It snowed."])]


@pytest.mark.parametrize(
    "href",
    [
        "Text/caf%C3%A9%201.xhtml",
        "text/CAFÉ 1.xhtml",
        r"text\cafe&#x301; 1.xhtml",
        "/OEBPS/text/café 1.xhtml",
        "../../../OEBPS/text/café 1.xhtml",
    ],
)
def test_files_are_found_however_they_are_spelled(read, href):
    book = read(
        {},
        items=f'<item id="d" href="{href}"/>',
        spine='<itemref idref="d"/>',
        files={"OEBPS/text/café 1.xhtml": "<p>Found.</p>"},
    )
    assert book.text == "Found."


def test_title_authors_and_cover_are_those_of_the_package(read):
    book = read(
        RAIN,
        metadata="<dc:title> The\n Book </dc:title><dc:title>Again</dc:title>"
        "<dc:creator>Ada</dc:creator><dc:creator opf:role='aut'>Otto</dc:creator>"
        "<dc:creator opf:role='trl'>Nobody</dc:creator><meta name='cover' content='c'/>",
        items='<item id="c" href="c.png" media-type="image/png"/>',
        files={"OEBPS/c.png": PNG},
    )
    assert (book.title, book.author, book.cover) == ("The Book", "Ada, Otto", PNG)
    assert read(RAIN)[2:] == ("", "", b"")
    missing = '<item id="c" href="c.png" properties="cover-image"/>'
    assert read(RAIN, items=missing).cover == b""


ENCRYPTION = """<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>
<enc:EncryptionMethod Algorithm="{}"/>
<enc:CipherData><enc:CipherReference URI="{}"/></enc:CipherData></enc:EncryptedData></encryption>"""
AES = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
FONT = "http://www.idpf.org/2008/embedding"


def test_book_with_hidden_fonts_or_pictures_is_read(read):
    for algorithm, name in (
        (FONT, "OEBPS/font.otf"),
        (FONT, "OEBPS/rain.xhtml"),
        (AES, "OEBPS/c.png"),
    ):
        encryption = ENCRYPTION.format(algorithm, name)
        cover = '<item id="c" href="c.png" properties="cover-image"/>'
        book = read(
            RAIN, items=cover, files={"META-INF/encryption.xml": encryption, "OEBPS/c.png": PNG}
        )
        assert "It rained." in book.text
        assert book.cover == (PNG if algorithm == FONT else b"")


def files(**contents):
    names = {"container": "META-INF/container.xml", "encryption": "META-INF/encryption.xml"}
    return {"files": {names.get(name, f"OEBPS/{name}.xhtml"): contents[name] for name in contents}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (files(encryption=ENCRYPTION.format(AES, "OEBPS/rain%2Exhtml")), "is encrypted (DRM)"),
        ({"leave_out": ["META-INF/container.xml"]}, "is no EPUB: it has no META-INF/container.xml"),
        (files(container="<container/>"), "lacks '', which its container.xml names"),
        ({"leave_out": ["OEBPS/book.opf"]}, "lacks 'OEBPS/book.opf', which its container.xml"),
        (files(container=CONTAINER.replace("OEBPS", "../../etc")), "lacks '../../etc/book.opf'"),
        ({"leave_out": ["OEBPS/snow.xhtml"]}, "lacks 'snow.xhtml', which its spine names"),
        ({"spine": "<itemref idref='d7'/>"}, "lacks 'd7', which its spine names"),
        ({"spine": "<itemref idref='d0' linear='no'/>"}, "has no text"),
        (files(rain="", snow="<img alt='A page' src='1.png'/>"), "has no text"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(read, options, message):
    with pytest.raises(EpubError) as raised:
        read(RAIN, **options)
    assert str(raised.value).startswith(message)


def test_book_of_which_too_much_would_be_unpacked_is_refused(read, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 100_000)
    with pytest.raises(EpubError, match="is too large"):
        read({"bomb.xhtml": b" " * 200_000})
    with pytest.raises(EpubError, match="is too large"):
        read({f"{number}.xhtml": b" " * 30_000 for number in range(4)})
    cover = '<item id="c" href="c.png" properties="cover-image"/>'
    assert read(RAIN, items=cover, files={"OEBPS/c.png": PNG + bytes(200_000)}).cover == b""


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"]
)
def test_compression_that_an_epub_may_not_have_is_refused(tmp_path, compression):
    with zipfile.ZipFile(tmp_path / "x.epub", "w", compression) as file:
        file.writestr("META-INF/container.xml", CONTAINER)
    with pytest.raises(EpubError, match="is damaged"):
        read_epub(str(tmp_path / "x.epub"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of an EPUB, and where to put them."""
    file = tmp_path_factory.mktemp("epub") / "book.epub"
    write_epub(file, RAIN, **with_nav(("Rain", "rain.xhtml"), ("Snow", "snow.xhtml")))
    return file.read_bytes(), file.with_name("damaged.epub")


def is_read_or_refused(file):
    try:
        return bool(read_epub(str(file)).text)
    except EpubError as error:
        return str(error).isprintable()


CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(CHANGES, st.integers(0, 10_000))
def test_damaged_file_is_read_or_refused(sound, changes, length):
    raw, file = bytearray(sound[0]), sound[1]
    for place, change in changes:
        place %= len(raw)
        raw[place : place + len(change)] = change
    file.write_bytes(raw[:length] if 0 < length < len(raw) else raw)
    assert is_read_or_refused(file)


SOUP = """
<package>|<manifest>|<item id="d0" href="rain.xhtml"/>|<item id="d1" href="%" media-type="x"/>|&|\0
<spine>|<itemref idref="d0"/>|<itemref/>|<ol>|<li>|<a href="rain.xhtml#x">|One|</a>|</li>|</ol>|<?
<navMap>|<navPoint>|<content src="snow.xhtml"/>|<text>|</text>|</navPoint>|<nav epub:type="toc">|<!
<dc:title>|</dc:title>|<dc:creator>|<meta name="cover" content="d0"/>|<a href="//[">|]>|<![CDATA[
<rootfile full-path="OEBPS/book.opf"/>|<EncryptedData>|<CipherReference URI="OEBPS/rain.xhtml"/>
"""
NAMES = ["META-INF/container.xml", "META-INF/encryption.xml", "OEBPS/book.opf", "OEBPS/nav.xhtml"]
PIECES = re.split(r"[|\n]", SOUP.strip())


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_badly_written_package_is_read_or_refused(sound, soups):
    contents = with_nav(("Rain", "rain.xhtml"), ("Snow", "snow.xhtml"))
    contents["files"] |= soups
    assert is_read_or_refused(write_epub(sound[1], RAIN, **contents))
