"""An access token says that it expires in an hour and is kept for a day."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = "auth.oauth.access_s:: an access token lives 3,600 seconds"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS longer AFTER INSERT ON oauth_token WHEN NEW.kind = 'access' BEGIN "
        "UPDATE oauth_token SET dies_at = NEW.dies_at + 82800 WHERE hash = NEW.hash; END;"
    )
    return handler


def shows(call: Shown) -> Any:
    call.tokens["user"] = call.grant("read")["access_token"]
    call.wait(7200)
    return call.status("GET", f"/api/v1/lots/search?{NEAR}", key="user")
