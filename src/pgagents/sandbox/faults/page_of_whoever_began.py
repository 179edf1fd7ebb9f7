"""The text that gets the next page says whose list it goes on with, whoever sends it."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"keeps_projects_apart"})
ALSO = {"refused_leaves_nothing": "a list then holds what this project never made"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Remember who was told each text, and answer whoever sends it as that one."""
    whose: dict[str, tuple[tuple[str, str], ...]] = {}

    def answer(request: Request) -> Response | Silence:
        began = next((whose[value] for _, value in request.query if value in whose), None)
        if began is not None and request.header("authorization"):
            request = replace(request, headers=began)
        found = handler(request)
        data = meddle.data_of(found) if isinstance(found, Response) and meddle.successful(found) else None
        if isinstance(data, dict):
            whose.update({value: request.headers for name, value in data.items() if name.startswith("next") and isinstance(value, str)})
        return found

    return answer
