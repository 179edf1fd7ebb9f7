"""The headers for browsers are added where an action succeeds, so a page cannot read why a call was
refused.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "CORS"
SUBTLE = True
FORM = "formal"
PROMISE = "browsers.origins:: a page of any origin may call, and read errors too"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if answer.status < 400:
            return answer
        return answer.with_header("Access-Control-Allow-Origin", None).with_header(
            "Access-Control-Expose-Headers", None
        )

    return told(handler, edit)


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/lots/search?lat=91&lng=0", Origin="https://app.example").header(
        "access-control-allow-origin"
    )
