import re

import pytest


@pytest.fixture
async def client(make_ingress, connect):
    return connect(make_ingress(api_keys=["secret"]))


async def test_docs_load_nothing_from_elsewhere(client):
    page = await client.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 3
    assert not any("//" in address for address in addresses)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for address in addresses:
        if not address.startswith("data:"):
            file = await client.get(address)
            assert file.status_code == 200
            assert len(file.content) > 100_000


async def test_docs_describe_the_api_that_answers(client):
    page = await client.get("/docs")
    assert '"/openapi.json"' in page.text
    assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_there_is_no_second_page_that_asks_a_cdn(client):
    assert (await client.get("/redoc")).status_code == 404
