"""The outbox for events.

An event is written in the transaction of the change that it reports, so a crash neither loses nor repeats it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.sandbox.call import rfc3339
from pgagents.sandbox.keys import word
from pgagents.sandbox.store import Store
from pgagents.sandbox.targets_allowed import WebhookTarget, is_reserved, read

TABLES = """
CREATE TABLE IF NOT EXISTS webhook (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL,
  created_at REAL NOT NULL, deleted_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, tenant TEXT, subject TEXT, at REAL NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS event_subject ON event (subject) WHERE subject IS NOT NULL;
CREATE TABLE IF NOT EXISTS delivery (
  n INTEGER PRIMARY KEY AUTOINCREMENT, event_n INTEGER NOT NULL, webhook_id TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'due', attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL,
  note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due_at) WHERE state = 'due';
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event_n);
CREATE INDEX IF NOT EXISTS delivery_webhook ON delivery (webhook_id) WHERE state = 'due';
"""
TIMES = ("created_at", "timestamp", "created")
"""Names of an envelope's member with the time of the event."""
BATCH = 20
"""Most deliveries to one webhook in one round."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook, read from the outbox."""

    n: int
    event_id: str
    webhook_id: str
    url: str
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class _Listener:
    """An active webhook: its owner, and the event types that it receives."""

    id: str
    tenant: str
    events: frozenset[str]


