"""A write names two things of a customer, and the server looks up the owner of only one of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.importer.catalogue import Choice
from pgagents.importer.places import open_source
from small_api import accepting, answer, verified

KEYS = {"main": "test_key_1", "second": "test_key_2"}
ID = {"type": "integer"}
NAMED = {"stays": {"room_id": ID, "guest_id": ID}}


def described(status: int, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    refused = {str(other): {"description": "No"} for other in (400, 404)}
    return {str(status): {"description": "So", **content}, **refused}


def document() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for noun in ("rooms", "guests", "stays"):
        sent = NAMED.get(noun, {})
        row = {"type": "object", "required": ["id", *sent], "properties": {"id": ID, **sent}}
        body = {"type": "object", "required": [*sent], "properties": sent}
        taken = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
        paths[f"/{noun}"] = {
            "get": {"responses": described(200, {"type": "array", "items": row})},
            "post": {**(taken if sent else {}), "responses": described(201, row)},
        }
        paths[f"/{noun}/{{id}}"] = {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": ID}],
            "get": {"responses": described(200, row)},
            "delete": {"responses": described(204)},
        }
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])


class Hotel:
    """Keeps the rooms, guests and stays of two customers. Whose a thing is counts if its kind is `looked_up`.

    A customer who `may_not_make` has a key that only reads and books.
    """

    def __init__(self, *looked_up: str, may_not_make: str = "") -> None:
        self.looked_up, self.may_not_make, self._ids = looked_up, may_not_make, count(1)
        self.rows: dict[str, dict[int, dict[str, Any]]] = {"rooms": {}, "guests": {}, "stays": {}}
        self.owners: dict[int, str] = {}

    def __call__(self, request: Request) -> Response:
        who = next((name for name, key in KEYS.items() if accepting(key)(request)), "")
        if not who:
            return answer(401, {"detail": "who are you?"})
        _, noun, *rest = request.path.split("/")
        rows = {id: row for id, row in self.rows.get(noun, {}).items() if self.owners[id] == who}
        if noun not in self.rows or (rest and not (rest[0].isdecimal() and int(rest[0]) in rows)):
            return answer(404, {"detail": "none"})
        if rest and request.method == "DELETE":
            del self.rows[noun][int(rest[0])]
            return Response(204)
        if request.method == "GET":
            return answer(200, rows[int(rest[0])] if rest else [*rows.values()])
        if noun != "stays" and who == self.may_not_make:
            return answer(404, {"detail": "no"})
        body = read_json(request.body or b"{}").value
        named = {name: body.get(name) if isinstance(body, dict) else None for name in NAMED.get(noun, {})}
        for name, id in named.items():
            kind = name.replace("_id", "s")
            if type(id) is not int or id not in self.rows[kind]:
                return answer(400, {"detail": "what?"})
            if kind in self.looked_up and self.owners[id] != who:
                return answer(404, {"detail": f"no such {kind}"})
        row = {"id": next(self._ids), **named}
        self.rows[noun][row["id"]], self.owners[row["id"]] = row, who
        return answer(201, row)


def judge(server: Hotel) -> dict[str, str]:
    made = imported(document(), Choice(second=True), offering=False)
    places = made.places, made.schemes, made.bases
    model = replace(made.model, source=open_source(made.document, "openapi.json", made.data, *places))
    report = verified(model, server, keys=KEYS, allow_writes=True, only=("absent_id/foreign",))
    assert not any(server.rows.values()), "what was made is gone"
    found = {r.contract.id: r.verdict.value for r in report.results}
    return {
        id.split("/")[2]: verdict
        for id, verdict in found.items()
        if "foreign/" in id and "/create_stay@" in id
    }


@pytest.mark.parametrize(
    ("looked_up", "wrong"),
    [(("rooms", "guests"), ""), (("rooms",), "guest_id"), (("guests",), "room_id")],
)
def test_each_of_two_things_of_another_is_named_beside_an_own_one(
    looked_up: tuple[str, ...], wrong: str
) -> None:
    verdicts = judge(Hotel(*looked_up))
    assert verdicts.keys() == {"room_id", "guest_id"}
    assert {name for name, verdict in verdicts.items() if verdict != "kept"} == ({wrong} if wrong else set())


def test_without_own_things_both_are_anothers() -> None:
    verdicts = judge(Hotel("rooms", "guests", may_not_make="second"))
    assert verdicts == {"room_id": "kept", "guest_id": "kept"}
