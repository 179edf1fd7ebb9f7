"""Texts are normalised (NFKC) before they are judged, so letters and digits of full width pass for those of ASCII."""

from __future__ import annotations

import unicodedata
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO = {
    "tells_ids_apart": "an id in a body is such a text",
    "same_answer": "what it becomes need not be there",
    "audits_writes": "what should only be refused was carried out",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Normalise what has a pattern, in bodies and queries."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        given = reader.arguments(request) if asked is not None else {}
        if asked is None or len(given) < len(request.query):
            return request
        held = {p.wire for p in asked.action.params if "pattern" in p.schema}
        normal = {name: _normal(value) if name in held else value for name, value in given.items()}
        return reader.with_arguments(request, normal) if normal != given else request

    return meddle.repairs(handler, repair)


def _normal(value: Any) -> Any:
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value
