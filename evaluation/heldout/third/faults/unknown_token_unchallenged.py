"""WWW-Authenticate is told only where the Authorization header is missing; a wrong or dead key gets a 401
without it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "headers"
SUBTLE = True
FORM = "formal"
PROMISE = "headers.WWW-Authenticate.on:: every 401 says which scheme a call must use"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(request: Request, answer: Response) -> Response:
        bare = answer.status == 401 and request.header("authorization") is not None
        return answer.with_header("WWW-Authenticate", None) if bare else answer

    return answers(handler, change)


def shows(call: Shown) -> Any:
    call.tokens["wrong"] = "pk_test_wrong"
    return call("GET", "/api/v1/sessions", key="wrong").header("www-authenticate") is None
