"""axe-core finds nothing to complain of, in any state of the page."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.page.browser import IN_BROWSER
from tests.page.visitor import (
    UNREACHED,
    button,
    expect_complaint,
    expect_status,
    open_parameters,
    speak,
    text,
    voice,
)

pytestmark = IN_BROWSER

SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


async def expect_nothing_wrong(page):
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.fixture(params=SIZES)
def viewport(request):
    width, height = SIZES[request.param]
    return {"width": width, "height": height}


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
async def test_every_state_of_the_page_is_accessible(visit, held_site, viewport, color_scheme):
    url, stage = held_site
    page = await visit(url, viewport, color_scheme=color_scheme, reduced_motion="reduce")
    await expect(page.locator("#health")).to_have_class("healthy")
    await text(page).fill("Word after word. " * 100)
    await button(page, "Speak").click()
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await expect_nothing_wrong(page)
    stage.release.set()
    await expect_status(page, "Done")
    await speak(page, text="Another take.")
    await open_parameters(page)
    await voice(page).fill("nobody.ogg")
    await button(page, "Speak").click()
    await expect_complaint(page, "Voice 'nobody.ogg' not found")
    await expect_nothing_wrong(page)
    await page.context.set_offline(True)
    await button(page, "Speak").click()
    await expect_complaint(page, UNREACHED)
    await expect(page.locator("#health")).to_have_class("unhealthy")
    await expect_nothing_wrong(page)


async def test_nothing_is_wider_than_a_phone(visit, site):
    page = await visit(site, {"width": 320, "height": 640})
    await speak(page, text="Unbreakable" * 40, voice="deep.wav")
    await speak(page)
    await open_parameters(page)
    await voice(page).fill("unbreakable" * 20)
    await button(page, "Speak").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_text_is_shown_in_the_direction_of_its_script(page):
    await speak(page, text="مرحبا بالعالم!")
    await speak(page, text="Hello, world!")
    said = page.get_by_role("listitem").get_by_title("مرحبا بالعالم!")
    await expect(said).to_have_css("direction", "rtl")
    await expect(text(page)).to_have_css("direction", "ltr")
    await text(page).fill("مرحبا بالعالم!")
    await expect(text(page)).to_have_css("direction", "rtl")
