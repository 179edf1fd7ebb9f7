"""An OpenAPI or Swagger document becomes a catalogue that builds, and what could not be carried stands at
its line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import SWAGGER, answering, holding, imported, openapi, operation, taking
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.load import load_file, load_text
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.importer import actions
from pgagents.importer.catalogue import Choice, Imported
from pgagents.importer.choice import MOST_CHOSEN
from pgagents.importer.nature import add_nature
from pgagents.report.contract import Verdict
from verifying import run

ROOT = Path(__file__).parents[2]


def document_of(model: Any) -> Any:
    """The whole OpenAPI document of a catalogue."""
    return json.loads(
        next(a.data for a in build(model, only=["openapi/openapi"]).files if a.path.endswith(".json"))
    )


def inlined(value: Any, root: Any, seen: tuple[str, ...] = ()) -> Any:
    """The document without references, so that names of components do not count; one that contains itself
    ends there.
    """
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            pointer = value["$ref"]
            if pointer in seen:
                return {"again": pointer.rpartition("/")[2]}
            behind = root
            for step in pointer[2:].split("/"):
                behind = behind[step.replace("~1", "/").replace("~0", "~")]
            rest = {k: inlined(v, root, seen) for k, v in value.items() if k != "$ref"}
            return {**inlined(behind, root, (*seen, pointer)), **rest}
        return {k: inlined(v, root, seen) for k, v in value.items()}
    return [inlined(v, root, seen) for v in value] if isinstance(value, list) else value


def test_key_that_an_import_reads_is_written_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that learns a new key of actions needs no second list that names it."""

    def add(op: Any, name: str, action: dict[str, Any], *more: Any, **others: Any) -> None:
        action["tenant"] = True
        add_nature(op, name, action, *more, **others)

    monkeypatch.setattr(actions, "add_nature", add)
    found = imported(openapi({"/book": {"get": operation(tags=["books"])}}))
    action = found.data["actions"]["get_book"]
    assert action["tenant"] is True
    assert list(action)[-1] == "tenant", "keys with a place in the order stand first"
    assert found.model.actions[0].tenant


@pytest.mark.parametrize("catalogue", ["catalogue/park_graph.yaml", "tests/catalogues/shop.yaml"])
def test_own_document_comes_back_as_it_was(catalogue: str) -> None:
    """Whatever OpenAPI can say survives the way there and back; who registers for events, and that calls
    are signed, it cannot say.
    """
    model = load_file(ROOT / catalogue)
    before = document_of(model)
    after = document_of(imported(before).model)
    webhooks = before.pop("webhooks", None)
    assert after.pop("webhooks", None) is None
    for action in model.actions:
        if (
            action.signed
        ):  # the example of its body is of a refused call; without `signed` none is shown from those
            del before["paths"][action.path][action.method.lower()]["requestBody"]["content"][
                "application/json"
            ]["examples"]
    for part in before:
        assert inlined(after[part], after) == inlined(before[part], before) or part == "components", part
    assert after["components"]["securitySchemes"] == before["components"]["securitySchemes"]
    if webhooks:
        assert "webhooks are not carried" in imported({**before, "webhooks": webhooks}).text


def notes(made: Imported) -> str:
    return "\n".join(f"{n.kind}: {n}" for n in made.notes)


def builds(made: Imported) -> None:
    """The text loads to the same model, and every document of it is one that its vendor takes."""
    model = load_text(made.text)
    assert [str(a.name) for a in model.actions] == [str(a.name) for a in made.model.actions]
    assert [d for d in build(model).diagnostics if d.severity == "error"] == []


def test_swagger_becomes_a_catalogue_that_builds() -> None:
    made = imported(SWAGGER)
    builds(made)
    actions = made.data["actions"]
    assert actions["list_books"]["http"] == "GET /api/v2/books"
    assert actions["list_books"]["input"]["limit"] == {
        "type": "integer",
        "default": 10,
        "exclusiveMaximum": 50,
        "description": "Number of items that one answer holds at most",
    }
    assert actions["list_books"]["input"]["tags"] == {
        "type": "array",
        "items": {"type": "string"},
        "style": "form",
        "explode": False,
    }
    assert actions["add_book"]["input"]["title"] == {"type": "string", "required": True}
    assert "id" not in actions["add_book"]["input"]
    assert actions["upload_cover"]["input"]["bookId"]["required"] is True
    assert made.data["api"]["server"] == "https://old.library.example"
    assert made.data["api"]["version"] == "2.0.0"
    assert made.model.schemas["Book"]["properties"]["of"]["$ref"].endswith("Author")
    told = notes(made)
    for words in ("version `v2`", "read-only", "Bearer in its text"):
        assert words in told, words


