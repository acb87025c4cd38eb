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
    voices, samplers, storage = await asyncio.gather(
        _probe_each(voice_prep), _probe_each(sampler), _check_bucket(bucket)
    )
    answered = [seen for seen in samplers if seen is not None]
    checks = {
        "configuration": check("warn" if warnings else "pass", "; ".join(warnings) or "consistent"),
        "models": _check_model(engine, answered, len(samplers), draining),
        "hardware": _check_hardware(answered),
        "s3": storage,
        **_check_voices([seen for seen in voices if seen is not None]),
    }
    return report(checks)


async def _probe(answer: Awaitable[T]) -> T | None:
    """Return the answer, or None if none came: the replica is starting, dead or stuck."""
    try:
        return await asyncio.wait_for(answer, PROBE_TIMEOUT_S)
    except Exception:  # for any reason: the caller reports that no answer came
        return None


async def _probe_each(deployment: DeploymentHandle[Any]) -> list[dict[str, Any] | None]:
    """Return the report of each replica, None of one that does not answer.

    Serve's public way waits for all of them: one that hangs would hide the others.
    """
    replicas = await _probe(deployment.broadcast("report")._fetch_replica_results_async())
    answers = (_probe(replica.get_async()) for replica in replicas or ())
    return list(await asyncio.gather(*answers))


def _check_model(
    engine: str, answered: Sequence[dict[str, Any]], num_asked: int, draining: bool
) -> dict[str, Any]:
    if draining:
        return check("fail", "the server is stopping: running requests finish, new ones do not run")
    if not answered:
        return check(
            "fail",
            f"no sampler with engine {engine} answers: it is starting, or its log says why not",
        )
    name, defaults = answered[0]["engine"], answered[0].get("defaults", {})
    state = f"engine {name} is loaded"
    if not any(sampling.get("loaded", True) for sampling in answered):
        state = f"engine {name} is unloaded until the next request, as none came"
    if len(answered) < num_asked:
        silent = f"{num_asked - len(answered)} of {num_asked} samplers do not answer"
        return check("warn", f"{state}; {silent}", defaults=defaults)
    return check("pass", state, defaults=defaults)


def _check_hardware(answered: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not answered:
        return check("warn", "unknown until the engine is loaded")
    if answered[0]["device"] == "cpu":
        return check("warn", "no GPU in use: running on the CPU")
    warned = [sampling for sampling in answered if sampling["warning"]]
    if not warned:
        return check("pass", f"running on {answered[0]['device']}")
    several = f" ({len(warned)} of {len(answered)} samplers)" if len(answered) > 1 else ""
    return check("warn", f"running on {warned[0]['device']}, {warned[0]['warning']}{several}")


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
