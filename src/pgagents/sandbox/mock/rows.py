"""The mock's instances as JSON rows, by kind, id, owner and the instances that contain them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgagents.sandbox.store import Store

_TABLES = """
CREATE TABLE IF NOT EXISTS instance (
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, place TEXT NOT NULL,
  data TEXT NOT NULL, gone INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS instance_id ON instance (kind, id, tenant, place);
"""


@dataclass(frozen=True, slots=True)
class RowKey:
    """The key of an instance's row.

    `place` has the ids of its containers, as text; empty for any place. The empty tenant means everybody.
    """

    kind: str
    id: str
    tenant: str
    place: str = ""

    @property
    def inside(self) -> str:
        """The place of the instances inside this one."""
        return f"{self.place}/{self.id}" if self.place else self.id


class Rows:
    """Instances of all kinds. Ids of removed instances are kept, so that no new instance gets one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.script(_TABLES)

    def add(self, key: RowKey, data: dict[str, Any]) -> None:
        """Store a new instance. If the caller chose the id of a removed one, that one is forgotten."""
        sql = "DELETE FROM instance WHERE kind = ? AND id = ? AND tenant = ? AND place = ? AND gone"
        self._store.run(sql, key.kind, key.id, key.tenant, key.place)
        self._store.run(
            "INSERT INTO instance (kind, id, tenant, place, data) VALUES (?, ?, ?, ?, ?)",
            key.kind,
            key.id,
            key.tenant,
            key.place,
            json.dumps(data),
        )

    def get(self, key: RowKey) -> dict[str, Any] | None:
        """Return the instance of a key, or None."""
        row = self._store.row(f"SELECT data FROM instance WHERE n = ({_NEWEST})", *_arguments(key))
        return dict(json.loads(row["data"])) if row else None

    def all(self, kind: str, tenant: str, place: str = "") -> list[dict[str, Any]]:
        """Return the tenant's instances in a place, newest first."""
        rows = self._store.rows(
            "SELECT data FROM instance WHERE kind = ? AND tenant = ? AND (? = '' OR place = ?) AND NOT gone "
            "ORDER BY n DESC",
            kind,
            tenant,
            place,
            place,
        )
        return [dict(json.loads(row["data"])) for row in rows]

    def every(self, kind: str) -> list[tuple[RowKey, dict[str, Any]]]:
        """Return the instances of all tenants and places, each with its key."""
        rows = self._store.rows(
            "SELECT id, tenant, place, data FROM instance WHERE kind = ? AND NOT gone", kind
        )
        return [
            (RowKey(kind, row["id"], row["tenant"], row["place"]), dict(json.loads(row["data"])))
            for row in rows
        ]

    def change(self, key: RowKey, data: dict[str, Any]) -> None:
        """Store the new state of an instance."""
        self._store.run(
            f"UPDATE instance SET data = ? WHERE n = ({_NEWEST})", json.dumps(data), *_arguments(key)
        )

    def remove(self, key: RowKey) -> None:
        """Mark an instance as removed."""
        self._store.run(f"UPDATE instance SET gone = 1 WHERE n = ({_NEWEST})", *_arguments(key))

    def list_inside(self, kind: str, key: RowKey) -> Iterator[RowKey]:
        """Yield the keys of the instances inside another one."""
        for found, _ in self.every(kind):
            if found.tenant in (key.tenant, "") and found.place in (key.inside, key.id):
                yield found

    def has_text(self, text: str) -> bool:
        """Return whether an existing instance has a text in its JSON."""
        sql = "SELECT 1 FROM instance WHERE NOT gone AND instr(data, ?) LIMIT 1"
        return self._store.row(sql, text) is not None

    def any(self, kind: str) -> bool:
        """Return whether an instance of a kind ever existed."""
        return self._store.row("SELECT 1 FROM instance WHERE kind = ? LIMIT 1", kind) is not None

    def was_removed(self, key: RowKey) -> bool:
        """Return whether an instance of a key was removed."""
        sql = f"SELECT 1 FROM instance WHERE {_FITS} AND gone"
        return self._store.row(sql, *_arguments(key)) is not None

    def was_used(self, kind: str, id: str) -> bool:
        """Return whether an id was ever used."""
        return self._store.row("SELECT 1 FROM instance WHERE kind = ? AND id = ?", kind, id) is not None


_FITS = "kind = ? AND id = ? AND tenant = ? AND (? = '' OR place = ?)"
_NEWEST = f"SELECT max(n) FROM instance WHERE {_FITS} AND NOT gone"


def _arguments(key: RowKey) -> tuple[str, ...]:
    return key.kind, key.id, key.tenant, key.place, key.place
