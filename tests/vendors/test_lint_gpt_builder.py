"""The GPT builder's import, simulated: every message it is known to have is said by some document, and
nothing is said of a good one.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import InputError
from pgagents.lint.document import apply_ignores, read
from pgagents.lint.importers.gpt_builder import TOLD, judge
from pgagents.lint.importers.gpt_builder_import import Form, simulate, templates

GENERATED = Path(__file__).parents[2] / "generated" / "openai"
GET = {
    "operationId": "listBooks",
    "description": "List books.",
    "responses": {"200": {"description": "Books"}},
}
BASE: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Books", "version": "1"},
    "servers": [{"url": "https://books.example"}],
    "paths": {"/books": {"get": GET}},
    "components": {"schemas": {}},
}


def books(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BASE), **changes}


def operation(method: str = "post", **changes: Any) -> dict[str, Any]:
    return books(paths={"/books": {method: {**GET, "operationId": "addBook", **changes}}})


def body(schema: Any) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def param(**changes: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}, **changes}]}


OBJECT = {"type": "object", "properties": {"title": {"type": "string"}}}
OF = "In path /books, method post, operationId addBook, "
SCHEMES = {"a": {"type": "http", "scheme": "bearer"}, "b": {"type": "http", "scheme": "basic"}}
FLOW = {"authorizationUrl": "https://a.example/a", "tokenUrl": "https://a.example/t", "scopes": ["read"]}
MANY = {f"/b{n}": {"get": {**GET, "operationId": f"listBooks{n}"}} for n in range(31)}
ANSWER = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}}
CASES: dict[str, list[tuple[Any, str]]] = {
    "openapi-version": [
        (books(openapi="3.0.3"), "('openapi',): Input should be '3.1.1' or '3.1.0'"),
        (books(openapi=3.1), "('openapi',): Input should be '3.1.1' or '3.1.0'"),
    ],
    "pydantic-generic": [
        (
            books(
                components={
                    "schemas": {},
                    "securitySchemes": {"OAuth2": {"type": "oauth2", "flows": {"authorizationCode": FLOW}}},
                }
            ),
            (
                "('components', 'securitySchemes', 'OAuth2', 'SecurityScheme', 'flows', "
                "'authorizationCode', 'scopes'): "
                "Input should be a valid dictionary"
            ),
        ),
        (
            books(
                components={
                    "schemas": {},
                    "parameters": {
                        "preferParams": {"name": "Prefer", "in": "header", "schema": {"enum": []}}
                    },
                }
            ),
            (
                "('components', 'parameters', 'preferParams', 'Parameter', 'schema', 'Schema', 'enum'): "
                "List should have at least 1 item after validation, not 0"
            ),
        ),
    ],
    "no-valid-server": [
        (books(servers=[]), "Could not find a valid URL in `servers`"),
        (books(servers=[{"url": "/v1"}]), "Could not find a valid URL in `servers`"),
        (books(servers="https://books.example"), "Could not find a valid URL in `servers`"),
    ],
    "root-origin-none": [
        (
            books(servers=[{"url": "http://books.example"}]),
            "None of the provided servers is under the root origin https://books.example",
        ),
        (
            books(servers=[{"url": "https://books.example:3001"}]),
            "None of the provided servers is under the root origin https://books.example",
        ),
    ],
    "root-origin-one": [
        (
            books(servers=[{"url": "https://books.example:3001/v1"}]),
            (
                "Server URL https://books.example:3001/v1 is not under the root origin "
                "https://books.example; ignoring it"
            ),
        )
    ],
    "multiple-servers": [
        (
            books(servers=[{"url": "https://books.example/a"}, {"url": "https://books.example/b"}]),
            "Multiple servers found, using https://books.example/a",
        ),
    ],
    "multiple-hostnames": [
        (
            books(servers=[{"url": "https://books.example"}, {"url": "https://b.example"}]),
            "Found multiple hostnames, dropping https://b.example",
        ),
    ],
    "components-schemas": [
        (
            {k: v for k, v in BASE.items() if k != "components"},
            "In components section, schemas subsection is not an object",
        ),
        (books(components={"schemas": []}), "In components section, schemas subsection is not an object"),
    ],
    "circular": [
        (
            books(
                components={
                    "schemas": {
                        n: {"type": "object", "properties": {"a": {"$ref": f"#/components/schemas/{m}"}}}
                        for n, m in ("AB", "BA")
                    }
                }
            ),
            "Components section contains a circular dependency",
        ),
    ],
    "unknown-component": [
        (
            books(components={"schemas": {"Tags": {"allOf": [{"$ref": "#/components/schemas/Tag"}]}}}),
            (
                "In context=('components', 'schemas', 'Tags', 'allOf', '0'), reference to unknown component "
                "Tag; using empty schema"
            ),
        ),
        (
            operation("patch", **body({"$ref": "#/components/schemas/Customer_inst"})),
            (
                "In context=('paths', '/books', 'patch', 'requestBody', 'content', 'application/json', "
                "'schema'), "
                "reference to unknown component Customer_inst; using empty schema"
            ),
        ),
    ],
    "object-missing-properties": [
        (
            operation(responses=ANSWER),
            (
                "In context=('paths', '/books', '200', 'response', 'content', 'application/json', 'schema'), "
                "object schema missing properties"
            ),
        ),
        (
            books(components={"schemas": {"Foo": {"type": "object"}}}),
            "In context=('components', 'schemas', 'Foo'), object schema missing properties",
        ),
    ],
    "missing-operationid": [
        (
            books(paths={"/a.create": {"post": {"responses": {}}}}),
            "In path /a.create, method post is missing operationId; skipping",
        ),
    ],
    "unrecognized-method": [
        (books(paths={"/books": {"head": GET}}), "Path /books has unrecognized method head; skipping"),
        (
            books(paths={"/books": {"get": GET, "parameters": []}}),
            "Path /books has unrecognized method parameters; skipping",
        ),
    ],
    "desc-too-long": [
        (operation(description="x" * 522), f"{OF}description has length 522 exceeding limit of 300")
    ],
    "summary-too-long": [
        (operation(summary="x" * 301), f"{OF}summary has length 301 exceeding limit of 300")
    ],
    "param-desc-too-long": [
        (
            operation(**param(description="x" * 701)),
            f"{OF}parameter q description has length 701 exceeding limit of 700",
        )
    ],
    "param-header": [
        (
            operation(**param(**{"in": "header", "name": "Authorization"})),
            f"{OF}parameter Authorization has location header; ignoring",
        )
    ],
    "param-ref": [
        (
            operation(parameters=[{"$ref": "#/components/parameters/D"}]),
            (
                f"{OF}parameter {{'$ref': '#/components/parameters/D'}} is has missing or non-string name; "
                "skipping"
            ),
        ),
    ],
    "param-duplicate": [
        (operation(**param(name="title"), **body(OBJECT)), f"{OF}parameter title is duplicated")
    ],
    "function-errors": [
        (operation(**body({"type": "array", "items": {}})), f"{OF}skipping function due to errors")
    ],
    "body-not-object": [
        (
            operation(**body({"type": "array", "items": {}})),
            f"{OF}request body schema is not an object schema; skipping",
        )
    ],
    "multi-security": [
        (
            books(components={"schemas": {}, "securitySchemes": SCHEMES}),
            "Found multiple security schemes, only 1 is supported",
        )
    ],
    "too-many-ops": [(books(paths=MANY), "OpenAPI spec can have a maximum of 30 operations")],
    "too-big": [
        (books(info={"title": "x" * 1_100_000, "version": "1"}), "OpenAPI spec must be 1MB or smaller")
    ],
    "dup-domain": [
        (BASE, "Action sets cannot have duplicate domains - books.example already exists on another action")
    ],
    "privacy-policy": [(BASE, "Public actions require valid privacy policy URLs")],
    "could-not-parse": [
        (
            books(paths=MANY),
            "Could not parse OpenAPI spec for plugin: ['OpenAPI spec can have a maximum of 30 operations']",
        )
    ],
}
FORM = {"dup-domain": Form(domains=frozenset({"books.example"})), "privacy-policy": Form(public=True)}


def test_every_message_has_a_document_that_makes_the_builder_say_it() -> None:
    assert set(CASES) == set(templates())


@pytest.mark.parametrize(
    ("id", "document", "text"), [(id, *case) for id, several in CASES.items() for case in several]
)
def test_message_is_said_to_the_letter(id: str, document: Any, text: str) -> None:
    made = simulate(document, FORM.get(id), plugin=id == "could-not-parse")
    assert (id, text) in [(said.id, said.text) for said in made.said]


@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml"])
def test_nothing_is_said_of_the_generated_document(name: str) -> None:
    source = read((GENERATED / name).read_bytes(), name)
    found, made = judge(source, Form(public=True, privacy_policy="https://a.example/privacy"))
    assert found.found == ()
    assert (made.dropped, made.lost) == ((), ())
    assert len(made.functions) == made.count > 10


def test_operation_that_is_dropped_is_no_function_and_says_why() -> None:
    document = operation(parameters=[{"$ref": "#/components/parameters/D"}])
    document["paths"]["/books"]["get"] = GET
    made = simulate(document)
    assert [f.name for f in made.functions] == ["listBooks"]
    assert made.dropped == (("POST /books (addBook)", "a parameter is a reference, or has no name"),)
    assert not made.blocked


def test_model_sees_path_query_and_body_in_one_row() -> None:
    document = operation(**param(required=True), **body({**OBJECT, "required": ["title"]}))
    (function,) = simulate(document).functions
    assert [(a.name, a.type, a.required) for a in function.arguments] == [
        ("q", "string", True),
        ("title", "string", True),
    ]


@pytest.mark.parametrize("required", [False, True])
def test_a_parameter_with_content_is_left_out_and_named(required: bool) -> None:
    """It has no schema of its own; it was shown as an argument of any type."""
    form = {"content": {"application/json": {"schema": {"type": "object", "properties": {}}}}}
    found = simulate(operation(parameters=[{"name": "q", "in": "query", "required": required, **form}]))
    assert [argument.name for function in found.functions for argument in function.arguments] == []
    ((what, why),) = found.lost
    assert (what, "application/json" in why, why.endswith("required")) == ("addBook: q", True, required)


def test_circle_is_found_however_long_and_a_tree_is_none() -> None:
    chain = {
        f"S{n}": {"type": "object", "properties": {"next": {"$ref": f"#/components/schemas/S{n + 1}"}}}
        for n in range(3000)
    }
    chain["S3000"] = {"type": "string"}
    assert "circular" not in {s.id for s in simulate(books(components={"schemas": chain})).said}
    chain["S3000"] = {"$ref": "#/components/schemas/S2999"}
    assert "circular" in {s.id for s in simulate(books(components={"schemas": chain})).said}


def test_size_between_the_two_megabytes_is_a_warning_and_past_both_an_error() -> None:
    for length, severity in ((1_020_000, "warning"), (1_060_000, "error")):
        source = read(json.dumps(books(info={"title": "x" * length, "version": "1"})).encode(), "o.json")
        (found,) = judge(source)[0].found
        assert (found.id, found.severity) == ("gpt-builder/too-big", severity)


def test_reconstructed_message_says_so() -> None:
    source = read(json.dumps(operation(summary="x" * 301)).encode(), "o.json")
    (found,) = judge(source)[0].found
    assert any(note.startswith("text: nobody has published") for note in found.notes)


def test_finding_leads_to_its_line() -> None:
    source = read(json.dumps(operation(description="x" * 301), indent=1).encode(), "o.json")
    (found,) = judge(source)[0].found
    assert source.text.splitlines()[found.span.line - 1].strip().startswith('"description": "xxx')


HOSTILE = [
    None,
    1,
    "x",
    [],
    {},
    [1],
    {"a": 1},
    {"$ref": 1},
    {"$ref": "#/components/schemas/A"},
    {"type": "object", "properties": []},
    True,
]
PLACES = [
    ("openapi",), ("info",), ("servers",), ("servers", 0), ("servers", 0, "url"), ("paths",),
    ("paths", "/books"),
    ("paths", "/books", "get"),
    ("paths", "/books", "get", "parameters"), ("paths", "/books", "get", "requestBody"),
    ("paths", "/books", "get", "responses"),
    ("paths", "/books", "get", "responses", "200"), ("paths", "/books", "get", "operationId"),
    ("paths", "/books", "get", "description"),
    ("components",), ("components", "schemas"), ("components", "schemas", "A"),
    ("components", "securitySchemes"),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda p: ".".join(map(str, p)))
def test_wrong_types_anywhere_are_judged_and_do_not_crash(place: tuple[Any, ...]) -> None:
    for value in HOSTILE:
        document = copy.deepcopy(BASE)
        here = document
        for step in place[:-1]:
            here = here[step]
        here[place[-1]] = value  # type: ignore[call-overload]  # a list's index or a mapping's key
        source = read(json.dumps(document).encode(), "o.json")
        verdict, _ = judge(source)
        assert all(diagnostic.message for diagnostic in verdict.found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "a: &a [1]\n"
            + "".join(
                f"b{n}: &b{n} [{', '.join(['*' + ('a' if n == 0 else f'b{n - 1}')] * 9)}]\n"
                for n in range(12)
            ),
            "more than",
        ),
        ("a: &a [*a]", "stands for nothing"),
        ("a: &a " + "x" * 1_000_000 + "\nb: [" + "*a," * 1_000_000 + "]", "with what its aliases stand for"),
        (
            "a: &a {" + ", ".join(f"k{n}: 1" for n in range(50_000)) + "}\nb: {" + "<<: *a, " * 500_000 + "}",
            "with what its aliases stand for",
        ),
        ('{"openapi": "3.1.0", "openapi": "3.1.0"}', "stands here again"),
        ("[" * 5000, "nested more than"),
        ("{", "not valid YAML"),
        ("just words", "neither a mapping nor a list"),
        ("", "the file holds nothing"),
    ],
    ids=["bomb", "cycle", "long text", "merged", "twice", "deep", "cut off", "words", "empty"],
)
def test_hostile_text_is_one_message_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        read(text.encode(), "o.yaml")
    (only,) = raised.value.diagnostics
    assert says in only.message
    assert only.span.file == "o.yaml"


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="1 error"):
        read(b"a" * 16_000_001, "o.yaml")


def test_anchors_merge_keys_and_halves_of_characters_are_read() -> None:
    source = read(b"a: &x {k: 1, l: [2]}\nb: {<<: *x, k: 3}\nc: *x\n200: d\n", "o.yaml")
    assert source.data == {
        "a": {"k": 1, "l": [2]},
        "b": {"k": 3, "l": [2]},
        "c": {"k": 1, "l": [2]},
        "200": "d",
    }
    assert read(b'{"a": "\\ud83d\\ude00 \\\\ud83d"}', "o.json").data == {"a": "\U0001f600 \\ud83d"}


FILES = {"type": "array", "items": {"type": "object", "properties": {}}}
ADVICE = {
    "advice-swagger": {"swagger": "2.0"},
    "advice-same-id": books(paths={"/a": {"get": GET}, "/b": {"get": GET}}),
    "advice-odd-id": operation(operationId="add.book"),
    "advice-harmless-write": operation(**{"x-openai-isConsequential": False}),
    "advice-files": operation(**body({"type": "object", "properties": {"openaiFileIdRefs": FILES}})),
    "advice-empty-scopes": books(
        components={
            "schemas": {},
            "securitySchemes": {
                "o": {"type": "oauth2", "flows": {"authorizationCode": {**FLOW, "scopes": {}}}}
            },
        }
    ),
}


@pytest.mark.parametrize("id", TOLD)
def test_what_no_message_says_is_advised(id: str) -> None:
    source = read(json.dumps(ADVICE[id]).encode(), "o.json")
    assert f"gpt-builder/{id}" in {d.id for d in judge(source)[0].found}


def test_comment_in_a_finished_document_answers_a_finding_with_a_reason() -> None:
    text = """openapi: 3.1.0
info: {title: Books, version: "1"}
servers: [{url: "https://books.example"}]
components: {schemas: {}}
paths:
  /books:
    # pgagents: ignore[gpt-builder/unrecognized-method] for our own client
    head: {operationId: headBooks, responses: {}}
    # pgagents: ignore[gpt-builder/circular] there is none
    get: {operationId: listBooks, responses: {}}
"""
    one = apply_ignores(judge(read(text.encode(), "o.yaml"))[0])
    assert [d.id for d in one.found] == ["document/idle-ignore"]
    assert one.ignored == 1
