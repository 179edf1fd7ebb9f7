"""Limits and idempotency follow from documented headers, and say that they were inferred."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.verify.run.ledger import find_guesses
from test_import_resources import answer


def header(text: str = "") -> dict[str, Any]:
    return {"description": text, "schema": {"type": "integer"}}


def limited(*names: str, on: str = "200", reset: str = "") -> dict[str, Any]:
    one = answer({"type": "object"})
    one["responses"]["429"] = {"description": "Too many calls"}
    told = {name: header(reset if "reset" in name.lower() else "") for name in names}
    one["responses"][on]["headers"] = told
    return imported(openapi({"/things": {"get": one}})).data


@pytest.mark.parametrize("on", ["200", "429"])
def test_three_headers_are_those_of_a_limit(on: str) -> None:
    data = limited("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", on=on)
    assert data["limits"] == {
        "inferred": True,
        "headers": {
            "limit": "X-RateLimit-Limit",
            "remaining": "X-RateLimit-Remaining",
            "reset": "X-RateLimit-Reset",
        },
    }
    assert data["errors"]["framework"]["limited"] == "RATE_LIMITED"


def test_fields_of_the_ietf_are_known() -> None:
    assert limited("RateLimit", "RateLimit-Policy")["limits"]["headers"] == {"ietf": True}


@pytest.mark.parametrize(
    ("names", "reset", "unit"),
    [
        ("X-RateLimit-", "Unix time of the next window", None),
        ("X-RateLimit-", "Seconds until the window ends", "seconds"),
        ("RateLimit-", "", "seconds"),
        ("ratelimit-", "UTC epoch seconds", None),
    ],
)
def test_unit_of_a_reset_is_that_of_its_text_or_its_draft(names: str, reset: str, unit: str | None) -> None:
    every = (f"{names}Limit", f"{names}Remaining", f"{names}Reset")
    assert limited(*every, reset=reset)["limits"].get("reset_unit") == unit


@pytest.mark.parametrize(
    "names", [(), ("X-RateLimit-Limit",), ("Retry-After",), ("X-Request-Limit", "X-Remaining")]
)
def test_other_headers_show_no_limit(names: tuple[str, ...]) -> None:
    assert "limits" not in limited(*names)


def test_idempotency_of_a_documented_key_is_a_guess() -> None:
    post = answer({"type": "object"}, "201")
    post["parameters"] = [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}]
    made = imported(openapi({"/things": {"post": post}}))
    assert made.data["idempotency"] == {"inferred": True}
    assert "# inferred: from the header Idempotency-Key of POST /things" in made.text
    assert ("actions", "create_thing", "idempotency") in find_guesses(made.model).places
    del post["parameters"]
    assert "idempotency" not in imported(openapi({"/things": {"post": post}})).data
