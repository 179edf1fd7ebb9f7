"""The CORS headers are added where an answer succeeds, so a web page sees a refusal only as a network
error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "CORS"
SUBTLE = True
FORM = "formal"
PROMISE = "browsers.origins:: a web page of any origin reads every answer"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(_: Request, answer: Response) -> Response:
        if answer.status < 400:
            return answer
        return replace(
            answer, headers=tuple(h for h in answer.headers if not h[0].lower().startswith("access-control-"))
        )

    return answers(handler, change)


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/lots/lot_nowhere/rates", Origin="https://app.example").header(
        "access-control-allow-origin"
    )
