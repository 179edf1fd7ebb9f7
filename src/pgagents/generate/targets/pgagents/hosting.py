"""The list of hosted files, each with its URL and media type."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.generate.target import Target, View
from pgagents.model.model import Model
from pgagents.source.origin import Text

_TYPES = {
    "json": "application/json",
    "yaml": "application/yaml",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "http": "text/plain; charset=utf-8",
    "py": "text/x-python",
}


@dataclass(frozen=True, slots=True)
class Hosted:
    """One public document."""

    file: Text
    url: Text
    content_type: str


def view(model: Model) -> View:
    """Return the entries of `api.hosted` with complete URLs."""
    files = []
    for path, at in model.api.hosted.items():
        origin = ("api", "hosted", path)
        content_type = _TYPES.get(path.rsplit(".", 1)[-1], "application/octet-stream")
        files.append(
            Hosted(Text(path, origin), Text(model.api.server.rstrip("/") + at, origin), content_type)
        )
    return View({"files": files})


TARGET = Target("Hosting", ("pgagents/hosting.json",), view)
