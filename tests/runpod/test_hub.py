"""The files RunPod's Hub and SDK read, against what they accept and what we accept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from serve_app.settings import Settings
from speech.request import is_health_check, parse_job

REPOSITORY = Path(__file__).parents[2]
INPUT_TYPES = {"string", "number", "boolean", "huggingface"}
OUTSIDE_OUR_SETTINGS = {"HF_TOKEN"}


def read(path: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((REPOSITORY / path).read_text())
    return content


HUB = read(".runpod/hub.json")
TESTS = read(".runpod/tests.json")


def test_hub_entry_has_the_required_fields() -> None:
    assert HUB["title"]
    assert HUB["description"]
    assert HUB["type"] == "serverless"
    assert HUB["category"] in {"audio", "embedding", "language", "video", "image"}
    config = HUB["config"]
    assert config["runsOn"] == "GPU"
    assert config["gpuCount"] >= 1
    assert config["gpuIds"]
    assert isinstance(config["containerDiskInGb"], int)


def test_hub_finds_the_files_it_needs_at_the_root() -> None:
    assert {"handler.py", "Dockerfile"} <= {path.name for path in REPOSITORY.iterdir()}


@pytest.mark.parametrize("variable", HUB["config"]["env"], ids=lambda variable: variable["key"])
def test_hub_variables_are_well_formed(variable: dict[str, Any]) -> None:
    assert set(variable) == {"key", "input"}
    field = variable["input"]
    assert field["type"] in INPUT_TYPES
    assert field["name"]
    assert field["description"]
    if field["type"] == "number":
        assert field["min"] <= field["default"] <= field["max"]
    if field["type"] == "boolean":
        assert {"trueValue", "falseValue"} <= set(field)


def test_hub_defaults_are_settings_we_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {variable["key"]: variable["input"] for variable in HUB["config"]["env"]}
    for key, field in fields.items():
        value = field["default"]
        if field["type"] == "boolean":
            value = field["trueValue"] if value else field["falseValue"]
        monkeypatch.setenv(key, str(value))
    before = Settings.model_construct()
    settings = Settings()
    assert settings.weights_dir is None
    assert settings.runpod_streaming is False
    assert settings.voices_dir == before.voices_dir
    assert Settings().warnings(os.environ) == []


def test_hub_variables_all_reach_a_setting() -> None:
    keys = {variable["key"] for variable in HUB["config"]["env"]} - OUTSIDE_OUR_SETTINGS
    aliases = {
        str(name)
        for field in Settings.model_fields.values()
        if (alias := field.validation_alias)
        for name in getattr(alias, "choices", [alias])
    }
    assert keys <= aliases | {f"ECHO_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("test", TESTS["tests"], ids=lambda test: test["name"])
def test_hub_tests_are_jobs_we_accept(test: dict[str, Any]) -> None:
    assert set(test) == {"name", "input", "timeout"}
    assert test["timeout"] >= 1000  # milliseconds
    if not is_health_check(test["input"]):
        parse_job(test["input"], Settings().max_text_chars, max_frames=640)


def test_hub_tests_run_on_what_the_entry_asks_for() -> None:
    assert TESTS["config"]["gpuCount"] == HUB["config"]["gpuCount"]
    assert TESTS["config"]["gpuTypeId"]
    assert TESTS["config"]["allowedCudaVersions"] == HUB["config"]["allowedCudaVersions"]


def test_local_test_input_is_a_job_we_accept() -> None:
    parse_job(read("test_input.json")["input"], Settings().max_text_chars, max_frames=640)
