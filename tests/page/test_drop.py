"""A file that is dropped on the page."""

import pytest
from playwright.async_api import expect

from tests.page.browser import IN_BROWSER
from tests.page.visitor import expect_complaint, text

pytestmark = IN_BROWSER


async def drop(page, name, content):
    """Drop a file of these bytes; return whether the browser would have left the page for it."""
    return await page.evaluate(
        """([name, bytes]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
            const event = { dataTransfer, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("dragover", event));
            return document.body.dispatchEvent(new DragEvent("drop", event));
        }""",
        [name, list(content)],
    )


async def test_dropped_text_file_becomes_the_text_and_can_be_undone(page):
    before = await text(page).input_value()
    assert not await drop(page, "poem.txt", "\ufeffGrüße,\nund gute Nacht!".encode())
    await expect(text(page)).to_have_value("Grüße,\nund gute Nacht!")
    await expect(page.locator("#count")).to_have_text("22 of 4096 characters")
    await page.keyboard.press("Control+z")
    await expect(text(page)).to_have_value(before)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "ada.ogg",
            b"OggS\xff\xfe",
            "ada.ogg is not text in UTF-8. A recording becomes a voice in the server's voices "
            "folder.",
        ),
        (
            "book.txt",
            b"word " * 4096,
            "book.txt is too long for one request; echo-tts speak --file speaks a whole book",
        ),
    ],
)
async def test_dropped_file_that_cannot_be_spoken_is_told(page, name, content, words):
    before = await text(page).input_value()
    assert not await drop(page, name, content)
    await expect_complaint(page, words)
    await expect(text(page)).to_have_value(before)
