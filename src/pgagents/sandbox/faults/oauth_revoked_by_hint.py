"""A token that is to be revoked is looked for only among those of the kind that the hint names; what is not found is refused."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, json_bytes

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 400 for what is not there, dead, or of another kind."""
    oauth, front = context.model.auth.oauth, context.front

    def answer(request: Request) -> Response | Silence:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if oauth and request.path == oauth.revoke else {}
        if "token" not in form or front.grants is None:
            return handler(request)
        with front.store.transaction():
            found = front.grants.token(form["token"], front.clock.now())
        if found is not None and form.get("token_type_hint", f"{found.kind}_token") == f"{found.kind}_token":
            return handler(request)
        refused = handler(Request(request.method, request.target, request.headers))
        return Response(400, refused.headers, json_bytes({"error": "invalid_request"})) if isinstance(refused, Response) else refused

    return answer
