"""An action has the name that a person would choose, whichever framework wrote the operationId."""

from __future__ import annotations

from typing import Any

import pytest

from importing import fetch, imported, openapi, operation
from pgagents.importer.action_names import name_by_path, name_operations
from pgagents.importer.document import References, read
from pgagents.importer.names import Notes
from pgagents.importer.operations import operations

LIST = {"200": {"description": "All", "content": {"application/json": {"schema": {"type": "array"}}}}}


def names_of(*written: tuple[str, str], fixed: dict[str, str] | None = None) -> list[str]:
    """The names of operations, each given as its operationId, method and path."""
    paths: dict[str, Any] = {}
    for id, label in written:
        method, _, path = label.partition(" ")
        told = {"operationId": id} if id else {}
        paths.setdefault(path, {})[method.lower()] = {**operation(), "operationId": "", **told}
    raw = yaml_of(openapi(paths))
    every = operations(References(read(raw, "/nowhere/a.json", "a.json"), fetch, allowed=False), Notes())
    found = name_operations(every, fixed)
    return [found[label].name for _, label in written]


def yaml_of(document: dict[str, Any]) -> bytes:
    """The document's bytes."""
    import json

    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("id", "label", "name"),
    [
        # FastAPI
        ("list_notes_notes_get", "GET /notes", "list_notes"),
        ("get_note_notes__note_id__get", "GET /notes/{note_id}", "get_note"),
        ("tag_note_notes__note_id__tags__name__put", "PUT /notes/{note_id}/tags/{name}", "tag_note"),
        ("read_root__get", "GET /", "read_root"),
        ("create_item_api_v1_items__post", "POST /api/v1/items/", "create_item"),
        # NestJS
        ("NotesController_findAll", "GET /notes", "list_notes"),
        ("NotesController_findOne", "GET /notes/{id}", "get_note"),
        ("NotesController_create", "POST /notes", "create_note"),
        ("NotesController_update_v1", "PATCH /v1/notes/{id}", "update_note"),
        ("NotesController_remove", "DELETE /notes/{id}", "remove_note"),
        ("NotesController_archiveNote", "POST /notes/{id}/archive", "archive_note"),
        ("UsersController_findByEmail", "GET /users/by-email", "find_user_by_email"),
        ("AppController_getHello", "GET /", "get_hello"),
        # Django REST, by drf-spectacular
        ("notes_list", "GET /notes/", "list_notes"),
        ("api_notes_retrieve", "GET /api/notes/{id}/", "get_note"),
        ("notes_create", "POST /notes/", "create_note"),
        ("notes_update", "PUT /notes/{id}/", "replace_note"),
        ("notes_partial_update", "PATCH /notes/{id}/", "update_note"),
        ("notes_destroy", "DELETE /notes/{id}/", "delete_note"),
        ("notes_tags_list", "GET /notes/{note_pk}/tags/", "list_note_tags"),
        ("notes_archive_create", "POST /notes/{id}/archive/", "archive_note"),
        # springdoc and springfox
        ("getNote_1", "GET /archive/notes/{id}", "get_archive_note"),
        ("getNoteUsingGET", "GET /notes/{id}", "get_note"),
        ("getNoteUsingGET_1", "GET /archive/notes/{id}", "get_archive_note"),
        # method and path alone, as tools write them
        ("GetCustomersCustomer", "GET /v1/customers/{customer}", "get_customer"),
        ("notesNoteIdGet", "GET /notes/{noteId}", "get_note"),
        ("PostCustomers", "POST /v1/customers", "create_customer"),
        # an author's own
        ("listNotes", "GET /notes", "list_notes"),
        ("getNotes", "GET /notes", "get_notes"),
        ("repos/list-for-org", "GET /orgs/{org}/repos", "repos_list_for_org"),
        ("shopping_list", "GET /carts", "shopping_list"),
        ("get_step_2", "GET /steps/2", "get_step_2"),
        # none, or one without a letter that a name may have
        ("", "GET /notes/{note_id}", "get_note"),
        ("", "DELETE /api/v2/notes/{note_id}", "delete_note"),
        ("取得訂單列表", "GET /orders", "list_orders"),
        ("建立訂單", "POST /orders", "create_order"),
    ],
)
def test_name_of_one_operation(id: str, label: str, name: str) -> None:
    assert names_of((id, label)) == [name]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("POST /notes/{id}/transcriptions", "create_note_transcription"),
        ("GET /notes/{id}/tags", "list_note_tags"),
        ("GET /notes/{id}/tags/{name}", "get_note_tag"),
        ("POST /notes/search", "search_notes"),
        ("POST /login", "login"),
        ("GET /status", "get_status"),
        ("POST /orders/{id}/cancel", "cancel_order"),
        ("PUT /settings", "replace_settings"),
        ("GET /", "get_root"),
        ("GET /storages/gcs/{id}", "get_storage_gcs"),
    ],
)
def test_name_by_method_and_path(label: str, name: str) -> None:
    method, _, path = label.partition(" ")
    assert name_by_path(method, path, lists=path.endswith("tags")) == name


