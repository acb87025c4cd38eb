"""The page to listen with, in a real browser against the running graph."""

import asyncio
import json
from itertools import pairwise

import av
import httpx
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import expect
from ray import serve

from speech.formats import FORMATS
from speech.parameters import PRESETS
from tests.graph.browser import CHROMIUM, chromium
from tests.graph.conftest import open_jobs, stats, wait_until
from tests.texts import ENDLESS, PARAGRAPHS, SENTENCE, THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt install chromium)"),
]

KEY = "sesame"

LISTEN = """
// Taps what reaches the loudspeaker, and notes what is scheduled for it.
const connect = AudioNode.prototype.connect, start = AudioBufferSourceNode.prototype.start;
let tap = null;
window.scheduled = [];
AudioNode.prototype.connect = function (to, ...rest) {
  if (to === this.context.destination) {
    tap ??= new AnalyserNode(this.context);
    connect.call(this, tap);
  }
  return connect.call(this, to, ...rest);
};
AudioBufferSourceNode.prototype.start = function (when, offset) {
  scheduled.push({ when, length: this.buffer.duration - offset });
  return start.call(this, when, offset);
};
window.time = () => tap.context.currentTime;
// When there was sound at last; it is looked for from the start, as a sentence may be over by the
// time that a busy machine asks.
window.sounded = null;
const samples = new Float32Array(2048);
const look = () => {
  tap?.getFloatTimeDomainData(samples);
  if (samples.some((sample) => Math.abs(sample) > 0.01)) window.sounded = time();
  requestAnimationFrame(look);
};
look();
window.sounding = () => new Promise((done) => {
  const ask = () => (window.sounded === null ? requestAnimationFrame(ask) : done(window.sounded));
  ask();
});
"""


@pytest.fixture(scope="module")
def site(deploy, graph_voices):
    """The page's address, of a graph that speaks `ENDLESS`, were it not stopped."""
    url, _ = deploy(
        "page",
        voices_dir=str(graph_voices),
        list_voices=True,
        max_text_chars=len(ENDLESS),
        max_audio_s=100 * 3600,
    )
    yield f"{url}/"
    serve.delete("page")


@pytest.fixture(scope="module")
def locked_site(deploy, graph_voices):
    """The page's address, of a graph that wants a key and breaks off after 20 s of audio."""
    url, _ = deploy("locked", voices_dir=str(graph_voices), api_keys=KEY, max_audio_s=20)
    yield f"{url}/"
    serve.delete("locked")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser():
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser):
    """Return `visit(url)`: a new visitor's page; no script of it may fail or be forbidden."""
    faults = []
    contexts = []

    def hear(message):
        if "Content Security Policy" in message.text or "Trusted" in message.text:
            faults.append(message.text)

    async def visit(url):
        contexts.append(await browser.new_context())
        page = await contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", hear)
        await page.add_init_script(LISTEN)
        await page.goto(url)
        return page

    yield visit
    for context in contexts:
        await context.close()
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(visit, site):
    return await visit(site)


def text(page):
    return page.get_by_label("Text", exact=True)


def voice(page):
    return page.get_by_label("Voice")


def seed(page):
    return page.get_by_label("Seed", exact=True)


def wave(page):
    return page.get_by_role("slider", name="Position")


def button(page, name):
    return page.get_by_role("button", name=name)


async def fact(page, name):
    return await page.locator(f"dt:text-is('{name}') + dd").inner_text()


async def shown_seconds(page, name):
    return float((await fact(page, name)).removesuffix(" s"))


async def expect_status(page, words):
    await expect(page.locator("#status")).to_contain_text(words, timeout=60_000)


async def expect_complaint(page, words):
    await expect(page.get_by_role("alert")).to_have_text(words, timeout=60_000)


async def body_sent_by(page, press):
    """Return the body of the speech request that `press()` makes the page send."""
    async with page.expect_request("**/v1/audio/speech") as asked:
        await press()
    return (await asked.value).post_data_json


async def saved(page, tmp_path, output_format):
    """Return what the page saves in a format: its samples, their rate, and the file's name."""
    await page.get_by_label("Format").select_option(output_format)
    async with page.expect_download() as downloading:
        await button(page, "Download").click()
    download = await downloading.value
    path = tmp_path / download.suggested_filename
    await download.save_as(path)
    raw = {"format": "s16le", "options": {"sample_rate": "44100"}}
    with av.open(path, **(raw if output_format == "pcm" else {})) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    return samples / (32768 if samples.dtype == np.int16 else 1), rate, path.name


