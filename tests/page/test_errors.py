"""Errors stand where the eye is, in the words of the page."""

import pytest
from playwright.async_api import expect

from tests.page.browser import IN_BROWSER
from tests.page.visitor import (
    UNREACHED,
    button,
    expect_complaint,
    expect_status,
    open_parameters,
    seed,
    text,
    voice,
)

pytestmark = IN_BROWSER

PHONE = {"width": 390, "height": 844}


async def covered(page, element):
    """Return whether the buttons that stay in view, or the window's edge, hide a part of it."""
    return await element.evaluate(
        """element => {
          const { left, right, top, bottom } = element.getBoundingClientRect();
          const seen = (x, y) => element.contains(document.elementFromPoint(x, y));
          return !seen(left + 8, top + 2) || !seen(right - 8, bottom - 2);
        }"""
    )


@pytest.mark.parametrize("name", ["nobody.ogg", "<img src=x onerror=alert(1)>.ogg"])
async def test_missing_voice_is_told_as_text_until_one_is_found(page, name):
    await voice(page).fill(name)
    await voice(page).press("Enter")
    await expect_complaint(page, f"Voice '{name}' not found")
    await expect(voice(page)).to_be_focused()
    await expect(voice(page)).to_have_attribute("aria-invalid", "true")
    await voice(page).fill("deep.wav")
    await voice(page).press("Enter")
    await expect_status(page, "Done")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(voice(page)).not_to_have_attribute("aria-invalid", "true")


async def test_voice_without_an_extension_is_told_with_the_way_out(page):
    await voice(page).fill("nobody")
    await voice(page).press("Enter")
    await expect_complaint(
        page,
        "Voice 'nobody' not found; add a file of that name, such as 'nobody.wav', to the server's "
        "voices folder, or use 'default'",
    )


async def test_parameter_out_of_range_is_told_where_it_is(page):
    await open_parameters(page)
    steps = page.get_by_label("num_steps", exact=True)
    await steps.fill("101")
    await open_parameters(page)  # closed again
    await button(page, "Speak").click()
    words = "Invalid parameter 'num_steps': should be less than or equal to 100, got 101"
    await expect_complaint(page, words)
    await expect(steps).to_be_focused()


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("Seed", "a number"),
        ("num_steps", "a number"),
        ("stream_steps", "a list of numbers, such as 8, 40"),
    ],
)
async def test_what_is_no_number_is_told_where_it_is(page, label, wanted):
    await open_parameters(page)
    number = page.get_by_label(label, exact=True)
    await number.press_sequentially("-")  # a browser takes it for a number begun
    await button(page, "Speak").click()
    await expect_complaint(page, f"{label} is not {wanted}")
    await expect(number).to_be_focused()


async def test_seed_that_a_browser_would_round_is_told(page):
    await seed(page).fill("9007199254740993")
    await button(page, "Speak").click()
    await expect_complaint(page, "Seed is beyond 9007199254740991, as far as a browser counts")
    await expect(seed(page)).to_be_focused()


async def test_empty_text_is_told(page):
    await text(page).fill(" ")
    await button(page, "Speak").click()
    await expect_complaint(page, "Text cannot be empty")
    await expect(text(page)).to_be_focused()


async def test_text_beyond_the_limit_is_told_while_it_is_written(page):
    count = page.locator("#count")
    await text(page).fill("Grüße 👋")
    await expect(count).to_have_text("7 of 4096 characters")
    await text(page).fill("a" * 4100)
    await expect(count).to_have_text("4100 of 4096 characters: 4 too many")
    await button(page, "Speak").click()
    await expect_complaint(page, "Text too long: 4100 characters (max 4096)")


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("label", ["Text", "Voice", "num_steps", "clause_pause_seconds"])
async def test_error_of_a_field_is_seen_below_it(visit, site, label, opened):
    page = await visit(site, PHONE)
    await open_parameters(page)
    field = page.get_by_label(label, exact=True)
    await field.fill({"Text": "", "Voice": "nobody.ogg"}.get(label, "101"))
    if not opened:
        await open_parameters(page)
    await text(page).press("Control+Enter")
    error = page.get_by_role("alert")
    await expect(error).to_be_visible()
    await expect(field).to_be_focused()
    assert not await covered(page, field)
    assert not await covered(page, error)
    below, field_box = await error.bounding_box(), await field.bounding_box()
    assert 0 <= below["y"] - field_box["y"] - field_box["height"] < 80


@pytest.mark.parametrize("opened", [False, True])
async def test_error_of_no_field_is_seen_by_the_buttons(visit, site, opened):
    page = await visit(site, PHONE)
    if opened:
        await open_parameters(page)
    await text(page).focus()
    await page.context.set_offline(True)
    await page.keyboard.press("Control+Enter")
    error = page.get_by_role("alert")
    await expect(error).to_have_text(UNREACHED)
    assert not await covered(page, error)
    assert not await covered(page, button(page, "Speak"))
