"""A call without a key is told that it is forbidden."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"needs_key"})
ALSO = {"oauth_clients": "a client that is not known is told 403 as well", "oauth_grants": "a token that was revoked is told 403 too"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn 401 into 403."""
    model = context.model
    code = framework_code(model, "no_scope")

    def edit(_: Request, answer: Response) -> Response:
        if answer.status != 401:
            return answer
        body = meddle.error_at(meddle.data_of(answer), model.errors.code_at, code.name)
        return replace(answer.with_header("WWW-Authenticate", None), status=403).with_json(body)

    return meddle.edits(handler, edit)
