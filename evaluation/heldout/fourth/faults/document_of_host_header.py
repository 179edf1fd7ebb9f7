"""The hosted OpenAPI documents write the Host header of whoever asks as the server, so behind a cache others
are sent elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "hosted documents"
SUBTLE = True
FORM = "formal"
PROMISE = "api.server + api.hosted.openai/openapi.yaml:: the hosted document names the API's own server"


def wrap(handler: Handler, context: Context) -> Handler:
    server = str(context.model.api.server).encode()

    def edit(request: Request, answer: Response) -> Response:
        host = request.header("host")
        if not host or answer.status != 200 or not request.path.endswith("/openapi.yaml"):
            return answer
        return replace(answer, body=answer.body.replace(server, f"https://{host}".encode()))

    return told(handler, edit)


def shows(call: Shown) -> Any:
    return (
        b"//evil.example"
        in call("GET", "/api/agents/openai/openapi.yaml", key=None, Host="evil.example").body
    )
