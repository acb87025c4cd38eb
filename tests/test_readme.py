"""The README keeps up with the code."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import AliasChoices

from serve_app.settings import Settings
from speech.parameters import PRESETS, Parameters

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def settings_rows():
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            variables = alias.choices
        else:
            variables = [alias or f"ECHO_{name.upper()}"]
        default = field.default
        if isinstance(default, bool):
            default = str(default).lower()
        elif isinstance(default, float):
            default = f"{default:g}"
        elif isinstance(default, tuple):
            default = ",".join(map(str, default)) or None
        shown = "none" if default is None else f"`{default}`"
        listed = ", ".join(f"`{variable}`" for variable in variables)
        yield f"| `{name}` | {listed} | {shown} | {field.description} |"


@pytest.mark.parametrize("row", list(settings_rows()))
def test_readme_lists_every_setting_as_it_is(row):
    assert row in README.splitlines()


@pytest.mark.parametrize("name", [field.name for field in fields(Parameters)])
def test_readme_lists_every_parameter(name):
    assert re.search(rf"^\|.*`{name}`", README, re.MULTILINE)


def test_readme_names_the_presets():
    for name in PRESETS:
        assert f"`{name.removesuffix('-Flat')}`" in README


def test_readme_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
