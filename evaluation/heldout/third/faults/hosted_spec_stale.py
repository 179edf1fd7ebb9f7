"""The document for Copilot was uploaded by hand at the last release and is still the one of version 1.3.2."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "hosted documents"
SUBTLE = False
FORM = "formal"
PROMISE = "api.version + api.hosted.copilot/openapi-3.0.yaml:: the hosted document is that of version 1.4.0"


def wrap(handler: Handler, context: Context) -> Handler:
    path, version = (
        context.model.api.hosted["copilot/openapi-3.0.yaml"],
        str(context.model.api.version).encode(),
    )

    def change(request: Request, answer: Response) -> Response:
        if request.path != path or answer.status != 200:
            return answer
        return replace(
            answer,
            body=re.sub(rb"(version: ['\"]?)" + re.escape(version), rb"\g<1>1.3.2", answer.body, count=1),
        )

    return answers(handler, change)


def shows(call: Shown) -> Any:
    found = re.search(rb"version: (.*)", call("GET", "/api/agents/copilot/openapi.yaml", key=None).body)
    return found and found[1]