def test_every_note_is_a_comment_of_the_text() -> None:
    made = imported(SWAGGER)
    lines = made.text.splitlines()
    comments = [line for line in lines if line.lstrip().startswith(("# TODO ", "# inferred: "))]
    assert len(comments) == len(made.notes)
    assert len(made.notes) > 8
    for note in made.notes:
        assert any(str(note) in line for line in comments), note


def test_comment_stands_above_what_it_is_about() -> None:
    lines = imported(SWAGGER).text.splitlines()
    number = next(n for n, line in enumerate(lines) if "version `v2`" in line)
    assert lines[number + 1].strip().startswith("version:"), lines[number : number + 2]


def test_names_are_made_where_the_document_has_none_or_twins() -> None:
    bare = {k: v for k, v in operation().items() if k != "operationId"}
    made = imported(
        openapi(
            {
                "/books/{id}": {"get": bare, "delete": operation()},
                "/shelves": {"get": operation(), "post": {**bare, "operationId": "shelf/new-one"}},
            }
        )
    )
    builds(made)
    assert list(made.data["actions"]) == ["get_book_by_id", "delete_book", "get_book", "shelf_new_one"]
    assert made.data["actions"]["get_book_by_id"]["input"]["id"] == {
        "type": "string",
        "required": True,
        "refers_to": "book",
        "description": "The book's id, as `shelf_new_one` answers it",
    }
    ids = [str(a.operation_id) for a in made.model.actions]
    assert len({i.lower() for i in ids}) == 4
    for words in (
        "has no operationId",
        "the operationId `getBook` is another operation's too",
        "the operationId is `shelf/new-one`",
        "does not describe `{id}`",
    ):
        assert words in notes(made), words


def test_an_operation_id_that_is_too_long_is_not_called_wrong() -> None:
    paths = {"/a": {"get": {"operationId": "get_" + "a" * 70, "responses": {"200": {"description": "So"}}}}}
    said = notes(imported(openapi(paths)))
    assert "the name: the operationId is `get_aaaa" in said
    assert "decide: the name" not in said


def test_members_keep_any_name_that_json_allows() -> None:
    names = ["@id", "first-name", "2fa", "größe", "a.b", "$type", "in"]
    schema = {"type": "object", "required": names, "properties": {n: {"type": "string"} for n in names}}
    answer = {"description": "A book", "content": {"application/json": {"schema": schema}}}
    made = imported(openapi({"/books": {"get": operation(responses={"200": answer})}}))
    builds(made)
    found = made.data["actions"]["get_book"]["output"][200]
    assert (list(found["properties"]), found["required"]) == (names, names)
    assert "member `" not in notes(made)


def test_keywords_that_apply_schemas_are_carried_from_openapi_3_1() -> None:
    pair = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "items": False}
    schema = {
        "type": "object",
        "properties": {
            "pair": pair,
            "a": {"type": "string", "contains": {"const": 1}},
            "b": {"type": "integer"},
        },
        "patternProperties": {"^x-": {"type": "string"}},
        "propertyNames": {"maxLength": 9},
        "dependentRequired": {"a": ["b"]},
        "if": {"required": ["a"]},
        "then": {"properties": {"b": {"minimum": 1}}},
        "unevaluatedProperties": False,
    }
    answer = {"description": "A book", "content": {"application/json": {"schema": schema}}}
    document = openapi({"/books": {"get": operation(responses={"200": answer})}})
    made = imported({**document, "openapi": "3.1.0"})
    builds(made)
    found = made.data["actions"]["get_book"]["output"][200]
    kept = ("patternProperties", "propertyNames", "dependentRequired", "if", "then", "unevaluatedProperties")
    assert {key: found[key] for key in kept} == {key: schema[key] for key in kept}
    assert found["properties"]["pair"] == {**pair, "items": {}, "maxItems": 2}
    assert "contains" not in found["properties"]["a"]
    assert "`contains` has no effect here" in notes(made)


