"""A refused argument is told in another envelope than every other error."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope"})
ALSO = {
    "oauth_grants": "refused codes and tokens are told in that envelope too",
    "oauth_metadata": "so is an empty call of the token endpoint",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer `{"errors": [...]}` with the same words."""
    invalid = framework_code(context.model, "invalid").status

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        return answer.with_json({"errors": [data]}) if answer.status == invalid and data is not None else answer

    return meddle.edits(handler, edit)
