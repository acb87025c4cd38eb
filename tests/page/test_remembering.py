"""What survives a reload, and what does not leave its tab."""

import json

import pytest
from playwright.async_api import expect

from tests.deployments.sockets import served
from tests.page.browser import IN_BROWSER
from tests.page.visitor import (
    body_sent_by,
    button,
    expect_complaint,
    expect_status,
    fact,
    open_parameters,
    seed,
    speak,
    take,
    text,
    voice,
)
from tests.texts import SENTENCE

pytestmark = IN_BROWSER

KEY = "sesame"


@pytest.fixture(scope="module")
def locked_site(make_site):
    """The page's address, of a server that wants a key and breaks off after 20 s of audio."""
    with served(make_site(api_keys=[KEY], limits={"max_audio_s": 20})) as url:
        yield url


async def test_voice_and_format_are_remembered(page):
    await speak(page, voice="high.flac")
    await page.get_by_label("Format").select_option("flac")
    other = await page.context.new_page()
    await other.goto(page.url)
    for visited in (page, other):
        await visited.reload()
        await expect(voice(visited)).to_have_value("high.flac")
        await expect(visited.locator("#format")).to_have_value("flac")


async def test_what_is_written_survives_a_reload(page):
    await text(page).fill("A long text.\n\nNobody wants to write it twice.")
    await voice(page).fill("high.flac")
    await seed(page).fill("7")
    await open_parameters(page)
    await page.get_by_label("num_steps", exact=True).fill("9")
    await page.get_by_label("speed", exact=True).fill("1.5")
    await page.get_by_label("enable_crossfade").uncheck()
    before = await body_sent_by(page, button(page, "Speak").click)
    await page.reload()
    await expect(page.locator("#changed")).to_contain_text("num_steps, enable_crossfade, speed")
    assert await body_sent_by(page, button(page, "Speak").click) == before
    assert before["parameters"] == {"num_steps": 9, "enable_crossfade": False}


async def test_what_is_chosen_from_a_list_survives_a_reload(page):
    await page.get_by_label("Preset").select_option("Independent-Low-CFG")
    await page.reload()
    await expect(page.get_by_label("Preset")).to_have_value("Independent-Low-CFG")
    await page.get_by_label("Choose a voice").select_option("high.flac")
    await page.reload()
    await expect(voice(page)).to_have_value("high.flac")


async def test_emptied_text_stays_empty(page):
    await text(page).fill("")
    await page.reload()
    await expect(text(page)).to_have_value("")


@pytest.mark.parametrize("kept", ["{}", "[]", '"x"', "7", "{"])
async def test_what_is_remembered_in_another_shape_is_forgotten(page, kept):
    await page.evaluate(
        """kept => {
            for (const name of ["voices", "format", "pace"])
                localStorage.setItem(`echo-tts.${name}`, kept);
            for (const name of ["draft", "key"])
                sessionStorage.setItem(`echo-tts.${name}`, kept);
        }""",
        kept,
    )
    written = await text(page).input_value()
    await page.reload()
    await expect(text(page)).to_have_value(written)
    await speak(page)


async def test_key_is_asked_for_only_where_one_is_needed_and_lives_in_its_tab(visit, locked_site):
    page = await visit(locked_site)
    key = page.get_by_label("API key")
    await expect(page.locator("#health")).to_contain_text("engine tone is loaded")
    await expect(key).to_be_hidden()
    await button(page, "Speak").click()
    await expect_complaint(page, "This server asks for an API key.")
    await expect(key).to_be_focused()
    await key.fill("wrong")
    await key.press("Enter")
    await expect_complaint(page, "The server does not accept this API key.")
    await key.fill(f"\u201c{KEY}\u201d")  # as a word processor quotes: no header takes it
    await key.press("Enter")
    await expect_complaint(
        page, "This API key has characters that cannot be sent: use printable ASCII."
    )
    await key.fill(KEY)
    await key.press("Enter")
    await expect_status(page, "Done")
    await page.reload()
    await button(page, "Speak").click()
    await expect_status(page, "Done")
    kept = await page.context.storage_state()
    assert KEY not in json.dumps(kept)
    assert await page.evaluate("Object.values(sessionStorage).join()") == f'"{KEY}"'


async def test_audio_that_breaks_off_is_told(visit, locked_site):
    page = await visit(locked_site)
    await page.evaluate("key => sessionStorage.setItem('echo-tts.key', JSON.stringify(key))", KEY)
    await page.reload()
    await text(page).fill(SENTENCE * 40)
    await button(page, "Speak").click()
    await expect(page.get_by_role("alert")).to_contain_text("The audio broke off")
    await expect(page.get_by_role("alert")).to_contain_text(await fact(page, "Request"))
    await expect(button(page, "Download")).to_be_enabled()
    await text(page).fill("A short one.")
    await button(page, "Speak").click()
    await expect_status(page, "Done")
    await expect(take(page, 1)).to_contain_text("s · cut short")
    await expect(take(page, 2)).not_to_contain_text("cut short")