def test_exact_id_is_served_before_bent_ones_wherever_it_stands() -> None:
    written = (("foo/list", "GET /a"), ("foo_list", "GET /b"), ("Foo List", "GET /c"))
    assert names_of(*written) == ["get_a", "foo_list", "get_c"]
    assert names_of(*written[::-1]) == ["get_c", "foo_list", "get_a"]


def test_two_operations_of_one_name_are_told_apart_by_their_paths() -> None:
    one, other = ("list_notes_notes_get", "GET /notes"), ("list_notes_v2_notes_get", "GET /v2/notes")
    assert names_of(one, other) == ["list_notes", "list_v2_notes"]
    assert names_of(other, one) == ["list_v2_notes", "list_notes"]
    assert names_of(("GetAccount", "GET /account"), ("GetAccountsAccount", "GET /accounts/{account}")) == [
        "get_account",
        "get_account_by_id",
    ]


def test_operation_that_is_added_changes_no_other_name() -> None:
    before = [
        ("", "GET /notes"),
        ("notes_partial_update", "PATCH /notes/{id}"),
        ("getNote_1", "GET /old/notes/{id}"),
    ]
    more = [("getNote", "GET /notes/{id}"), ("notes_update", "PUT /notes/{id}"), ("", "GET /tags")]
    assert names_of(*more, *before)[3:] == names_of(*before)


def test_name_that_the_author_gives_is_no_other_operations() -> None:
    written = (("create_note", "POST /notes"), ("makeNote", "POST /drafts"))
    assert names_of(*written, fixed={"POST /drafts": "create_note"}) == ["create_notes", "create_note"]


def test_part_of_a_document_has_the_names_of_the_whole() -> None:
    from pgagents.importer.catalogue import Choice

    paths = {
        "/v2/notes": {"get": {**operation(), "operationId": "list_notes_v2_notes_get", "tags": ["new"]}},
        "/notes": {"get": {**operation(), "operationId": "list_notes_notes_get"}},
    }
    assert [*imported(openapi(paths), Choice(tags=("new",)), offering=False).data["actions"]] == [
        "list_v2_notes"
    ]


def test_machines_operation_id_is_gone_from_what_models_read_and_no_question() -> None:
    paths = {"/notes": {"get": {**operation(), "operationId": "list_notes_notes_get"}}}
    made = imported(openapi(paths), offering=False)
    assert "operation_id" not in made.data["actions"]["list_notes"]
    assert "# inferred: the name: the operationId is `list_notes_notes_get`" in made.text
    assert not [note for note in made.notes if note.kind != "inferred" and "operationId" in str(note)]


def test_lists_are_told_from_items_where_an_id_does_not() -> None:
    found = names_of(
        ("get_dashboard", "GET /dashboard"),
        ("get_dashboard_by_pk", "GET /dashboard/{pk}"),
        ("delete_dashboard", "DELETE /dashboard"),
        ("delete_dashboard_by_pk", "DELETE /dashboard/{pk}"),
        ("getBooks", "GET /books"),
        ("getBook", "GET /books/{id}"),
        ("get_setting", "GET /setting"),
    )
    assert found == [
        "list_dashboards", "get_dashboard", "delete_dashboards", "delete_dashboard", "get_books", "get_book",
        "get_setting",
    ]  # fmt: skip
