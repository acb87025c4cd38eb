"""What the page sends for what is filled in."""

import pytest
from playwright.async_api import expect

from speech.parameters import PRESETS
from tests.page.browser import IN_BROWSER
from tests.page.visitor import (
    body_sent_by,
    button,
    expect_status,
    fact,
    open_parameters,
    seed,
    text,
    voice,
    wave,
)
from tests.texts import SENTENCE

pytestmark = IN_BROWSER


async def test_new_seed_each_time_unless_one_is_kept(page):
    seeds = [(await body_sent_by(page, button(page, "Speak").click))["seed"] for _ in range(2)]
    assert seeds[0] != seeds[1]
    await expect_status(page, "Done")
    assert await fact(page, "Seed") == str(seeds[1])
    await button(page, "Keep this seed").click()
    await expect(seed(page)).to_have_value(str(seeds[1]))
    await button(page, "Draw a seed").click()
    await expect(seed(page)).not_to_have_value(str(seeds[1]))


async def test_preset_fills_the_parameters_it_stands_for(page):
    parameters = page.get_by_label("Preset")
    assert (await body_sent_by(page, button(page, "Speak").click))["parameters"] == {}
    for name, values in PRESETS.items():
        await parameters.select_option(name)
        for parameter, value in values.items():
            control = page.locator(f"#parameter-{parameter}")
            assert float(await control.input_value()) == value
        sent = (await body_sent_by(page, button(page, "Speak").click))["parameters"]
        assert sent == values
    await parameters.select_option("Defaults")
    assert (await body_sent_by(page, button(page, "Speak").click))["parameters"] == {}


async def test_controls_and_their_sliders_set_the_parameters(page):
    await open_parameters(page)
    await expect(page.get_by_label("auto")).to_be_checked()  # the model's own
    await page.get_by_label("cfg_scale_text, slider").fill("8")
    await page.get_by_label("cfg_min_t", exact=True).fill("0.25")
    await page.get_by_label("num_steps", exact=True).fill("12")  # sent, though the model's own
    await page.get_by_label("stream_steps", exact=True).fill("8, 40")
    await page.get_by_label("auto").uncheck()
    await page.get_by_label("auto").check()
    await page.get_by_label("enable_crossfade").uncheck()
    await page.get_by_label("normalize_text").uncheck()  # which the model does by itself
    await page.get_by_label("speed", exact=True).fill("2")
    await expect(page.get_by_label("Preset")).to_have_value("Custom")
    body = await body_sent_by(page, button(page, "Speak").click)
    assert body["speed"] == 2
    assert body["parameters"] == {
        "cfg_scale_text": 8,
        "cfg_min_t": 0.25,
        "num_steps": 12,
        "stream_steps": [8, 40],
        "sequence_length": "auto",
        "enable_crossfade": False,
        "normalize_text": False,
    }
    await expect_status(page, "Done")


async def test_page_is_used_by_keyboard_alone(page):
    async def tab_to(control):
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await control.evaluate("element => element === document.activeElement"):
                return
        pytest.fail("Tab never gets there")

    await expect(text(page)).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type(SENTENCE)
    await tab_to(voice(page))
    await page.keyboard.type("high.flac")
    body = await body_sent_by(page, lambda: page.keyboard.press("Control+Enter"))
    assert (body["input"], body["voice"]) == (SENTENCE, "high.flac")
    await expect_status(page, "Done")
    await page.evaluate("sounding()")
    await page.keyboard.press("Escape")
    await expect(button(page, "Play")).to_be_enabled()
    await tab_to(wave(page))
    await page.keyboard.press("End")
    end = await wave(page).get_attribute("aria-valuemax")
    await expect(wave(page)).to_have_attribute("aria-valuenow", end)
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowRight")
    await expect(wave(page)).to_have_attribute("aria-valuenow", "1.00")
    await page.evaluate("sounded = null")
    await page.keyboard.press(" ")
    await page.evaluate("sounding()")


async def test_key_for_an_input_method_stops_nothing(page):
    await text(page).fill("Word after word. " * 20)
    await button(page, "Speak").click()
    await expect(button(page, "Pause")).to_be_visible()
    press = """([text, isComposing]) => text.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", isComposing, bubbles: true }))"""
    await page.evaluate(press, [await text(page).element_handle(), True])
    await expect(button(page, "Pause")).to_be_visible()
    await page.evaluate(press, [await text(page).element_handle(), False])
    await expect(button(page, "Play")).to_be_visible()


async def test_a_voice_is_chosen_from_the_servers_list(page):
    await expect(page.locator("#voices option[value='high.flac']")).to_have_count(1)  # on typing
    choice = page.get_by_label("Choose a voice")
    for chosen, sent in (("high.flac", "high.flac"), ("deep.wav", "deep.wav"), ("default",) * 2):
        await choice.select_option(chosen)
        body = await body_sent_by(page, button(page, "Speak").click)
        assert body["voice"] == sent


async def test_list_of_voices_is_used_by_keyboard(page):
    choice = page.get_by_label("Choose a voice")
    await expect(choice.locator("option")).to_have_count(3)
    await voice(page).fill("somebody.ogg")
    await expect(choice).to_have_value("")
    await voice(page).fill("")
    await expect(choice).to_have_value("default")
    await choice.focus()
    for chosen in ("deep.wav", "high.flac"):
        await page.keyboard.press("ArrowDown")
        await expect(voice(page)).to_have_value(chosen)
    await page.keyboard.press("ArrowUp")
    await expect(voice(page)).to_have_value("deep.wav")


async def test_without_a_list_the_voices_used_last_are_offered(visit, held_site):
    url, stage = held_site
    stage.release.set()
    page = await visit(url)
    await expect(page.get_by_label("Choose a voice")).to_be_hidden()
    await voice(page).fill("high.flac")
    await button(page, "Speak").click()
    await expect_status(page, "Done")
    await expect(page.locator("#voices option[value='high.flac']")).to_have_count(1)
