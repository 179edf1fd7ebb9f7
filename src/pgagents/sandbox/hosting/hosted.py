"""Serves the generated documents that the API hosts; they are rendered on the first request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from pgagents.model.model import Model
from pgagents.sandbox.call import Raw

_TYPES = {
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
}


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

    def document(self, path: str) -> Raw:
        """Return the document at a path."""
        file = self._files[path]
        kind = _TYPES.get(PurePosixPath(file).suffix, "application/octet-stream")
        return Raw(kind, self._render()[file])

    def _render(self) -> dict[str, bytes]:
        if self._bytes is None:
            from pgagents.sandbox.hosting.rendered import documents

            self._bytes = documents(self._model, frozenset(self._files.values()), self._log)
        return self._bytes
