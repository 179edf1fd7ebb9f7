"""A body that cannot be read is refused before anybody asks for a key."""

from __future__ import annotations

from pgagents.sandbox import answers
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, read_json

BREAKS = frozenset({"needs_key"})
ALSO = {"oauth_clients": "a form, which is no JSON, is refused as well where it comes without a key"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Read the body first, where no key was sent."""

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        if not isinstance(found, Response) or found.status != framework_code(context.model, "no_key").status or not request.body:
            return found
        if request.header("authorization") is not None or not read_json(request.body).problem:
            return found
        id = found.header(answers.request_id_header(context.model)) or ""
        refused = answers.refusal(context.model, framework_code(context.model, "bad_body"), "is no JSON", id, field="body")
        kept = tuple(h for h in found.headers if h[0].lower() not in ("content-type", "www-authenticate"))
        return Response(refused.status, (*refused.headers, *kept), refused.body)

    return answer
