"""docs/api.md lists the routes that the server has."""

import re
from pathlib import Path

API = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


async def test_every_route_is_documented(make_ingress, connect):
    document = (await connect(make_ingress()).get("/openapi.json")).json()
    served = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    assert served <= set(re.findall(r"`([A-Z]+ /[^`]*)`", API))
