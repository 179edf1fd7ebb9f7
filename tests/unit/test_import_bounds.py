"""Schemas that grow beyond bounds when they are written out, documents of which nothing is left, and the
bound in seconds.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from importing import answering, imported, openapi, operation, taking
from loading import read_once
from pgagents.base.errors import PgagentsError
from pgagents.base.jsonschema.schema import REF
from pgagents.catalogue.load import load_text
from pgagents.cli.inputs import document as document_
from pgagents.cli.inputs.files import within
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.generate.dialect import GEMINI, Dialect
from pgagents.generate.lower import MAX_NODES, MAX_STEPS, depth_that_fits, lower
from pgagents.importer.catalogue import Choice

ROOT = Path(__file__).parents[2]
LEVELS = 40


def component(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def both(key: str, level: int) -> dict[str, Any]:
    """A schema that names the next level twice under a keyword."""
    next_one = component(f"S{level + 1}")
    return {
        "type": "object",
        key: {"a": next_one, "b": next_one} if key == "properties" else [next_one, {"allOf": [next_one]}],
    }


@pytest.mark.parametrize("key", ["properties", "allOf", "anyOf", "oneOf"])
def test_schemas_that_name_the_next_twice_are_imported_and_built(key: str) -> None:
    schemas = {f"S{n}": both(key, n) for n in range(LEVELS)} | {
        f"S{LEVELS}": {"type": "object", "properties": {"end": {"type": "string"}}}
    }
    whole = component("S0")
    paths = {
        "/a": {"get": operation(responses=answering(whole))},
        "/b": {
            "post": operation(
                operationId="send", requestBody=taking({"type": "object", "properties": {"it": whole}})
            )
        },
    }
    made = imported(openapi(paths, components={"schemas": schemas}))
    assert len(made.data["actions"]) == 2
    built = build(load_text(made.text))
    assert max(len(a.data) for a in built.files) < 5_000_000


@pytest.mark.matrix
def test_schemas_in_a_ring_of_rings_are_written_out_in_bounds() -> None:
    """As telegram.org's: each of forty refers to eight others."""
    schemas = {
        f"S{n}": {
            "type": "object",
            "properties": {f"p{k}": component(f"S{(n * 7 + k) % 40}") for k in range(8)},
        }
        for n in range(40)
    }
    paths = {
        f"/{n}": {"get": operation(operationId=f"get{n}", responses=answering(component(f"S{n}")))}
        for n in range(40)
    }
    made = imported(openapi(paths, components={"schemas": schemas}), Choice(most=25))
    assert sum(len(a.data) for a in build(load_text(made.text)).files) < 20_000_000


def nodes(value: Any) -> int:
    return (
        sum(map(nodes, value.values() if isinstance(value, dict) else value)) + 1
        if isinstance(value, dict | list)
        else 0
    )


def test_what_is_cut_is_a_loss_and_the_rest_stays() -> None:
    schemas: dict[str, Any] = {}
    for n in range(30):
        schemas[f"S{n}"] = {
            "type": "object",
            "properties": {"id": {"type": "string"}} | {k: {"$ref": f"{REF}S{n + 1}"} for k in "ab"},
        }
    schemas["S30"] = {"type": "string"}
    lowered, losses = lower(
        {"type": "object", "properties": {"it": {"$ref": f"{REF}S0"}, "n": {"type": "integer"}}},
        schemas,
        GEMINI,
    )
    assert "n" in lowered["properties"]
    assert "a" in lowered["properties"]["it"]["properties"]
    assert nodes(lowered) < 10 * MAX_NODES
    assert any("written out to the end" in loss.detail for loss in losses)


@pytest.mark.parametrize("catalogue", ["catalogue/park_graph.yaml", "tests/catalogues/shop.yaml"])
def test_schemas_of_the_usual_size_are_never_cut(catalogue: str) -> None:
    model = read_once(ROOT / catalogue)
    for action in model.actions:
        for output in action.outputs:
            assert output.schema is None or depth_that_fits(output.schema, model.schemas, 2) is None


def test_long_chain_of_references_is_written_out_whole() -> None:
    schemas: dict[str, Any] = {
        f"S{n}": {"type": "object", "properties": {"next": {"$ref": f"{REF}S{n + 1}"}}} for n in range(60)
    }
    schemas["S60"] = {"type": "string"}
    assert depth_that_fits({"$ref": f"{REF}S0"}, schemas, 2) is None


def test_keywords_that_multiply_each_other_end() -> None:
    """Alternatives that stand alone are written out with everything beside them, level by level."""
    schema: dict[str, Any] = {"type": "object", "properties": {"end": {"type": "string"}}}
    for _ in range(18):
        schema = {
            "type": "object",
            "properties": {"in": schema},
            "anyOf": [{"required": ["in"]}, {"minProperties": 1}],
        }
    alone = Dialect("alone", frozenset(), any_of="alone")
    lowered, losses = lower(schema, {}, alone)
    assert nodes(lowered) < 10 * MAX_STEPS
    assert any("steps" in loss.detail for loss in losses)


