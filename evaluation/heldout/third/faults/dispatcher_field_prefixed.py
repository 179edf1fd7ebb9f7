"""Through the dispatcher the offending field is told by its place in the body, parameters.lat, not by the
argument's name.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import DISPATCH, errors
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher and REST"
SUBTLE = True
FORM = "words"
PROMISE = (
    "schemas.Error.properties.error.properties.field.description:: the offending argument is told by its "
    "name, such as lat or vehicle.vin"
)


def _prefixed(request: Request, status: int, error: dict[str, Any]) -> None:
    if (
        request.path == DISPATCH
        and status == 400
        and error.get("field") not in (None, "action", "parameters", "body")
    ):
        error["field"] = f"parameters.{error['field']}"


def wrap(handler: Handler, context: Context) -> Handler:
    return errors(handler, _prefixed)


def shows(call: Shown) -> Any:
    return call.told("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 91, "lng": 0}})
