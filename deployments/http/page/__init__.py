"""The page to listen with: a few sources, put together at start and sent as one file.

Its controls are drawn from the parameters' schema and presets, so a new parameter, preset or format
appears on it by itself. It talks to the public routes as any other client, and holds no secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import fields
from pathlib import Path

from fastapi import APIRouter, Request, Response

from speech.formats import FORMATS
from speech.parameters import MAX_SPEED, MIN_SPEED, PRESETS, SamplerParameters, parameters_schema

SOURCES = Path(__file__).parent
SCRIPTS = (
    "document",
    "controls",
    "take",
    "player",
    "waveform",
    "request",
    "progress",
    "draft",
    "voices",
    "health",
    "takes",
    "listen",
    "drop",
)
"""The scripts in the order they run in: each uses those before it."""


def page_routes(max_frames: int, max_text_chars: int, list_voices: bool) -> APIRouter:
    """Return the page's route; it needs no key, the requests the page makes bring theirs.

    Args:
        max_frames: Frames of the engine's longest pass.
        max_text_chars: The longest text that a request may have.
        list_voices: The page asks which voices there are.
    """
    html, policy = _build(_contract(max_frames, max_text_chars, list_voices))
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "ETag": etag,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        """Answer the page, or 304 to a browser that has it."""
        if etag in request.headers.get("If-None-Match", ""):
            return Response(status_code=304, headers=headers)
        return Response(html, media_type="text/html", headers=headers)

    return router


def _build(contract: str) -> tuple[str, str]:
    """Return the page, and a Content-Security-Policy that lets it, and nothing added to it, run."""
    style = _read("style.css")
    script = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    html = _read("page.html")
    for slot, content in (("style", style), ("script", script), ("contract", contract)):
        html = html.replace(f"{{{{ {slot} }}}}", content)
    policy = (
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return html, "; ".join(policy)


def _contract(max_frames: int, max_text_chars: int, list_voices: bool) -> str:
    """Return, as JSON, what of the request contract the page has controls for."""
    schemas = parameters_schema(max_frames)["properties"]
    sampler = [field.name for field in fields(SamplerParameters)]
    longer = [name for name in schemas if name not in (*sampler, "seed", "preset")]
    contract = {
        "sampler": {name: schemas[name] for name in sampler},
        "longText": {name: schemas[name] for name in longer},
        "speed": {
            "type": "number",
            "default": 1,
            "minimum": MIN_SPEED,
            "maximum": MAX_SPEED,
            "description": "Tempo; the pitch stays.",
        },
        "presets": dict(PRESETS),
        "listVoices": list_voices,
        "maxTextChars": max_text_chars,
        "extensions": {row.name: row.extension for row in FORMATS.values()},
    }
    compact = json.dumps(contract, separators=(",", ":"))
    return compact.replace("<", r"\u003c")  # nothing in it ends the script element


def _read(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
