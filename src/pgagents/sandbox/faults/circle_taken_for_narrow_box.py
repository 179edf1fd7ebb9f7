"""Candidates come from a box that is too narrow, so places to the east and west inside the circle are not found."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"relation"})
ALSO: dict[str, str] = {}
KM_PER_DEGREE = 111.195


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave out what is farther to the east or west than a degree of the equator would have it."""
    reader, victim = meddle.Reader(context.model), meddle.list_action(context.model)
    usual = {str(p.name): p.schema.get("default") for p in victim.params}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        given = {**usual, **reader.arguments(request)} if reader.action(request) is victim else {}
        if not meddle.successful(answer) or not {"radius_km", "lng"} <= given.keys():
            return answer
        reach = float(given["radius_km"]) / KM_PER_DEGREE
        for found in meddle.lists(data):
            found[:] = [place for place in found if abs(place["lng"] - float(given["lng"])) <= reach]
        return answer.with_json(data)

    return meddle.edits(handler, edit)
