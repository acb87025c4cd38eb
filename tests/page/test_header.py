"""The header tells whether the server can speak, for as long as the page is open."""

from playwright.async_api import expect

from tests.deployments.sockets import served
from tests.page.browser import IN_BROWSER
from tests.page.visitor import UNREACHED, button, expect_complaint

pytestmark = IN_BROWSER

PING_MS = 5000


async def test_header_turns_when_the_server_goes_and_when_it_is_back(visit, make_site):
    ingress = make_site()
    health, loaded, gone = "#health", "engine tone is loaded", "The server does not answer"
    with served(ingress) as url:
        page = await visit("about:blank", anew=True)
        await page.clock.install()
        await page.goto(url)
        await expect(page.locator(health)).to_contain_text(loaded)
        await expect(page.locator(health)).to_have_class("healthy")
    await page.clock.fast_forward(PING_MS)
    await expect(page.locator(health)).to_have_text(gone)
    await expect(page.locator(health)).to_have_class("unhealthy")
    with served(ingress, port=int(url.rpartition(":")[2])):
        await page.clock.fast_forward(PING_MS)
        await expect(page.locator(health)).to_contain_text(loaded)
        ingress._service.drain()
        await page.clock.fast_forward(PING_MS)
        await expect(page.locator(health)).to_contain_text("the server is stopping")


async def test_header_turns_with_the_request_that_finds_the_server_gone(page):
    await expect(page.locator("#health")).to_have_class("healthy")
    await page.context.set_offline(True)
    await button(page, "Speak").click()
    await expect_complaint(page, UNREACHED)
    await expect(page.locator("#health")).to_have_text("The server does not answer")
    await page.context.set_offline(False)
    await expect(page.locator("#health")).to_have_class("healthy")


async def test_docs_show_the_routes_within_their_policy(visit, site):
    docs = await visit(f"{site}/docs")
    await expect(docs.get_by_text("/v1/audio/speech", exact=True).first).to_be_visible()
