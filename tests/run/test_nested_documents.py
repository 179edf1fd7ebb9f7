"""A document of nested things, whose members it leaves open, is verified to its end with nothing written in.

Each habit of the server below was a false finding on a real one (evaluation/zoo); each fault must be found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from importing import imported, openapi
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

KEY, URL = "test_k9f4c1e7a2b58d3066f1", "http://127.0.0.1:1"
TEXT = {"type": "string"}
WRAPPED = {"type": "object", "properties": {"data": {"type": "object"}}}
LISTED = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}}
ERROR = {"type": "object", "required": ["error"], "properties": {"error": TEXT}}
LEVELS = ("buckets", "files", "notes")


def header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string", "pattern": r'^"[0-9]+"$|\*'}}


def answers(status: int, schema: Any, *more: int, tag: bool = False) -> dict[str, Any]:
    """Responses of an operation: its success, what every call may be refused with, and `more`."""
    content = {"application/json": {"schema": schema}}
    headers = {"headers": {"ETag": {"schema": TEXT}}} if tag else {}
    refused = {str(s): {"description": "No", "content": {"application/json": {"schema": ERROR}}}
               for s in (400, 401, 403, 404, *more) if s != 304}  # fmt: skip
    same = {"304": {"description": "The same"}} if 304 in more else {}
    return {str(status): {"description": "So", "content": content, **headers}, **refused, **same}


def paths(*kept: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations of each level: `/buckets`, `/buckets/{id}`, `/buckets/{bucket_id}/files` and so on."""
    above, around = "", list[dict[str, Any]]()
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {
        "data": {"type": "object"}, "note": TEXT}}}}}  # fmt: skip
    for level in LEVELS:
        noun = level.removesuffix("s")
        own = {"name": "id", "in": "path", "required": True, "schema": TEXT}
        yield (
            f"{above}/{level}",
            {
                "parameters": around,
                "post": {
                    "operationId": f"create_{noun}",
                    "requestBody": body,
                    "responses": answers(201, WRAPPED),
                },
                "get": {"operationId": f"list_{level}", "responses": answers(200, LISTED)},
                "delete": {"operationId": f"empty_{level}", "responses": answers(200, LISTED)},
            },
        )
        yield f"{above}/{level}/{{id}}", {
            "parameters": [*around, own],
            "get": {
                "operationId": f"get_{noun}", "parameters": [header("If-None-Match")],
                "responses": answers(200, WRAPPED, 304, tag=True),
            },
            "patch": {
                "operationId": f"patch_{noun}", "parameters": [header("If-Match")], "requestBody": body,
                "responses": answers(200, WRAPPED, 412, tag=True),
            },
            "delete": {"operationId": f"delete_{noun}", "responses": answers(200, WRAPPED, *kept)},
        }  # fmt: skip
        above += f"/{level}/{{{noun}_id}}"
        around = [*around, {**own, "name": f"{noun}_id"}]


@cache
def model(fault: str = "") -> Model:
    described = dict(paths(409) if fault == "full" else paths())
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    document = openapi(described, components={"securitySchemes": scheme}, security=[{"key": []}])
    if fault == "full":
        own = "confirmed: [made_by, read_by, undone_by]"
        return over(f"resources: {{note: {{{own}}}, file: {{{own}}}, bucket: {{{own}}}}}", document)
    return imported(document).model


