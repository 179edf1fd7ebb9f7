"""OpenAPI documents compared as catalogues. A second judge sends requests and reads answers by both editions:
what hurts somebody is a change that breaks or may break, or it is named as not compared.
"""

# ruff: noqa: E501  # schemas are easier to compare in one line each
from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from diff_oracle import hurt
from lengths import share
from pgagents.base.errors import PgagentsError
from pgagents.cli.main import main
from pgagents.diff.change import Change
from pgagents.diff.compare import compare
from pgagents.importer.catalogue import Imported, catalogue
from pgagents.importer.document import Document, References

Data = dict[str, Any]
GONE: Any = object()


def _import(data: Data) -> Imported:
    def nothing(location: str) -> bytes:
        raise PgagentsError(f"cannot read {location}", "give one document")

    document = Document("/x.json", "x.json", json.loads(json.dumps(data)))
    return catalogue(References(document, nothing), offering=False, comparing=True)


def found(old: Data, new: Data) -> list[Change]:
    """Return the changes of two documents, as `pgagents diff` finds them."""
    return compare(_import(old).model, _import(new).model)


def list_left_out(data: Data) -> list[str]:
    """Return what no catalogue says of a document."""
    return [note.message for note in _import(data).notes if note.kind in ("lost", "left out")]


def edited(data: Data, edits: dict[str, Any]) -> Data:
    """A copy with other values at some places (`paths./books.get`, GONE takes one away, `a[0]` counts)."""
    made = copy.deepcopy(data)
    for path, value in edits.items():
        steps: list[Any] = []
        for step in path.split("|"):
            steps.append(int(step) if step.isdecimal() and len(step) < 3 else step)
        at: Any = made
        for step in steps[:-1]:
            at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
        if value is GONE:
            del at[steps[-1]]
        elif isinstance(at, list) and steps[-1] == len(at):
            at.append(value)
        else:
            at[steps[-1]] = value
    return made


BASE: Data = {
    "openapi": "3.1.0",
    "info": {"title": "Books", "version": "1.0.0"},
    "servers": [{"url": "https://a.example"}, {"url": "https://{region}.example/v1", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}],
    "tags": [{"name": "books"}],
    "security": [{"key": []}, {"oauth": ["read"]}],
    "components": {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "oauth": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {"read": "r", "write": "w"}},
                    "authorizationCode": {"tokenUrl": "https://a.example/t", "authorizationUrl": "https://a.example/a", "scopes": {"read": "r", "write": "w"}},
                },
            },
            "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example/o"},
        },
        "schemas": {
            "Book": {
                "type": "object", "required": ["id", "name"],
                "properties": {
                    "id": {"type": "integer"}, "name": {"type": "string", "maxLength": 9},
                    "note": {"type": "string"},
                    "state": {"enum": ["new", "sold"]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
    "paths": {
        "/books": {
            "get": {
                "operationId": "listBooks", "summary": "List them", "tags": ["books"],
                "parameters": [
                    {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}, "description": "Which"},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string", "maxLength": 9}},
                ],
                "responses": {
                    "200": {
                        "description": "Found",
                        "headers": {"X-Count": {"required": True, "schema": {"type": "integer"}}, "X-Page": {"schema": {"type": "array", "items": {"type": "string"}}}},
                        "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}}},
                        "links": {"one": {"operationId": "getBook"}},
                    },
                    "404": {"description": "None"},
                },
            },
            "post": {
                "operationId": "addBook", "security": [{"oauth": ["write"]}],
                "x-openai-isConsequential": True,
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}, "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}}}}},
                "responses": {"201": {"description": "Made", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}, "202": {"description": "Later"}},
                "callbacks": {"done": {"{$request.body#/url}": {"post": {"operationId": "bookDone",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}, "responses": {"200": {"description": "Thanks"}}}}}},
            },
        },
        "/books/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"operationId": "getBook", "responses": {"200": {"description": "One", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}},
            "delete": {"security": [{"oidc": []}], "requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}}, "responses": {"204": {"description": "Gone"}}},
        },
    },
}  # fmt: skip