def test_recursive_schemas_and_chains_of_all_of_come_through() -> None:
    def named(name: str) -> dict[str, str]:
        return {"$ref": f"#/components/schemas/{name}"}

    schemas = {
        "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        "Middle": {
            "allOf": [named("Base"), {"properties": {"children": {"type": "array", "items": named("Leaf")}}}]
        },
        "Leaf": {"allOf": [named("Middle"), {"properties": {"parent": named("Leaf")}}]},
    }
    made = imported(
        openapi(
            {"/leaves": {"post": operation(requestBody=taking(named("Leaf")))}},
            components={"schemas": schemas},
        )
    )
    builds(made)
    arguments = made.data["actions"]["get_book"]["input"]
    assert set(arguments) == {"id", "children", "parent"}
    assert arguments["id"]["required"] is True


NAMED = {"$ref": "#/components/schemas/Named"}


@pytest.mark.parametrize(
    ("schema", "wanted", "said"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}, ""),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True},
         {"type": "number", "exclusiveMinimum": 0}, ""),
        ({"allOf": [NAMED], "description": "D"}, {"$ref": "Named", "description": "D"}, ""),
        ({"allOf": [NAMED], "nullable": True},
         {"anyOf": [{"allOf": [{"$ref": "Named"}]}, {"type": "null"}]}, ""),
        ({"type": "array"}, {"type": "array", "items": {}}, ""),
        ({"type": "object", "patternProperties": {}, "additionalProperties": False},
         {"type": "object"}, "`patternProperties` is not"),
        ({"not": {"type": "null"}}, {"not": {"type": "null"}}, ""),
        ({"not": {}}, {}, "`not` is not what it may be"),
        ({"type": "string", "pattern": "("}, {"type": "string"}, "not a regular expression"),
        ({"type": "integer", "minimum": 9, "maximum": 3}, {"type": "integer"}, "no value is within"),
        ({"type": "strnig"}, {}, "not a JSON type"),
        ({"properties": {"a\nb": {}, "c": {}}, "required": ["a\nb", "c"]},
         {"properties": {"c": {}}, "required": ["c"]}, "unprintable"),
        ({"oneOf": [{"not": {}}, {"type": "string"}]},
         {"anyOf": [{}, {"type": "string"}]}, "`not` is not what it may be"),
        ({"$ref": "#/components/schemas/Missing"}, {}, "leads nowhere"),
        ({"type": "string", "maxLength": "10"}, {"type": "string"}, "not what `maxLength` may be"),
    ],
)  # fmt: skip
def test_schema_is_carried_or_the_loss_is_told(
    schema: dict[str, Any], wanted: dict[str, Any], said: str
) -> None:
    answer = answering({"type": "object", "properties": {"it": schema}})
    document = openapi(
        {"/it": {"get": operation(responses=answer)}}, components={"schemas": {"Named": {"type": "string"}}}
    )
    made = imported({**document, "openapi": "3.0.3"})
    builds(made)
    assert made.data["actions"]["get_book"]["output"][200]["properties"]["it"] == wanted
    assert said in notes(made)
    if not said:
        assert not [n for n in made.notes if n.kind == "lost"]


def test_files_beside_the_document_are_followed(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/book.yaml").write_text(
        "Book: {type: object, properties: {id: {type: string}, by: {$ref: '../people.json#/Person'}}}\n",
        encoding="utf-8",
    )
    (tmp_path / "people.json").write_text(
        '{"Person": {"type": "object", "properties": {"name": {"type": "string"}}}}', encoding="utf-8"
    )
    answer = answering({"$ref": "schemas/book.yaml#/Book"})
    whole = tmp_path / "openapi.json"
    whole.write_text(json.dumps(openapi({"/book": {"get": operation(responses=answer)}})), encoding="utf-8")
    made = imported(whole)
    builds(made)
    assert set(made.data["schemas"]) >= {"Book", "Person"}


