"""Shared calls that show these faults, besides heldout.calls."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from evaluation.heldout.calls import CHALLENGE, Shown


def minted(call: Shown, **more: Any) -> str:
    """A new key; the role to call with."""
    data = call.data("POST", "/sandbox/v1/keys", more, status=201, key="operator")["api_key"]
    call.tokens[data["id"]] = data["key"]
    return str(data["id"])


def moved(call: Shown, seconds: float) -> None:
    """Let real and sandbox time pass alike, as tests do."""
    call.passed_s += seconds


def code_of(call: Shown, kind: str = "confidential", scope: str = "read") -> tuple[str, dict[str, Any]]:
    """A code that was asked for with a challenge, and its client."""
    client: dict[str, Any] = dict(call.sandbox.oauth[kind])
    query = {
        "response_type": "code", "client_id": client["client_id"], "redirect_uri": client["redirect_uris"][0],
        "state": "s1",
        "scope": scope, "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    page = call("GET", "/oauth/authorize?" + urlencode(query), key=None)
    ticket = re.search(r'name="ticket" value="([^"]*)"', page.body.decode())
    assert ticket is not None
    sent = (
        call.form("/oauth/authorize", ticket=ticket[1], decision="allow", user="user_1").header("location")
        or ""
    )
    return parse_qs(urlsplit(sent).query)["code"][0], client


def refresh(call: Shown, token: str) -> dict[str, Any]:
    """Return the answer to a refresh."""
    client = str(call.sandbox.oauth["public"]["client_id"])
    found: dict[str, Any] = json.loads(
        call.form("/oauth/token", grant_type="refresh_token", refresh_token=token, client_id=client).body
    )
    return found


def token(call: Shown, grant: dict[str, Any], name: str = "oauth") -> str:
    """A role for an access token."""
    call.tokens[name] = grant["access_token"]
    return name


def posted(call: Shown, method: str, target: str, body: bytes, **headers: str) -> int:
    """The status of a call with these bytes."""
    return call(method, target, body, **headers).status


def audit(call: Shown, **query: Any) -> list[dict[str, Any]]:
    """Audit rows, newest first."""
    found: list[dict[str, Any]] = call.data("GET", "/sandbox/v1/audit?" + urlencode(query), key="operator")[
        "rows"
    ]
    return found


def ended(call: Shown, lot: str, after_h: float, *, rate: float | None = None, **more: Any) -> dict[str, Any]:
    """A session that was parked that long."""
    if rate is not None:
        call.data("PATCH", f"/sandbox/v1/lots/{lot}", {"rate": rate}, key="operator")
    session = call.park(lot, **more)
    call.wait(after_h * 3600)
    found: dict[str, Any] = call.end(session)["session"]
    return found
