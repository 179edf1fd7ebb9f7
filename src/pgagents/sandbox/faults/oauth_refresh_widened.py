"""A token that comes for a refresh token may do everything, whatever was granted."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import digest
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give what is refreshed every scope of the catalogue."""
    oauth, store = context.model.auth.oauth, context.front.store

    def edit(request: Request, answer: Response) -> Response:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if oauth and request.path == oauth.token else {}
        if oauth is not None and form.get("grant_type") == "refresh_token" and meddle.successful(answer):
            with store.transaction():
                token = digest(meddle.data_of(answer)["access_token"])
                store.run("UPDATE oauth_token SET scope = ? WHERE hash = ?", " ".join(oauth.scopes), token)
        return answer

    return meddle.edits(handler, edit)