def test_argument_of_one_name_in_two_places_keeps_both() -> None:
    body = taking({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    header = {"name": "X-Trace-Id", "in": "header", "schema": {"type": "string"}}
    made = imported(openapi({"/books/{id}": {"put": operation(requestBody=body, parameters=[path, header])}}))
    builds(made)
    action = made.model.actions[0]
    assert {(str(p.name), p.place, p.wire) for p in action.params} == {
        ("id", "path", "id"),
        ("x_trace_id", "header", "X-Trace-Id"),
        ("body_id", "body", "id"),
    }


def test_errors_become_codes_where_bodies_tell_them_and_statuses_where_not() -> None:
    def error(code: str) -> dict[str, Any]:
        held = {
            "type": "object",
            "properties": {
                "error": {"type": "object", "properties": {"code": {"enum": [code]}}, "required": ["code"]}
            },
        }
        return {
            "description": f"{code}: It is so.",
            "content": {
                "application/json": {"schema": {"allOf": [{"$ref": "#/components/schemas/E"}, held]}}
            },
        }

    named = {
        "E": {
            "type": "object",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                }
            },
        }
    }
    told = operation()["responses"] | {"404": error("NO_BOOK"), "409": error("LENT")}
    with_codes = imported(openapi({"/b": {"get": operation(responses=told)}}, components={"schemas": named}))
    assert with_codes.data["errors"]["code_at"] == "error.code"
    assert with_codes.data["errors"]["message_at"] == "error.message"
    assert with_codes.data["errors"]["codes"]["NO_BOOK"] == {"status": 404, "meaning": "It is so."}
    plain = {
        "description": "No",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/E"}}},
    }
    without = imported(
        openapi(
            {"/b": {"get": operation(responses=operation()["responses"] | {"404": plain, "4XX": plain})}},
            components={"schemas": named},
        )
    )
    assert without.data["errors"]["code_at"] is None
    assert {c.status for c in without.model.codes.values()} >= {400, 401, 403, 404, 409}
    for made in (with_codes, without):
        builds(made)
    narrowed = json.dumps(document_of(without.model)["components"]["responses"])
    assert "enum" not in narrowed  # nothing is promised of a code that no body has


def test_example_that_its_schema_refuses_is_left_out_and_told() -> None:
    shown = {"good": {"value": {"n": 1}}, "bad": {"value": {"n": "one"}}}
    answer = answering({"type": "object", "properties": {"n": {"type": "integer"}}}, examples=shown)
    made = imported(openapi({"/it": {"get": operation(responses=answer)}}))
    builds(made)
    assert list(made.data["actions"]["get_book"]["examples"]) == ["good"]
    assert "example `bad` is not carried" in notes(made)


def test_body_that_is_no_object_is_one_argument() -> None:
    body = taking({"type": "array", "items": {"type": "string"}})
    made = imported(
        openapi(
            {
                "/a": {"get": operation()},
                "/b": {"post": operation(requestBody=body, operationId="addAll")},
                "/c": {"head": operation()},
            }
        )
    )
    builds(made)
    assert list(made.data["actions"]) == ["get_book", "add_all"]
    assert made.data["actions"]["add_all"]["input"]["body"]["in"] == "whole_body"
    assert "HEAD /c" in notes(made)


MANY = openapi(
    {
        f"/things/{n}": {"get": operation(operationId=f"getThing{n}", tags=["even" if n % 2 == 0 else "odd"])}
        for n in range(40)
    }
)


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (Choice(), 40),
        (Choice(tags=("even",)), 20),
        (Choice(most=7), 7),
        (Choice(include=("getThing1*",)), 11),
        (Choice(include=("GET /things/3*", "getThing5"), tags=("odd",)), 7),
    ],
)
def test_part_of_a_document_can_be_chosen(choice: Choice, count: int) -> None:
    assert len(imported(MANY, choice).data["actions"]) == count


def test_choice_of_nothing_says_what_there_is() -> None:
    with pytest.raises(PgagentsError) as raised:
        imported(MANY, Choice(include=("getThink5",)))
    assert "getThing5" in raised.value.help


POSTS = openapi(
    {
        "/things/filter": {
            "post": operation(operationId="filterThings"),
            "put": operation(operationId="put"),
        },
        "/things/count": {"post": operation(operationId="countThings")},
        "/things": {"post": operation(operationId="addThing")},
    }
)


