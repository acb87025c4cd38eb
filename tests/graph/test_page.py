"""The page to listen with, in a real browser against the running graph."""

import asyncio
import re
from itertools import pairwise

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.few_steps import NUM_STEPS
from tests.graph.conftest import open_jobs, stats, wait_until, wait_until_given_up
from tests.page.browser import IN_BROWSER, chromium
from tests.page.visitor import (
    body_sent_by,
    button,
    expect_status,
    fact,
    open_parameters,
    saved,
    shown_seconds,
    text,
    visiting,
    voice,
    wave,
)
from tests.texts import PARAGRAPHS, SENTENCE, THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = IN_BROWSER

LONG = SENTENCE * (4096 // len(SENTENCE))
"""Over four minutes of speech, the longest text there may be; none is listened to its end."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser():
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser, graph):
    async with visiting(browser) as visit:
        yield await visit(f"{graph}/")


async def test_page_tells_which_engine_speaks_and_stands_at_its_defaults(page):
    await expect(page.locator("#health")).to_contain_text("engine echo-mini is loaded")
    await expect(page.locator("#health")).to_contain_text("voice files")
    await open_parameters(page)
    await expect(page.get_by_label("num_steps, slider")).to_have_value(str(NUM_STEPS))
    await expect(page.get_by_label("auto")).to_be_checked()


async def test_page_speaks_a_typed_text_aloud_to_its_end(page):
    await text(page).fill("Good evening.")
    await voice(page).fill("ada.ogg")
    async with page.expect_response("**/v1/audio/speech") as answering:
        await button(page, "Speak").click()
    assert await page.evaluate("sounding()") > 0
    await expect_status(page, "Done")
    await expect(button(page, "Play")).to_be_visible()
    duration = await shown_seconds(page, "Audio")
    assert duration > 0.5
    assert await page.evaluate("time()") >= duration
    end = await wave(page).get_attribute("aria-valuemax")
    assert float(end) == pytest.approx(duration, abs=0.01)
    assert await wave(page).get_attribute("aria-valuenow") == end
    assert await fact(page, "Engine") == "echo-mini"
    (request_id,) = await (await answering.value).header_values("X-Request-ID")
    assert await fact(page, "Request") == request_id
    total, factor = await shown_seconds(page, "Total"), await fact(page, "Real-time factor")
    assert float(factor) == pytest.approx(total / duration, abs=0.02)
    assert 0 < await shown_seconds(page, "First audio") <= total


async def test_sound_begins_while_the_text_is_spoken_and_stop_frees_the_engine(page):
    before = await asyncio.to_thread(stats, "graph")
    await text(page).fill(LONG)
    await open_parameters(page)
    await page.get_by_label("num_steps", exact=True).fill("50")  # minutes, while the browser waits
    await page.get_by_label("stream_steps").fill("4, 50")
    await text(page).press("Control+Enter")
    await page.evaluate("sounding()")
    await expect_status(page, "Speaking")
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await expect(page.locator("#left")).to_have_text(re.compile(r"^about \d+:\d\d left$"))
    await asyncio.to_thread(wait_until, lambda: open_jobs("graph") > 0)
    await button(page, "Stop").click()
    await expect_status(page, "Stopped")
    await asyncio.to_thread(wait_until_given_up, "graph", before)
    await expect(page.get_by_role("progressbar")).to_be_hidden()
    await expect(button(page, "Download")).to_be_enabled()  # what came before is kept


async def test_three_paragraphs_stream_in_the_named_voice_and_play_without_a_gap(page, tmp_path):
    await text(page).fill(PARAGRAPHS)
    await voice(page).fill("otto.ogg")
    body = await body_sent_by(page, button(page, "Speak").click)
    assert (body["input"], body["voice"]) == (PARAGRAPHS, "otto.ogg")
    await expect_status(page, "Done")
    await button(page, "Stop").click()
    await wave(page).press("Home")
    await page.evaluate("scheduled = []")
    await button(page, "Play").click()
    pieces = await page.evaluate("scheduled")
    for before, after in pairwise(pieces):
        assert after["when"] == pytest.approx(before["when"] + before["length"], abs=1e-6)
    samples, rate, name = await saved(page, tmp_path, button(page, "Download"))
    assert name == f"otto-ogg-{body['seed']}.wav"
    assert sum(piece["length"] for piece in pieces) == pytest.approx(len(samples) / rate, abs=1e-3)
    assert median_pitch_hz(samples.astype(np.float32), rate) == pytest.approx(
        102, rel=THREE_SEMITONES
    )
