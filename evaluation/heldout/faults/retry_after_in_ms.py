"""The wait after a refusal is told in milliseconds."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits"
SUBTLE = False
PROMISE = "section 5: Retry-After = max(1, ceil(seconds to the next token))"


def wrap(handler: Handler, _context: Context) -> Handler:
    def edit(_: Request, answer: Response) -> Response:
        wait = answer.header("Retry-After")
        return (
            answer.with_header("Retry-After", f"{int(wait) * 1000}")
            if wait and answer.status == 429
            else answer
        )

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    path = "/api/v1/lots/lot_lionshead/rates"
    return next(wait for _ in range(300) if (wait := call("GET", path, key="test").header("Retry-After")))
