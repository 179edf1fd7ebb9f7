"""A refreshed access token has every scope of its client, not those that the user granted."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import form_of
from evaluation.heldout.second.calls import refresh, token
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import data_of, edits
from pgagents.sandbox.keys import digest

CLASS = "oauth"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "auth.oauth.needs.sessions:write + auth.oauth.scopes.sessions:write:: a token that was not granted "
    "sessions:write may not write"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if (
            request.path == "/oauth/token"
            and answer.status == 200
            and form_of(request).get("grant_type") == "refresh_token"
        ):
            store = context.front.store
            with store.transaction():
                scopes = " ".join(context.model.code_flow.scopes)
                store.run(
                    "UPDATE oauth_token SET scope = ? WHERE hash = ?",
                    scopes,
                    digest(data_of(answer)["access_token"]),
                )
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    name = token(call, refresh(call, call.grant("read")["refresh_token"]))
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-1"}, key=name)
