"""Draws docs/listen.png anew: `python -m tests.page.take_screenshot http://127.0.0.1:8000`."""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import expect

from tests.page.browser import chromium

PICTURE = Path(__file__).parents[2] / "docs" / "listen.png"
TEXT = (
    "On a quiet morning the river bends past the old mill. Children laugh beneath the chestnut "
    "trees, and fresh bread cools by the open window."
)


async def take_screenshot(url: str) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 900, "height": 700})
        await page.goto(f"{url}/")
        await page.get_by_label("Text", exact=True).fill(TEXT)
        await page.get_by_label("Voice", exact=True).fill("ada.ogg")
        await page.get_by_label("Seed", exact=True).fill("7")
        await page.get_by_role("button", name="Speak", exact=True).click()
        await expect(page.locator("#status")).to_contain_text("Done")
        await page.get_by_role("slider", name="Position").click(position={"x": 300, "y": 20})
        await page.get_by_role("button", name="Pause", exact=True).click()
        await page.screenshot(path=PICTURE, full_page=True)


if __name__ == "__main__":
    asyncio.run(take_screenshot(sys.argv[1].rstrip("/")))
