"""What was spoken: heard again, compared with the takes before, and saved."""

import asyncio

import httpx
import numpy as np
import pytest
from playwright.async_api import expect

from speech.formats import FORMATS
from tests.page.browser import IN_BROWSER
from tests.page.visitor import (
    body_sent_by,
    button,
    expect_status,
    fact,
    saved,
    seed,
    shown_seconds,
    speak,
    take,
    text,
    voice,
    wave,
)

pytestmark = IN_BROWSER


async def test_saved_wav_is_what_the_server_sent(page, site, tmp_path):
    await seed(page).fill("7")
    body = await body_sent_by(page, button(page, "Speak").click)
    await expect_status(page, "Done")
    samples, rate, _ = await saved(page, tmp_path, button(page, "Download"))
    assert rate == 44100
    assert len(samples) / rate == pytest.approx(await shown_seconds(page, "Audio"), abs=0.006)
    async with httpx.AsyncClient(timeout=60) as client:
        sent = (await client.post(f"{site}/v1/audio/speech", json=body)).content
    np.testing.assert_array_equal(samples * 32768, np.frombuffer(sent, "<i2"))


@pytest.mark.parametrize("output_format", sorted(FORMATS.keys() - {"wav"}))
async def test_saved_file_is_of_the_chosen_format_and_as_long(page, tmp_path, output_format):
    await speak(page)
    await page.get_by_label("Format").select_option(output_format)
    samples, rate, name = await saved(page, tmp_path, button(page, "Download"))
    assert name.endswith(f".{FORMATS[output_format].extension}")
    assert len(samples) / rate == pytest.approx(await shown_seconds(page, "Audio"), abs=0.06)
    assert np.abs(samples).max() > 0.05


async def test_click_into_the_waveform_seeks(page):
    await speak(page)
    await button(page, "Stop").click()
    box = await wave(page).bounding_box()
    await wave(page).click(position={"x": box["width"] / 2, "y": 10})
    end = float(await wave(page).get_attribute("aria-valuemax"))
    middle = float(await wave(page).get_attribute("aria-valuenow"))
    assert middle == pytest.approx(end / 2, abs=0.02)


async def test_dragging_along_the_waveform_seeks_and_then_plays_on(page):
    await speak(page, text="Word after word. " * 20)
    box = await wave(page).bounding_box()
    await page.mouse.move(box["x"] + 10, box["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 10)
    end = float(await wave(page).get_attribute("aria-valuemax"))
    middle = float(await wave(page).get_attribute("aria-valuenow"))
    assert middle == pytest.approx(end / 2, abs=0.1)
    await expect(button(page, "Play")).to_be_visible()
    await page.mouse.up()
    await expect(button(page, "Pause")).to_be_visible()
    assert float(await wave(page).get_attribute("aria-valuenow")) >= middle


async def test_takes_are_told_apart_and_heard_again(page):
    await speak(page, text="The first one.", voice="deep.wav", seed="1")
    first = await shown_seconds(page, "Audio")
    await speak(page, text="And the second one.", voice="", seed="2")
    second = await shown_seconds(page, "Audio")
    await expect(take(page, 1)).to_contain_text(f"The first one.deep.wav · seed 1 · {first:.2f} s")
    await expect(take(page, 2)).to_contain_text(f"second one.default · seed 2 · {second:.2f} s")
    await expect(take(page, 2)).to_have_attribute("aria-current", "true")
    await button(page, "Stop").click()
    await page.evaluate("scheduled = []")
    await button(page, "Play take 1").click()
    lengths = [piece["length"] for piece in await page.evaluate("scheduled")]
    assert sum(lengths) == pytest.approx(first, abs=0.01)
    await expect(take(page, 1)).to_have_attribute("aria-current", "true")
    await expect(take(page, 2)).not_to_have_attribute("aria-current", "true")
    assert await fact(page, "Seed") == "1"


async def test_earlier_take_is_saved_in_any_format(page, tmp_path):
    await speak(page, text="The first one.", seed="1")
    first = await shown_seconds(page, "Audio")
    await speak(page, text="And the second, which is longer.", seed="2")
    for output_format in ("wav", "flac"):
        await page.get_by_label("Format").select_option(output_format)
        samples, rate, name = await saved(page, tmp_path, button(page, "Download take 1"))
        assert name == f"default-1.{output_format}"
        assert len(samples) / rate == pytest.approx(first, abs=0.01)


async def test_long_take_that_is_spoken_again_shows_its_progress(page):
    await speak(page, text="Word after word. " * 20)
    released = asyncio.Event()

    async def hold(route):
        await released.wait()
        await route.continue_()

    await page.route("**/v1/audio/speech", hold)
    await page.get_by_label("Format").select_option("mp3")
    async with page.expect_download():
        await button(page, "Download").click()
        await expect(page.get_by_role("progressbar")).to_be_visible()
        released.set()
    await expect_status(page, "Saved as mp3")
    await expect(page.get_by_role("progressbar")).to_be_hidden()


async def test_take_is_still_there_after_a_request_that_fails(page):
    await speak(page, text="The first one.", seed="1")
    await voice(page).fill("nobody.ogg")
    await voice(page).press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(button(page, "Play")).to_be_visible()
    assert await fact(page, "Seed") == "1"


async def test_list_of_takes_is_bounded(page):
    for number in range(12):
        await speak(page, text="Hm.", seed=str(number))
    await expect(page.get_by_role("listitem")).to_have_count(10)
    await expect(take(page, 12)).to_be_visible()
    await expect(take(page, 2)).to_have_count(0)


async def test_takes_are_bounded_in_audio(page):
    await page.evaluate("takes.push({ length: MAX_SAMPLES, row: document.createElement('li') })")
    await speak(page)
    assert await page.evaluate("takes.length") == 1


async def test_another_take_is_heard_while_one_is_made(visit, held_site):
    url, stage = held_site
    page = await visit(url)
    stage.release.set()
    await speak(page, text="The first one.", seed="1")
    stage.release.clear()
    await text(page).press("Control+Enter")
    await expect_status(page, "Waiting")
    await expect(button(page, "Play")).to_be_hidden()
    stage.release.set()
    await expect_status(page, "Done")
    await button(page, "Play take 1").click()
    assert await fact(page, "Seed") == "1"
