"""Ids in a path are normalised (NFKC) before they are looked up, so one written with a letter of full width finds a thing."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from urllib.parse import quote, unquote

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"tells_ids_apart"})
ALSO = {"refuses_invalid": "an id with such a letter is one that its pattern does not match"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Normalise the path."""

    def repair(request: Request) -> Request:
        path, mark, query = request.target.partition("?")
        if not any(lead in path.upper() for lead in ("%EF%BC", "%EF%BD")):
            return request
        parts = [quote(unicodedata.normalize("NFKC", unquote(part)), safe="") for part in path.split("/")]
        return replace(request, target="/".join(parts) + mark + query)

    return meddle.repairs(handler, repair)
