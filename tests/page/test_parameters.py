"""The parameters' controls stand at what the loaded model speaks with."""

import pytest
from playwright.async_api import expect

from tests.page.browser import IN_BROWSER
from tests.page.visitor import body_sent_by, button, open_parameters

pytestmark = IN_BROWSER


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("num_steps", "12"),  # the model's own
        ("cfg_min_t", "0.3"),
        ("target_duration_seconds", "4"),
        ("cfg_scale_text", "3"),  # everyone's
        ("max_chars_per_chunk", "300"),
        ("speed", "1"),
    ],
)
async def test_box_shows_the_default_whole_and_the_slider_stands_at_it(page, name, default):
    await open_parameters(page)
    box = page.get_by_label(name, exact=True)
    await expect(box).to_have_attribute("placeholder", default)
    await expect(box).to_have_value("")
    assert await box.evaluate("box => box.scrollWidth <= box.clientWidth")
    slider = page.get_by_label(f"{name}, slider")
    if await slider.count():
        await expect(slider).to_have_value(default)


async def test_model_that_chooses_the_length_has_auto_checked(page):
    await open_parameters(page)
    length = page.get_by_label("sequence_length", exact=True)
    await expect(page.get_by_label("auto")).to_be_checked()
    await expect(length).to_be_disabled()
    await page.get_by_label("auto").uncheck()
    await expect(length).to_have_value("640")
    await length.fill("")
    await length.press_sequentially("320")  # emptied and typed anew
    sent = (await body_sent_by(page, button(page, "Speak").click))["parameters"]
    assert sent == {"sequence_length": 320}


async def test_model_that_writes_out_has_it_checked(page):
    await open_parameters(page)
    await expect(page.get_by_label("normalize_text")).to_be_checked()
    assert (await body_sent_by(page, button(page, "Speak").click))["parameters"] == {}


async def test_everything_goes_back_to_the_defaults_at_once(page):
    await open_parameters(page)
    back = button(page, "Back to the defaults")
    await expect(back).to_be_disabled()
    await page.get_by_label("Preset").select_option("Independent-Low-CFG")
    await page.get_by_label("clause_pause_seconds", exact=True).fill("1")
    await page.get_by_label("speed", exact=True).fill("2")
    await back.click()
    await page.reload()
    await expect(page.locator("#changed")).to_have_text("all at their defaults")
    body = await body_sent_by(page, button(page, "Speak").click)
    assert (body["parameters"], body["speed"]) == ({}, 1)


async def test_emptied_box_is_at_its_default_again(page):
    await open_parameters(page)
    steps, slider = page.get_by_label("num_steps", exact=True), page.get_by_label("num_steps, sl")
    await steps.fill("50")
    await expect(slider).to_have_value("50")
    await expect(page.locator("#changed")).to_have_text("changed: num_steps")
    await steps.fill("")
    await expect(slider).to_have_value("12")
    await expect(page.locator("#changed")).to_have_text("all at their defaults")
