"""The operator's endpoints, and the webhooks of an operator and of the payment processor."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from pgagents.sandbox import deliver
from pgagents.sandbox.call import AcceptedCall, Raw, Refusal, rfc3339
from pgagents.sandbox.keys import Key, word
from pgagents.sandbox.park_graph import audit, forget, money
from pgagents.sandbox.park_graph.lots import NO_LOT, lot
from pgagents.sandbox.park_graph.sessions import Sessions
from pgagents.sandbox.setting import Setting

_FORMULA = frozenset("=+-@\t\r\n|＝＋－＠")
_COLUMNS = ("at", "actor_type", "actor_id", "action", "lot_id", "session_id", "agent_platform", "diff")


def actions(setting: Setting, s: Sessions) -> Mapping[str, Callable[[AcceptedCall], Any]]:
    """Return the operator's actions by name."""
    return {
        "create_key": lambda call: create_key(setting, call),
        "delete_key": lambda call: delete_key(setting, call),
        "update_lot": lambda call: update_lot(s, call),
        "export_lot_audit": lambda call: export_lot_audit(s, call),
        "list_audit": lambda call: list_audit(s, call),
        "advance_clock": lambda call: advance_clock(setting, call),
        "settle_payment": lambda call: settle_payment(s, call),
        "forget_driver": lambda call: forget.driver(s, call),
    }


def create_key(setting: Setting, call: AcceptedCall) -> Any:
    """Make a key. Its token is returned only once. An integration registers an agent."""
    given = call.input
    ring = setting.keyring
    key = Key(
        "key_" + word(setting.rng, 16),
        "made",
        given["project"],
        given["plan"],
        ring.scopes(given["plan"]),
        given["mode"],
        given.get("fleet_id"),
        given.get("integration"),
        given.get("requests_per_minute"),
        False,
        given["end_user_opt_in"],
    )
    token = ring.mint(key)
    audit.write(setting.store, call, diff={"key": [None, key.id], "integration": [None, key.integration]})
    return {
        "api_key": {
            "id": key.id,
            "key": token,
            "project": key.project,
            "plan": key.plan,
            "mode": key.mode,
            "integration": key.integration,
            "fleet_id": key.group,
            "created_at": rfc3339(call.now),
        }
    }


def delete_key(setting: Setting, call: AcceptedCall) -> Any:
    """Revoke a key."""
    if not setting.keyring.revoke(call.input["key_id"], call.now):
        return Refusal("NOT_FOUND", "There is no such key")
    audit.write(setting.store, call, diff={"key": [call.input["key_id"], None]})
    return None


def update_lot(s: Sessions, call: AcceptedCall) -> Any:
    """Change a lot's rate, or whether it allows agents."""
    row = lot(s.store, call.input["lot_id"])
    if row is None:
        return NO_LOT
    cents = money.to_cents(call.input["rate"]) if "rate" in call.input else row["rate_cents"]
    if cents > money.MOST_CENTS:
        return Refusal("BAD_REQUEST", f"rate is at most {money.MOST_CENTS // 100:,} dollars", "rate")
    agents = int(call.input.get("agents_allowed", row["agents"]))
    s.store.run("UPDATE lot SET rate_cents = ?, agents = ? WHERE id = ?", cents, agents, row["id"])
    diff = {"rate_cents": [row["rate_cents"], cents], "agents_allowed": [bool(row["agents"]), bool(agents)]}
    changed = {k: v for k, v in diff.items() if v[0] != v[1]}
    audit.write(s.store, call, lot_id=row["id"], diff=changed)
    shown = {
        "id": row["id"],
        "rate": money.dollars(cents),
        "rate_unit": row["unit"],
        "agents_allowed": bool(agents),
    }
    if changed:
        s.outbox.put("lot.updated", shown, call.now, tenant=None)
    return {"lot": shown}


def list_audit(s: Sessions, call: AcceptedCall) -> Any:
    """List audit rows, newest first."""
    wanted = {name: call.input[name] for name in ("lot_id", "session_id") if name in call.input}
    return {"rows": [_format_row(row) for row in _rows(s, wanted, call.input["limit"])]}


def export_lot_audit(s: Sessions, call: AcceptedCall) -> Any:
    """Export a lot's audit rows as CSV that a spreadsheet opens without running formulas."""
    if lot(s.store, call.input["lot_id"]) is None:
        return NO_LOT
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in reversed(_rows(s, {"lot_id": call.input["lot_id"]}, -1)):
        shown = _format_row(row)
        writer.writerow(
            [
                _harmless(json.dumps(v) if isinstance(v, dict) else "" if v is None else str(v))
                for v in shown.values()
            ]
        )
    return Raw("text/csv; charset=utf-8", text.getvalue().encode())


def advance_clock(setting: Setting, call: AcceptedCall) -> Any:
    """Advance the sandbox's clock."""
    try:
        now = setting.clock.advance(call.input["advance_s"])
    except ValueError:
        return Refusal("BAD_REQUEST", "The clock cannot go past the year 9998", "advance_s")
    return {"now": rfc3339(now)}


