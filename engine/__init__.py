"""Engines, which make speech. Knows neither Ray nor HTTP.

`ENGINES` is the one list of engines; each module is imported only when its engine is chosen.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel

from engine.echo.config import PASS_LIMITS
from engine.echo.options import EchoOptions
from speech.limits import PassLimits

if TYPE_CHECKING:
    from engine.protocol import Engine


@dataclass(frozen=True)
class EngineEntry:
    """An engine as it is known without importing it.

    Attributes:
        module: The module that defines it.
        class_name: Its class, constructed with its options and `max_waiting_jobs`.
        options: The class of its options. `serve_app.settings.Settings` inherits their fields.
        limits: The most that one of its passes can speak.
        uses_gpu: Whether a replica should be given a GPU where there is one.
    """

    module: str
    class_name: str
    options: type[BaseModel]
    limits: PassLimits
    uses_gpu: bool


ENGINES: Mapping[str, EngineEntry] = MappingProxyType(
    {
        "echo": EngineEntry(
            module="engine.echo.engine",
            class_name="EchoEngine",
            options=EchoOptions,
            limits=PASS_LIMITS,
            uses_gpu=True,
        ),
    }
)


def create_engine(name: str, options: BaseModel, max_waiting_jobs: int) -> Engine:
    """Import and construct the engine called `name`.

    Args:
        name: A key of `ENGINES`.
        options: An instance of the engine's options class.
        max_waiting_jobs: Jobs that may wait for a turn; the engine refuses one more.
    """
    entry = ENGINES[name]
    engine_class = getattr(importlib.import_module(entry.module), entry.class_name)
    engine: Engine = engine_class(options, max_waiting_jobs)
    return engine
