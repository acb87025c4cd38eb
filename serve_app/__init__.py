"""The application: `serve run serve_app:app`, or `serve run serve_app:build_app key=value …`.

Both names are looked up on demand, so that importing settings alone does not import Ray.
"""

from __future__ import annotations

from typing import Any

__all__ = ["app", "build_app"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from serve_app.environment import set_ray_defaults

    set_ray_defaults()
    from serve_app.graph import build_app

    if name == "build_app":
        return build_app
    from serve_app.wrong_settings import read_settings

    return build_app(read_settings({}))
