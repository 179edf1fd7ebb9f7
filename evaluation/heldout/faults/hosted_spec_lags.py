"""The OpenAPI document that is hosted is that of the release before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "hosted documents"
SUBTLE = True
PROMISE = "PG-SPEC: version 1.4.0; health tells the same version"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if not request.path.endswith("openapi.yaml"):
            return answer
        return replace(answer, body=answer.body.replace(context.model.api.version.encode(), b"1.3.2"))

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    return b"1.3.2" in call("GET", "/api/agents/openai/openapi.yaml", key=None).body
