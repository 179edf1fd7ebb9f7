"""The mock's instances as JSON rows, by kind and id."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox.store import Store

_TABLES = """
CREATE TABLE IF NOT EXISTS thing (
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, data TEXT NOT NULL,
  gone INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS thing_id ON thing (kind, id, tenant);
"""


class Rows:
    """Instances of all kinds; those of the tenant '' belong to everybody. Ids are never reused."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.script(_TABLES)

    def add(self, kind: str, id: str, tenant: str, data: dict[str, Any]) -> None:
        """Store a new instance. A removed one whose id the caller has chosen again is forgotten."""
        sql = "DELETE FROM thing WHERE kind = ? AND id = ? AND tenant = ? AND gone"
        self._store.run(sql, kind, id, tenant)
        self._store.run(
            "INSERT INTO thing (kind, id, tenant, data) VALUES (?, ?, ?, ?)",
            kind,
            id,
            tenant,
            json.dumps(data),
        )

    def get(self, kind: str, id: str, tenant: str) -> dict[str, Any] | None:
        """Return the tenant's instance of an id, or None."""
        row = self._store.row(
            "SELECT data FROM thing WHERE kind = ? AND id = ? AND tenant = ? AND NOT gone", kind, id, tenant
        )
        return dict(json.loads(row["data"])) if row else None

    def all(self, kind: str, tenant: str) -> list[dict[str, Any]]:
        """Return the tenant's instances, newest first."""
        rows = self._store.rows(
            "SELECT data FROM thing WHERE kind = ? AND tenant = ? AND NOT gone ORDER BY n DESC", kind, tenant
        )
        return [dict(json.loads(row["data"])) for row in rows]

    def every(self, kind: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the instances of all tenants, each with its id and tenant."""
        rows = self._store.rows("SELECT id, tenant, data FROM thing WHERE kind = ? AND NOT gone", kind)
        return [(row["id"], row["tenant"], dict(json.loads(row["data"]))) for row in rows]

    def change(self, kind: str, id: str, data: dict[str, Any]) -> None:
        """Store the new state of an instance."""
        self._store.run("UPDATE thing SET data = ? WHERE kind = ? AND id = ?", json.dumps(data), kind, id)

    def remove(self, kind: str, id: str) -> None:
        """Mark an instance as removed."""
        self._store.run("UPDATE thing SET gone = 1 WHERE kind = ? AND id = ?", kind, id)

    def has_text(self, text: str) -> bool:
        """Return whether an instance that is there has a text in its JSON."""
        sql = "SELECT 1 FROM thing WHERE NOT gone AND instr(data, ?) LIMIT 1"
        return self._store.row(sql, text) is not None

    def any(self, kind: str) -> bool:
        """Return whether there was ever an instance of a kind."""
        return self._store.row("SELECT 1 FROM thing WHERE kind = ? LIMIT 1", kind) is not None

    def was_removed(self, kind: str, id: str, tenant: str) -> bool:
        """Return whether a tenant's instance was removed."""
        sql = "SELECT 1 FROM thing WHERE kind = ? AND id = ? AND tenant = ? AND gone"
        return self._store.row(sql, kind, id, tenant) is not None

    def was_used(self, kind: str, id: str) -> bool:
        """Return whether an id was ever used."""
        return self._store.row("SELECT 1 FROM thing WHERE kind = ? AND id = ?", kind, id) is not None
