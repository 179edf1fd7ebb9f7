"""What is made again with the id of a removed thing is the run's own, and is removed too."""

from __future__ import annotations

from typing import Any

import pytest

from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

TEXT = {"type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[A-Za-z0-9-]+$"}
SERVICE = {
    "type": "object",
    "required": ["code", "title"],
    "properties": {"code": TEXT, "title": TEXT},
    "additionalProperties": False,
}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
LINES = """
resources:
  service:
    id: code
    read_by: {{action: get_service, input: {{code: =resource.code}}}}
    listed_by: {{action: list_services, at: response}}
    undone_by: {{action: delete_service, input: {{code: =resource.code}}}}
    made_by: {{action: create_service, input: {{code: {code}, title: =fresh.slug}}}}
    missing: NOT_FOUND
    unique: [{{members: [code], otherwise: CONFLICT}}]
"""


def refusing(*statuses: int) -> dict[str, Any]:
    return {str(status): answering(ERROR)["200"] for status in statuses}


DOCUMENT = openapi(
    {
        "/services": {
            "get": {
                "operationId": "list_services",
                "responses": answering({"type": "array", "items": SERVICE}),
            },
            "post": {
                "operationId": "create_service",
                "requestBody": taking(SERVICE),
                "responses": {"201": answering(SERVICE)["200"], **refusing(409, 422)},
            },
        },
        "/services/{code}": {
            "parameters": [{"name": "code", "in": "path", "required": True, "schema": TEXT}],
            "get": {"operationId": "get_service", "responses": answering(SERVICE) | refusing(404)},
            "delete": {
                "operationId": "delete_service",
                "responses": {"204": {"description": "Gone"}, **refusing(404)},
            },
        },
    }
)


def answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


class Shop:
    """Services by their codes, of which one is somebody's."""

    def __init__(self) -> None:
        self.rows = {"CHECK": {"code": "CHECK", "title": "Check-up"}}
        self.made_again = 0
        self.seen: set[str] = set()

    def __call__(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        if path == "/services" and request.method == "GET":
            return answer(200, list(self.rows.values()))
        if path == "/services" and request.method == "POST":
            given = read_json(request.body).value
            if not isinstance(given, dict) or set(given) != {"code", "title"}:
                return answer(422, {"detail": "wrong"})
            if given["code"] in self.rows:
                return answer(409, {"detail": "taken"})
            self.made_again += given["code"] in self.seen
            self.seen.add(given["code"])
            self.rows[given["code"]] = given
            return answer(201, given)
        row = self.rows.get(path.removeprefix("/services/"))
        if row is None:
            return answer(404, {"detail": "not there"})
        if request.method == "DELETE":
            del self.rows[row["code"]]
            return Response(204)
        return answer(200, row)


@pytest.mark.parametrize(
    "code", ["=fresh.slug", '="K" + last(string(int(fresh.int)), 12)'], ids=["mark", "made of a number"]
)
def test_what_is_made_again_with_a_removed_code_is_removed(code: str) -> None:
    shop, now = Shop(), [1_776_000_000.0]
    report = verify(
        over(LINES.format(code=f"'{code}'"), DOCUMENT),
        shop,
        Identities({}),
        Options(live=False, allow_writes=True, only=("uniqueness",)),
        clock=lambda: now[0],
        sleep=lambda _: None,
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )
    assert shop.made_again == 1
    assert [*shop.rows] == ["CHECK"]
    assert (report.footer.left_behind, report.findings) == ((), ())
