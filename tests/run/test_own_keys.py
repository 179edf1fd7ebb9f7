"""A caller may read a key of its own where the document says that a member holds one, and nowhere else."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.verify.checks.rest.no_leaks import _is_shown_own
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

KEY, OWN = "k9f4c1e7a2b58d3066f1", "w7a1d90e4c2fb6853d07"
TEXT = {"type": "string"}


@cache
def wallets(described: bool, member: str = "adminkey") -> Model:
    """One call with a login's token, which lists wallets with their keys, and one with a wallet's key."""

    def read(scheme: str, schema: dict[str, Any], name: str) -> dict[str, Any]:
        so = {"description": "So", "content": {"application/json": {"schema": schema}}}
        no = {"description": "No"}
        return {"get": {"operationId": name, "security": [{scheme: []}], "responses": {"200": so, "401": no}}}

    members = {"id": TEXT, member: TEXT, "name": TEXT} if described else {}
    wallet = {"type": "object", "properties": members}
    schemes = {
        "login": {"type": "http", "scheme": "bearer"},
        "wallet": {"type": "apiKey", "in": "header", "name": "X-Key"},
    }
    paths = {
        "/wallets": read("login", {"type": "array", "items": wallet}, "list_wallets"),
        "/payments": read("wallet", {"type": "array", "items": {"type": "object"}}, "list_payments"),
    }
    return load_text(imported(openapi(paths, components={"securitySchemes": schemes})).text, "wallets.yaml")


@pytest.mark.parametrize(
    ("member", "value", "described", "kept"),
    [
        ("adminkey", OWN, True, True),
        ("name", OWN, True, False),
        ("inkey", OWN, True, True),
        ("apiKey", OWN, True, True),
        ("debug_token", OWN, True, False),
        ("next_token", OWN, True, False),
        ("idempotency_key", OWN, True, False),
        ("monkey", OWN, True, False),
        ("adminkey", f"{OWN} of another", True, False),
        ("otherkey", OWN, True, False),
        ("adminkey", KEY, True, True),
        ("adminkey", OWN, False, True),
        ("name", OWN, False, False),
    ],
    ids=[
        "its own",
        "in another member",
        "its own to read",
        "its own of the API",
        "to debug",
        "a cursor",
        "of a call",
        "an animal",
        "in a text",
        "in an undeclared member",
        "the key of the call",
        "not described",
        "a name",
    ],
)
def test_a_key_of_the_caller_in_a_member_that_is_declared_as_one(
    member: str, value: str, described: bool, kept: bool
) -> None:
    """LNbits 1.6.2 shows the owner of a wallet its keys, as its document says (2026-11-29)."""

    def server(request: Request) -> Response:
        login, key = request.header("Authorization") == f"Bearer {KEY}", request.header("X-Key") == OWN
        found = {"/wallets": login, "/payments": key}.get(request.path.rstrip("/"))
        status = 404 if found is None else 200 if found else 401
        body = [{"id": "w1", "adminkey": "another", member: value}] if request.path == "/wallets" else []
        said = body if status == 200 else {"detail": "no"}
        return Response(status, (("Content-Type", "application/json"),), json_bytes(said))

    report = verify(
        wallets(described, "adminkey" if member in ("name", "otherkey") else member),
        server,
        Identities({"main": KEY, "main.wallet": OWN}),
        Options(live=False),
        clock=lambda: 1_776_000_000.0,
        sleep=lambda _: None,
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
    )
    exposed = [finding for finding in report.findings if finding.contract.check == "no_leaks"]
    assert bool(exposed) != kept


@pytest.mark.parametrize(("role", "own"), [("main", True), ("main.wallet", True), ("other", False)])
def test_a_scheme_in_small_letters_excuses_the_callers_keys_alone(role: str, own: bool) -> None:
    memory: Any = SimpleNamespace(notes={("no_leaks", "shown"): {"main", "main.wallet", "other"}})
    call = SimpleNamespace(role="main", twist="lower", endpoint=object())
    exchange: Any = SimpleNamespace(call=call, output=None, success=True)
    assert _is_shown_own(OWN, role, OWN, exchange, memory) is own
