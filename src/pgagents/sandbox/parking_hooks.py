"""Webhooks: registered, listed, deleted; and the payment processor's signed events."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
from typing import Any
from urllib.parse import urlsplit

from pgagents.sandbox import parking_audit as audit
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.clock import rfc3339
from pgagents.sandbox.keys import word
from pgagents.sandbox.parking_sessions import Sessions

TABLES = """
CREATE TABLE IF NOT EXISTS webhook (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, secret TEXT NOT NULL, created_at REAL NOT NULL,
  deleted_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payment_event (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""
SIGNATURE_LIVES_S = 300
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")


def create(s: Sessions, call: Call) -> Any:
    """PG-HOOK: only https to a public address."""
    problem = unfit_target(call.input["url"])
    if problem:
        return Refusal("BAD_REQUEST", problem, "url")
    id, secret = "wh_" + word(s.rng, 16), "whsec_" + word(s.rng, 32)
    events = list(dict.fromkeys(call.input["events"]))
    s.store.run(
        "INSERT INTO webhook VALUES (?, ?, ?, ?, ?, ?, NULL)",
        id, call.key.tenant if call.key else "", call.input["url"], json.dumps(events), secret, call.now,
    )  # fmt: skip
    audit.write(s.store, call, diff={"webhook": [None, id]})
    webhook = {"id": id, "url": call.input["url"], "events": events, "created_at": rfc3339(call.now)}
    return {"webhook": {**webhook, "signing_secret": secret}}


def list_all(s: Sessions, call: Call) -> Any:
    """PG-HOOK: the project's own, newest first."""
    rows = s.store.rows(
        "SELECT * FROM webhook WHERE tenant = ? AND deleted_at IS NULL ORDER BY created_at DESC, id", call.key.tenant if call.key else ""
    )
    return {
        "webhooks": [
            {"id": r["id"], "url": r["url"], "events": json.loads(r["events"]), "created_at": rfc3339(r["created_at"])} for r in rows
        ]
    }


def delete(s: Sessions, call: Call) -> Any:
    """PG-HOOK: a tombstone, not a hole."""
    tenant = call.key.tenant if call.key else ""
    id = call.input["webhook_id"]
    if not s.store.run("UPDATE webhook SET deleted_at = ? WHERE id = ? AND tenant = ? AND deleted_at IS NULL", call.now, id, tenant):
        return Refusal("NOT_FOUND", "There is no such webhook")
    audit.write(s.store, call, diff={"webhook": [id, None]})
    return None


def unfit_target(url: str) -> str:
    """Why an address is no target for webhooks; empty where it is one. Names are not looked up here."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        _ = parts.port
    except ValueError:
        return "url must be an https address"
    if parts.scheme != "https" or not host or parts.username is not None:
        return "url must be an https address without a user name"
    if host == "localhost" or host.endswith(_LOCAL_NAMES):
        return "url must be a public address"
    address = _literal(host)
    if address is not None and not _public(address):
        return "url must be a public address"
    return ""


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, also in the short, octal and hexadecimal forms that resolvers take."""
    try:
        return ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"0x[0-9a-f]*|[0-9]+", p) for p in parts):
        return None
    try:
        numbers = [int(p[2:] or "0", 16) if p.startswith("0x") else int(p, 8) if p.startswith("0") and p != "0" else int(p) for p in parts]
    except ValueError:
        return None
    value = numbers[-1]
    for index, number in enumerate(numbers[:-1]):
        value += number << (24 - 8 * index)
    return ipaddress.IPv4Address(value) if 0 <= value < 2**32 else None


def _public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    return address.is_global and inner.is_global and not address.is_multicast


def payment_event(s: Sessions, call: Call, secret: str) -> Any:
    """PG-STRIPE: nothing changes before the signature holds; the same event twice has one effect."""
    signed = call.action.signed
    header = call.input[signed.header if signed else "stripe_signature"]
    if not signature_holds(header, call.request.body, secret, call.now, signed.tolerance_s if signed else SIGNATURE_LIVES_S):
        return Refusal("BAD_REQUEST", "The signature does not fit the body, or is too old", "body")
    event = call.input
    if s.store.run("INSERT OR IGNORE INTO payment_event VALUES (?, ?)", event["id"], call.now):
        status = {"payment_intent.succeeded": "paid", "payment_intent.payment_failed": "declined"}.get(event["type"])
        intent = event["data"].get("object", {}).get("id")
        if status is not None and isinstance(intent, str):
            s.store.run("UPDATE payment SET status = ? WHERE payment_intent_id = ?", status, intent)
    return {"received": True}


def signature_holds(header: str, body: bytes, secret: str, now: float, tolerance_s: float = SIGNATURE_LIVES_S) -> bool:
    """Whether `t=…,v1=…` signs this body with the secret, near enough to now."""
    parts = [p.split("=", 1) for p in header.split(",") if "=" in p]
    times = [v for k, v in parts if k.strip() == "t"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or abs(now - int(times[0])) > tolerance_s:
        return False
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode()
    return any(hmac.compare_digest(expected, v.encode()) for k, v in parts if k.strip() == "v1")
