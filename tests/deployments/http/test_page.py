import base64
import hashlib
import re

import pytest

from deployments.http.page import SCRIPTS, SOURCES


@pytest.fixture
async def page(make_ingress, connect):
    return await connect(make_ingress(api_keys=["secret"])).get("/")


def test_page_needs_no_key_and_is_html(page):
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


def test_page_is_one_small_file_that_loads_nothing(page):
    assert len(page.content) < 50_000
    assert "{{" not in page.text
    assert all(url.startswith("data:") for url in re.findall(r"(?:src|href)=\"(.*?)\"", page.text))
    assert not re.search(r"@import|url\(|import\(", page.text)


def test_page_never_takes_text_for_html(page):
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", page.text)


def test_policy_lets_only_the_pages_own_script_and_style_run(page):
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    for element in ("script", "style"):
        [content] = re.findall(rf"<{element}>(.*?)</{element}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy


async def test_browser_that_has_the_page_is_told_so(make_ingress, connect, page):
    client = connect(make_ingress())
    assert page.headers["Cache-Control"] == "no-cache"
    etag = page.headers["ETag"]
    for held in (etag, f'"other", W/{etag}'):
        again = await client.get("/", headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
    assert (await client.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


def test_every_script_is_part_of_the_page():
    assert {path.stem for path in SOURCES.glob("*.js")} == set(SCRIPTS)
