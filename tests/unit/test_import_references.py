"""What a document refers to, or says as no edition allows it, is followed, repaired and said, or named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import SWAGGER, imported, openapi, operation
from overlaying import over
from pgagents.generate.build import build
from pgagents.importer.catalogue import Choice
from pgagents.importer.document import References, read
from pgagents.importer.names import Note, Notes, group_losses, say_nowhere
from pgagents.importer.operations import operations
from pgagents.lint.run import lint

TEXT = {"type": "string"}
NOPE = {"$ref": "#/components/x/Nope"}
THING = {"type": "object", "properties": {"x": TEXT}}
DANGLING = "leads nowhere"


def json_body(schema: Any, **more: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema, **more}}}


def lost(document: dict[str, Any], kind: str = "lost") -> list[str]:
    return [note.message for note in imported(document, offering=False).notes if note.kind == kind]


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("get", {"parameters": [NOPE]}),
        ("get", {"parameters": [{"name": "q", "in": "query", "schema": NOPE}]}),
        ("post", {"requestBody": NOPE}),
        ("post", {"requestBody": {"content": {"application/json": NOPE}}}),
        ("post", {"requestBody": json_body(NOPE)}),
        ("post", {"requestBody": json_body({"allOf": [NOPE, THING]})}),
        ("post", {"requestBody": json_body({"oneOf": [NOPE, THING]})}),
        ("post", {"requestBody": json_body(THING, examples={"one": NOPE})}),
        ("get", {"responses": {"200": NOPE}}),
        ("get", {"responses": {"200": {"description": "ok", **json_body(NOPE)}}}),
        ("get", {"responses": {"200": {"description": "ok", "headers": {"X-A": NOPE}}}}),
        ("get", {"responses": {"200": {"description": "ok", "links": {"next": NOPE}}}}),
    ],
)
def test_reference_that_leads_nowhere_is_named(method: str, more: dict[str, Any]) -> None:
    notes = imported(openapi({"/books": {method: operation(**more)}}), offering=False).notes
    said = [note for note in notes if DANGLING in note.message]
    assert said
    assert all(note.extent == "nowhere" and "#/paths/~1books" in note.source for note in said)
    assert f"{DANGLING} (openapi.json#/paths/~1books" in say_nowhere(notes)


def test_a_part_that_is_wrong_or_wider_has_no_reference_to_correct() -> None:
    wrong = operation(parameters=["q"], requestBody="none", responses={"200": "fine"})
    notes = imported(openapi({"/books": {"post": wrong}}), offering=False).notes
    assert [note.extent for note in notes if note.kind == "lost"] == ["gone"] * 3
    assert say_nowhere(notes) == ""


def test_path_or_operation_behind_no_reference_is_left_out_by_name() -> None:
    paths = {"/a": {"get": operation()}, "/b": NOPE, "/c": {"get": NOPE, "post": "no"}}
    told = [n for n in imported(openapi(paths), offering=False).notes if n.kind == "left out"]
    said = [(note.message.partition(":")[0], note.extent) for note in told]
    assert said == [("path `/b`", "nowhere"), ("GET /c", "nowhere"), ("POST /c", "gone")]


def test_what_stands_beside_a_reference_of_a_path_counts_too() -> None:
    shared = {"name": "there", "in": "query", "schema": TEXT}
    behind = {"parameters": [shared], "get": operation(), "delete": operation(operationId="old")}
    beside = {"$ref": "#/components/pathItems/A", "delete": operation(operationId="dropIt")}
    document = openapi({"/a": beside}, components={"pathItems": {"A": behind}})
    actions = imported(document, offering=False).data["actions"]
    assert sorted(actions) == ["drop_it", "get_book"]
    assert list(actions["get_book"]["input"]) == ["there"]


def test_example_behind_a_reference_is_taken() -> None:
    body = json_body(THING, examples={"one": {"$ref": "#/components/examples/One"}})
    document = openapi(
        {"/a": {"post": operation(requestBody=body)}}, components={"examples": {"One": {"value": {"x": "a"}}}}
    )
    action = imported(document, offering=False).data["actions"]["get_book"]
    assert action["examples"]["one"]["input"] == {"x": "a"}


def test_body_that_refers_to_nothing_is_bounded_in_a_document_of_such() -> None:
    paths = {f"/a{n}": {"post": operation(operationId=f"make{n}", requestBody=NOPE)} for n in range(300)}
    [group] = [
        g for g in group_losses(imported(openapi(paths), offering=False).notes) if DANGLING in g[0].message
    ]
    assert len(group) == 300


@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_name_of_the_path_that_is_declared_elsewhere_is_sent_in_the_path(place: str) -> None:
    declared = {"name": "id", "in": place, "schema": {"type": "integer"}}
    document = openapi({"/books/{id}": {"get": operation(parameters=[declared])}})
    made = imported(document, offering=False)
    argument = made.data["actions"]["get_book"]["input"]
    assert {name: (one["type"], one["required"]) for name, one in argument.items()} == {
        "id": ("integer", True)
    }
    assert [n.message for n in made.notes if n.kind == "repaired" and f"declared in the {place}" in n.message]


def test_name_of_the_path_that_is_spelt_otherwise_is_that_of_the_path() -> None:
    declared = {"name": "book_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    document = openapi({"/books/{bookId}": {"get": operation(parameters=[declared])}})
    made = imported(document, offering=False)
    assert made.data["actions"]["get_book"]["input"]["bookId"]["type"] == "integer"
    assert any("declared as `book_id`" in n.message for n in made.notes if n.kind == "repaired")


def test_path_keeps_a_query_argument_of_the_same_name_if_both_are_declared() -> None:
    several = [
        {"name": "id", "in": "path", "required": True, "schema": TEXT},
        {"name": "id", "in": "query", "schema": TEXT},
    ]
    made = imported(openapi({"/books/{id}": {"get": operation(parameters=several)}}), offering=False)
    assert sorted(made.data["actions"]["get_book"]["input"]) == ["id", "query_id"]
    assert not [n for n in made.notes if n.kind == "repaired"]


def test_parts_of_swagger_2_are_read_in_openapi_3_and_said() -> None:
    parameters = [
        {"name": "limit", "in": "query", "type": "integer", "maximum": 50, "collectionFormat": "csv"},
        {"name": "body", "in": "body", "schema": THING},
    ]
    answers = {"200": {"description": "ok", "schema": THING}}
    document = openapi({"/a": {"post": operation(parameters=parameters, responses=answers)}})
    made = imported(document, offering=False)
    action = made.data["actions"]["get_book"]
    assert action["input"]["limit"].items() >= {"type": "integer", "maximum": 50, "in": "query"}.items()
    assert action["input"]["x"] == TEXT
    assert action["output"][200]["properties"] == {"x": TEXT}
    told = [n.message for n in made.notes if n.kind == "repaired"]
    assert len([message for message in told if "as in Swagger 2.0" in message]) == 3


def test_parts_of_openapi_3_are_read_in_swagger_2_and_said() -> None:
    book = {
        "operationId": "makeBook",
        "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
        "requestBody": json_body(THING),
        "responses": {"200": {"description": "ok", **json_body(THING)}},
    }
    made = imported({**SWAGGER, "paths": {"/books": {"post": book}}}, offering=False)
    action = made.data["actions"]["make_book"]
    assert action["input"]["n"]["type"] == "integer"
    assert (action["input"]["x"], action["output"][200]["properties"]) == (TEXT, {"x": TEXT})
    assert len([n for n in made.notes if n.kind == "repaired" and "as in OpenAPI 3" in n.message]) == 3


def test_right_document_is_not_repaired() -> None:
    for document in (
        SWAGGER,
        openapi({"/books": {"get": operation(parameters=[{"name": "q", "in": "query"}])}}),
    ):
        assert [n.message for n in imported(document, offering=False).notes if n.kind == "repaired"] == []


@pytest.mark.parametrize("other", ["/b", "/a/{id}"])
def test_doubled_operation_id_is_repaired_and_said(other: str) -> None:
    """A list with the id of its item is renamed as a list, which is said too."""
    document = openapi({"/a": {"get": operation()}, other: {"get": operation()}})
    made = imported(document, offering=False)
    assert len(made.data["actions"]) == 2
    assert any("is another operation's too" in n.message for n in made.notes if n.kind == "repaired")


def pageable(**more: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"page": {"type": "integer"}, "sort": {"type": "array", "items": TEXT}, "in": THING},
        **more,
    }
    return {"name": "pageable", "in": "query", "schema": schema}


def test_object_of_the_query_is_its_plain_members() -> None:
    made = imported(openapi({"/a": {"get": operation(parameters=[pageable()])}}), offering=False)
    given = made.data["actions"]["get_book"]["input"]
    assert {name: one["type"] for name, one in given.items()} == {"page": "integer", "sort": "array"}
    assert any("member `in` of `pageable` is an object itself" in n.message for n in made.notes)


@pytest.mark.parametrize(("required", "told"), [(True, False), (False, True)])
def test_members_are_required_with_their_object(required: bool, told: bool) -> None:
    parameter = {**pageable(required=["page"]), "required": required}
    made = imported(openapi({"/a": {"get": operation(parameters=[parameter])}}), offering=False)
    assert bool(made.data["actions"]["get_book"]["input"]["page"].get("required")) is required
    assert any("required where `pageable` is sent" in n.message for n in made.notes) is told


@pytest.mark.parametrize("media", ["text/json", "application/vnd.acme+json", "application/merge-patch+json"])
def test_json_of_another_name_is_json_and_sent_under_it(media: str) -> None:
    content = {"content": {"text/plain": {"schema": TEXT}, media: {"schema": THING}}}
    book = operation(requestBody=content, responses={"200": {"description": "ok", **content}})
    action = imported(openapi({"/a": {"post": book}}), offering=False).model.actions[0]
    assert (action.content_type, action.success.content_type) == (media, media)
    assert [str(p.name) for p in action.params] == ["x"]


# -- the short form


def test_lint_and_losses_name_what_the_short_form_lost_worst_first() -> None:
    document = openapi(
        {
            "/a": {"post": operation(requestBody=json_body({**THING, "not": {"required": ["y"]}}))},
            "/b": {"get": operation(operationId="readB", parameters=[NOPE])},
            "/c": NOPE,
        }
    )
    model = over(document=document)
    told = [d for d in lint(model).found if d.id in ("overlay/lost", "overlay/left-out")]
    assert {d.severity for d in told} == {"note"}
    said = [problem.message for problem in model.source.list_losses()]
    assert [DANGLING in said[0], DANGLING in said[1]] == [True, True]
    assert "until then nothing is held to it" in model.source.list_losses()[1].help
    assert "the body's `not` is not carried" in said[2:]
    losses = next(
        a.data.decode() for a in build(model, only=["pgagents"]).files if a.path.endswith("losses.md")
    )
    assert "the body's \\`not\\` is not carried" in losses


def test_notes_of_one_kind_are_one_group_whatever_they_name() -> None:
    several = [Note("lost", (), f"`{name}` is not carried") for name in "ab"]
    gone = Note("lost", (), "parameter `q` is not sent: it is an object", extent="gone")
    assert group_losses([*several, gone]) == [[gone], several]


GRID = {"type": "array", "items": {"type": "array", "items": TEXT}}
FORM = {"type": "object", "properties": {"grid": GRID, "x": TEXT}}


@pytest.mark.parametrize(
    "more",
    [
        {"parameters": [{"name": "q", "in": "query", "schema": GRID}]},
        {
            "parameters": [
                {"name": "q", "in": "query", "allowEmptyValue": True, "schema": {"type": "integer"}}
            ]
        },
        {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": FORM}}}},
        {"requestBody": json_body({"type": "array", "items": THING})},
        {"requestBody": {"content": {"application/grpc": {"schema": TEXT}}}},
    ],
)
def test_what_no_call_sends_is_gone_and_not_wider(more: dict[str, Any]) -> None:
    notes = imported(openapi({"/books": {"delete": operation(**more)}}), offering=False).notes
    assert [note.extent for note in notes if "not sent" in note.message] == ["gone"]


def test_losses_are_sixty_lines_and_all_of_them_on_demand() -> None:
    members = {f"m{n}": {**THING, "not": {"required": ["y"]}, "minLength": n} for n in range(80)}
    paths = {
        f"/a{n}": {
            "post": operation(
                operationId=f"make{n}", requestBody=json_body({"type": "object", "properties": members})
            )
        }
        for n in range(6)
    }
    model = over(document=openapi(paths))
    short, whole = (
        next(
            a.data.decode()
            for a in build(model, only=["pgagents"], full=full).files
            if a.path.endswith("losses.md")
        )
        for full in (False, True)
    )
    assert len(short.splitlines()) <= 60 < len(whole.splitlines())


def test_two_long_ids_with_one_beginning_do_not_clash_in_the_short_form() -> None:
    from pgagents.importer.catalogue import convert
    from pgagents.importer.overlay.short import write_short

    stem = "/customers/{customerId}/profitDistributions/{profitDistributionId}"
    paths = {f"/things{n}": {"get": operation(operationId=f"listThings{n}")} for n in range(30)} | {
        path: {
            "patch": operation(operationId="patch" + path.replace("/", "-").replace("{", "").replace("}", ""))
        }
        for path in (stem, f"{stem}/rules/{{ruleId}}")
    }
    document = openapi(paths)
    raw = json.dumps(document).encode()
    references = References(read(raw, "/nowhere/openapi.json", "openapi.json"), lambda _: raw)
    short = write_short("notes.json", convert(references, Choice()), Choice(), origin="")
    lines = short.text.partition("openapi: notes.json\n")[2]
    entries = "\n".join(
        f"  {m.name}: {{operation: {json.dumps(m.operation.label)}}}"
        for m in convert(references, Choice()).made
    )
    assert over(f"actions:\n{entries}\n", document).actions
    assert over(lines, document).actions


def test_import_that_nobody_edited_has_no_error_in_lint() -> None:
    """What only a document says is a note; a model that is misled stays an error."""
    parameters = [
        {"name": "X-App", "in": "header", "required": True, "schema": TEXT},
        {"name": "n", "in": "query", "schema": TEXT, "description": "See https://books.example.com/n"},
    ]
    body = json_body({"type": "object", "properties": {"n": TEXT}})
    document = openapi({"/a": {"post": operation(parameters=parameters, requestBody=body)}})
    model = over("api: {server: https://api.acme-corp.io, contact: help@acme-corp.io}\n", document)
    found = lint(model).found
    assert [d.message for d in found if d.severity == "error"] == []
    assert any("X-App" in d.message or "web address" in d.message for d in found)


def test_examples_that_are_wrong_each_in_its_own_way_are_one_group() -> None:
    """PagerDuty's document of 2026-11-28: 490 examples were 150 notes, each with what a validator said."""
    reasons = (
        "it does not give id",
        '{"id":"P1"} is valid under two schemas',
        "'x' is too long\nin two lines",
    )
    notes = [Note("lost", (), f"example `{n}` is not carried: {why}") for n, why in enumerate(reasons)]
    member = Note("lost", (), "member `x` is not carried: its name is empty")
    assert group_losses([*notes, member]) == [notes, [member]]


@pytest.mark.parametrize("written", [{"schema": THING}, {"content": {"application/json": NOPE}}])
def test_an_answer_that_is_repaired_or_lost_keeps_its_own_description(written: dict[str, Any]) -> None:
    answer = {"description": "All books", **written}
    raw = json.dumps(openapi({"/books": {"get": operation(responses={"200": answer})}})).encode()
    references = References(read(raw, "/nowhere/openapi.json", "openapi.json"), lambda _: raw)
    [found] = operations(references, Notes())
    assert [answer.description for answer in found.answers] == ["All books"]
    assert found.losses or found.repairs
