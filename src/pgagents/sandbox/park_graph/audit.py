"""The audit trail: rows without personal data (PG-RETAIN) that database triggers protect from changes."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS audit (
  n INTEGER PRIMARY KEY, at REAL NOT NULL, actor_type TEXT NOT NULL, action TEXT NOT NULL, lot_id TEXT,
  session_id TEXT, agent_platform TEXT, tenant TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS audit_detail (audit_n INTEGER PRIMARY KEY, actor_id TEXT, diff TEXT);
CREATE INDEX IF NOT EXISTS audit_lot ON audit (lot_id);
CREATE INDEX IF NOT EXISTS audit_session ON audit (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS audit_search ON audit (at) WHERE action = 'search_parking';
CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_no_replace BEFORE INSERT ON audit
  WHEN EXISTS (SELECT 1 FROM audit WHERE n = NEW.n)
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""


def write(
    store: Store,
    call: AcceptedCall,
    *,
    lot_id: str | None = None,
    session_id: str | None = None,
    platform: str | None = None,
    diff: Any = None,
) -> None:
    """Append a row for a call; actor and diff go to a second table, where retention can blank them."""
    actor_type = (
        "agent"
        if call.agent
        else "operator"
        if call.key and call.key.operator
        else "key"
        if call.key
        else "system"
    )
    append(
        store,
        call.now,
        actor_type,
        call.key.id if call.key else None,
        str(call.action.name),
        tenant=call.key.tenant if call.key else "",
        lot_id=lot_id,
        session_id=session_id,
        platform=platform or call.attribution.get("agent_platform"),
        diff=diff,
    )


def append(
    store: Store,
    at: float,
    actor_type: str,
    actor_id: str | None,
    action: str,
    *,
    tenant: str,
    lot_id: str | None = None,
    session_id: str | None = None,
    platform: str | None = None,
    diff: Any = None,
) -> None:
    """Append a row."""
    store.run(
        (
            "INSERT INTO audit (at, actor_type, action, lot_id, session_id, agent_platform, tenant) VALUES "
            "(?, ?, ?, ?, ?, ?, ?)"
        ),
        at,
        actor_type,
        action,
        lot_id,
        session_id,
        platform,
        tenant,
    )
    store.run(
        "INSERT INTO audit_detail VALUES (last_insert_rowid(), ?, ?)",
        actor_id,
        json.dumps(diff if diff is not None else {}),
    )
