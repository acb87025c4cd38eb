"""The bounds on requests, each defined here once: the settings include this model's fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Bounds on requests, per ingress replica."""

    model_config = ConfigDict(frozen=True)

    max_text_chars: Annotated[int, Field(ge=1, description="Longest text of a request.")] = 4096
    max_body_bytes: Annotated[int, Field(ge=1024, description="Largest HTTP request body.")] = 2**20
    max_bodies: Annotated[
        int,
        Field(
            ge=1,
            description="HTTP request bodies that arrive at a time per ingress replica. They "
            "take no place of `max_requests`; beyond it the slowest gets 503.",
        ),
    ] = 256
    max_bodies_bytes: Annotated[
        int,
        Field(
            ge=1024, description="Memory for bodies that are arriving; then the largest gets 503."
        ),
    ] = 64 * 2**20
    body_timeout_s: Annotated[
        float, Field(gt=0, description="Longest time a body may take to arrive; then 408.")
    ] = 10
    deadline_s: Annotated[float, Field(gt=0, description="Longest time a request may take.")] = 600
    max_requests: Annotated[
        int,
        Field(ge=1, description="Requests running and waiting per ingress replica; more get 503."),
    ] = 64
    max_connections: Annotated[
        int,
        Field(ge=1, description="WebSockets open per ingress replica; one more is refused."),
    ] = 64
    idle_s: Annotated[
        float,
        Field(gt=0, description="Longest time a WebSocket is open with nothing sent or spoken."),
    ] = 60
    max_request_jobs: Annotated[
        int, Field(ge=1, description="Chunks of one request that are sampled side by side.")
    ] = 4
    max_audio_s: Annotated[float, Field(gt=0, description="Longest audio of a request.")] = 1800
    outage_s: Annotated[
        float,
        Field(
            ge=15,
            description="Longest time in which no sampler answers, or no VoicePrep; then requests "
            "fail. After as long without a sampler, or without an answer on its HTTP port, `serve` "
            "ends, and so does a RunPod worker without a sampler.",
        ),
    ] = 60
