"""When the user refuses, the state does not go back with the error."""

from __future__ import annotations

import re
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "oauth"
SUBTLE = True
PROMISE = "OAuth: state echoed"


def wrap(handler: Handler, _context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        location = answer.header("location") or ""
        if request.path == "/oauth/authorize" and "error=" in location:
            return answer.with_header("Location", re.sub(r"[&?]state=[^&#]*", "", location))
        return answer

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.consent("read", "deny")
