"""The version has one source, and everything that shows it agrees."""

import re

import pytest

from deployments.version import VERSION
from serve_app.__main__ import main


async def test_health_shows_the_version(make_ingress, connect):
    assert (await connect(make_ingress()).get("/health")).json()["version"] == VERSION


async def test_openapi_document_shows_the_version(make_ingress, connect):
    document = (await connect(make_ingress()).get("/openapi.json")).json()
    assert document["info"]["version"] == VERSION


def test_command_line_shows_the_version(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"echo-tts {VERSION}\n"


def test_version_is_a_release_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
