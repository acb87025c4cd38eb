"""How speech is made. Knows neither Ray nor HTTP.

`ENGINES` is the one list of engines; each module is imported only when its engine is chosen.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.protocol import Engine


@dataclass(frozen=True)
class EngineEntry:
    """Where an engine lives and what it wants, known without importing it.

    Attributes:
        uses_gpu: Whether a replica should be given a GPU where there is one.
        options: Names of the settings that its constructor takes.
    """

    module: str
    class_name: str
    uses_gpu: bool
    options: tuple[str, ...] = ()


ENGINES: Mapping[str, EngineEntry] = MappingProxyType(
    {
        "echo": EngineEntry(
            "engine.echo.engine",
            "EchoEngine",
            uses_gpu=True,
            options=(
                "weights_dir",
                "device",
                "dtype",
                "streaming",
                "stream_blocks",
                "compile",
                "max_lane_frames_per_tick",
                "max_active_jobs",
                "max_waiting_jobs",
                "speaker_host_bytes",
                "speaker_device_bytes",
            ),
        ),
    }
)


def create_engine(name: str, **options: Any) -> Engine:
    """Import and construct the engine called `name`."""
    entry = ENGINES[name]
    engine_class = getattr(importlib.import_module(entry.module), entry.class_name)
    engine: Engine = engine_class(**options)
    return engine
