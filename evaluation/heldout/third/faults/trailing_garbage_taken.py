"""Bodies are read with a streaming decoder that stops after the first value, so whatever follows the
object is not noticed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "odd input"
SUBTLE = True
FORM = "formal"
PROMISE = "errors.framework.bad_body:: a body that is no JSON is refused"


def wrap(handler: Handler, context: Context) -> Handler:
    def answer(request: Request) -> Response | Silence:
        try:
            text = request.body.decode().lstrip()
            value, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return handler(request)
        if isinstance(value, dict) and text[end:].strip():
            request = replace(request, body=text[:end].encode())
        return handler(request)

    return answer


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/sessions", b'{"lot_id":"lot_lionshead","plate":"CO-7891"}{"hours":9}')
