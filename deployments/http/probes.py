"""Probes, answered in front of Serve's queue: a busy server is not taken for a dead one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.health_checks import unanswered_report
from deployments.http.errors import error_response
from deployments.http.inner import InnerResponse, ask
from deployments.http.request_id import HEADER
from speech.errors import NotReady

PROMPT_S = 1.0
"""Seconds that a probe waits where the last answer may stand in."""
KEEP_S = 15.0
"""Seconds for which it may."""
PATIENCE_S = 12.0
"""Seconds that a probe waits where there is none: a little longer than a health report may take."""


class Probes:
    """ASGI middleware that answers `GET /ping` and `GET /health` whatever else waits.

    The ingress is asked once at a time, however many probes come. Where it does not answer
    promptly, as when it is busy, its last answer stands in.

    Args:
        app: The application behind.
        tells_start: Whether `/ping` is 204 before the first answer.
    """

    def __init__(self, app: ASGIApp, tells_start: bool = True) -> None:
        self._app = app
        self._probes = {
            "/ping": _Probe(app, "/ping", _starting if tells_start else None, _lost),
            "/health": _Probe(app, "/health", None, _no_report),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        probe = self._probe(scope)
        if probe is None:
            await self._app(scope, receive, send)
            return
        response = await probe.answer(scope)
        response.headers[HEADER] = Headers(scope=scope)[HEADER]
        await response(scope, receive, send)

    def _probe(self, scope: Scope) -> _Probe | None:
        """Return what answers a connection; None if it is not a load balancer's or a monitor's."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        if "Origin" in Headers(scope=scope):  # a page's: the ingress knows who may read the answer
            return None
        return self._probes.get(scope["path"].removeprefix(scope.get("root_path", "")))


class _Probe:
    """One route that is probed.

    Args:
        app: The application behind.
        path: The route.
        starting: Makes the answer while none has come yet, if that says all.
        lost: Makes the answer when none comes.
    """

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        starting: Callable[[], Response] | None,
        lost: Callable[[], Response],
    ) -> None:
        self._app = app
        self._path = path
        self._starting = starting
        self._lost = lost
        self._asking: asyncio.Task[None] | None = None
        self._last: InnerResponse | None = None
        self._answered_at = -math.inf

    async def answer(self, scope: Scope) -> Response:
        """Return the answer, by the ingress or in place of it."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(scope))
        await asyncio.wait({self._asking}, timeout=PROMPT_S)
        if self._last is None and self._starting is not None:
            return self._starting()
        if self._age_s() > KEEP_S:
            await asyncio.wait({self._asking}, timeout=PATIENCE_S - PROMPT_S)
        if self._last is None or self._age_s() > KEEP_S:
            return self._lost()
        response = Response(self._last.body, self._last.status)
        response.raw_headers = list(self._last.start.get("headers", []))
        return response

    def _age_s(self) -> float:
        return asyncio.get_running_loop().time() - self._answered_at

    async def _ask(self, scope: Scope) -> None:
        answer = await ask(self._app, self._path, scope)
        if answer is not None and not answer.is_serves_own:
            self._last = answer
            self._answered_at = asyncio.get_running_loop().time()


def _starting() -> Response:
    return Response(status_code=204)


def _lost() -> Response:
    return error_response(NotReady("The server does not answer, retry later"))


def _no_report() -> Response:
    return JSONResponse(unanswered_report(), 503)