class Server:
    """Keeps things by their whole path. `fault` names what it does wrong."""

    def __init__(self, fault: str = "") -> None:
        self.fault, self.count = fault, 0
        self.kept: dict[str, dict[str, Any]] = {"/buckets/older": {"id": "older", "rev": 1, "note": "keep"}}

    def __call__(self, request: Request) -> Response:
        scheme, _, key = (request.header("Authorization") or "").partition(" ")
        if (scheme.lower(), key) != ("bearer", KEY):
            return self._refuse(401)
        path = request.path
        parts = path[1:].split("/")
        if (
            "" in parts
            or any(part not in LEVELS[i : i + 1] for i, part in enumerate(parts[::2]))
            or len(parts) > 6
        ):
            return self._refuse(404)
        for end in range(2, len(parts), 2):
            if "/" + "/".join(parts[:end]) not in self.kept:
                return self._refuse(403 if end == 2 else 404)  # it hides which buckets exist
        body: Any = None
        if request.method in ("POST", "PATCH"):
            try:
                body = json.loads(request.body)
            except ValueError:
                return self._refuse(400)
            wrong = not isinstance(body, dict) or not isinstance(body.get("data", {}), dict)
            if wrong or not isinstance(body.get("note", ""), str):
                return self._refuse(400)
        return self._all(request, path, body) if len(parts) % 2 else self._one(request, path, body)

    def _all(self, request: Request, path: str, body: Any) -> Response:
        inside = [k for k in self.kept if k.startswith(path + "/") and k.count("/") == path.count("/") + 1]
        if request.method == "POST":
            self.count += 1
            id = "x" + sha256(str(self.count).encode()).hexdigest()[:20]
            self.kept[f"{path}/{id}"] = one = {"id": id, "rev": 10 * self.count, "note": body.get("note", "")}
            return self._answer(201, one)
        if request.method == "DELETE":
            for gone in inside:
                self._remove(gone)
        elif request.method != "GET":
            return self._refuse(404)
        return Response(200, self._headers(), json_bytes({"data": [self.kept.get(k, {}) for k in inside]}))

    def _one(self, request: Request, path: str, body: Any) -> Response:
        one = self.kept.get(path)
        if one is None and self.fault == "any parent":
            one = next((v for k, v in self.kept.items() if k.endswith(path[path.rindex("/") :])), None)
        if one is None:
            return self._refuse(403 if path.count("/") == 2 else 404)
        tag, wanted = f'"{one["rev"]}"', request.header("If-Match")
        if request.method == "GET":
            known = request.header("If-None-Match")
            if known is not None and not known.strip('"').isdecimal():
                return self._refuse(400)  # one tag, as the document's pattern says
            return Response(304, (("ETag", tag),), b"") if known == tag else self._answer(200, one)
        if (
            request.method == "DELETE"
            and self.fault == "full"
            and any(k.startswith(f"{path}/") for k in self.kept)
        ):
            return self._refuse(409)
        if request.method == "DELETE":
            self._remove(path)
            return self._answer(200, one)
        if request.method != "PATCH":
            return self._refuse(404)
        if wanted not in (None, "*", tag) and self.fault != "stale":
            return self._refuse(412)
        if not body:
            return self._refuse(400)  # a change of nothing
        one |= {"rev": one["rev"] + 1, "note": body.get("note", one["note"])}
        return self._answer(200, one)

    def _remove(self, path: str) -> None:
        self.kept = {k: v for k, v in self.kept.items() if k != path and not k.startswith(path + "/")}

    def _headers(self, tag: str = "") -> tuple[tuple[str, str], ...]:
        return (("Content-Type", "application/json"), *((("ETag", tag),) if tag else ()))

    def _answer(self, status: int, one: dict[str, Any]) -> Response:
        return Response(status, self._headers(f'"{one["rev"]}"'), json_bytes({"data": one}))

    def _refuse(self, status: int) -> Response:
        status = 418 if status == 400 and self.fault == "another status" else status
        return Response(status, self._headers(), json_bytes({"error": str(status)}))


@cache
def judged(fault: str = "") -> tuple[Report, Server]:
    now, server = [1_776_000_000.0], Server(fault)

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        model(fault), server, Identities({"main": KEY}), Options(live=False, allow_writes=True),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    return report, server


def verdicts(fault: str = "") -> dict[str, str]:
    return {result.contract.id: str(result.verdict.value) for result in judged(fault)[0].results}


@pytest.mark.matrix
def test_nothing_is_found_on_a_right_server() -> None:
    report, server = judged()
    minimal = "valid_calls/minimal/patch_"  # the document lets a PATCH without members pass
    assert [f.contract.id for f in report.findings if not f.contract.id.startswith(minimal)] == []
    assert server.kept["/buckets/older"]["note"] == "keep"


@pytest.mark.matrix
@pytest.mark.parametrize(
    "contract",
    [
        *(f"conditional_calls/{what}/patch_{one}@rest" for what in ("present", "stale", "without")
          for one in ("bucket", "file", "note")),
        *(f"conditional_calls/not_modified/get_{one}@rest" for one in ("bucket", "file", "note")),
        "nesting/gone/note/get_note@rest", "nesting/gone/file/get_file@rest",
        "nesting/elsewhere/file/get_note@rest", "nesting/elsewhere/note/get_note@rest",
        "valid_calls/ordinary/patch_note@rest",
    ],
)  # fmt: skip
def test_nested_things_are_tried_at_every_depth(contract: str) -> None:
    assert verdicts()[contract] == "kept"


def test_most_is_tried() -> None:
    found = list(verdicts().values())
    assert found.count("untested") * 100 < 15 * len(found)


@pytest.mark.parametrize(
    ("fault", "contract"),
    [
        ("stale", "conditional_calls/stale/patch_note@rest"),
        ("any parent", "nesting/elsewhere/note/get_note@rest"),
    ],
)
def test_a_fault_at_the_deepest_level_is_found(fault: str, contract: str) -> None:
    assert verdicts(fault)[contract] in ("broken", "odd")


def test_a_refusal_with_an_undocumented_status_is_a_refusal_all_the_same() -> None:
    found = verdicts("another status")
    assert found["invalid_input/type/note/create_note@rest"] == "kept"
    assert found["documented_status/create_note@rest"] in ("broken", "odd")


def test_a_parent_that_stays_while_it_has_parts_owes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgagents.verify.run.report.Guesses.concern", lambda *_: False)
    results = {result.contract.id: result for result in judged("full")[0].results}
    gone = [results[f"nesting/gone/{name}@rest"] for name in ("file/get_file", "note/get_note")]
    assert [(one.verdict, one.excused) for one in gone] == [(Verdict.UNTESTED, True)] * 2
    assert all("could not be removed: 409" in str(one.reason) for one in gone)
