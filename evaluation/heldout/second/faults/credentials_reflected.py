"""The caller's origin is sent back with Access-Control-Allow-Credentials, because the star did not do with
cookies.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "cors"
SUBTLE = True
FORM = "formal"
PROMISE = "browsers.credentials:: false"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if answer.header("Access-Control-Allow-Origin") != "*":
            return answer
        origin = request.header("origin")
        return answer.with_header("Access-Control-Allow-Origin", origin).with_header(
            "Access-Control-Allow-Credentials", "true"
        )

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/sessions", Origin="https://app.example").header(
        "Access-Control-Allow-Credentials"
    )
