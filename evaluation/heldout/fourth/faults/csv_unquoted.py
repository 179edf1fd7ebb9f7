"""The audit's CSV is joined with commas and never quoted, so a diff with commas in it spreads over several
columns.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "operator.actions.export_lot_audit.output.200.content_type + "
    "operator.actions.export_lot_audit.output.200.description:: "
    "the export is CSV of eight columns"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if answer.status != 200 or not request.path.endswith("/audit.csv") or request.method != "GET":
            return answer
        rows = csv.reader(io.StringIO(answer.body.decode()))
        return replace(answer, body="".join(",".join(row) + "\r\n" for row in rows).encode())

    return told(handler, edit)


def shows(call: Shown) -> Any:
    call.park("lot_cascade")
    answer = call("GET", "/sandbox/v1/lots/lot_cascade/audit.csv", key="operator")
    return [len(row) for row in csv.reader(io.StringIO(answer.body.decode()))]
