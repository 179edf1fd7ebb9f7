"""What is not there is told with status 200 and an error in the body."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"absent_id", "body_fits"})
ALSO = {
    "documented_status": "an action may have another success than 200",
    "keeps_modes_apart": "a thing of the other mode is refused with 200 too",
    "tells_ids_apart": "so is an id in the other case",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn the 404 of a known path into a 200."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        return replace(answer, status=200) if answer.status == 404 and reader.asked(request) else answer

    return meddle.edits(handler, edit)
