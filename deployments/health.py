"""The health report, in words that an operator can act on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from ray.serve.handle import DeploymentHandle

from deployments.health_checks import check, report
from deployments.storage import Bucket
from speech.errors import SpeechError

T = TypeVar("T")

PROBE_TIMEOUT_S = 10.0
"""Seconds that another replica, or the bucket, has to answer."""


async def health_report(
    engine: str,
    warnings: Sequence[str],
    voice_prep: DeploymentHandle[Any],
    sampler: DeploymentHandle[Any],
    bucket: Bucket | None,
    *,
    draining: bool,
) -> dict[str, Any]:
    """Ask the other replicas and the bucket; return the contract's health report.

    Args:
        engine: Name of the engine as configured.
        warnings: Suspicious settings; the check `configuration` warns of them.
        voice_prep: Handle to VoicePrep.
        sampler: Handle to Sampler.
        bucket: The bucket for outputs, if there is one.
        draining: The server is stopping: the check `models` fails, so that load balancers turn
            elsewhere.
    """
    everywhere = voice_prep.broadcast("report").results_async(return_exceptions=True)
    voices, sampling, storage = await asyncio.gather(
        _probe(everywhere), _probe(sampler.report.remote()), _check_bucket(bucket)
    )
    checks = {
        "configuration": check("warn" if warnings else "pass", "; ".join(warnings) or "consistent"),
        "models": _check_model(engine, sampling, draining),
        "hardware": _check_hardware(sampling),
        "s3": storage,
        **_check_voices([seen for seen in voices or () if isinstance(seen, dict)]),
    }
    return report(checks)


async def _probe(answer: Awaitable[T]) -> T | None:
    """Return the answer, or None if none came: the replica is starting, dead or stuck."""
    try:
        return await asyncio.wait_for(answer, PROBE_TIMEOUT_S)
    except Exception:  # for any reason: the caller reports that no answer came
        return None


def _check_model(engine: str, sampling: dict[str, Any] | None, draining: bool) -> dict[str, Any]:
    if draining:
        return check("fail", "the server is stopping: running requests finish, new ones do not run")
    if sampling is None:
        return check(
            "fail",
            f"no sampler with engine {engine} answers: it is starting, or its log says why not",
        )
    state = f"engine {sampling['engine']} is loaded"
    if not sampling.get("loaded", True):
        state = f"engine {sampling['engine']} is unloaded until the next request, as none came"
    return check("pass", state, defaults=sampling.get("defaults", {}))


def _check_hardware(sampling: dict[str, Any] | None) -> dict[str, Any]:
    if sampling is None:
        return check("warn", "unknown until the engine is loaded")
    if sampling["device"] == "cpu":
        return check("warn", "no GPU in use: running on the CPU")
    if sampling["warning"]:
        return check("warn", f"running on {sampling['device']}, {sampling['warning']}")
    return check("pass", f"running on {sampling['device']}")


async def _check_bucket(bucket: Bucket | None) -> dict[str, Any]:
    if bucket is None:
        return check("warn", "no bucket configured: outputs are returned inline as base64")
    try:
        may_ask = await asyncio.wait_for(bucket.check(), PROBE_TIMEOUT_S)
    except SpeechError as error:
        return check("fail", error.message)
    except TimeoutError:
        return check("fail", f"the bucket did not answer within {PROBE_TIMEOUT_S:g} s")
    if not may_ask:
        return check(
            "warn",
            "the bucket answers, but may not be listed: only an output will show whether the key "
            "may store one",
        )
    return check("pass", "the bucket answers")


def _check_voices(seen: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Check the folder as each replica of VoicePrep that answers sees it."""
    states = [folder["state"] for folder in seen]
    faults = [state for state in states if state != "ok"]
    if not seen:
        folder = check("fail", "VoicePrep does not answer: it is starting or failed")
    elif not faults:
        folder = check("pass", "the voices folder is readable")
    elif len(faults) == len(states):
        folder = check("fail", f"the voices folder is {faults[0]}")
    else:
        folder = check(
            "warn",
            f"the voices folder is {faults[0]} where {len(faults)} of {len(states)} VoicePrep "
            "replicas run; the others are asked",
        )
    count = max((folder["num_voices"] for folder in seen), default=0)
    files = (
        check("pass", f"{count} usable voice files", count=count)
        if count
        else check("warn", "no usable voice file: only the default voice speaks", count=count)
    )
    return {"directories": folder, "audio_files": files}
