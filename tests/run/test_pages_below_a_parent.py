"""The items that a run makes for the pages of a list below a parent belong to one parent."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from importing import holding, imported, openapi, taking
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Result
from small_api import verified

TEXT = {"type": "string"}
PAGE = 1


def _of(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


SCHEMAS = {"Volunteer": _of(id=TEXT, name=TEXT), "Signup": _of(id=TEXT, volunteer_id=TEXT)}
VOLUNTEER, SIGNUP = ({"$ref": f"#/components/schemas/{name}"} for name in SCHEMAS)
LIST = _of(items={"type": "array", "items": SIGNUP}, next={"type": ["string", "null"]})


def _operation(id: str, status: int, answer: Any, **more: Any) -> dict[str, Any]:
    return {"operationId": id, "responses": {str(status): {"description": "It", **holding(answer)}}, **more}


def _name(place: str) -> dict[str, Any]:
    return {"parameters": [{"in": "path", "name": place, "required": True, "schema": TEXT}]}


QUERY = [{"in": "query", "name": "cursor", "schema": TEXT}]
DOCUMENT = openapi(
    {
        "/volunteers": {"post": _operation("add", 201, VOLUNTEER, requestBody=taking(_of(name=TEXT)))},
        "/volunteers/{volunteer_id}": {
            **_name("volunteer_id"),
            "get": _operation("get", 200, VOLUNTEER),
            "delete": {"operationId": "remove", "responses": {"204": {"description": "Gone"}}},
        },
        "/volunteers/{volunteer_id}/signups": {
            **_name("volunteer_id"),
            "get": _operation("list_signups", 200, LIST, parameters=QUERY),
        },
        "/signups": {"post": _operation("sign_up", 201, SIGNUP, requestBody=taking(_of(volunteer_id=TEXT)))},
        "/signups/{signup_id}": {
            **_name("signup_id"),
            "get": _operation("get_signup", 200, SIGNUP),
            "delete": {"operationId": "cancel", "responses": {"204": {"description": "Gone"}}},
        },
    },
    components={"schemas": SCHEMAS},
)


class Signups:
    """Volunteers with their sign-ups, one a page. Its first `behind` lists lack their last one."""

    def __init__(self, *, behind: int = 0) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"volunteers": {}, "signups": {}}
        self.behind, self.numbers = behind, count(1)

    def __call__(self, request: Request) -> Response:
        kind, _, rest = urlsplit(request.target).path.strip("/").partition("/")
        id, _, below = rest.partition("/")
        rows = self.rows.get(kind, {})
        if request.method == "POST" and not rest:
            return self._make(kind, read_json(request.body).value)
        if id not in rows:
            return self._answer(404, {})
        if request.method == "DELETE":
            del rows[id]
            return self._answer(204, None)
        return self._list(id, request.target) if below else self._answer(200, rows[id])

    def _make(self, kind: str, given: dict[str, Any]) -> Response:
        if kind == "signups" and given["volunteer_id"] not in self.rows["volunteers"]:
            return self._answer(409, {})
        id = f"{kind[0]}-{next(self.numbers)}"
        self.rows[kind][id] = {"id": id, **given}
        return self._answer(201, self.rows[kind][id])

    def _list(self, volunteer: str, target: str) -> Response:
        first = int(dict(parse_qsl(urlsplit(target).query)).get("cursor", 0))
        own = [row for row in self.rows["signups"].values() if row["volunteer_id"] == volunteer]
        self.behind -= 1
        own = own[:-1] if self.behind >= 0 else own
        more = first + PAGE < len(own)
        following = str(first + PAGE) if more else None
        return self._answer(200, {"items": own[first : first + PAGE], "next": following})

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def _judge(handler: Callable[[Request], Response]) -> Result:
    of = imported(DOCUMENT).model
    report = verified(of, handler, allow_writes=True, only=("pagination/list_signups@rest",))
    (result,) = [r for r in report.results if r.contract.id == "pagination/list_signups@rest"]
    return result


def test_two_sign_ups_are_made_for_the_volunteer_whose_list_is_read() -> None:
    result = _judge(Signups())
    assert result.verdict is Verdict.KEPT, result.reason


def test_sign_up_that_its_volunteer_does_not_have_in_the_list_is_found() -> None:
    assert _judge(Signups(behind=1_000)).verdict in (Verdict.BROKEN, Verdict.ODD)


def test_list_that_lags_behind_its_creates_loses_nothing() -> None:
    """As a search index does: the first lists lack what was made just now."""
    result = _judge(Signups(behind=3))
    assert result.verdict is Verdict.KEPT, result.reason
