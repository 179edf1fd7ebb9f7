"""The plugin manifest that is hosted is that of an earlier version, with another address and another way to prove who calls."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"hosted_document"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """The manifest's address and auth as they once were."""
    paths = {path for path in context.model.api.hosted.values() if path.startswith("/.well-known/")}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if request.path not in paths or not isinstance(data, dict):
            return answer
        return answer.with_json(
            {**data, "auth": {"type": "none"}, "api": {**data.get("api", {}), "url": "https://old.example.com/openapi.json"}}
        )

    return meddle.edits(handler, edit)
