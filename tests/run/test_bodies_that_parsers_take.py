"""A body that one parser refuses and another one takes, for its members to be refused."""

from __future__ import annotations

import json

import pytest

from pgagents.base.http import Request, Response
from small_api import Notes, answer, verified, with_resource

BAD_BODY = (
    "    REFUSED: {status: 422",
    "    BAD: {status: 400, meaning: No JSON}\n    REFUSED: {status: 422",
)
FRAMEWORK = ("framework: {invalid: REFUSED,", "framework: {invalid: REFUSED, bad_body: BAD,")


@pytest.mark.parametrize("status", [400, 422, 200])
def test_nan_and_strange_bytes_are_refused_in_either_way(status: int) -> None:
    """A co-working space in Quart reads NaN, and a wholesaler in Fastify any byte (2026-11-29)."""

    def odd(server: Notes, request: Request) -> Response | None:
        del server
        if request.method not in ("POST", "PUT"):
            return None
        body = request.body or b""
        if b"NaN" in body or b"\xff" in body:
            return answer(status, {"detail": "no"})
        try:
            json.loads(body)
        except ValueError:
            return answer(422, {"detail": "no"})
        return None

    of = with_resource(BAD_BODY, FRAMEWORK)
    report = verified(of, Notes(odd=odd), allow_writes=True, exclusive=True, only=("framework",))
    found = {r.contract.id.split("/")[1].split("@")[0]: r.verdict.value for r in report.results}
    verdict = "kept" if status != 200 else "broken"
    assert {name: found[name] for name in ("nan", "not_utf8", "truncated")} == {
        "nan": verdict,
        "not_utf8": verdict,
        "truncated": "broken",
    }
