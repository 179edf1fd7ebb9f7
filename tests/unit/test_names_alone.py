"""A member's name alone decides nothing: its value must fit what the name says."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.lists import may_go_on
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import Notes, answer, catalogue, verified


def goes_on(held: int, **members: Any) -> bool:
    """Return whether an answer with so many items and these members beside them may have further pages."""
    body = {"items": [{"id": n} for n in range(held)], **members}
    model = catalogue()
    exchange = Exchange(
        1,
        Call(None, {}, "valid", "a list"),
        {},
        Request("GET", "/notes"),
        answer(200, body),
        seconds=0.0,
        sent_at=0.0,
        codes=model.codes,
        errors=model.error_reader,
        limits=model.limit_reader,
    )
    return may_go_on(exchange, body["items"])


@pytest.mark.parametrize(
    "members",
    [
        {"total": 9},
        {"meta": {"totalItems": 9}},
        {"count": 9},
        {"has_more": True},
        {"next": "/notes?page=2"},
        {"pageInfo": {"endCursor": "bm90ZQ"}},
        {"size": 9},
        {"page": {"size": 2, "total": 9}},
    ],
)
def test_a_page_that_says_so_may_go_on(members: dict[str, Any]) -> None:
    assert goes_on(3, **members)


@pytest.mark.parametrize(
    "members",
    [
        {"discount": 20},
        {"account": 4711, "country_code": 49},
        {"more_info": "Read the page on notes"},
        {"size": 20, "totalElements": 3, "number": 0},
        {"page": {"size": 20, "total": 3}},
        {"next": None, "has_more": False, "total": 3},
        {"next": {}},
    ],
)
def test_a_name_that_only_resembles_one_says_nothing(members: dict[str, Any]) -> None:
    """The instance that such a list lacks is not on a further page, and its fault is told."""
    assert not goes_on(3, **members)


def leaking(name: str, value: Any) -> Report:
    """A run of a server whose list has an undeclared member beside the notes."""

    def odd(_: Notes, request: Request) -> Response | None:
        listed = request.method == "GET" and request.path == "/notes"
        return answer(200, {"notes": [], name: value}) if listed else None

    return verified(catalogue(), Notes(odd=odd), only=("no_leaks",))


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("password_hash", "$2b$12$KIXQ4v1F8e", Verdict.BROKEN),
        ("api_key", "sk9f2c71d0aa", Verdict.BROKEN),
        ("token", "ETH", Verdict.ODD),
        ("secret", "only few know it", Verdict.ODD),
        ("next_token", "bm90ZSAx", Verdict.KEPT),
        ("tokens", 12, Verdict.KEPT),
    ],
)
def test_a_secret_by_its_name_alone_is_odd(name: str, value: Any, verdict: Verdict) -> None:
    result = next(r for r in leaking(name, value).results if r.contract.id == "no_leaks/list_notes@rest")
    assert result.verdict is verdict
