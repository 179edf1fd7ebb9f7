"""The check of OAuth tokens has an error path of its own, which forgets the WWW-Authenticate header on its
401.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from evaluation.heldout.fourth.around import told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "OAuth"
SUBTLE = True
FORM = "formal"
PROMISE = "headers.WWW-Authenticate.on:: every 401 names the scheme a call must use"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if answer.status == 401 and (request.header("authorization") or "").startswith("Bearer oat_"):
            return answer.with_header("WWW-Authenticate", None)
        return answer

    return told(handler, edit)


def shows(call: Shown) -> Any:
    call.tokens["old"] = call.grant("read")["access_token"]
    call.wait(3700)
    answer = call("GET", f"/api/v1/lots/search?{NEAR}", key="old")
    return answer.status, answer.header("www-authenticate") is None
