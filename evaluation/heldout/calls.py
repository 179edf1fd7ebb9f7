"""A sandbox with a held-out fault in it, and the calls that show one."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from pgagents.base.http import Response, json_bytes
from pgagents.sandbox.deliver import Parcel, sign
from pgagents.sandbox.fault_declaration import Context
from sandboxes import START, Caller

FORM = "application/x-www-form-urlencoded"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NEAR = "lat=39.6403&lng=-106.3742"


class Shown(Caller):
    """A sandbox, with that fault where one is given. `sent` are the deliveries of its webhooks."""

    def __init__(self, fault: ModuleType | None = None) -> None:
        self.sent: list[Parcel] = []
        super().__init__(post=self._post, resolve=lambda _: ["93.184.216.34"])
        if fault is not None:
            opened = self.sandbox
            context = Context(opened.front.model, opened.front, random.Random(3), opened.courier, self._late)
            self.sandbox = replace(opened, handler=fault.wrap(opened.handler, context))

    def _post(self, parcel: Parcel) -> str:
        self.sent.append(parcel)
        return ""

    def status(self, method: str, target: str, body: Any = None, **rest: Any) -> int:
        """The status alone."""
        return self(method, target, body, **rest).status

    def told(self, method: str, target: str, body: Any = None, **rest: Any) -> tuple[int, Any]:
        """Status and error without its request id and message."""
        answer = self(method, target, body, **rest)
        data = json.loads(answer.body) if answer.body else {}
        error = data.get("error", {}) if isinstance(data, dict) else {}
        return answer.status, {
            k: v for k, v in error.items() if k not in ("request_id", "message")
        } if isinstance(error, dict) else error

    def lots(self, query: str = f"{NEAR}&radius_km=1.5", **rest: Any) -> list[dict[str, Any]]:
        """Lots found."""
        found: list[dict[str, Any]] = self.data("GET", f"/api/v1/lots/search?{query}", **rest)["lots"]
        return found

    def session(self, id: str, **rest: Any) -> dict[str, Any]:
        """A session as it is read."""
        found: dict[str, Any] = self.data("GET", f"/api/v1/sessions/{id}", **rest)["session"]
        return found

    def pages(
        self, path: str = "/api/v1/sessions", *, key: str = "unlimited", **query: Any
    ) -> list[list[str]]:
        """The ids of a list, page by page, ten pages at most."""
        found = []
        for _ in range(10):
            data = self.data("GET", f"{path}?{urlencode(query)}", key=key)
            found.append([s["id"] for s in data["sessions"]])
            if data["next_cursor"] is None:
                break
            query["cursor"] = data["next_cursor"]
        return found

    def hook(self, *events: str, key: str = "unlimited") -> dict[str, Any]:
        """A new webhook."""
        body = {"url": "https://events.pgagents-test.net/hook", "events": list(events)}
        found: dict[str, Any] = self.data("POST", "/api/v1/webhooks", body, status=201, key=key)["webhook"]
        return found

    def events(self) -> Iterator[dict[str, Any]]:
        """Return the webhooks that are sent now."""
        self.sent.clear()
        self.sandbox.courier.round()
        yield from (json.loads(parcel.body) for parcel in self.sent)

    def billed(self, fleet: str, start: str, end: str, **rest: Any) -> dict[str, Any]:
        """A fleet's bill."""
        query = urlencode({"from": start, "to": end})
        found: dict[str, Any] = self.data("GET", f"/api/v1/fleets/{fleet}/billing?{query}", **rest)["report"]
        return found

    def hold(self, *, key: str = "fleet", **more: Any) -> dict[str, Any]:
        """A space held for AV-1."""
        body = {
            "fleet_id": "fleet_waymo_sf",
            "lat": 39.6403,
            "lng": -106.3742,
            "radius_km": 1.5,
            "vehicles": [{"plate": "AV-1"}],
            **more,
        }
        found: dict[str, Any] = self.data("POST", "/api/v1/av-fleet/dispatch", body, status=201, key=key)[
            "allocations"
        ][0]
        return found

    def form(self, path: str, **fields: str) -> Response:
        """A form posted without a key."""
        return self("POST", path, urlencode(fields).encode(), key=None, content_type=FORM)

    def consent(self, scope: str, decision: str = "allow") -> dict[str, str]:
        """Return the answer that the user's decision sends back to the public client."""
        client = self.sandbox.oauth["public"]
        uri = client["redirect_uris"][0]  # type: ignore[index]  # a list
        query = {
            "response_type": "code", "client_id": str(client["client_id"]), "redirect_uri": uri,
            "state": "s1", "scope": scope,
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
        page = self("GET", "/oauth/authorize?" + urlencode(query), key=None)
        ticket = re.search(r'name="ticket" value="([^"]*)"', page.body.decode())
        assert ticket is not None
        sent = (
            self.form("/oauth/authorize", ticket=ticket[1], decision=decision, user="user_1").header(
                "location"
            )
            or ""
        )
        return {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}

    def grant(self, scope: str) -> dict[str, Any]:
        """Access and refresh token of the public client."""
        client = self.sandbox.oauth["public"]
        answer = self.form(
            "/oauth/token",
            grant_type="authorization_code",
            code=self.consent(scope)["code"],
            client_id=str(client["client_id"]),
            redirect_uri=client["redirect_uris"][0],
            code_verifier=VERIFIER,  # type: ignore[index]  # a list
        )
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def refreshed(self, token: str) -> int:
        """The status of a refresh."""
        client = str(self.sandbox.oauth["public"]["client_id"])
        return self.form(
            "/oauth/token", grant_type="refresh_token", refresh_token=token, client_id=client
        ).status

    def payment_event(self, at: float, id: str = "evt_1") -> int:
        """The status of a payment event signed at that moment."""
        body = json_bytes({"id": id, "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}})
        signed = sign(self.sandbox.stripe_secret, body, at)
        return self("POST", "/api/v1/webhooks/stripe", body, key=None, Stripe_Signature=signed).status

    def new_key(self, role: str, **body: Any) -> str:
        """A key made by the operator, usable as that role; gives its id."""
        made = self.data("POST", "/sandbox/v1/keys", body, status=201, key="operator")["api_key"]
        self.tokens[role] = made["key"]
        return str(made["id"])

    @property
    def now(self) -> float:
        """The sandbox's time."""
        return self.sandbox.front.clock.now()


__all__ = ["NEAR", "START", "Shown"]
