"""The edits that make Ray Serve's configuration of HAProxy ours.

Addresses are the ones that were asked for, what HAProxy answers by itself has the shape of all our
errors, and while no ingress has come yet, `/ping` is 204. Where there is none any more, as before
Serve tells a HAProxy that replaces another one of it, all is 503.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from fastapi import Response

from deployments.health_checks import unanswered_report
from deployments.http.errors import error_response, status_response
from deployments.http.request_id import HEADER, USABLE
from deployments.limits import Limits
from serve_app.haproxy.launcher import PORT
from speech.errors import BodyTimeout, BodyTooLarge, InternalError, NotReady, Overloaded

Edits = Mapping[str, str]
"""Replacements by the pattern of whole lines that each stands for."""

_REQUEST_ID = "%[var(txn.request_id)]"
_PLACEHOLDER = "REQUEST_ID"
LONGEST_S = (2**31 - 1) // 1000
"""HAProxy's longest time, 24.8 days: with a longer one it does not start."""
_HEADERS_S = 10
"""Seconds that a client may take for the headers of a request."""
_JSON = "application/json"
_DEFAULT = r"    default_backend .*"
"""The line of what is done with a request for which there is no ingress."""


def edits(listen: str, limits: Limits, folder: Path, ports: Mapping[str, int]) -> dict[str, Edits]:
    """Return the edits `always` and those of a `backend`; without one, `starting` or `lost`.

    `starting` is before the first ingress, `lost` after it.

    Args:
        listen: The address of the HTTP port, without the port.
        limits: Of a body: its size, and the seconds that it may take to arrive.
        folder: The folder of the sockets that statistics and metrics are read from.
        ports: Ports on loopback for `stats` or `metrics` in place of their sockets.
    """
    body_ms = math.ceil(min(limits.body_timeout_s, LONGEST_S) * 1000)
    too_large = error_response(BodyTooLarge.beyond(limits.max_body_bytes))
    frontend = [
        f"    bind {_bind(listen)}",
        f"    timeout http-request {_HEADERS_S}s",
        f"    http-request set-var(txn.request_id) req.fhdr({HEADER})",
        "    http-request set-var(txn.request_id) uuid,regsub(-,,g)"
        f" unless {{ var(txn.request_id) -m reg '^{USABLE.pattern}$' }}",
        f"    http-request set-header {HEADER} {_REQUEST_ID}",
        # The ingress says so, too, but sees only a body whose first 15 kB have come. Pages are left
        # to it: it knows which may read the answer.
        _answer(413, too_large)
        + f" if {{ req.hdr_val(content-length) gt {limits.max_body_bytes} }}"
        + " !{ req.hdr(Origin) -m found }",
        # Refused by an ingress, a body that never ends would keep its connection for an hour.
        f"    http-request wait-for-body time {body_ms}ms",
        # What ends here was an ingress that died: 502 is for those who know of a proxy.
        "    http-after-response set-status 500 if { status 502 }",
    ]
    always = {
        r"    bind (?!:)\S+:(?P<port>\d+)": "\n".join(frontend),
        r"    bind :\d+": f"    bind {_inner('metrics', folder, ports)}",
        r"  bind \*:\d+": f"  bind {_inner('stats', folder, ports)}",
        r"    errorfile 502 .*\n    errorfile 503 .*\n    errorfile 504 .*": "\n".join(
            _errors(limits.body_timeout_s)
        ),
        r"    http-request return status 404 .*": _answer(
            404, status_response(404, "no such route")
        ),
        # A body that is spliced whole hides that its sender leaves.
        r"    option splice-request\n    option splice-response": "    option splice-response",
        # Once replaced, HAProxy closes at once what has had an answer and is idle, so that no
        # request meets replicas that are gone. With close-spread-time, it would do so over a while,
        # and end new connections, whose first request is on its way, with a 408.
        r"    option idle-close-on-response": "",
    }
    # The end of a connection that was used before is, for HAProxy, no answer: it says none.
    backend = {r"    http-reuse always": "    option http-server-close"}
    ping = f"    http-request return status 204 hdr {HEADER} {_REQUEST_ID} if {{ path /ping }}"
    starting = [ping, *_unready("The server is still starting, retry later")]
    lost = _unready("The server does not answer, retry later")
    return {
        "always": always,
        "backend": backend,
        "starting": {_DEFAULT: "\n".join(starting)},
        "lost": {_DEFAULT: "\n".join(lost)},
    }


def _bind(address: str) -> str:
    if ":" not in address:
        return f"{address}:{PORT}"
    listens_to_all = address == "::"  # of IPv4, too, as Serve's own proxy does
    return f"ipv6@{address}:{PORT}{' v4v6' * listens_to_all}"


def _inner(name: str, folder: Path, ports: Mapping[str, int]) -> str:
    """Return where statistics or metrics are read: by nobody else, or from this machine."""
    if name in ports:
        return f"127.0.0.1:{ports[name]}"
    return f"unix@{folder / name}.sock mode 600"


def _errors(body_timeout_s: float) -> list[str]:
    late = error_response(BodyTimeout.after(body_timeout_s))
    died = error_response(InternalError.of_request(_PLACEHOLDER))
    answers = {408: late, 500: died, 502: died, 503: error_response(Overloaded()), 504: died}
    return [
        f"    http-error status {status} {_content(response)} {_headers(response)}"
        for status, response in answers.items()
    ]


def _unready(message: str) -> list[str]:
    """Return the rules for a server without an ingress."""
    unready = error_response(NotReady(message))
    report = Response(json.dumps(unanswered_report()), 503, media_type=_JSON)
    return [
        _answer(503, report) + " if { path /health }",
        _answer(503, unready) + " unless { path_beg /-/ }",
        "    default_backend default_backend",
    ]


def _answer(status: int, response: Response) -> str:
    return f"    http-request return status {status} {_content(response)} {_headers(response)}"


def _content(response: Response) -> str:
    """Return the body as HAProxy's configuration has it, the request's id filled in."""
    text = bytes(response.body).decode().replace("%", "%%").replace("'", r"'\''")
    return f"content-type {_JSON} lf-string '{text.replace(_PLACEHOLDER, _REQUEST_ID)}'"


def _headers(response: Response) -> str:
    retry_after = response.headers.get("Retry-After")
    later = "" if retry_after is None else f" hdr Retry-After {retry_after}"
    return f"hdr {HEADER} {_REQUEST_ID}{later}"
