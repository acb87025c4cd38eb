"""Debian's Chromium, as the page's tests and its screenshot start it."""

import shutil
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import async_playwright, expect

CHROMIUM = shutil.which("chromium")
"""None where it is not installed."""
IN_BROWSER = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt install chromium)"),
]
"""The marks of every test that opens the page."""
expect.set_options(timeout=60_000)  # a busy machine is slow
FLAGS = (
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@asynccontextmanager
async def chromium():
    """A headless browser that calls nobody by itself; Playwright leaves out the sandbox."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()
