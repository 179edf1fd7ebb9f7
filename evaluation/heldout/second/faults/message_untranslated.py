"""Messages are looked up in a table by Accept-Language; a language that has no table gives an empty
message.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import data_of, edits

CLASS = "envelope"
SUBTLE = True
FORM = "formal"
PROMISE = "schemas.Error.properties.error.properties.message.minLength:: 1"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        language = (
            (request.header("accept-language") or "en")
            .partition(",")[0]
            .partition(";")[0]
            .partition("-")[0]
            .strip()
            .lower()
        )
        data = data_of(answer)
        if (
            answer.status < 400
            or language in ("en", "*")
            or not isinstance(data, dict)
            or not isinstance(data.get("error"), dict)
        ):
            return answer
        return answer.with_json({**data, "error": {**data["error"], "message": ""}})

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    error = call.error("GET", "/api/v1/lots/lot_nowhere/rates", status=404, Accept_Language="de-CH,de;q=0.9")
    return bool(error["message"])