LIST, ADD, ONE, DEL = (
    "paths|/books|get",
    "paths|/books|post",
    "paths|/books/{id}|get",
    "paths|/books/{id}|delete",
)
OK = f"{LIST}|responses|200"
FLOWS = "components|securitySchemes|oauth|flows"
BOOK = "components|schemas|Book"

EDITS: list[tuple[str, dict[str, Any]]] = [
    ("dialect", {"jsonSchemaDialect": "https://x.example/d"}),
    ("document-text", {"info|title": "More books"}),
    ("document-text", {"tags|0|description": "All books"}),
    ("server-removed", {"servers|0|url": "https://b.example"}),
    ("server-removed", {f"{LIST}|servers": [{"url": "https://b.example"}]}),
    ("server-removed", {"servers|1|variables|region|enum": ["eu"]}),
    ("server-added", {"servers|2": {"url": "https://c.example"}}),
    ("server-added", {"servers|1|variables|region|enum": ["eu", "us", "asia"]}),
    ("server-order", {"servers": [BASE["servers"][1], BASE["servers"][0]]}),
    ("server-order", {"servers|1|variables|region|default": "us"}),
    ("server-text", {"servers|0|description": "Main"}),
    ("operation-removed", {ONE: GONE}),
    ("operation-added", {"paths|/authors": {"get": {"operationId": "listAuthors", "responses": {"200": {"description": "x"}, "422": {"description": "y"}}}}}),
    ("route", {"paths|/volumes": {"get": BASE["paths"]["/books"]["get"]}, LIST: GONE}),
    ("operation-renamed", {f"{LIST}|operationId": "findBooks"}),
    ("operation-renamed", {f"{LIST}|operationId": GONE}),
    ("operation-named", {f"{DEL}|operationId": "dropBook"}),
    ("description", {f"{LIST}|summary": "Find them"}),
    ("shown", {f"{LIST}|tags": ["more"]}),
    ("deprecated", {f"{LIST}|deprecated": True}),
    ("event-removed", {f"{ADD}|callbacks": GONE}),
    ("event-added", {f"{LIST}|callbacks": BASE["paths"]["/books"]["post"]["callbacks"]}),
    ("event-added", {"webhooks": {"sold": {"post": {"operationId": "sold", "responses": {"200": {"description": "x"}}}}}}),
    ("parameter-removed", {f"{LIST}|parameters|1": GONE}),
    ("parameter-added", {f"{LIST}|parameters|3": {"name": "q", "in": "query", "schema": {"type": "string"}}}),
    ("parameter-required", {f"{LIST}|parameters|3": {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}}),
    ("parameter-required", {f"{LIST}|parameters|1|required": True}),
    ("parameter-renamed", {"paths|/books/{book}": {**BASE["paths"]["/books/{id}"], "parameters": [{"name": "book", "in": "path", "required": True, "schema": {"type": "integer"}}]}, "paths|/books/{id}": GONE}),
    ("style", {f"{LIST}|parameters|0|explode": False}),
    ("style", {f"{LIST}|parameters|0|style": "pipeDelimited", f"{LIST}|parameters|0|explode": False}),
    ("style", {f"{LIST}|parameters|0|schema": GONE, f"{LIST}|parameters|0|content": {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}}}),
    ("reserved-allowed", {f"{LIST}|parameters|1|allowReserved": True}),
    ("empty-value-allowed", {f"{LIST}|parameters|1|allowEmptyValue": True}),
    ("parameter-text", {f"{LIST}|parameters|0|description": "Which ones"}),
    ("parameter-text", {f"{LIST}|parameters|0|deprecated": True}),
    ("examples", {f"{LIST}|parameters|0|example": [1]}),
    ("body-required", {f"{DEL}|requestBody|required": True}),
    ("body-required", {f"{LIST}|requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "integer"}}}}}),
    ("body-optional", {f"{ADD}|requestBody|required": False}),
    ("body-added", {f"{LIST}|requestBody": {"content": {"application/json": {"schema": {"type": "integer"}}}}}),
    ("body-removed", {f"{DEL}|requestBody": GONE}),
    ("body-text", {f"{ADD}|requestBody|description": "A book"}),
    ("media-removed", {f"{ADD}|requestBody|content|application/x-www-form-urlencoded": GONE}),
    ("media-added", {f"{ADD}|requestBody|content|text/csv": {}}),
    ("encoding", {f"{ADD}|requestBody|content|application/x-www-form-urlencoded|encoding": {"tags": {"contentType": "text/plain"}}}),
    ("answers-replaced", {f"{ONE}|responses": {"204": {"description": "x"}}}),
    ("answer-added", {f"{LIST}|responses|206": {"description": "Part"}}),
    ("error-added", {f"{LIST}|responses|422": {"description": "Wrong", "content": {"application/json": {"schema": {"type": "object"}}}}}),
    ("answer-removed", {f"{ADD}|responses|202": GONE}),
    ("error-removed", {f"{LIST}|responses|404": GONE}),
    ("answer-text", {f"{OK}|description": "All"}),
    ("answer-body-removed", {f"{ONE}|responses|200|content": GONE}),
    ("answer-body-added", {f"{LIST}|responses|404|content": {"application/json": {"schema": {"type": "object"}}}}),
    ("answer-media-removed", {f"{OK}|content": {"text/csv": {"schema": {"type": "string"}}}}),
    ("answer-media-added", {f"{OK}|content|text/csv": {"schema": {"type": "string"}}}),
    ("link", {f"{OK}|links|one": GONE}),
    ("link", {f"{OK}|links|one|parameters": {"id": "$response.body#/0/id"}}),
    ("link-added", {f"{OK}|links|two": {"operationId": "addBook"}}),
    ("header-removed", {f"{OK}|headers|X-Count": GONE}),
    ("header-removed", {f"{OK}|headers|X-Count|required": False}),
    ("header-optional-removed", {f"{OK}|headers|X-Page": GONE}),
    ("header-always", {f"{OK}|headers|X-Page|required": True}),
    ("header-added", {f"{OK}|headers|X-New": {"schema": {"type": "string"}}}),
    ("header-text", {f"{OK}|headers|X-Count|description": "How many"}),
    ("security", {f"{ADD}|security": [{"oauth": ["write", "read"]}]}),
    ("security", {f"{LIST}|security": [{"key": []}]}),
    ("security", {f"{LIST}|security": [{"key": [], "bearer": []}, {"oauth": ["read"]}]}),
    ("security", {"components|securitySchemes|key|name": "X-Other"}),
    ("security", {"components|securitySchemes|oauth": {"type": "apiKey", "in": "query", "name": "k"}}),
    ("security-dropped", {f"{LIST}|security": [{}]}),
    ("security-dropped", {f"{LIST}|security": []}),
    ("security-added", {f"{LIST}|security": [{"key": []}, {"oauth": ["read"]}, {"bearer": []}]}),
    ("oauth", {f"{FLOWS}|authorizationCode": GONE}),
    ("oauth", {f"{FLOWS}|clientCredentials|tokenUrl": "https://a.example/token"}),
    ("oauth", {f"{FLOWS}|clientCredentials|scopes|write": GONE, f"{FLOWS}|authorizationCode|scopes|write": GONE}),
    ("oauth-added", {f"{FLOWS}|clientCredentials|scopes|more": "m"}),
    ("oauth-address", {"components|securitySchemes|oidc|openIdConnectUrl": "https://b.example/o"}),
    ("security-text", {"components|securitySchemes|key|description": "The key"}),
    ("consequential-dropped", {f"{ADD}|x-openai-isConsequential": False}),
    ("consequential", {f"{LIST}|x-openai-isConsequential": True}),
    ("member-added", {f"{BOOK}|properties|more": {"type": "integer"}}),
    ("member-required", {f"{BOOK}|required": ["id", "name", "note"]}),
    ("member-removed", {f"{BOOK}|properties|note": GONE}),
    ("member-removed", {f"{BOOK}|properties|name": GONE, f"{BOOK}|required": ["id"]}),
    ("default", {f"{LIST}|parameters|1|schema|default": 20}),
    ("read-only", {f"{BOOK}|properties|note|readOnly": True}),
    ("write-only", {f"{BOOK}|properties|note|writeOnly": True}),
    ("text", {f"{BOOK}|properties|note|description": "A word"}),
    ("narrower", {f"{BOOK}|properties|name|maxLength": 8}),
    ("wider", {f"{BOOK}|properties|name|maxLength": 10}),
]  # fmt: skip
"""Edits, and what each is about."""
MAP = {"schema": {"type": "object", "properties": {"k": {"type": "string"}, "l": {"type": "string"}}}}
WITH_MAP = edited(BASE, {f"{OK}|headers|X-Map": {**MAP, "explode": True}})
UNDONE: list[tuple[str, dict[str, Any]]] = [
    ("parameter-optional", {f"{LIST}|parameters|1|required": True}),
    ("reserved", {f"{LIST}|parameters|1|allowReserved": True}),
    ("empty-value", {f"{LIST}|parameters|1|allowEmptyValue": True}),
    ("header-empty", {f"{OK}|headers|X-Page|allowEmptyValue": True}),
]
"""Edits that are undone."""
BOOKS = BASE["paths"]["/books/{id}"]["get"]["responses"]["200"]
ANY = edited(BASE, {f"{ONE}|responses|200|content": {"*/*": BOOKS["content"]["application/json"]}})
SHAPES = [
    *((id, BASE, edited(BASE, edits)) for id, edits in EDITS),
    *((id, edited(BASE, edits), BASE) for id, edits in UNDONE),
    ("header-style", WITH_MAP, edited(WITH_MAP, {f"{OK}|headers|X-Map|explode": False})),
    ("answer-media-wider", BASE, ANY),
    ("answer-media-narrower", ANY, BASE),
    ("answer-status-narrower", edited(BASE, {f"{ONE}|responses": {"2XX": BOOKS}}), BASE),
]
UNSEEN = {
    "a variable of another server": edited(BASE, {"servers|1|variables|region|enum": ["eu"]}),
    "an operationId that is gone": edited(BASE, {f"{LIST}|operationId": GONE}),
}
"""Editions whose difference from BASE no catalogue has; `pgagents diff` always names them."""
NAMED = {
    "media-removed": "the body may also be application/x-www-form-urlencoded",
    "header-style": "header `X-Map`",
}
"""Edits that no catalogue has, with the words of the import about the part."""


@pytest.mark.parametrize(
    ("about", "old", "new"), share(SHAPES, 4), ids=[f"{n}-{shape[0]}" for n, shape in enumerate(SHAPES)]
)
def test_what_hurts_is_severe_or_named_as_not_compared(about: str, old: Data, new: Data) -> None:
    caller, reader = hurt(old, new)
    if not (caller or reader) or {c.severity for c in found(old, new)} & {"breaking", "may break"}:
        return
    if about in NAMED:
        assert any(NAMED[about] in one for one in list_left_out(old))
    else:
        assert new in UNSEEN.values(), (caller, reader)


def test_what_no_catalogue_has_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for name, data in (("old", BASE), ("new", UNSEEN["an operationId that is gone"])):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(data), encoding="utf-8")
    assert main(["diff", *map(str, paths), "--format", "json"]) == 0
    named = json.loads(capsys.readouterr().out)["not_compared"]
    assert any("operationIds that are gone" in one for one in named)
    assert any(
        one.startswith("callbacks are not carried") and "~1books/post/callbacks" in one for one in named
    )
    for form in ("text", "markdown"):
        assert main(["diff", *map(str, paths), "--format", form]) == 0
        assert "Not compared (" in capsys.readouterr().out


def test_nothing_differs_from_itself() -> None:
    assert found(BASE, BASE) == []
