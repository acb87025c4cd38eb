"""The least that Ray Serve can be asked to do: floors for what the graph adds."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from fastapi import FastAPI, Response
from ray import serve
from ray.serve.handle import DeploymentHandle

OPTIONS: dict[str, Any] = {"ray_actor_options": {"num_cpus": 0.1}, "max_ongoing_requests": 100}


def bare_app(num_bytes: int) -> serve.Application:
    """Return a deployment that answers `num_bytes` over HTTP."""
    api = FastAPI()

    @serve.ingress(api)
    class Bare:
        def __init__(self) -> None:
            self._body = bytes(num_bytes)

        @api.post("/v1/audio/speech")
        async def speak(self) -> Response:
            return Response(self._body)

    return serve.deployment(**OPTIONS)(Bare).bind()


def bare_pair(num_bytes: int) -> serve.Application:
    """Return a deployment that gets its `num_bytes` from another one, as a stream of one block."""
    api = FastAPI()

    class Source:
        def __init__(self) -> None:
            self._body = bytes(num_bytes)

        async def generate(self) -> AsyncGenerator[bytes, None]:
            yield self._body

    @serve.ingress(api)
    class Front:
        def __init__(self, source: DeploymentHandle[Any]) -> None:
            self._source = source.options(stream=True, _by_reference=False)

        @api.post("/v1/audio/speech")
        async def speak(self) -> Response:
            blocks: Any = self._source.generate.remote()
            return Response(b"".join([block async for block in blocks]))

    deployment = serve.deployment(**OPTIONS)
    return deployment(Front).bind(deployment(Source).bind())
