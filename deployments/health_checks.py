"""The form of the health report, and the one of a server that does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from deployments.version import VERSION

CHECKS = ("configuration", "models", "hardware", "s3", "directories", "audio_files")
"""The checks of every report."""

Status = Literal["pass", "warn", "fail"]


def check(status: Status, details: str, **more: Any) -> dict[str, Any]:
    """Return one check's result."""
    return {"status": status, "details": details, **more}


def report(checks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the contract's health report: `healthy` unless a check fails."""
    failed = any(result["status"] == "fail" for result in checks.values())
    return {
        "status": "unhealthy" if failed else "healthy",
        "version": VERSION,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "checks": checks,
    }


def unanswered_report() -> dict[str, Any]:
    """Return the report of a server that does not answer."""
    unknown = check("warn", "unknown until the server answers")
    return report(
        {
            **dict.fromkeys(CHECKS, unknown),
            "models": check("fail", "the server does not answer: it is starting or failed"),
            "audio_files": {**unknown, "count": 0},
        }
    )
