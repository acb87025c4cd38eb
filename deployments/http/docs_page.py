"""The API described for people, at `/docs`: Swagger UI, served from here and from nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

_MEDIA_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

_START = """
const place = document.getElementById("place").textContent;
SwaggerUIBundle({ url: JSON.parse(place), dom_id: "#swagger-ui", deepLinking: true });
"""
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Echo-TTS: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{root}}/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script type="application/json" id="place">{{place}}</script>
<script src="{{root}}/docs/swagger-ui-bundle.js"></script>
<script>{_START}</script>
</body>
</html>
"""
_DIGEST = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' 'sha256-{_DIGEST}'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI sets styles on its elements
        "img-src 'self' data:",
        "connect-src 'self'",
        "media-src blob:",  # what was spoken, to be played
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def docs_routes() -> APIRouter:
    """Return the page's route and those of its two files; none needs a key."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        """Answer the page."""
        root = request.scope.get("root_path", "").rstrip("/")
        place = json.dumps(f"{root}/openapi.json").replace("<", r"\u003c")
        page = _PAGE.replace("{root}", root).replace("{place}", place)
        headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
        return Response(page, media_type="text/html", headers=headers)

    def add_file(name: str) -> None:
        @router.get(f"/docs/{name}")
        async def file() -> Response:
            """Answer one of Swagger UI's files."""
            headers = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}
            return Response(_asset(name), media_type=_MEDIA_TYPES[name], headers=headers)

    for name in _MEDIA_TYPES:
        add_file(name)
    return router


@cache
def _asset(name: str) -> bytes:
    return files("fastapi_offline").joinpath("static", name).read_bytes()
