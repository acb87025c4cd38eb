"""A visitor of the page to listen with: opens it in a browser of their own, and finds its parts."""

import re
from contextlib import asynccontextmanager, suppress

import av
import numpy as np
from playwright.async_api import Error, expect

DESKTOP = {"width": 1280, "height": 720}
USUAL_MEDIA = {"color_scheme": "light", "reduced_motion": "no-preference"}
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
    """Yield `visit(url, viewport=…, **media)`: the page of a visitor who has never been there.

    None of its scripts may fail, nor may one be forbidden. `media` are options of Playwright's
    `emulate_media`. The page is the one of the test before, emptied: a new one would take half a
    second of a core. `anew`: it is a new one nevertheless, and closed at the end.
    """
    faults = []
    visited = {}

    def hear(message):
        if "Content Security Policy" in message.text or "Trusted" in message.text:
            faults.append(message.text)

    def fail(error):
        faults.append(str(error))

    async def visit(url, viewport=DESKTOP, anew=False, **media):
        idle = [] if anew else [context for context in browser.contexts if context not in visited]
        context = idle[0] if idle else await browser.new_context()
        page = context.pages[0] if idle else await context.new_page()
        if not idle:
            await page.add_init_script(LISTEN)
        visited[context] = anew
        page.on("pageerror", fail)
        page.on("console", hear)
        await page.set_viewport_size(viewport)
        await page.emulate_media(**{**USUAL_MEDIA, **media})
        await page.goto(url)
        return page

    yield visit
    for context, is_new in visited.items():
        if not is_new:
            with suppress(Error):  # which one that has crashed, say, has
                page, *others = context.pages
                page.remove_listener("pageerror", fail)
                page.remove_listener("console", hear)
                await _empty(page, others)
                continue
        await context.close()
    assert faults == []


async def _empty(page, others):
    """Leave nothing that the page's next visitor could find."""
    for other in others:
        await other.close()
    await page.unroute_all(behavior="ignoreErrors")
    await page.context.set_offline(False)
    await page.evaluate("localStorage.clear(), sessionStorage.clear()")
    await page.mouse.move(0, 0)
    await page.goto("about:blank")


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