def test_pattern_too_large_for_the_validator_is_a_lost_constraint_and_no_lost_operation() -> None:
    q = {"name": "q", "in": "query", "schema": {"type": "string", "pattern": "^a{100000000}$"}}
    made = imported(openapi({"/a": {"get": operation(parameters=[q])}}))
    assert made.data["actions"]["get_book"]["input"]["q"].keys() == {"type", "description"}
    assert "too large a one" in "\n".join(map(str, made.notes))


@pytest.mark.parametrize("statuses", [["503"], ["502", "503", "504"], ["504", "404"]])
def test_document_whose_errors_are_a_gateways_is_imported(statuses: list[str]) -> None:
    errors = {status: {"description": "Down"} for status in statuses}
    made = imported(openapi({"/a": {"get": operation(responses={**operation()["responses"], **errors})}}))
    assert load_text(made.text).actions
    assert {e["status"] for e in made.data["errors"]["edge"]} == {int(s) for s in statuses if s != "404"}


def test_document_whose_every_operation_is_refused_in_the_end_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operation that only the loader refuses is taken out; where none is left there is no catalogue."""
    from pgagents.importer import invalid_parts, schemas

    monkeypatch.setattr(schemas, "compiles", lambda _: True)
    monkeypatch.setattr(
        invalid_parts, "_KEYWORDS", frozenset()
    )  # of these the constraint alone would be taken out
    q = {"name": "q", "in": "query", "schema": {"type": "string", "pattern": "^a{100000000}$"}}
    (tmp_path / "doc.json").write_text(
        json.dumps(openapi({"/a": {"get": operation(parameters=[q])}})), encoding="utf-8"
    )
    assert main(["import", "--full", str(tmp_path / "doc.json"), "--out", str(tmp_path / "c.yaml")]) == 2
    said = capsys.readouterr().err
    assert "no operation of the document can be carried over" in said
    assert (
        "GET /a: as `get_book` it would not load: the pattern cannot be matched in bounded time and memory"
        in said
    )
    assert not (tmp_path / "c.yaml").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_limit_that_falls_into_a_finalizer_ends_the_work_all_the_same() -> None:
    class Slow:
        def __del__(self) -> None:
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                pass

    def work() -> None:
        Slow()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            pass

    with pytest.raises(PgagentsError, match="too long"), within(0.05, "too long", ""):
        work()


@pytest.mark.matrix
def test_import_that_takes_too_long_is_one_message_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(document_, "MAX_SECONDS", 0.05)
    document = openapi({f"/p{n}": {"get": operation(operationId=f"get{n}")} for n in range(1_500)})
    (tmp_path / "doc.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["import", "--full", str(tmp_path / "doc.json"), "--out", str(tmp_path / "c.yaml")]) == 2
    said = capsys.readouterr().err
    assert "doc.json takes longer than 0.05 s to import" in said
    assert "--tag, --include, --max" in said
    assert not (tmp_path / "c.yaml").exists()
    monkeypatch.undo()
    assert (
        main(["import", "--full", str(tmp_path / "doc.json"), "--out", str(tmp_path / "c.yaml")]) == 0
    )  # no timer is left behind


def test_what_is_left_out_in_the_end_is_gone_from_the_scopes_of_a_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Climate's document of the OpenAPI directory: with one download, its sign-in was lost, and so all."""
    from pgagents.importer import invalid_parts, schemas

    monkeypatch.setattr(schemas, "compiles", lambda _: True)
    monkeypatch.setattr(invalid_parts, "_KEYWORDS", frozenset())
    url = "https://id.example/"
    flows = {"authorizationCode": {"authorizationUrl": url, "tokenUrl": url, "scopes": {"r": "Read"}}}
    q = {"name": "q", "in": "query", "schema": {"type": "string", "pattern": "^a{100000000}$"}}
    made = imported(
        openapi(
            {"/a": {"get": operation()}, "/b": {"get": operation(operationId="load", parameters=[q])}},
            security=[{"user": ["r"]}],
            components={"securitySchemes": {"user": {"type": "oauth2", "flows": flows}}},
        )
    )
    assert [str(a.name) for a in made.model.actions] == ["get_book"]
    assert [note.kind for note in made.notes if note.kind in ("left out", "blocked")] == ["left out"]


def test_pages_that_would_not_load_cost_no_operation() -> None:
    """Ideal Postcodes' document of the OpenAPI directory: `page` is a named schema, which has the default."""
    number = {"type": "integer", "minimum": 0, "default": 0}
    named = {"Page": number, "Limit": {**number, "minimum": 1, "default": 10}}
    asked = [
        {"name": name.lower(), "in": "query", "schema": {"$ref": f"#/components/schemas/{name}"}}
        for name in named
    ]
    book = {"type": "object", "properties": {"id": {"type": "string"}}}
    books = {"total": number, "page": number, "limit": number, "books": {"type": "array", "items": book}}
    answer = {
        "application/json": {"schema": {"type": "object", "required": list(books), "properties": books}}
    }
    lists = operation(parameters=asked, responses={"200": {"description": "ok", "content": answer}})
    made = imported(openapi({"/books": {"get": lists}}, components={"schemas": named}))
    assert [str(action.path) for action in made.model.actions] == ["/books"]
    assert any("`pages` is not carried" in note.message for note in made.notes)