class Outbox:
    """Events and their deliveries in the store.

    `wall` is the real time, which decides when deliveries are due. The sandbox's own clock may be moved.
    """

    def __init__(self, store: Store, rng: random.Random, wall: Callable[[], float]) -> None:
        self.store = store
        self._rng = rng
        self._wall = wall
        self.notice: Callable[[], None] = lambda: None
        """Called after an event is put, to wake a waiting deliverer."""
        self._listeners: list[_Listener] | None = None
        self.coded = False
        """True if secrets are Base64, as in Standard Webhooks."""
        store.script(TABLES)
        self._master = store.secret(word(rng, 43))

    def secret(self, webhook_id: str) -> str:
        """Return the secret that signs a webhook's deliveries.

        It is derived each time, so no table holds it.
        """
        made = hmac.new(self._master.encode(), webhook_id.encode(), hashlib.sha256)
        return "whsec_" + (base64.b64encode(made.digest()).decode() if self.coded else made.hexdigest())

    def put(
        self,
        type: str,
        data: Any,
        at: float,
        *,
        tenant: str | None,
        subject: str | None = None,
        compose: Callable[[str, str, Any], Any] | None = None,
    ) -> str:
        """Write an event and its deliveries; return the event's id. Call it inside the transaction of the
        change.

        `subject` is the id of the instance that the event is about, if the event may have to be erased. If
        `tenant` is None, the event goes to every project's webhooks. `compose` makes the body from the
        event's id, type and data.
        """
        id = "evt_" + word(self._rng, 20)
        usual = {"id": id, "type": type, "created_at": rfc3339(at), "data": data}
        webhooks = [listener.id for listener in self._listening(type, tenant)]
        body = json_bytes(usual if compose is None else compose(id, type, data))
        self.store.run(
            "INSERT INTO event (id, type, tenant, subject, at, body) VALUES (?, ?, ?, ?, ?, ?)",
            id,
            type,
            tenant,
            subject,
            at,
            body,
        )
        if webhooks:
            event = self.store.row("SELECT last_insert_rowid() AS n")
            assert event is not None
            due = [(event["n"], webhook_id, self._wall()) for webhook_id in webhooks]
            self.store.many("INSERT INTO delivery (event_n, webhook_id, due_at) VALUES (?, ?, ?)", due)
            self.notice()
        return id

    def due(self) -> dict[str, list[Delivery]]:
        """Return the deliveries that are due now, by webhook, oldest first, at most BATCH for each.

        Open writes are committed first, so that no event is sent that a crash could undo.
        """
        self.store.settle()
        rows = self.store.rows(
            "SELECT * FROM (SELECT delivery.n, event.id AS event_id, webhook_id, url, body, attempts, "
            "row_number() OVER (PARTITION BY webhook_id ORDER BY delivery.n) AS place "
            "FROM delivery JOIN event ON event.n = event_n JOIN webhook ON webhook.id = webhook_id "
            "WHERE state = 'due' AND due_at <= ? AND deleted_at IS NULL) WHERE place <= ? ORDER BY n",
            self._wall(),
            BATCH,
        )
        found: dict[str, list[Delivery]] = {}
        for r in rows:
            found.setdefault(r["webhook_id"], []).append(
                Delivery(r["n"], r["event_id"], r["webhook_id"], r["url"], bytes(r["body"]), r["attempts"])
            )
        return found

    def next_due_in_s(self) -> float | None:
        """Return the seconds until the next delivery is due; None if none is waiting."""
        row = self.store.row("SELECT min(due_at) AS at FROM delivery WHERE state = 'due'")
        return None if row is None or row["at"] is None else max(0.0, row["at"] - self._wall())

    def mark_delivered(self, delivery: Delivery) -> None:
        """Close a delivery that its target accepted."""
        self._close(delivery, "delivered", "")

    def mark_failed(self, delivery: Delivery, note: str, again_in_s: float | None) -> None:
        """Record a failed attempt.

        It is due again after this many seconds; None means that it is given up.
        """
        if again_in_s is None:
            self._close(delivery, "given_up", note)
            return
        self.store.run(
            "UPDATE delivery SET attempts = attempts + 1, due_at = ?, note = ? WHERE n = ? AND state = 'due'",
            self._wall() + again_in_s,
            note,
            delivery.n,
        )

    def register(self, webhook_id: str, tenant: str, url: str, events: list[str], at: float) -> None:
        self.store.run(
            "INSERT INTO webhook VALUES (?, ?, ?, ?, ?, NULL)",
            webhook_id,
            tenant,
            url,
            json.dumps(events),
            at,
        )
        self._listeners = None

    def remove(self, webhook_id: str, tenant: str, at: float) -> bool:
        """End a project's webhook and drop its deliveries.

        Its row stays. Return False if there is no such webhook.
        """
        gone = self.store.run(
            "UPDATE webhook SET deleted_at = ? WHERE id = ? AND tenant = ? AND deleted_at IS NULL",
            at,
            webhook_id,
            tenant,
        )
        self.store.run(
            "UPDATE delivery SET state = 'dropped' WHERE webhook_id = ? AND state = 'due' AND ?",
            webhook_id,
            gone,
        )
        self._listeners = None
        return gone == 1

    def forget(self, before: float) -> None:
        """Delete events older than a time of the sandbox's clock, unless a delivery is due."""
        settled = "at <= ? AND NOT EXISTS (SELECT 1 FROM delivery WHERE event_n = event.n AND state = 'due')"
        self.store.run(
            f"DELETE FROM delivery WHERE state <> 'due' AND event_n IN (SELECT n FROM event WHERE {settled})",
            before,
        )
        self.store.run(f"DELETE FROM event WHERE {settled}", before)

    def _close(self, delivery: Delivery, state: str, note: str) -> None:
        self.store.run(
            "UPDATE delivery SET state = ?, attempts = attempts + 1, note = ? WHERE n = ? AND state = 'due'",
            state,
            note,
            delivery.n,
        )

    def _listening(self, type: str, tenant: str | None) -> list[_Listener]:
        """Return the webhooks that receive an event; reserved example names (RFC 2606) are left out."""
        if self._listeners is None:
            self._listeners = [
                _Listener(row["id"], row["tenant"], frozenset(json.loads(row["events"])))
                for row in self.store.rows(
                    "SELECT id, tenant, url, events FROM webhook WHERE deleted_at IS NULL"
                )
                if not isinstance(target := read(row["url"]), WebhookTarget) or not is_reserved(target.host)
            ]
        return [found for found in self._listeners if tenant in (None, found.tenant) and type in found.events]


def erase(store: Store, subject: str) -> None:
    """Delete every event about an instance, sent or not."""
    store.run("DELETE FROM delivery WHERE event_n IN (SELECT n FROM event WHERE subject = ?)", subject)
    store.run("DELETE FROM event WHERE subject = ?", subject)
