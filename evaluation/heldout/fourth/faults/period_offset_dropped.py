"""A bill's period is shown right, but its times are compared as if they had been given in UTC, whatever
their offset.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.get_fleet_billing.description + "
    "schemas.BillingReport.properties.from.description:: "
    "a bill counts what ended in the period that it states in UTC"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        period = {name: _moment(call.input[name]) for name in ("from", "to")}
        if any(moment is None for moment in period.values()):
            return inner(call)
        naive = {name: moment.replace(tzinfo=UTC).isoformat() for name, moment in period.items() if moment}
        found = inner(given(call, **naive))
        if not isinstance(found, Refusal):
            found["report"].update(
                {
                    name: m.astimezone(UTC).isoformat().replace("+00:00", "Z")
                    for name, m in period.items()
                    if m
                }
            )
        return found

    acts(context, act, "get_fleet_billing")
    return handler


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment if moment.tzinfo and moment.astimezone(UTC) else None
    except (ValueError, OverflowError):
        return None


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", "AV-7", key="fleet")
    call.wait(3600)
    call.end(session, key="fleet")
    return call.billed("fleet_waymo_sf", "2026-04-18T18:30:00+02:00", "2026-04-19T02:00:00+02:00")["sessions"]
