"""A visitor of the page to listen with: opens it in a browser of their own, and finds its parts."""

import re
from contextlib import asynccontextmanager

import av
import numpy as np
from playwright.async_api import expect

UNREACHED = "The server does not answer. Does it run, and does this machine reach it?"
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


@asynccontextmanager
async def visiting(browser):
    """Yield `visit(url, **context)`: a new visitor's page; none of its scripts may fail.

    Nor may one be forbidden. `context` are options of Playwright's browser context.
    """
    faults = []
    contexts = []

    def hear(message):
        if "Content Security Policy" in message.text or "Trusted" in message.text:
            faults.append(message.text)

    async def visit(url, **context):
        contexts.append(await browser.new_context(**context))
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


def text(page):
    return page.get_by_label("Text", exact=True)


def voice(page):
    return page.get_by_label("Voice", exact=True)


def seed(page):
    return page.get_by_label("Seed", exact=True)


def wave(page):
    return page.get_by_role("slider", name="Position")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def take(page, number):
    """Return the row of a take in the list of the last ones; the first is 1."""
    play = page.get_by_role("button", name=f"Play take {number}", exact=True)
    return page.get_by_role("listitem").filter(has=play)


async def fact(page, name):
    return await page.locator(f"dt:text-is('{name}') + dd").inner_text()


async def shown_seconds(page, name):
    return float((await fact(page, name)).removesuffix(" s"))


async def open_parameters(page):
    await page.locator("summary").click()


async def expect_status(page, words):
    await expect(page.locator("#status")).to_contain_text(words)


async def expect_complaint(page, words):
    await expect(page.get_by_role("alert")).to_have_text(words)


async def speak(page, **fields):
    """Fill in `text`, `voice` or `seed`, and have it spoken to its end."""
    for name, value in fields.items():
        await {"text": text, "voice": voice, "seed": seed}[name](page).fill(value)
    await button(page, "Speak").click()
    await expect_status(page, re.compile("^Done"))


async def body_sent_by(page, press):
    """Return the body of the speech request that `press()` makes the page send."""
    async with page.expect_request("**/v1/audio/speech") as asked:
        await press()
    return (await asked.value).post_data_json


async def saved(page, tmp_path, press):
    """Return what `press` makes the page save: its samples, their rate, and the file's name."""
    async with page.expect_download() as downloading:
        await press.click()
    download = await downloading.value
    path = tmp_path / download.suggested_filename
    await download.save_as(path)
    raw = {"format": "s16le", "options": {"sample_rate": "44100"}}
    with av.open(path, **(raw if path.suffix == ".pcm" else {})) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    return samples / (32768 if samples.dtype == np.int16 else 1), rate, path.name
