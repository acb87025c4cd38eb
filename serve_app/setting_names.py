"""The names that settings go by, as arguments and in the environment."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

PREFIX = "ECHO_"
"""Start of the variable of every setting that has no other name in the environment."""


def variables_of(name: str, field: FieldInfo) -> list[str]:
    """Return the environment variables that a setting is read from, the first one first."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [str(alias)] if alias is not None else [f"{PREFIX}{name.upper()}"]


def misspelt_variables(environ: Mapping[str, str], known: Collection[str]) -> list[str]:
    """Return a line for each variable that looks like one of ours and is none."""
    unknown = (name for name in environ if name.upper().startswith(PREFIX))
    return [_misspelt(name, known) for name in sorted(unknown) if name.upper() not in known]


def _misspelt(name: str, known: Iterable[str]) -> str:
    like = nearest(name, known)
    return f"no setting reads {name}: " + (f"did you mean {like}?" if like else "is it misspelt?")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` most resembles, None if it resembles none."""
    by_core = {_core(candidate): candidate for candidate in known}
    matches = difflib.get_close_matches(_core(name), by_core, n=1)
    return by_core[matches[0]] if matches else None


def _core(name: str) -> str:
    """Return `name` in a form that overlooks case, dashes and the prefix."""
    return name.lower().replace("-", "_").removeprefix(PREFIX.lower())
