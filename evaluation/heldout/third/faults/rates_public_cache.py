"""Prices are told to be public and fresh for a minute, to spare the server, though the call has a key."""

from __future__ import annotations

import re
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "headers"
SUBTLE = False
FORM = "formal"
PROMISE = "headers.Cache-Control.const:: an answer to a call with a key is never stored"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(request: Request, answer: Response) -> Response:
        fit = answer.status == 200 and re.fullmatch(r"/api/v1/lots/[^/]+/rates", request.path)
        return answer.with_header("Cache-Control", "public, max-age=60") if fit else answer

    return answers(handler, change)


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/lots/lot_lionshead/rates").header("cache-control")
