"""docs/api.md lists the routes that the server has, and the fields that it takes."""

import json
import re
from pathlib import Path

import pytest

from speech.request import JobInput, SpeechBody

API = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def section(title):
    """Return the text from a heading to the next of its kind."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", API, re.M | re.S)[1]


async def test_every_route_is_documented(make_ingress, connect):
    document = (await connect(make_ingress()).get("/openapi.json")).json()
    served = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    assert served <= set(re.findall(r"`([A-Z]+ /[^`]*)`", API))


async def test_document_describes_every_route_whole(make_ingress, connect):
    document = (await connect(make_ingress()).get("/openapi.json")).json()
    error = {"$ref": "#/components/schemas/ErrorBody"}
    named = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))
    assert set(named) == document["components"]["schemas"].keys()
    without_body = ("/cancel/{job_id}", "/purge-queue")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            described = {each["name"] for each in operation.get("parameters", [])}
            assert set(re.findall(r"{(\w+)}", path)) <= described, path
            assert "422" not in operation["responses"], path  # no route answers it
            default = operation["responses"]["default"]["content"]["application/json"]
            assert default["schema"] == error, path
            has_body = method == "post" and not path.endswith(without_body)
            assert ("requestBody" in operation) == has_body, path


@pytest.mark.parametrize(("title", "body"), [("Speech", SpeechBody), ("Jobs", JobInput)])
def test_every_field_is_documented(title, body):
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.M)
    assert set(body.model_fields) <= set(re.findall(r"`(\w+)`", " ".join(rows)))
