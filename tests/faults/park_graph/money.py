"""Faults in what Park Graph charges, pays out and refunds."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from faults.helpers import make_action
from pgagents.base.cel.functions import epoch
from pgagents.base.http import Request
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import objects
from pgagents.sandbox.park_graph.money import payout, to_cents

DAY_S = 86_400


@fault("law").replace_actions
def cap_by_the_day(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The cap on 24 hours is applied to each calendar day instead."""
    found = inner(call)
    session = (
        found.get("session") if call.action.name == "end_session" and not isinstance(found, Refusal) else None
    )
    if session and session["rate_unit"] == "hour" and session["max_daily"] is not None:
        begun, ended, cents = epoch(session["started_at"]), epoch(session["ended_at"]), 0
        while begun < ended:
            until = min(ended, (begun // DAY_S + 1) * DAY_S)
            cents += min(round(session["rate"] * (until - begun) / 36), round(session["max_daily"] * 100))
            begun = until
        payout = (cents * 9 + 5) // 10
        context.store.run(
            "UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?",
            cents,
            payout,
            session["id"],
        )
        session.update(subtotal=cents / 100, owner_payout=payout / 100, platform_fee=(cents - payout) / 100)
    return found


@fault("law").edit_results("end_session")
def days_by_the_calendar(context: Context, _call: AcceptedCall, found: Any) -> Any:
    """A lot with a daily rate charges for each calendar date of a stay, even a stay below 24 hours."""
    if found["session"]["rate_unit"] != "day":
        return found
    told = found["session"]
    first, last = told["started_at"][:10], told["ended_at"][:10]
    one = told["rate"] if told["max_daily"] is None else min(told["rate"], told["max_daily"])
    if first == last or to_cents(told["subtotal"]) != to_cents(one):
        return found
    cents = 2 * to_cents(one)
    context.store.run("UPDATE session SET subtotal_cents = ? WHERE id = ?", cents, told["id"])
    fee = cents - payout(cents)
    return {
        "session": {
            **told,
            "subtotal": cents / 100,
            "owner_payout": payout(cents) / 100,
            "platform_fee": fee / 100,
        }
    }


@fault("law").replace_actions
def extension_by_whole_hours(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Hours of an extension are rounded up to whole hours."""
    if str(call.action.name) == "extend_session":
        call = replace(call, input={**call.input, "extend_hours": math.ceil(call.input["extend_hours"])})
    return inner(call)


@fault("law").edit_results("end_session")
def money_by_the_rest(context: Context, _call: AcceptedCall, found: Any) -> Any:
    """The smaller share of an amount is rounded, and the larger share is the remainder, instead of the
    reverse.
    """
    session = found["session"]
    cents = Decimal(round(session["subtotal"] * 100))
    fee = int((cents / 10).quantize(Decimal(1), ROUND_HALF_UP))
    context.store.run("UPDATE session SET payout_cents = ? WHERE id = ?", int(cents) - fee, session["id"])
    session.update(platform_fee=fee / 100, owner_payout=(int(cents) - fee) / 100)
    return found


@fault("law").edit_data
def money_off_by_a_cent(_context: Context, _request: Request, data: Any) -> Any:
    """A charge is a cent too high."""
    for found in objects(data):
        if isinstance(found.get("subtotal"), float) and "owner_payout" in found:
            found["subtotal"] = round(found["subtotal"] + 0.01, 2)
            found["platform_fee"] = round(found["platform_fee"] + 0.01, 2)
    return data


@fault("law", also={"response_schema": "an amount may fall below its least"}).edit_data
def money_precision(_context: Context, _request: Request, data: Any) -> Any:
    """Amounts contain noise of binary fractions (24.119999)."""
    for found in objects(data):
        for name in ("subtotal", "platform_fee", "owner_payout", "amount"):
            if isinstance(found.get(name), float) and found[name] > 0:
                found[name] -= 0.004
    return data


@fault("law").replace_actions
def money_to_even(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Half a cent is rounded to the even cent, as many languages do by default."""
    found = inner(call)
    session = (
        found.get("session")
        if not isinstance(found, Refusal) and call.action.name == "create_session"
        else None
    )
    if session and session["rate_unit"] == "hour":
        exact = Decimal(str(session["rate"])) * 100 * Decimal(str(call.input["hours"]))
        cents = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
        context.store.run("UPDATE session SET estimated_cents = ? WHERE id = ?", cents, session["id"])
        session["estimated_amount"] = cents / 100
    return found


@fault("consistent_representations").edit_results("get_rates")
def null_as_zero(_context: Context, _call: AcceptedCall, found: Any) -> Any:
    """One answer has a daily cap of zero where there is no cap."""
    found["rates"]["max_daily"] = found["rates"]["max_daily"] or 0
    return found


@fault(
    "law", also={"read_after_write": "the estimate read back differs from the one returned at creation"}
).edit_data
def quote_is_not_charge(context: Context, request: Request, data: Any) -> Any:
    """The estimate of a new session is ten percent too high."""
    if context.reader.action(request) is not make_action(context.model):
        return None
    for found in objects(data):
        if isinstance(found.get("estimated_amount"), float):
            found["estimated_amount"] = round(found["estimated_amount"] * 1.1 + 0.01, 2)
    return data


@fault("workflow_runs").replace_actions
def refunds_apart(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Each refund is compared with the whole charge, not with what earlier refunds left of it."""
    found = inner(call)
    asked = call.input.get("amount")
    if (
        str(call.action.name) != "refund_session"
        or asked is None
        or not isinstance(found, Refusal)
        or found.code != "CONFLICT"
    ):
        return found
    row = context.store.row(
        "SELECT subtotal_cents FROM session WHERE id = ? AND status = 'completed'", call.input["session_id"]
    )
    if row is None or asked * 100 > row["subtotal_cents"] + 0.5:
        return found
    told = inner(replace(call, input={**call.input, "amount": 0.01}))
    return told if isinstance(told, Refusal) else {"refund": {**told["refund"], "amount": asked}}
