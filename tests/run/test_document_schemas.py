"""A run accuses no server that does exactly what its document says, whatever keyword says it.

Each body stands for one keyword, or for one way in which members depend on each other. The server holds
bodies to the document with another library than the run does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pgagents.base.http import Handler, Request, Response, read_json
from pgagents.base.jsonschema.walk import ONE, walk
from pgagents.cli.inputs.document import load_document
from pgagents.importer.catalogue import Choice
from pgagents.report.contract import Rank, Verdict
from pgagents.report.report import Report
from small_api import answer, verified

pytestmark = pytest.mark.always

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
LISTED = {"type": "array", "items": TEXT}


def body(members: Mapping[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(members), **needed, **more}


PAIR = {"mail": TEXT, "phone": TEXT}
EITHER = [{"required": ["mail"]}, {"required": ["phone"]}]
MODE = {"mode": {"enum": ["day", "week"]}, "weekday": {"type": "integer", "minimum": 1, "maximum": 7}}
WEEKLY = {"properties": {"mode": {"const": "week"}}}
KINDS = [
    body({"kind": {"const": "x"}, "b": TEXT}, "kind", "b"),
    body({"kind": {"const": "y"}, "c": WHOLE}, "kind", "c"),
]
ID, NAME = (body({key: of}, key, additionalProperties=False) for key, of in (("id", WHOLE), ("name", TEXT)))
SHARED = {
    "Node": body(
        {"name": TEXT, "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
        "name",
        additionalProperties=False,
    ),
    "Name": {"type": "string", "minLength": 2},
}
BODIES: dict[str, dict[str, Any]] = {
    "any_of": body(PAIR, anyOf=EITHER),
    "one_of": body(PAIR, oneOf=EITHER),
    "not": body(PAIR, **{"not": {"required": ["mail", "phone"]}}),
    "if_then": body(MODE, "mode", **{"if": WEEKLY, "then": {"required": ["weekday"]}}),
    "if_else": body(MODE, "mode", **{"if": WEEKLY, "else": {"not": {"required": ["weekday"]}}}),
    "dependent_required": body(PAIR, dependentRequired={"mail": ["phone"]}),
    "dependent_schemas": body(PAIR, dependentSchemas={"mail": {"required": ["phone"]}}),
    "undescribed_required": body({"mail": TEXT}, "mail", "stamp"),
    "undescribed_inside": body({"at": body({"x": WHOLE}, "x", "y")}, "at"),
    "min_properties": body(PAIR, minProperties=2),
    "max_properties": body(PAIR, maxProperties=1),
    "property_names": body({"of": {"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}}}, "of"),
    "pattern_properties": body(PAIR, patternProperties={"^m": {"minLength": 3}}),
    "additional_properties": body({"of": {"type": "object", "additionalProperties": WHOLE}}, "of"),
    "unevaluated_properties": {"allOf": [body({"a": TEXT}, "a")], "unevaluatedProperties": False},
    "multiple_of": body(
        {"pack": {"type": "integer", "multipleOf": 6, "minimum": 7}, "price": {"multipleOf": 0.05}}, "pack"
    ),
    "contains": body({"tags": {**LISTED, "contains": {"const": "main"}}}, "tags"),
    "unique_items": body({"tags": {**LISTED, "uniqueItems": True, "minItems": 3}}, "tags"),
    "prefix_items": body({"at": {"type": "array", "prefixItems": [WHOLE], "items": False}}, "at"),
    "const": body({"yes": {"const": True}, "two": {"const": 2}}, "yes", "two"),
    "enum": body({"kind": {"enum": [1, "a", None]}}, "kind"),
    "null": body({"note": {"type": ["string", "null"], "minLength": 2}}, "note"),
    "own_format": body({"iban": {"type": "string", "format": "iban"}}, "iban"),
    "read_only": body({"id": {"type": "string", "readOnly": True}, "mail": TEXT}, "id", "mail"),
    "all_of_one_of": {"allOf": [body({"a": TEXT}, "a"), {"oneOf": KINDS}]},
    "any_of_kinds": {"anyOf": KINDS},
    "one_of_closed": {"oneOf": [ID, NAME]},
    "list_of_union": body({"rows": {"type": "array", "minItems": 1, "items": {"oneOf": [ID, NAME]}}}, "rows"),
    "any_of_inside": body({"who": body(PAIR, anyOf=EITHER)}, "who"),
    "null_or_number": body({"n": {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}}, "n"),
    "closed": body({"a": TEXT}, "a", additionalProperties=False),
    "pattern": body({"look": {"type": "string", "pattern": "^(?!admin)[a-z]{3,12}$"}}, "look"),
    "lengths": body({"t": {"type": "string", "minLength": 2, "maxLength": 5}}, "t"),
    "bounds": body({"n": {"type": "number", "minimum": 1, "exclusiveMaximum": 9.5}}, "n"),
    "open_bounds": body({"n": {"type": "integer", "exclusiveMinimum": 1, "maximum": 9}}, "n"),
    "sizes": body({"tags": {**LISTED, "minItems": 1, "maxItems": 3}}, "tags"),
    "counted": body(
        {"tags": {"type": "array", "contains": {"const": "m"}, "minContains": 2, "maxContains": 3}}
    ),
    "unevaluated_items": body(
        {"at": {"type": "array", "allOf": [{"prefixItems": [WHOLE, TEXT]}], "unevaluatedItems": False}}, "at"
    ),
    "date": body({"d": {"type": "string", "format": "date"}}, "d"),
    "uuid": body({"u": {"type": "string", "format": "uuid"}}, "u"),
    "recursive": {"$ref": "#/components/schemas/Node"},
    "members_like_keywords": body(
        {
            "in": body(dict.fromkeys((*sorted(ONE), "format", "type", "required", "enum"), TEXT)),
            **dict.fromkeys(("type", "properties", "pattern", "default", "nullable", "allOf"), TEXT),
        },
        "type",
    ),
}  # fmt: skip
OLD_BODIES: dict[str, dict[str, Any]] = {
    "nullable": body({"note": {"type": "string", "nullable": True, "minLength": 2}}, "note"),
    "exclusive": body({"n": {"type": "number", "minimum": 1, "exclusiveMinimum": True}}, "n"),
    "any_of": body(PAIR, anyOf=EITHER),
    "min_properties": body(PAIR, minProperties=2),
}
FORMATS = jsonschema.FormatChecker(("date", "uuid"))
MESSAGE = body({"message": TEXT}, "message")


def document(bodies: Mapping[str, Any], edition: str) -> dict[str, Any]:
    def describe(name: str, schema: Any) -> dict[str, Any]:
        old = edition == "2.0"
        refusal = {"description": "no"}
        refusal |= {"schema": MESSAGE} if old else {"content": {"application/json": {"schema": MESSAGE}}}
        sent = {"required": True, "content": {"application/json": {"schema": schema}}}
        takes: dict[str, Any] = {"requestBody": sent}
        if old:
            takes = {"parameters": [{"in": "body", "name": "body", "required": True, "schema": schema}]}
        return {
            "operationId": f"try_{name}",
            "responses": {"204": {"description": "ok"}, "400": refusal},
            **takes,
        }

    head = {"swagger": "2.0"} if edition == "2.0" else {"openapi": edition}
    paths = {f"/{name}": {"post": describe(name, schema)} for name, schema in bodies.items()}
    shared = {} if edition == "2.0" else {"components": {"schemas": SHARED}}
    return {**head, "info": {"title": "Keywords", "version": "1"}, "paths": paths, **shared}


def serve(accept: Callable[[str, Any], bool]) -> Handler:
    def handle(request: Request) -> Response:
        name = request.path.strip("/")
        if name not in BODIES | OLD_BODIES:
            return answer(404, {"message": "none"})
        if request.method != "POST":
            return answer(405, {"message": "no"}, Allow="POST")
        read = read_json(request.body)
        if read.problem or not accept(name, read.value):
            return answer(400, {"message": "no"})
        return Response(204, (), b"")

    return handle


def check(name: str, value: Any) -> bool:
    schema = {**BODIES[name], "components": {"schemas": SHARED}}
    if name == "own_format" and isinstance(value, dict):
        return value.get("iban") == "DE02120300000000202051"
    if name == "pattern" and "\n" in str(value.get("look") if isinstance(value, dict) else ""):
        return False  # to Python `$` is also before a last line break, to ECMA-262 it is not
    return bool(jsonschema.Draft202012Validator(schema, format_checker=FORMATS).is_valid(value))


def check_old(name: str, value: Any) -> bool:
    schema = json.loads(json.dumps(OLD_BODIES[name]))
    if name == "nullable":
        schema["properties"]["note"]["type"] = ["string", "null"]
    if name == "exclusive":
        schema["properties"]["n"] = {"type": "number", "exclusiveMinimum": 1}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def run(bodies: Mapping[str, Any], edition: str, accept: Callable[[str, Any], bool], folder: Path) -> Report:
    file = folder / "openapi.json"
    file.write_text(json.dumps(document(bodies, edition)))
    model = load_document(str(file), Choice())
    allowed = tuple(str(action.name) for action in model.actions)
    checks = (
        "valid_calls",
        "invalid_input",
        "look_alike_input",
        "echoes_input",
        "default_values",
        "no_crashes",
    )
    return verified(
        model, serve(accept), keys={"main": ""}, allow_writes=True, allow=allowed, only=checks, exclusive=True
    )


def list_broken(report: Report) -> list[str]:
    return [result.contract.id for result in report.results if result.verdict is Verdict.BROKEN]


def test_a_server_that_holds_bodies_to_its_document_is_not_accused(tmp_path: Path) -> None:
    report = run(BODIES, "3.1.0", check, tmp_path)
    assert list_broken(report) == []
    kept = {r.contract.action for r in report.results if r.verdict is Verdict.KEPT}
    # nobody can make up a value of one's own format, and servers differ in what `readOnly` excuses
    open_ones = {"try_undescribed_required", "try_own_format", "try_read_only"}
    assert {f"try_{name}" for name in BODIES} - kept <= open_ones


@pytest.mark.parametrize("edition", ["3.0.3", "2.0"])
def test_nor_is_one_of_an_older_edition(edition: str, tmp_path: Path) -> None:
    bodies = OLD_BODIES if edition == "3.0.3" else {"min_properties": OLD_BODIES["min_properties"]}
    report = run(bodies, edition, check_old, tmp_path)
    assert list_broken(report) == []
    assert any(result.verdict is Verdict.KEPT for result in report.results)


@pytest.mark.parametrize("name", ["prefix_items", "unique_items", "contains", "multiple_of", "const"])
def test_a_server_that_takes_everything_is_found_by_the_keyword(name: str, tmp_path: Path) -> None:
    report = run({name: BODIES[name]}, "3.1.0", lambda _, value: isinstance(value, dict), tmp_path)
    assert [id for id in list_broken(report) if id.startswith("invalid_input/")]


SHOWN: dict[str, tuple[list[Any], Any]] = {
    "any_of": ([{"mail": "a"}, {"phone": "b", "x": 1}], {"x": 1}),
    "one_of": ([{"mail": "a"}, {"phone": "b"}], {"mail": "a", "phone": "b"}),
    "not": ([{"mail": "a"}, {}], {"mail": "a", "phone": "b"}),
    "if_then": ([{"mode": "day"}, {"mode": "week", "weekday": 3}], {"mode": "week"}),
    "if_else": ([{"mode": "day"}, {"mode": "week"}], {"mode": "day", "weekday": 3}),
    "dependent_required": ([{"phone": "b"}, {"mail": "a", "phone": "b"}], {"mail": "a"}),
    "dependent_schemas": ([{"phone": "b"}, {"mail": "a", "phone": "b"}], {"mail": "a"}),
    "undescribed_required": ([{"mail": "a", "stamp": 3}], {"mail": "a"}),
    "undescribed_inside": ([{"at": {"x": 1, "y": "q"}}], {"at": {"x": 1}}),
    "min_properties": ([{"mail": "a", "z": 1}], {"mail": "a"}),
    "max_properties": ([{"mail": "a"}, {}], {"mail": "a", "phone": "b"}),
    "property_names": ([{"of": {"ab": 1}}], {"of": {"abc": 1}}),
    "pattern_properties": ([{"mail": "abc", "q": 3}], {"mail": "a"}),
    "additional_properties": ([{"of": {"a": 1}}], {"of": {"a": "x"}}),
    "unevaluated_properties": ([{"a": "x"}], {"a": "x", "b": 1}),
    "multiple_of": ([{"pack": 12, "price": 0.25}], {"pack": 13}),
    "contains": ([{"tags": ["q", "main"]}], {"tags": ["q"]}),
    "unique_items": ([{"tags": ["a", "b", "c"]}], {"tags": ["a", "a", "c"]}),
    "prefix_items": ([{"at": [1]}, {"at": []}], {"at": [1, 2]}),
    "const": ([{"yes": True, "two": 2}, {"yes": True, "two": 2.0}], {"yes": True, "two": 3}),
    "enum": ([{"kind": 1}, {"kind": "a"}, {"kind": None}], {"kind": "b"}),
    "null": ([{"note": None}, {"note": "ab"}], {"note": "a"}),
    "own_format": ([{"iban": "x"}], {"iban": 3}),
    "members_like_keywords": ([{"type": "a", "in": {"format": "x"}}], {"type": 3}),
    "all_of_one_of": ([{"a": "x", "kind": "y", "c": 1}], {"a": "x", "kind": "y", "b": "q"}),
    "one_of_closed": ([{"id": 1}, {"name": "a"}], {"id": 1, "name": "a"}),
    "closed": ([{"a": "x"}], {"a": "x", "b": 1}),
    "counted": ([{"tags": ["m", "m"]}], {"tags": ["m"]}),
    "unevaluated_items": ([{"at": [1, "a"]}], {"at": [1, "a", 2]}),
    "recursive": ([{"name": "a", "kids": [{"name": "b"}]}], {"name": "a", "kids": [{}]}),
}  # fmt: skip
NULL_TOO = {"nullable": True, "$ref": "#/components/schemas/Name"}
OPEN_SHOWN: dict[str, tuple[dict[str, Any], Any]] = {
    "null_beside_ref": (body({"a": NULL_TOO}, "a"), {"a": None}),
    "null_not_listed": (body({"a": {"type": "string", "nullable": True, "enum": ["x"]}}, "a"), {"a": None}),
    "newer_keyword": (body({"a": {"type": "string", "const": "x"}}, "a"), {"a": "y"}),
    "hidden_required": (body({"a": {"type": "string", "writeOnly": True}, "b": TEXT}, "a"), {"b": "x"}),
}
"""Schemas that OpenAPI 3.0 leaves open, each with an answer that one reading allows."""


def show(answers: Mapping[str, tuple[Any, list[Any]]], edition: str, folder: Path) -> Report:
    """Verify a server that answers each GET with the values in turn; by name a schema and the values."""
    described = document({}, edition)
    for name, (schema, _) in answers.items():
        shown = {"description": "ok", "content": {"application/json": {"schema": schema}}}
        described["paths"][f"/{name}"] = {"get": {"operationId": f"show_{name}", "responses": {"200": shown}}}
    file, numbers = folder / "openapi.json", {name: count() for name in answers}
    file.write_text(json.dumps(described))

    def handle(request: Request) -> Response:
        name = request.path.strip("/")
        if name not in answers:
            return answer(404, {"message": "none"})
        if request.method != "GET":
            return answer(405, {"message": "no"}, Allow="GET")
        values = answers[name][1]
        return answer(200, values[next(numbers[name]) % len(values)])

    only = ("response_schema", "honours_manifest", "valid_calls")
    return verified(load_document(str(file), Choice()), handle, keys={"main": ""}, only=only)


def list_of(report: Report, verdict: Verdict) -> set[str]:
    judged = [r.contract for r in report.results if r.verdict is verdict]
    return {str(c.action).removeprefix("show_") for c in judged if c.check == "response_schema"}


def test_a_server_that_answers_what_its_document_allows_is_not_accused(tmp_path: Path) -> None:
    report = show({name: (BODIES[name], right) for name, (right, _) in SHOWN.items()}, "3.1.0", tmp_path)
    assert list_broken(report) == []
    assert list_of(report, Verdict.KEPT) == set(SHOWN)


def test_an_answer_that_the_document_forbids_is_found_by_each_keyword(tmp_path: Path) -> None:
    report = show({name: (BODIES[name], [wrong]) for name, (_, wrong) in SHOWN.items()}, "3.1.0", tmp_path)
    assert list_of(report, Verdict.BROKEN) == set(SHOWN) - {"unevaluated_items"}  # no catalogue carries it


def test_an_answer_that_one_reading_of_the_document_allows_is_odd_at_most(tmp_path: Path) -> None:
    answers = {name: (schema, [value]) for name, (schema, value) in OPEN_SHOWN.items()}
    report = show(answers, "3.0.3", tmp_path)
    assert list_broken(report) == []
    assert {"null_beside_ref", "newer_keyword"} <= list_of(report, Verdict.ODD)


def test_what_a_document_says_in_words_of_its_own_makes_odd_at_most(tmp_path: Path) -> None:
    schema = body({"n": {"type": "integer", "minimum": 1, "divisibleByItself": True}}, "n")
    report = run({"enum": schema}, "3.1.0", lambda *_: True, tmp_path)
    verdicts = {result.verdict for result in report.results}
    assert Verdict.BROKEN not in verdicts
    assert Verdict.ODD in verdicts


def test_a_walk_takes_no_member_for_a_keyword_and_no_example_for_a_schema() -> None:
    member = {"type": "string"}
    schema = {"properties": {"format": member, "items": member}, "examples": [{"not": {}}]}
    assert list(walk(schema)) == [schema, member, member]


def test_a_member_named_like_a_keyword_ends_no_run(tmp_path: Path) -> None:
    listed = {"format": {"enum": ["pdf", "csv"], "type": "string"}, "$ref": TEXT, "definitions": TEXT}
    described = document({}, "3.0.3")
    filter = {"name": "filter", "in": "query", "style": "deepObject", "schema": body(listed)}
    described["paths"]["/exports"] = {
        "get": {"parameters": [filter], "responses": {"200": {"description": "ok"}}}
    }
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(described))
    report = verified(load_document(str(file), Choice()), lambda _: answer(200, []), keys={"main": ""})
    assert not [result for result in report.results if "internal error" in result.reason]


ARGUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "/labels": ("query", {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True}),
    "/kinds": ("query", {"type": ["string", "null"], "enum": ["a", "b", None]}),
    "/rows/{v}": ("path", {"type": ["string", "integer"], "minimum": 3, "minLength": 2}),
    "/names": ("query", {"type": "string", "pattern": "^[a-z]{2,5}$"}),
    "/exports": ("query", body({"format": {"enum": ["pdf", "csv"]}})),
}


def take(request: Request) -> Response:
    """Answer as a server that holds each argument to its schema, in one of the ways that frameworks read."""
    texts, (_, place, rest) = [text for _, text in request.query], request.path.partition("/rows/")
    if place:
        right = "/" not in rest and (len(rest) > 1 or rest in "3456789")
    elif request.path == "/labels":
        right = bool(texts) and len(set(texts)) == len(texts) and set(texts) <= {"a", "b"}
    elif request.path == "/kinds":
        right = len(texts) == 1 and texts[0] in ("a", "b", "")
    elif request.path == "/exports":
        right = all(text in ("pdf", "csv") for key, text in request.query if key == "v[format]")
    elif request.path == "/names":
        right = len(texts) == 1 and re.match("^[a-z]{2,5}$", texts[0]) is not None
    else:
        return answer(404, {"message": "none"})
    if request.method != "GET":
        return answer(405, {"message": "no"}, Allow="GET")
    return answer(200, {}) if right else answer(400, {"message": "no"})


def test_a_server_that_holds_arguments_to_its_document_is_not_accused(tmp_path: Path) -> None:
    described = document({}, "3.1.0")
    for path, (place, schema) in ARGUMENTS.items():
        deep = schema.get("type") == "object"
        param = {"in": place, "name": "v", "required": not deep, "schema": schema}
        param |= {"style": "deepObject"} if deep else {}
        refusal = {"description": "no", "content": {"application/json": {"schema": MESSAGE}}}
        shown = {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}
        described["paths"][path] = {
            "get": {"parameters": [param], "responses": {"200": shown, "400": refusal}}
        }
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(described))
    report = verified(load_document(str(file), Choice()), take, keys={"main": ""})
    assert [(f.contract.id, f.actual) for f in report.findings if f.rank.is_at_least(Rank.LAX)] == []
    called = {r.contract.id: r.verdict for r in report.results if r.verdict is not Verdict.NOT_SELECTED}
    calls = [verdict for id, verdict in called.items() if id.startswith("valid_calls/ordinary/")]
    assert calls == [Verdict.KEPT] * len(ARGUMENTS)