async def test_page_tells_which_engine_speaks(page):
    await expect(page.locator("#health")).to_contain_text("engine echo-mini is loaded")
    await expect(page.locator("#health")).to_contain_text("voice files")


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
    before = await asyncio.to_thread(stats, "page")
    await text(page).fill(ENDLESS)
    await text(page).press("Control+Enter")
    await page.evaluate("sounding()")
    await expect_status(page, "Speaking")
    await asyncio.to_thread(wait_until, lambda: open_jobs("page") > 0)
    await button(page, "Stop").click()
    await expect_status(page, "Stopped")
    await asyncio.to_thread(wait_until, lambda: open_jobs("page") == 0)
    after = await asyncio.to_thread(stats, "page")
    assert after["jobs_cancelled"] > before["jobs_cancelled"]
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
    samples, rate, name = await saved(page, tmp_path, "wav")
    assert name == f"otto-ogg-{body['seed']}.wav"
    assert sum(piece["length"] for piece in pieces) == pytest.approx(len(samples) / rate, abs=1e-3)
    assert median_pitch_hz(samples.astype(np.float32), rate) == pytest.approx(
        102, rel=THREE_SEMITONES
    )


async def test_saved_wav_is_what_the_server_sent(page, site, tmp_path):
    await seed(page).fill("7")
    body = await body_sent_by(page, button(page, "Speak").click)
    await expect_status(page, "Done")
    samples, rate, _ = await saved(page, tmp_path, "wav")
    assert rate == 44100
    assert len(samples) / rate == pytest.approx(await shown_seconds(page, "Audio"), abs=0.006)
    async with httpx.AsyncClient(timeout=60) as client:
        sent = (await client.post(f"{site}v1/audio/speech", json=body)).content
    np.testing.assert_array_equal(samples * 32768, np.frombuffer(sent, "<i2"))


@pytest.mark.parametrize("output_format", sorted(FORMATS.keys() - {"wav"}))
async def test_saved_file_is_of_the_chosen_format_and_as_long(page, tmp_path, output_format):
    await button(page, "Speak").click()
    await expect_status(page, "Done")
    samples, rate, name = await saved(page, tmp_path, output_format)
    assert name.endswith(f".{FORMATS[output_format].extension}")
    assert len(samples) / rate == pytest.approx(await shown_seconds(page, "Audio"), abs=0.06)
    assert np.abs(samples).max() > 0.05


async def test_new_seed_each_time_unless_one_is_kept(page):
    seeds = [(await body_sent_by(page, button(page, "Speak").click))["seed"] for _ in range(2)]
    assert seeds[0] != seeds[1]
    await expect_status(page, "Done")
    assert await fact(page, "Seed") == str(seeds[1])
    await button(page, "Keep this seed").click()
    await expect(seed(page)).to_have_value(str(seeds[1]))
    await button(page, "Draw a seed").click()
    await expect(seed(page)).not_to_have_value(str(seeds[1]))


@pytest.mark.parametrize("name", ["nobody.ogg", "<img src=x onerror=alert(1)>.ogg"])
async def test_missing_voice_is_told_as_text_until_one_is_found(page, name):
    await voice(page).fill(name)
    await voice(page).press("Enter")
    await expect_complaint(page, f"speaker_voice '{name}' not found")
    await expect(voice(page)).to_be_focused()
    await expect(voice(page)).to_have_attribute("aria-invalid", "true")
    await voice(page).fill("ada.ogg")
    await voice(page).press("Enter")
    await expect_status(page, "Done")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(voice(page)).not_to_have_attribute("aria-invalid", "true")


async def test_parameter_out_of_range_is_told_where_it_is(page):
    await page.get_by_text("Parameters").click()
    steps = page.get_by_label("num_steps", exact=True)
    await steps.fill("101")
    await page.get_by_text("Parameters").click()  # closed again
    await button(page, "Speak").click()
    words = "Invalid parameter 'num_steps': should be less than or equal to 100, got 101"
    await expect_complaint(page, words)
    await expect(steps).to_be_focused()


