"""A placeholder of one path has one name: OpenAPI counts paths that differ only in such names as one."""

from __future__ import annotations

import pytest

from importing import imported, openapi, operation
from pgagents.base.errors import InputError
from pgagents.base.places import plain
from pgagents.catalogue.load import load_text
from pgagents.generate.build import document
from small_api import NOTES

DELETION = """    http: DELETE /notes/{note_id}
    effect: write
    destructive: true
    input: {note_id: {type"""
OTHER = DELETION.replace("note_id", "id")


def changed(*changes: tuple[str, str]) -> str:
    text = NOTES
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def problems(text: str) -> list[tuple[str, str, str]]:
    """Return id, message and help of each problem of a catalogue."""
    try:
        load_text(text, "notes.yaml")
    except InputError as error:
        return [(d.id, d.message, d.help) for d in error.diagnostics]
    return []


def test_another_name_of_a_placeholder_is_an_error() -> None:
    assert problems(changed((DELETION, OTHER))) == [
        (
            "catalogue/same-path",
            "`delete_note` calls a placeholder `{id}` that `get_note` (line 41) calls `{note_id}`",
            "rename the placeholder and its argument: write /notes/{note_id} in both",
        )
    ]


def test_the_same_method_with_another_name_is_one_error() -> None:
    text = changed(
        (
            DELETION,
            OTHER.replace("DELETE", "GET").replace("write", "read").replace("    destructive: true\n", ""),
        )
    )
    assert [id for id, _, _ in problems(text)] == ["catalogue/same-route"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("DELETE /notes/{note_id}", "DELETE /notes/{note_id}.json"),
        ("DELETE /notes/{note_id}", "DELETE /notes/{note_id}/all"),
        ("DELETE /notes/{note_id}", "DELETE /old/{note_id}"),
    ],
)
def test_other_paths_may_name_their_placeholders_otherwise(old: str, new: str) -> None:
    assert not problems(
        changed((DELETION, OTHER.replace(old.replace("note_id", "id"), new.replace("note_id", "id"))))
    )


def test_an_operator_may_name_a_placeholder_otherwise() -> None:
    """No document has an operator's actions."""
    operator = """operator:
  actions:
    wipe_note:
      title: Wipe a note
      description: Wipes a note without a trace.
      http: POST /notes/{id}
      effect: write
      input: {id: {type: string, required: true}}
      output: {204: {}}
surfaces:"""
    assert not problems(changed(("surfaces:", operator)))


def test_a_placeholder_without_an_argument_is_only_that() -> None:
    text = changed((DELETION, DELETION.replace("DELETE /notes/{note_id}", "DELETE /notes/{note}")))
    assert [id for id, _, _ in problems(text)] == ["catalogue/path"]


def test_an_import_names_a_placeholder_as_the_first_operation_does() -> None:
    remove = operation(operationId="removeBook", responses={"204": {"description": "Gone"}})
    made = imported(openapi({"/books/{id}": {"get": operation()}, "/books/{book_id}": {"delete": remove}}))
    assert [str(a.path) for a in made.model.actions] == ["/books/{id}", "/books/{id}"]
    (param,) = made.model.actions[1].params
    assert str(param.name) == "id"
    said = "inferred: its name, as in `get_book`: the document calls it `book_id` in the same path"
    assert said in made.text
    paths = plain(document(made.model, "openapi/openapi.json").made.view.context)["paths"]
    assert list(paths) == ["/books/{id}"]
    assert set(paths["/books/{id}"]) == {"get", "delete"}
    for method in paths["/books/{id}"].values():
        assert [(p["name"], p["in"]) for p in method["parameters"]] == [("id", "path")]


def test_other_arguments_of_that_name_get_another_one() -> None:
    change = operation(
        operationId="changeBook",
        parameters=[
            {"name": "id", "in": "query", "schema": {"type": "string"}},
            {"name": "book_id", "in": "path", "required": True, "schema": {"type": "integer"}},
        ],
        requestBody={
            "content": {
                "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}
            }
        },
    )
    made = imported(openapi({"/books/{id}": {"get": operation()}, "/books/{book_id}": {"put": change}}))
    action = next(a for a in made.model.actions if a.method == "PUT")
    assert str(action.path) == "/books/{id}"
    assert {(str(p.name), p.place, p.wire) for p in action.params} == {
        ("id", "path", "id"),
        ("query_id", "query", "id"),
        ("body_id", "body", "id"),
    }
    assert action.params[0].schema["type"] == "integer"


def test_several_placeholders_are_named_by_their_place() -> None:
    remove = operation(operationId="removePage")
    made = imported(
        openapi({"/books/{a}/pages/{b}": {"get": operation()}, "/books/{b}/pages/{a}": {"delete": remove}})
    )
    assert {str(a.path) for a in made.model.actions} == {"/books/{a}/pages/{b}"}


def test_the_second_placeholder_of_one_name_is_called_after_the_step_before_it() -> None:
    """OpenAPI forbids it. A server sees the place alone, so that each call is as the document means it."""
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    paths = {
        "/shelves/{id}/books/{id}": {
            "get": operation(parameters=[number]),
            "delete": operation(operationId="removeBook"),
        },
        "/a/{a_id}/{id}/b/{a_id}/{id}": {"get": operation(operationId="getAny")},
    }
    made = imported(openapi(paths))
    placed = {
        str(a.name): (str(a.path), {str(p.name): p.schema.get("type") for p in a.params})
        for a in made.model.actions
    }
    assert placed["get_book"] == ("/shelves/{id}/books/{book_id}", {"id": "integer", "book_id": "integer"})
    assert placed["remove_book"] == ("/shelves/{id}/books/{book_id}", {"id": "string", "book_id": "string"})
    assert placed["get_any"][0] == "/a/{a_id}/{id}/b/{b_a_id}/{b_id}"
    assert not made.left_out
    assert "called `book_id`" in "\n".join(str(n) for n in made.notes if n.kind == "repaired")


@pytest.mark.parametrize("renamed", ["new_name", "newName"])
@pytest.mark.parametrize("first", [True, False])
def test_a_placeholder_that_is_written_names_no_instance(renamed: str, first: bool) -> None:
    """LNbits 1.6.2: `PUT /wallet/{new_name}` renames the wallet of the key."""
    text = {"type": "string"}
    wallet = {"type": "object", "required": ["id"], "properties": {"id": text, "name": text}}
    answer = {"201": {"description": "Made", "content": {"application/json": {"schema": wallet}}}}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"name": text}}}}}
    places = [
        {f"/wallets/{{{name}}}": {method: operation(operationId=f"{method}Wallet")}}
        for name, method in ((renamed, "put"), ("wallet_id", "delete"))
    ]
    items = {**places[0], **places[1]} if first else {**places[1], **places[0]}
    made = imported(openapi({"/wallets": {"post": operation(requestBody=body, responses=answer)}, **items}))
    named = {a.method: a.params[0].refers_to for a in made.model.actions if "{" in str(a.path)}
    assert named["PUT"] is None
    assert str(getattr(named["DELETE"], "name", named["DELETE"])) == "wallet"
