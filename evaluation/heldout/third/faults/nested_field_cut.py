"""The offending field of a nested object is told by its first step alone: vehicle, where it is
vehicle.vin.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import errors
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context

CLASS = "errors"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.examples.nested-field.output:: the field at fault is vehicle.vin"


def _cut(_: Request, status: int, error: dict[str, Any]) -> None:
    if status == 400 and "field" in error:
        error["field"] = error["field"].partition(".")[0]


def wrap(handler: Handler, context: Context) -> Handler:
    return errors(handler, _cut)


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_cascade", "plate": "AV-1234", "vehicle": {"autonomous": True, "vin": ""}}
    return call.told("POST", "/api/v1/sessions", body)