@pytest.mark.parametrize(
    ("reads", "found"),
    [
        ((), set()),
        (("POST */filter",), {"filter_things"}),
        (("/things/filter",), {"filter_things"}),
        (("filterThings", "countThings"), {"filter_things", "count_things"}),
        (("*",), {"filter_things", "count_things", "add_thing"}),
    ],
)
def test_an_author_says_which_posts_read_and_no_put_ever_does(
    reads: tuple[str, ...], found: set[str]
) -> None:
    actions = imported(POSTS, Choice(reads=reads)).data["actions"]
    assert {name for name, action in actions.items() if action["effect"] == "read"} == found
    assert all("confirm" not in actions[name] for name in found)


@pytest.mark.parametrize("pattern", ["countThngs", "PUT *"])
def test_a_word_on_reading_that_no_post_fits_is_refused(pattern: str) -> None:
    with pytest.raises(PgagentsError, match="no POST or GET fits it"):
        imported(POSTS, Choice(reads=(pattern,)))


def test_vendor_that_takes_all_is_offered_all_and_the_others_a_choice() -> None:
    made = imported(MANY)
    surfaces = made.data["surfaces"]
    assert surfaces["openai"] == {"actions": "agents"}
    assert surfaces["xai"] == {"actions": "all"}
    assert len(made.data["groups"]["agents"]) == MOST_CHOSEN
    assert "to offer others, change this list" in made.text
    assert made.chosen.startswith("20 of 40 actions: ")
    few = imported(MANY, Choice(most=5)).data
    assert {"rest", "openai", "gemini", "xai", "anthropic"} <= set(few["surfaces"])
    assert "groups" not in few


@pytest.mark.usefixtures("_empty_folder")
def test_command_writes_a_catalogue_that_builds(capsys: pytest.CaptureFixture[str]) -> None:
    Path("openapi.json").write_text(json.dumps(SWAGGER), encoding="utf-8")
    assert main(["import", "--full", "openapi.json"]) == 0
    said = capsys.readouterr().out
    assert "catalogue/oldlibrary.yaml: 3 actions of 3 operations" in said
    assert main(["build"]) == 0
    number = next(int(line.split(":")[1]) for line in said.splitlines() if "version `v2`" in line)
    written = Path("catalogue/oldlibrary.yaml").read_text(encoding="utf-8").splitlines()
    assert "version `v2`" in written[number - 1]
    assert main(["import", "--full", "openapi.json", "--out", "-"]) == 0
    assert capsys.readouterr().out.endswith(Path("catalogue/oldlibrary.yaml").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("_empty_folder")
def test_a_file_that_is_there_is_refused_before_the_import_that_may_take_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("openapi.json").write_text(json.dumps(SWAGGER), encoding="utf-8")
    Path("mine.yaml").write_text("mine\n", encoding="utf-8")
    monkeypatch.setattr("pgagents.importer.catalogue.catalogue", lambda *_, **__: pytest.fail("imported"))
    assert main(["import", "--full", "openapi.json", "--out", "mine.yaml"]) == 2
    assert "mine.yaml is there already" in capsys.readouterr().err
    assert Path("mine.yaml").read_text(encoding="utf-8") == "mine\n"


@pytest.fixture
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_imported_catalogue_without_codes_is_served_and_verified() -> None:
    """Bodies that tell no code: the mock's errors have the envelope's form, and the status alone is
    judged.
    """
    fault = {
        "type": "object",
        "required": ["message", "at"],
        "properties": {"message": {"type": "string"}, "at": {"type": "integer"}},
    }
    errors = {
        status: {"description": "No", **holding({"$ref": "#/components/schemas/Fault"})}
        for status in ("400", "401", "404", "405", "500")
    }
    number = {"name": "n", "in": "query", "schema": {"type": "integer", "minimum": 1}}
    read = operation(
        parameters=[number], responses={**operation()["responses"], **errors}, security=[{"key": []}]
    )
    schemes = {"key": {"type": "http", "scheme": "bearer"}}
    made = imported(
        openapi(
            {"/books": {"get": read}}, components={"schemas": {"Fault": fault}, "securitySchemes": schemes}
        )
    )
    assert made.data["errors"]["code_at"] is None
    assert made.data["errors"]["message_at"] == "message"
    report = run(made.model)
    assert [str(r.contract.id) for r in report.results if r.verdict is Verdict.BROKEN] == []
    assert sum(r.verdict is Verdict.KEPT for r in report.results) > 20
