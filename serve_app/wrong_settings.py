"""Settings read from arguments and the environment; a wrong one is reported in one line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from click import ClickException
from pydantic import ValidationError

from engine.echo.checkpoints.folder import find_folder, read_config
from engine.echo.checkpoints.published import find_transformer
from serve_app.pronunciations import read_pronunciations
from serve_app.setting_names import PREFIX, nearest, variables_of
from serve_app.settings import Settings
from speech.errors import one_line, shorten
from speech.validation import escape_surrogates

EXIT_STATUS = 2
"""Exit status of a program that was started with a wrong setting."""
MAX_SHOWN_CHARS = 100
"""The most characters of a given name or value that a message repeats."""


class WrongSetting(ClickException):
    """A setting has an unknown name or a value that is not allowed; the message is one line.

    Ray's commands are made with click, which prints such an error without a traceback.
    """

    exit_code = EXIT_STATUS


def read_settings(arguments: Mapping[str, Any]) -> Settings:
    """Return the settings that `arguments`, by name, and the environment give.

    Raises:
        WrongSetting: One or several are wrong.
    """
    try:
        settings = Settings.model_validate(
            {escape_surrogates(name): value for name, value in arguments.items()}
        )
        read_pronunciations(settings.pronunciations_file)
    except ValidationError as error:
        by_setting: dict[str, str] = {}
        for detail in error.errors(include_url=False):
            setting = str(detail["loc"][0]) if detail["loc"] else ""
            by_setting.setdefault(setting, _line(setting, dict(detail), arguments))
        raise WrongSetting("; ".join(by_setting.values())) from None
    except ValueError as error:
        raise WrongSetting(one_line(str(error))) from None
    return settings


def require_weights(settings: Settings) -> None:
    """Return if a server that is started here finds a checkpoint in the folder that it is given.

    A sampler would say so as well, half a minute later and with a traceback. That of a cluster
    which this process joins may run on a machine that has the folder.

    Raises:
        WrongSetting: There is no such folder, or no checkpoint in it.
    """
    if settings.weights_dir is None or os.environ.get("RAY_ADDRESS"):
        return
    try:
        folder = find_folder(settings.weights_dir, on_cpu=True)
    except ValueError as error:
        raise WrongSetting(one_line(str(error))) from None
    if folder is None:
        return
    try:
        read_config(folder)
        find_transformer(folder)
    except (OSError, ValueError) as error:
        raise WrongSetting(one_line(f"weights_dir {settings.weights_dir!r}: {error}")) from None


def _line(setting: str, detail: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """Return the line of one of pydantic's errors, `setting` being the name it goes by there."""
    if detail["type"] != "extra_forbidden" and not setting:
        return str(detail["ctx"]["error"])
    if detail["type"] == "extra_forbidden":
        like = nearest(setting, Settings.model_fields)
        way_out = f"did you mean {like}?" if like else "`echo-tts serve --help` lists them"
        return f"no setting is called {_shown(setting)!r}: {way_out}"
    name, variables = next(
        (name, variables)
        for name, field in Settings.model_fields.items()
        if setting in (name, *(variables := variables_of(name, field)))
    )
    schema = Settings.model_json_schema(by_alias=False)["properties"][name]
    # pydantic reads a setting with a name of its own under ours as well.
    given, value = _given(setting, [*variables, f"{PREFIX}{name.upper()}"], arguments)
    if _is_secret(schema):
        value = "…"
    if detail["type"] == "value_error":
        return f"{given}={_shown(value)}: {detail['ctx']['error']}"
    return f"{given}={_shown(value)}: must be {_allowed(schema)}"


def _given(setting: str, variables: list[str], arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name and the value of a setting, as they were given."""
    if setting in arguments:
        return setting, str(arguments[setting])
    environ = {name.upper(): value for name, value in os.environ.items()}
    # One of nothing but blanks counts as empty; where there is no other, it is what is wrong.
    variable = max(variables, key=lambda name: len(environ.get(name, "").strip()) > 0)
    return variable, environ[variable]


def _shown(value: str) -> str:
    return one_line(shorten(value, MAX_SHOWN_CHARS))


def _is_secret(schema: Mapping[str, Any]) -> bool:
    parts = (schema, schema.get("items", {}), *schema.get("anyOf", ()))
    return any(part.get("writeOnly") for part in parts)


def _allowed(schema: Mapping[str, Any]) -> str:
    """Return what a setting may be, in words, from its JSON schema."""
    if "anyOf" in schema:
        return " or ".join(_allowed(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        *others, last = schema["enum"]
        return f"{', '.join(others)} or {last}"
    match schema["type"]:
        case "boolean":
            return "true or false"
        case "array":
            least = "one or more, " if schema.get("minItems") else ""
            return f"{least}separated by commas, each {_allowed(schema['items'])}"
        case "integer":
            return f"a whole number{_bounds(schema)}"
        case "number":
            return f"a number{_bounds(schema)}"
        case _:
            return "text, not nothing" if schema.get("minLength") else "text"


def _bounds(schema: Mapping[str, Any]) -> str:
    step = f" and a multiple of {schema['multipleOf']}" if "multipleOf" in schema else ""
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}{step}"
    if "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}{step}"
    return f" of at least {schema['minimum']}{step}" if "minimum" in schema else step
