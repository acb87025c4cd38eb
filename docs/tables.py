"""`scripts/docs`: writes the tables of docs/ that the code defines.

A page marks the place of a table with `<!-- table: name -->` and `<!-- end of table -->`; all
between them is replaced. tests/docs/test_tables.py fails while a page is stale.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from deployments.limits import Limits
from deployments.telemetry import metrics
from deployments.telemetry.metrics import Metric
from engine.echo.config import MAX_FRAMES
from engine.echo.options import EchoOptions
from serve_app.setting_names import variables_of
from serve_app.settings import Settings
from serve_app.settings_help import written
from speech import errors
from speech.formats import FORMATS, Format
from speech.parameters import PRESETS, parameters_schema

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PACKAGES = ("deployments", "engine", "serve_app", "speech")
PAGES = sorted(DOCS.rglob("*.md"))
_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

Row = tuple[str, ...]
Table = tuple[Row, Iterator[Row]]
"""A table's header and rows."""


def main() -> None:
    """Rewrite every page with a stale table and print its name."""
    for page in PAGES:
        text = page.read_text()
        current = with_current_tables(text)
        if current != text:
            page.write_text(current)
            print(page.relative_to(DOCS))


def with_current_tables(text: str) -> str:
    """Return a page's `text` with the tables it marks drawn from the code.

    Raises:
        KeyError: A mark names no table.
    """
    return _MARKED.sub(lambda mark: f"{mark[1]}{_draw(*TABLES[mark[2]]())}{mark[3]}", text)


def _draw(header: Row, rows: Iterable[Row]) -> str:
    lines = (header, ("---",) * len(header), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _code(*values: object) -> str:
    """Return values as inline code, the absent one as `none`."""
    return ", ".join("none" if value is None else f"`{value}`" for value in values)


def _settings(names: Iterable[str]) -> Table:
    rows = (_setting(name, Settings.model_fields[name]) for name in names)
    return ("setting", "environment", "default", "meaning"), rows


def _setting(name: str, field: FieldInfo) -> Row:
    default = _default(field.default)
    if name.endswith("_bytes") and field.default:
        default += f" ({field.default // 2**20} MiB)"
    return _code(name), _code(*variables_of(name, field)), default, str(field.description)


def _limit_settings() -> Table:
    return _settings(Limits.model_fields)


def _engine_settings() -> Table:
    return _settings(EchoOptions.model_fields)


def _server_settings() -> Table:
    inherited = {*Limits.model_fields, *EchoOptions.model_fields}
    return _settings(name for name in Settings.model_fields if name not in inherited)


def _default(value: object) -> str:
    return _code(written(value) or None)


def _parameters() -> Table:
    rows = (
        (_code(name), _default(schema["default"]), _range(schema), schema["description"])
        for name, schema in parameters_schema(MAX_FRAMES)["properties"].items()
    )
    return ("parameter", "default", "range", "meaning"), rows


def _range(schema: Mapping[str, Any]) -> str:
    """Return what a JSON schema allows, in a few characters."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    return " or ".join(text for text in map(_interval, options) if text)


def _interval(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return _code(schema["const"])
    if schema["type"] == "boolean":
        return "`true`, `false`"
    if schema["type"] == "array":
        return f"list of {_interval(schema['items'])}"
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    if low is None and above is None:
        return ""
    if low is not None and low <= -(2**63):
        return "64-bit integer"
    high = schema.get("maximum")
    if high is None:
        return f"≥ {low:g}" if above is None else f"> {above:g}"
    return f"{low:g} – {high:g}" if above is None else f"> {above:g}, ≤ {high:g}"


def _presets() -> Table:
    names = tuple(next(iter(PRESETS.values())))
    rows = (
        (_code(name), *(f"{values[parameter]:g}" for parameter in names))
        for name, values in PRESETS.items()
    )
    return ("preset", *map(_code, names)), rows


def _formats() -> Table:
    header = ("format", "file", "`Content-Type`", "bitrate", "sample rates in Hz (default first)")
    return header, (_format_row(row) for row in FORMATS.values())


def _format_row(row: Format) -> Row:
    bitrate = "lossless" if row.bitrate is None else f"{row.bitrate // 1000} kbit/s"
    others = (rate for rate in row.sample_rates if rate != row.default_sample_rate)
    rates = ", ".join(map(str, (row.default_sample_rate, *others)))
    return _code(row.name), _code(f".{row.extension}"), _code(row.media_type), bitrate, rates


def _errors() -> Table:
    defined = (value for value in vars(errors).values() if isinstance(value, type))
    kinds = [kind for kind in defined if issubclass(kind, errors.SpeechError)]
    kinds = sorted(kinds, key=lambda kind: (kind.http_status, kind.code))
    rows = (
        (str(kind.http_status), _code(kind.code), (kind.__doc__ or "").partition("\n")[0])
        for kind in kinds
        if kind is not errors.SpeechError
    )
    return ("status", "`code`", "meaning"), rows


def _metrics() -> Table:
    rows = (
        (_code(value.name), value.kind, _code(*value.labels), value.description)
        for value in vars(metrics).values()
        if isinstance(value, Metric)
    )
    return ("metric", "kind", "labels", "meaning"), rows


def _alerts() -> Table:
    [group] = yaml.safe_load((ROOT / "dashboards" / "alerts.yml").read_text())["groups"]
    rows = (
        (
            _code(rule["alert"]),
            rule["labels"]["severity"],
            rule.get("for", "at once"),
            rule["annotations"]["summary"],
        )
        for rule in group["rules"]
    )
    return ("alert", "severity", "after", "what it means, and the way out"), rows


def _packages() -> Table:
    """Return each package with the first paragraph of its docstring."""
    inits = sorted(init for name in PACKAGES for init in (ROOT / name).rglob("__init__.py"))
    return ("folder", "content"), (_package(init) for init in inits)


def _package(init: Path) -> Row:
    folder = init.parent.relative_to(ROOT).as_posix()
    docstring = ast.get_docstring(ast.parse(init.read_text())) or ""
    return f"[`{folder}/`](../{folder})", " ".join(docstring.partition("\n\n")[0].split())


def _decisions() -> Table:
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    titles = (page.read_text().partition("\n")[0].lstrip("# 0123456789.:") for page in pages)
    rows = (
        (f"[{page.name[:4]}]({page.name})", title)
        for page, title in zip(pages, titles, strict=True)
    )
    return ("", "decision"), rows


TABLES: Mapping[str, Callable[[], Table]] = {
    "limits": _limit_settings,
    "engine": _engine_settings,
    "server": _server_settings,
    "parameters": _parameters,
    "presets": _presets,
    "formats": _formats,
    "errors": _errors,
    "metrics": _metrics,
    "alerts": _alerts,
    "packages": _packages,
    "decisions": _decisions,
}
"""The tables, by the name in a page's mark."""


if __name__ == "__main__":
    main()
