"""Both hosted documents are read from the file of the first: Copilot's address, too, answers OpenAPI 3.1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "hosted documents"
SUBTLE = False
FORM = "formal"
PROMISE = "api.hosted.copilot/openapi-3.0.yaml:: the 3.0.3 document at /api/agents/copilot/openapi.yaml"


def wrap(handler: Handler, context: Context) -> Handler:
    hosted = context.front.hosted
    inner = hosted.answer
    paths = {"/api/agents/copilot/openapi.yaml": "/api/agents/openai/openapi.yaml"}
    hosted.answer = lambda asked: inner(replace(asked, target=paths.get(asked.path, asked.target)))  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    return call("GET", "/api/agents/copilot/openapi.yaml", key=None).body[:40]