@pytest.mark.parametrize(
    ("label", "name"),
    [("Seed", "seed"), ("num_steps", "num_steps"), ("stream_steps", "stream_steps")],
)
async def test_what_is_no_number_is_told_where_it_is(page, label, name):
    await page.locator("#parameters").evaluate("details => (details.open = true)")
    number = page.get_by_label(label, exact=True)
    await number.press_sequentially("-")  # a browser takes it for a number begun
    await button(page, "Speak").click()
    await expect_complaint(page, f"{name} is not a number")
    await expect(number).to_be_focused()


async def test_seed_that_a_browser_would_round_is_told(page):
    await seed(page).fill("9007199254740993")
    await button(page, "Speak").click()
    await expect_complaint(page, "seed is beyond 9007199254740991, as far as a browser counts")
    await expect(seed(page)).to_be_focused()


async def test_empty_text_is_told(page):
    await text(page).fill(" ")
    await button(page, "Speak").click()
    await expect_complaint(page, "Text cannot be empty")
    await expect(text(page)).to_be_focused()


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
    await page.get_by_text("Parameters").click()
    await page.get_by_label("cfg_scale_text, slider").fill("8")
    await page.get_by_label("cfg_min_t", exact=True).fill("0.25")
    await page.get_by_label("num_steps", exact=True).fill("40")  # sent, if not the model's own
    await page.get_by_label("stream_steps", exact=True).fill("8, 40")
    await page.get_by_label("auto").check()
    await page.get_by_label("enable_crossfade").uncheck()
    await page.get_by_label("speed", exact=True).fill("2")
    await expect(page.get_by_label("Preset")).to_have_value("Custom")
    body = await body_sent_by(page, button(page, "Speak").click)
    assert body["speed"] == 2
    assert body["parameters"] == {
        "cfg_scale_text": 8,
        "cfg_min_t": 0.25,
        "num_steps": 40,
        "stream_steps": [8, 40],
        "sequence_length": "auto",
        "enable_crossfade": False,
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
    await page.keyboard.type("otto.ogg")
    body = await body_sent_by(page, lambda: page.keyboard.press("Control+Enter"))
    assert (body["input"], body["voice"]) == (SENTENCE, "otto.ogg")
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


async def test_click_into_the_waveform_seeks(page):
    await button(page, "Speak").click()
    await expect_status(page, "Done")
    await button(page, "Stop").click()
    box = await wave(page).bounding_box()
    await wave(page).click(position={"x": box["width"] / 2, "y": 10})
    end = float(await wave(page).get_attribute("aria-valuemax"))
    middle = float(await wave(page).get_attribute("aria-valuenow"))
    assert middle == pytest.approx(end / 2, abs=0.02)


async def test_the_servers_voices_are_offered(page):
    offered = page.locator("#voices option[value='otto.ogg']")
    await expect(offered).to_have_count(1)


async def test_voice_and_format_are_remembered(page):
    await voice(page).fill("otto.ogg")
    await button(page, "Speak").click()
    await expect_status(page, "Done")
    await page.get_by_label("Format").select_option("flac")
    await page.reload()
    await expect(voice(page)).to_have_value("otto.ogg")
    await expect(page.locator("#format")).to_have_value("flac")


async def test_key_is_asked_for_only_where_one_is_needed_and_lives_in_its_tab(visit, locked_site):
    page = await visit(locked_site)
    key = page.get_by_label("API key")
    await expect(page.locator("#health")).to_contain_text("engine echo-mini is loaded")
    await expect(key).to_be_hidden()
    await button(page, "Speak").click()
    await expect_complaint(page, "This server asks for an API key.")
    await expect(key).to_be_focused()
    await key.fill("wrong")
    await key.press("Enter")
    await expect_complaint(page, "The server does not accept this API key.")
    await key.fill(f"\u201c{KEY}\u201d")  # as a word processor quotes: no header takes it
    await key.press("Enter")
    await expect_complaint(page, "This API key holds characters that no key has.")
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
    await expect_complaint(page, "The audio broke off: the server ended it early.")
    await expect(button(page, "Download")).to_be_enabled()


async def test_server_that_is_gone_is_told(page):
    await page.context.set_offline(True)
    await button(page, "Speak").click()
    await expect_complaint(page, "The server does not answer.")


async def test_docs_show_the_routes_within_their_policy(visit, site):
    docs = await visit(f"{site}docs")
    await expect(docs.get_by_text("/v1/audio/speech", exact=True).first).to_be_visible()
