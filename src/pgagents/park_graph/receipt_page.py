"""A session's receipt at its `receipt_url`.

Anyone with the URL may read it and decide the simulated payment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from pgagents.http import Request, Response
from pgagents.model.model import Model
from pgagents.park_graph import audit, money, payments, receipt
from pgagents.park_graph.lots import lot
from pgagents.park_graph.sessions import short_code
from pgagents.sandbox.hosting.site import Visit

OUTCOMES = {
    "paid": "Simulate: payment succeeds",
    "declined": "Simulate: payment is declined",
    "requires_action": "Simulate: payment needs action",
}
_TOLD = {"paid": "paid", "declined": "declined", "requires_action": "waiting for the payer's action"}


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return the path of receipts; empty for a catalogue of another domain."""
    return {"/r/{session_id}": ("GET", "POST")} if model.domain == "parking" else {}


def answer(request: Request, visit: Visit) -> Response | None:
    """Return the receipt. A POST of `outcome` decides the payment before."""
    id = visit.values["session_id"]
    if visit.setting.store.row("SELECT 1 FROM session WHERE id = ?", id) is None:
        return None
    if request.method != "POST":
        return receipt.page(_receipt(visit, id))
    outcome = _outcome(request)
    if outcome is None:
        return receipt.page(
            _receipt(visit, id), "Nothing was changed: choose one of the three outcomes.", 400
        )
    _decide(visit, id, outcome)
    return receipt.page(_receipt(visit, id), f"The payment is now {_TOLD[outcome]}.")


def _outcome(request: Request) -> str | None:
    """Return the result that a button of the page sends; None for any other form."""
    kind = request.media_type
    if kind != "application/x-www-form-urlencoded" or len(request.body) > 1_000:
        return None
    given = [value for name, value in parse_qsl(request.body.decode("ascii", "replace")) if name == "outcome"]
    return given[0] if len(given) == 1 and given[0] in OUTCOMES else None


def _decide(visit: Visit, id: str, outcome: str) -> None:
    store = visit.setting.store
    with store.transaction():
        row = store.row("SELECT * FROM session WHERE id = ?", id)
        assert row is not None
        before = payments.status_of(store, row)
        payments.settle(visit.setting.outbox, row["payment_intent_id"], outcome, visit.now)
        audit.append(
            store,
            visit.now,
            "receipt",
            None,
            "settle_payment",
            tenant=row["tenant"],
            lot_id=row["lot_id"],
            session_id=id,
            diff={"payment": [before, outcome]},
        )


def _receipt(visit: Visit, id: str) -> receipt.Receipt:
    store = visit.setting.store
    row = store.row("SELECT * FROM session WHERE id = ?", id)
    assert row is not None
    place = lot(store, row["lot_id"])
    assert place is not None
    charged = row["subtotal_cents"] is not None
    facts = {
        "Session": short_code(row["code"]),
        "Where": str(place["name"]),
        "Status": str(row["status"]),
        "Started": _moment(row["started_at"]),
        "Ended" if charged else "Until": _moment(row["ended_at"] if charged else row["expires_at"]),
        "Charged" if charged else "Estimated": (
            f"${money.dollars(row['subtotal_cents'] if charged else row['estimated_cents']):.2f}"
        ),
        "Payment": _TOLD.get(payments.status_of(store, row), "pending"),
    }
    url = f"{visit.setting.address.url}/r/{id}"
    return receipt.Receipt(f"Parking receipt {facts['Session']}", facts, url, OUTCOMES)


def _moment(at: float) -> str:
    """Format a time in epoch seconds for people."""
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%d, %H:%M} UTC"