def settle_payment(s: Sessions, call: AcceptedCall) -> Any:
    """Set the result of a payment. With the id `next`, it is that of the next session's payment."""
    id, outcome = call.input["payment_intent_id"], call.input["outcome"]
    if id == "next":
        s.store.run("INSERT OR REPLACE INTO payment VALUES ('next', 'pending', ?)", outcome)
    elif outcome == "processor_down":
        if not s.store.run("UPDATE payment SET next_outcome = ? WHERE payment_intent_id = ?", outcome, id):
            return Refusal("NOT_FOUND", "There is no such payment")
    else:
        session = money.settle(s.outbox, id, outcome, call.now)
        if session is None:
            return Refusal("NOT_FOUND", "There is no such payment")
        audit.write(
            s.store, call, lot_id=session["lot_id"], session_id=session["id"], diff={"payment": outcome}
        )
    return {"outcome": outcome}


def _rows(s: Sessions, wanted: Mapping[str, str], limit: int) -> list[sqlite3.Row]:
    where = " AND ".join(f"{name} = ?" for name in wanted) or "1"
    return s.store.rows(
        (
            f"SELECT audit.*, actor_id, diff FROM audit LEFT JOIN audit_detail ON audit_n = n WHERE {where} "
            "ORDER BY n DESC LIMIT ?"
        ),
        *wanted.values(),
        limit,
    )


def _format_row(row: sqlite3.Row) -> dict[str, Any]:
    shown = {name: row[name] for name in _COLUMNS}
    return {**shown, "at": rfc3339(row["at"]), "diff": json.loads(row["diff"]) if row["diff"] else None}


def _harmless(text: str) -> str:
    """Prefix a cell that begins like a formula with an apostrophe.

    Full-width forms from East Asian keyboards count too.
    """
    return "'" + text if text and text.lstrip(" ")[:1] in _FORMULA else text


# -- webhooks


TABLES = """
CREATE TABLE IF NOT EXISTS payment_event (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""


def create(s: Sessions, call: AcceptedCall, target_problem: Callable[[str], str]) -> Any:
    """Register a webhook. Its address must be public and https (PG-HOOK)."""
    problem = target_problem(call.input["url"])
    if problem:
        return Refusal("BAD_REQUEST", f"url {problem}", "url")
    id = "wh_" + word(s.rng, 16)
    events = list(dict.fromkeys(call.input["events"]))
    s.outbox.register(id, call.key.tenant if call.key else "", call.input["url"], events, call.now)
    audit.write(s.store, call, diff={"webhook": [None, id]})
    webhook = {"id": id, "url": call.input["url"], "events": events, "created_at": rfc3339(call.now)}
    return {"webhook": {**webhook, "signing_secret": s.outbox.secret(id)}}


def list_all(s: Sessions, call: AcceptedCall) -> Any:
    """List the project's webhooks, newest first (PG-HOOK)."""
    rows = s.store.rows(
        "SELECT * FROM webhook WHERE tenant = ? AND deleted_at IS NULL ORDER BY created_at DESC, id",
        call.key.tenant if call.key else "",
    )
    return {
        "webhooks": [
            {
                "id": r["id"],
                "url": r["url"],
                "events": json.loads(r["events"]),
                "created_at": rfc3339(r["created_at"]),
            }
            for r in rows
        ]
    }


def delete(s: Sessions, call: AcceptedCall) -> Any:
    """Delete a webhook. Its row stays, marked as deleted (PG-HOOK)."""
    tenant = call.key.tenant if call.key else ""
    id = call.input["webhook_id"]
    if not s.outbox.remove(id, tenant, call.now):
        return Refusal("NOT_FOUND", "There is no such webhook")
    audit.write(s.store, call, diff={"webhook": [id, None]})
    return None


def payment_event(s: Sessions, call: AcceptedCall, secret: str) -> Any:
    """Apply a payment event (PG-STRIPE) if its signature is valid. A repeated event has no further effect."""
    signed = call.action.signed
    header = call.input[signed.header if signed else "stripe_signature"]
    problem = deliver.find_stripe_error(
        header, call.request.body, secret, call.now, signed.tolerance_s if signed else deliver.LIVES_S
    )
    if problem:
        return Refusal("BAD_REQUEST", problem[0].upper() + problem[1:], "body")
    event = call.input
    if s.store.run("INSERT OR IGNORE INTO payment_event VALUES (?, ?)", event["id"], call.now):
        status = {"payment_intent.succeeded": "paid", "payment_intent.payment_failed": "declined"}.get(
            event["type"]
        )
        intent = event["data"].get("object", {}).get("id")
        if status is not None and isinstance(intent, str):
            session = money.settle(s.outbox, intent, status, call.now)
            if session is not None:
                audit.write(
                    s.store,
                    call,
                    lot_id=session["lot_id"],
                    session_id=session["id"],
                    diff={"payment": status},
                )
    return {"received": True}
