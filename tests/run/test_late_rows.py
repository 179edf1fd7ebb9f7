"""Rows of an audit log may be written by a queue, a moment after the call."""

from __future__ import annotations

from typing import Any

import pytest

from inprocess import inside
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.report.contract import Verdict
from verifying import ids, model, run


@pytest.mark.parametrize("late", [True, False])
def test_rows_that_a_second_look_shows_are_there(late: bool) -> None:
    of = model()
    opened = inside(of)
    assert of.audit is not None
    path = of.audit.listed_by.action.path
    written: list[Any] = []

    def lag(request: Request) -> Response | Silence:
        found = opened.sandbox.handler(request)
        if request.path != path or not isinstance(found, Response) or found.status != 200:
            return found
        rows = read_json(found.body).value["rows"]
        shown = [row for row in rows if row in written]
        written.extend(row for row in rows if late and row not in written)
        return found.with_json({"rows": shown})

    only = ("audit_trail", "valid_calls/ordinary/create_session", "valid_calls/ordinary/end_session")
    report = run(of, handler=lag, keys=opened.keys, only=only, exclusive=True, allow_writes=True)
    broken = [id for id in ids(report, Verdict.BROKEN) if id.startswith("audit_trail")]
    assert bool(broken) is not late, broken
    assert ("audit_trail/create_session@rest" in ids(report, Verdict.KEPT)) is late
