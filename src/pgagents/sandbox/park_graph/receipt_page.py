"""A session's receipt at its `receipt_url`: facts, a QR code of its URL, and buttons for the payment."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from urllib.parse import parse_qsl

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.park_graph import audit, money
from pgagents.sandbox.park_graph.lots import lot
from pgagents.sandbox.park_graph.sessions import short_code
from pgagents.sandbox.setting import Visit

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
        return page(_receipt(visit, id))
    outcome = _outcome(request)
    if outcome is None:
        return page(_receipt(visit, id), "Nothing was changed: choose one of the three outcomes.", 400)
    _decide(visit, id, outcome)
    return page(_receipt(visit, id), f"The payment is now {_TOLD[outcome]}.")


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
        before = money.status_of(store, row)
        money.settle(visit.setting.outbox, row["payment_intent_id"], outcome, visit.now)
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


def _receipt(visit: Visit, id: str) -> Receipt:
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
        "Payment": _TOLD.get(money.status_of(store, row), "pending"),
    }
    url = f"{visit.setting.address.url}/r/{id}"
    return Receipt(f"Parking receipt {facts['Session']}", facts, url, OUTCOMES)


def _moment(at: float) -> str:
    """Format a time in epoch seconds for people."""
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%d, %H:%M} UTC"


# -- the page


_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem 1rem; max-width: 34rem;
  background: Canvas; color: CanvasText }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 1rem }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem }
dt { font-weight: 600 }
dd { margin: 0; text-align: right; overflow-wrap: anywhere }
figure { margin: 0 0 1.5rem; text-align: center }
figure svg { width: 12rem; height: 12rem; max-width: 100%; border-radius: .5rem }
figcaption { font-size: .875rem }
fieldset { border: 1px solid GrayText; border-radius: .5rem; padding: 1rem; display: grid; gap: .75rem }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1rem; border: 2px solid ButtonBorder;
  border-radius: .5rem; background: ButtonFace; color: ButtonText; cursor: pointer }
button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px }
.told { border: 2px solid CanvasText; border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1.5rem }
p { margin: 0 0 .75rem }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        (
            f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
    ),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The content of a receipt: title, facts by label, URL, and the payment outcomes with their buttons'
    texts.
    """

    title: str
    facts: Mapping[str, str]
    url: str
    outcomes: Mapping[str, str]


def page(receipt: Receipt, told: str = "", status: int = 200) -> Response:
    """Return the page. `told` is a note about the last action, or about why it failed."""
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in receipt.facts.items()
    )
    buttons = "".join(
        f'<button name="outcome" value="{escape(outcome)}">{escape(text)}</button>\n'
        for outcome, text in receipt.outcomes.items()
    )
    note = (
        f'<p class="told" role="{"status" if status < 400 else "alert"}">{escape(told)}</p>\n' if told else ""
    )
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(receipt.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(receipt.title)}</h1>
{note}<dl>
{facts}</dl>
<figure>
{_code(receipt.url)}
<figcaption>Scan to open this receipt on a phone</figcaption>
</figure>
<form method="post">
<fieldset>
<legend>Simulated payment</legend>
<p>This is a sandbox: no card is charged, and none is asked for. Choose how the payment goes.</p>
{buttons}</fieldset>
</form>
</main>
</body>
</html>
"""
    return Response(status, _HEADERS, text.encode())


@lru_cache(256)
def _code(url: str) -> str:
    """Return the URL as a QR code in SVG.

    It is dark on light in every colour scheme, because cameras need that.
    """
    import segno

    drawn = segno.make(url, error="m", micro=False).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=True
    )
    return drawn.replace("<svg ", '<svg role="img" aria-label="QR code of this receipt\'s address" ', 1)
