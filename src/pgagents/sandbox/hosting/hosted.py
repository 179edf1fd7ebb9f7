"""Serve the generated documents that the API hosts. They are rendered at the first request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath

from pgagents.http import Request, Response
from pgagents.model.model import Model

_TYPES = {
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_AI_CATALOG = "application/ai-catalog+json"
_FOUND = {
    "web/ai-catalog.json": _AI_CATALOG,
    "web/ard.json": _AI_CATALOG,
    "web/api-catalog.json": 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    "mcp/server-card.json": "application/mcp-server-card+json",
    "web/agent-skills.json": "application/json",
    "web/llms.txt": "text/plain; charset=utf-8",
}
"""Media types of the documents by which agents find the API."""
_RELATIONS = {"web/ai-catalog.json": "ai-catalog", "web/api-catalog.json": "api-catalog"}
"""Link relations from pages of the host to a document."""
_FRESH = ("Cache-Control", "public, max-age=3600")
"""The time for which a document may be cached, unless the catalogue declares another one."""
_OPEN = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Link"))


def list_links(model: Model) -> list[tuple[str, str, str]]:
    """Return the path, the relation and the media type of each document that pages of the host point to."""
    return [
        (str(model.api.hosted[file]), relation, _FOUND[file].partition(";")[0])
        for file, relation in _RELATIONS.items()
        if file in model.api.hosted
    ]


class Hosted:
    """Hosted documents by path; public, without a key."""

    def __init__(self, model: Model, log: Callable[[str], None]) -> None:
        self._model = model
        self._log = log
        self._files = {path: file for file, path in model.api.hosted.items()}
        self._bytes: dict[str, bytes] | None = None

    def has(self, path: str) -> bool:
        """Return whether a document is hosted at a path."""
        return path in self._files and self._files[path] in self._render()

    def answer(self, request: Request) -> Response:
        """Return the document at the request's path, or 304 if the caller has the same bytes."""
        file = self._files[request.path]
        body = self._render()[file]
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        kept = [("ETag", tag)]
        if not any(h.name == "Cache-Control" and "all" in h.on for h in self._model.headers):
            kept.append(_FRESH)
        if file in _FOUND:
            kept += _OPEN
        if file == "web/api-catalog.json":
            kept.append(("Link", f'<{request.path}>; rel="api-catalog"'))
        if tag in _read_tags(request.header("if-none-match") or ""):
            return Response(304, tuple(kept))
        kind = _FOUND.get(file) or _TYPES.get(PurePosixPath(file).suffix, "application/octet-stream")
        return Response(200, (("Content-Type", kind), *kept), body)

    def _render(self) -> dict[str, bytes]:
        if self._bytes is None:
            from pgagents.sandbox.hosting.rendered import documents

            self._bytes = documents(self._model, frozenset(self._files.values()), self._log)
        return self._bytes


def _read_tags(header: str) -> list[str]:
    """Return the tags of an If-None-Match header, compared weakly (RFC 9110, 13.1.2)."""
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]
