"""Of a client that has a secret only its name is looked at."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import digest
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_clients"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take whatever secret stands in a form for the client's own."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if oauth and request.path == oauth.token else {}
        if "client_secret" in form:
            with store.transaction():
                made = digest(form["client_secret"])
                store.run(
                    "UPDATE oauth_client SET secret_hash = ? WHERE id = ? AND secret_hash IS NOT NULL", made, form.get("client_id", "")
                )
            return replace(request, body=urlencode(form).encode())
        return request

    return meddle.repairs(handler, repair)
