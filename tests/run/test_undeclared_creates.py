"""Creates of which a document says less than the server wants.

A run tries what a refusal names, reads what is there, and counts what it makes.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any
from urllib.parse import unquote

import pytest

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from small_api import KEY, accepting, answer, verified

TEXT = {"type": "string", "maxLength": 60}
ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def refusing(*statuses: int) -> dict[str, Any]:
    shown = {"content": {"application/json": {"schema": ERROR}}}
    return {str(status): {"description": "Refused", **shown} for status in (401, *statuses)}


def path(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT, **more}


def made(paths: dict[str, Any]) -> Model:
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])).model


def judged(report: Report) -> dict[str, str]:
    return {r.contract.id: r.verdict.value for r in report.results}


# -- a create whose document requires nothing


ZONE = {"type": "object", "properties": {"id": TEXT, "name": TEXT, "kind": TEXT}}


@cache
def zones() -> Model:
    """A document of zones that requires no member of a new one."""
    one = {"/zones/{zone_id}": {
        "parameters": [path("zone_id")],
        "get": {"operationId": "get_zone", "responses": answering(ZONE) | refusing(404)},
        "delete": {
            "operationId": "delete_zone",
            "responses": {"204": {"description": "Gone"}, **refusing(404)},
        },
    }}  # fmt: skip
    every = {"type": "array", "items": ZONE}
    new = {"type": "object", "properties": {"name": TEXT, "kind": TEXT}}
    return made({"/zones": {
        "get": {"operationId": "list_zones", "responses": answering(every) | refusing()},
        "post": {
            "operationId": "create_zone",
            "requestBody": taking(new),
            "responses": {"201": answering(ZONE)["200"], **refusing(400, 422)},
        },
    }, **one})  # fmt: skip


class Zones:
    """Zones, each with a `name` that the document does not require. One is older than the run.

    `canonical`: a name ends with a dot. `wordless`: a refusal does not say what it is about. `fault`: a read
    answers another name.
    """

    def __init__(self, *, canonical: bool = False, wordless: bool = False, fault: bool = False) -> None:
        self.canonical, self.wordless, self.fault = canonical, wordless, fault
        self.older = {"id": "z0", "name": "older.", "kind": "native"}
        self.zones = {"z0": dict(self.older)}
        self.posts: list[Any] = []
        self.may, self._ids = accepting(KEY), count(1)

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {"error": "who are you?"})
        _, kind, *rest = request.path.split("/")
        if kind != "zones" or len(rest) > 1:
            return answer(404, {"error": "no such path"})
        if request.method not in (("GET", "DELETE") if rest else ("GET", "POST")):
            return answer(405, {"error": "no such method"}, Allow="GET, DELETE" if rest else "GET, POST")
        if request.method == "POST":
            return self.create(read_json(request.body).value)
        if not rest:
            return answer(200, [*self.zones.values()])
        if rest[0] not in self.zones:
            return answer(404, {"error": "no such zone"})
        if request.method == "DELETE":
            del self.zones[rest[0]]
            return Response(204)
        zone = self.zones[rest[0]]
        return answer(200, {**zone, "name": "other."} if self.fault else zone)

    def create(self, body: Any) -> Response:
        self.posts.append(body)
        if not isinstance(body, dict) or not all(isinstance(v, str) and len(v) <= 60 for v in body.values()):
            return answer(422, {"error": "no zone"})
        if "name" not in body:
            return answer(422, {"error": "wrong" if self.wordless else "Key 'name' not present"})
        if self.canonical and not body["name"].endswith("."):
            return answer(422, {"error": f"'{body['name']}' is not canonical"})
        zone = {"kind": "native", **body, "id": f"z{next(self._ids)}"}
        self.zones[zone["id"]] = zone
        return answer(201, zone)


def test_an_argument_that_a_refusal_asks_for_is_sent_from_then_on() -> None:
    server = Zones()
    report = verified(zones(), server, allow_writes=True)
    verdicts = judged(report)
    assert verdicts["valid_calls/ordinary/create_zone@rest"] == "kept"
    assert verdicts["valid_calls/ordinary/delete_zone@rest"] == "kept"
    assert report.findings == ()
    assert server.zones == {"z0": server.older}


def test_what_comes_back_of_such_a_create_is_judged() -> None:
    report = verified(zones(), Zones(fault=True), allow_writes=True)
    assert any("name" in f.actual for f in report.findings if f.contract.action == "get_zone")


def test_a_zone_that_is_there_is_read_where_none_can_be_made() -> None:
    """The refusal says why, the line says where a value stands, and nothing older is changed."""
    server = Zones(canonical=True)
    report = verified(zones(), server, allow_writes=True)
    verdicts = judged(report)
    assert verdicts["valid_calls/ordinary/get_zone@rest"] == "kept"
    assert verdicts["response_schema/200/get_zone@rest"] == "kept"
    assert verdicts["valid_calls/ordinary/delete_zone@rest"] == "untested"
    assert server.zones == {"z0": server.older}
    reasons = {r.contract.id: r.reason for r in report.results}
    assert "is not canonical" in reasons["valid_calls/ordinary/delete_zone@rest"]
    lines = [lift.line for lift in report.footer.lifts]
    assert lines == ["resources: {zone: {made_by: {action: create_zone, input: {name: VALUE}}}}"]
    refused = [body for body in server.posts if body == {}]
    assert len(refused) < 6, "a create that nothing helps is not called for each contract"


def test_a_fault_of_a_read_is_found_where_none_can_be_made() -> None:
    report = verified(zones(), Zones(canonical=True, fault=True), allow_writes=True)
    assert any(f.contract.action in ("get_zone", "list_zones") for f in report.findings)


def test_a_refusal_that_names_nothing_adds_nothing() -> None:
    server = Zones(wordless=True)
    verdicts = judged(verified(zones(), server, allow_writes=True, only=("valid_calls/ordinary",)))
    assert verdicts["valid_calls/ordinary/get_zone@rest"] == "kept"
    assert verdicts["valid_calls/ordinary/create_zone@rest"] == "broken"
    assert {} in server.posts


# -- a create whose answer has an id that nobody can read


def test_what_has_an_object_as_id_is_named_as_left() -> None:
    """Nothing can remove it, so no more than one is made on purpose, and each is named."""
    server = Zones()
    thing = {"type": "object", "required": ["id"], "properties": {"id": {"type": "object"}, "name": TEXT}}
    new = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    document = made({
        "/zones": {
            "get": {"responses": answering({"type": "array", "items": thing}) | refusing()},
            "post": {
                "requestBody": taking(new),
                "responses": {"201": answering(thing)["200"], **refusing(422)},
            },
        },
        "/zones/{zone_id}": {
            "parameters": [path("zone_id")], "get": {"responses": answering(thing) | refusing(404)},
            "delete": {"responses": {"204": {"description": "Gone"}, **refusing(404)}},
        },
    })  # fmt: skip

    def nested(request: Request) -> Response:
        found = server(request)
        value = read_json(found.body).value if found.status in (200, 201) else None
        if isinstance(value, dict):
            return answer(found.status, {**value, "id": {"number": value["id"]}})
        listed = [{**item, "id": {"number": item["id"]}} for item in value] if value else value
        return answer(found.status, listed) if isinstance(value, list) else found

    report = verified(document, nested, allow_writes=True)
    new_ones = len(server.zones) - 1
    assert 0 < new_ones <= 2
    assert len(report.footer.left_behind) >= 1
    assert all("without an id that can be read" in line for line in report.footer.left_behind)


# -- a create whose answer has no id, because the caller chose it


@cache
def tenants() -> Model:
    """A document of tenants, which nothing removes, and of their databases: both have the name as id."""
    new = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    tenant = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    uuid = {"type": "string", "format": "uuid"}
    base = {"type": "object", "required": ["id", "name"], "properties": {"id": uuid, "name": TEXT}}
    empty = {"200": answering({"type": "object"})["200"]}
    whose, which = path("tenant"), path("database", description="Database name")
    return made({
        "/tenants": {"post": {
            "operationId": "create_tenant", "requestBody": taking(new),
            "responses": empty | refusing(409, 422),
        }},
        "/tenants/{tenant_name}": {
            "parameters": [path("tenant_name")],
            "get": {"operationId": "get_tenant", "responses": answering(tenant) | refusing(404)},
        },
        "/tenants/{tenant}/databases": {
            "parameters": [whose],
            "get": {
                "operationId": "list_databases",
                "responses": answering({"type": "array", "items": base}) | refusing(404),
            },
            "post": {
                "operationId": "create_database", "requestBody": taking(new),
                "responses": empty | refusing(404, 409, 422),
            },
        },
        "/tenants/{tenant}/databases/{database}": {
            "parameters": [whose, which],
            "get": {"operationId": "get_database", "responses": answering(base) | refusing(404)},
            "delete": {"operationId": "delete_database", "responses": empty | refusing(404)},
        },
    })  # fmt: skip


class Tenants:
    """Tenants and their databases, each known by its name alone. `fault`: a new database has another name."""

    def __init__(self, fault: bool = False) -> None:
        self.fault, self.may = fault, accepting(KEY)
        self.tenants: dict[str, dict[str, Any]] = {"default": {}}

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {"error": "who are you?"})
        head, *rest = map(unquote, request.path.strip("/").split("/"))
        if head != "tenants" or len(rest) > 3 or (len(rest) > 1 and rest[1] != "databases"):
            return answer(404, {"error": "no such path"})
        allowed = {0: ("POST",), 1: ("GET",), 2: ("GET", "POST"), 3: ("GET", "DELETE")}[len(rest)]
        if request.method not in allowed:
            return answer(405, {"error": "no such method"}, Allow=", ".join(allowed))
        if rest and rest[0] not in self.tenants:
            return answer(404, {"error": "no such tenant"})
        if len(rest) == 1:
            return answer(200, {"name": rest[0]})
        place = self.tenants[rest[0]] if rest else self.tenants
        if request.method == "POST":
            return self.create(place, read_json(request.body).value)
        if len(rest) == 2:
            return answer(200, [self.show(name) for name in place])
        if rest[2] not in place:
            return answer(404, {"error": "no such database"})
        if request.method == "DELETE":
            del place[rest[2]]
            return answer(200, {})
        return answer(200, self.show(rest[2]))

    def show(self, name: str) -> dict[str, str]:
        id = f"00000000-0000-4000-8000-{abs(hash(name)) % 10**12:012}"
        return {"id": id, "name": name.upper() if self.fault else name}

    def create(self, place: dict[str, Any], body: Any) -> Response:
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not 0 < len(name) <= 60 or not set(name).isdisjoint("/?#%\0"):
            return answer(422, {"error": "no name"})
        if name in place:
            return answer(409, {"error": "taken"})
        place[name] = {}
        return answer(200, {})


@pytest.mark.parametrize("seed", [0, 1])
def test_what_a_caller_names_is_made_and_counted(seed: int) -> None:
    server = Tenants()
    report = verified(tenants(), server, allow_writes=True, seed=seed)
    verdicts = judged(report)
    for action in ("create_tenant", "get_tenant", "create_database", "get_database", "delete_database"):
        assert verdicts[f"valid_calls/ordinary/{action}@rest"] == "kept"
    assert {(f.contract.id, f.actual) for f in report.findings} == set()
    assert server.tenants.pop("default") == {}
    assert all(databases == {} for databases in server.tenants.values())
    named = ", ".join(sorted(server.tenants))
    assert report.footer.lasting == (f"{len(server.tenants)} × tenant ({named})",)
    assert len(server.tenants) <= 6, "five, and one of a wrong call that was accepted"


def test_what_such_a_create_keeps_wrongly_is_found() -> None:
    report = verified(tenants(), Tenants(fault=True), allow_writes=True)
    assert report.findings


# -- a copy of an instance that has the name of the caller's choice


class Flags:
    """Keeps flags by their names. A POST to a flag copies it, gives it another name, or adds a part to it."""

    def __init__(self, does: str, status: int) -> None:
        self.does, self.status = does, status
        self.kept: dict[str, dict[str, Any]] = {"theirs": {"name": "theirs"}}
        self.may = accepting(KEY)

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {"error": "key"})
        _, kind, *rest = request.path.split("/")
        name = unquote(rest[0]) if rest else ""
        if kind != "flags" or (name and name not in self.kept) or rest[1:] not in ([], [self.does]):
            return answer(404, {"error": "none"})
        if request.method == "GET" and len(rest) < 2:
            return answer(200, self.kept[name] if name else [*self.kept.values()])
        if request.method == "DELETE" and len(rest) == 1:
            del self.kept[name]
            return Response(204)
        if request.method != "POST" or len(rest) == 1:
            return answer(405, {"error": "no"}, Allow="GET")
        body = read_json(request.body or b"{}").value
        given = body.get("name") if isinstance(body, dict) else None
        if not isinstance(given, str) or not 1 <= len(given) <= 60 or not given.isprintable():
            return answer(422, {"error": "name"})
        if given in self.kept:
            return answer(409, {"error": "taken"})
        if self.does != "parts" or not name:
            self.kept[given] = {"name": given}
        if self.does == "rename" and name:
            del self.kept[name]
        return answer(self.status if name else 201, {"name": given})


@pytest.mark.parametrize(
    ("does", "status"), [("clone", 201), ("clone", 200), ("rename", 200), ("parts", 201), ("parts", 200)]
)
def test_nothing_stays_of_an_instance_and_its_copy(does: str, status: int) -> None:
    """Unleash 8.2.0 kept each flag that was cloned, as the clone was taken for the flag with another name."""
    flag = {"type": "object", "required": ["name"], "properties": {"name": {**TEXT, "minLength": 1}}}
    shown = {"content": {"application/json": {"schema": flag}}}
    body = {"requestBody": {"required": True, **shown}}

    def says(status: int, *refused: int, **more: Any) -> dict[str, Any]:
        return {"responses": {str(status): {"description": "So", **more}, **refusing(*refused)}}

    every = {"content": {"application/json": {"schema": {"type": "array", "items": flag}}}}
    model = made({
        "/flags": {"get": says(200, **every), "post": {**body, **says(201, 409, 422, **shown)}},
        "/flags/{flag_name}": {
            "parameters": [path("flag_name")], "get": says(200, 404, **shown), "delete": says(204, 404),
        },
        f"/flags/{{flag_name}}/{does}": {
            "parameters": [path("flag_name")], "post": {**body, **says(status, 404, 409, 422, **shown)},
        },
    })  # fmt: skip
    flags = Flags(does, status)
    report = verified(model, flags, allow_writes=True)
    assert flags.kept == {"theirs": {"name": "theirs"}}
    assert report.footer.left_behind == ()
    assert [f.contract.id for f in report.findings] == []


# -- a read that wants another member than the id that all else takes


class Shelves:
    """Keeps shelves by their ids, which no read takes. Two of one name are refused if `unique`."""

    def __init__(self, *, unique: bool) -> None:
        self.unique, self.may, self._ids = unique, accepting(KEY), count(70_001)
        self.kept: dict[str, dict[str, Any]] = {"70000": {"id": "70000", "name": "theirs"}}
        self.changed: list[str] = []

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {"error": "key"})
        _, kind, *rest = request.path.split("/")
        id = unquote(rest[0]) if rest else ""
        if kind != "shelves" or len(rest) > 1 or (id and (id not in self.kept or request.method == "GET")):
            return answer(404, {"error": "none"})
        if request.method == "GET":
            return answer(200, [*self.kept.values()])
        if request.method == "DELETE" and id:
            del self.kept[id]
            return Response(204)
        if request.method != ("PUT" if id else "POST"):
            return answer(405, {"error": "no"}, Allow="GET")
        body = read_json(request.body or b"{}").value
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not 1 <= len(name) <= 60:
            return answer(422, {"error": "name"})
        if self.unique and any(one["name"] == name for key, one in self.kept.items() if key != id):
            return answer(409, {"error": "taken"})
        self.changed += [id] if id else []
        id = id or str(next(self._ids))
        self.kept[id] = {"id": id, "name": name}
        return answer(200, self.kept[id])


@pytest.mark.parametrize("unique", [True, False])
def test_a_refused_repeat_shows_that_a_create_made_what_no_read_by_its_id_finds(unique: bool) -> None:
    """Chroma 1.5.9 reads a collection by its name where its document and its writes have the id."""
    given = {"type": "object", "required": ["name"], "properties": {"name": {**TEXT, "minLength": 1}}}
    shelf = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, **given["properties"]}}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": given}}}}

    def says(schema: Any, *refused: int, status: int = 200) -> dict[str, Any]:
        content = {"content": {"application/json": {"schema": schema}}} if schema else {}
        return {"responses": {str(status): {"description": "So", **content}, **refusing(*refused)}}

    every, new = says({"type": "array", "items": shelf}), {**sent, **says(shelf, 409, 422)}
    changed, gone = {**sent, **says(shelf, 404, 409, 422)}, says(None, 404, status=204)
    item = {"parameters": [path("id")], "get": says(shelf, 404), "put": changed, "delete": gone}
    model = made({"/shelves": {"get": every, "post": new}, "/shelves/{id}": item})
    shelves = Shelves(unique=unique)
    report = verified(model, shelves, allow_writes=True, only=("valid_calls/",))
    assert judged(report)["valid_calls/ordinary/replace_shelf@rest"] == ("kept" if unique else "untested")
    assert bool(shelves.changed) is unique
    assert "70000" not in shelves.changed
    assert shelves.kept["70000"] == {"id": "70000", "name": "theirs"}
