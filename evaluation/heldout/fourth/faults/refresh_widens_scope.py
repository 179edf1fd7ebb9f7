"""A refresh may ask for any scope that its client could have, also for one that the user did not grant."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import members
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import digest

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "auth.oauth.needs.sessions:write.create_session + "
    "auth.oauth.refresh_rotates:: "
    "a token may do what its user granted, also after a refresh"
)


def wrap(handler: Handler, context: Context) -> Handler:
    oauth = context.model.code_flow
    path, scopes = (oauth.token, set(oauth.scopes)) if oauth else ("", set())

    def answer(request: Request) -> Response | Silence:
        if request.path != path:
            return handler(request)
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        wanted = form.get("scope", "").split()
        if form.get("grant_type") != "refresh_token" or not wanted or not set(wanted) <= scopes:
            return handler(request)
        found = handler(
            replace(request, body=urlencode([pair for pair in pairs if pair[0] != "scope"]).encode())
        )
        if not isinstance(found, Response) or found.status != 200:
            return found
        token = members(found.body)
        with context.front.store.transaction():
            for name in ("access_token", "refresh_token"):
                context.front.store.run(
                    "UPDATE oauth_token SET scope = ? WHERE hash = ?",
                    " ".join(wanted),
                    digest(str(token.get(name))),
                )
        return found.with_json({**token, "scope": " ".join(wanted)})

    return answer


def shows(call: Shown) -> Any:
    token = call.grant("read")["refresh_token"]
    client = str(call.sandbox.oauth["public"]["client_id"])
    answer = call.form(
        "/oauth/token",
        grant_type="refresh_token",
        refresh_token=token,
        client_id=client,
        scope="read sessions:write",
    )
    if answer.status != 200:
        return answer.status
    call.tokens["wide"] = json.loads(answer.body)["access_token"]
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "CO-1"}, key="wide")
