"""What people and models read: the thing is named, each error is its own, and nothing is empty."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.text import correct_articles, is_example
from pgagents.catalogue.load import load_text
from pgagents.client.environment import api_url
from pgagents.generate.build import build
from pgagents.importer.catalogue import Imported
from pgagents.lint.document import Judged
from pgagents.lint.formats import render_text
from pgagents.lint.run import lint

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


def answer(schema: Any = None, status: int = 200, **errors: str) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    refusals = {code.lstrip("_"): {"description": text} for code, text in errors.items()}
    return {"responses": {str(status): {"description": "ok", **content}, **refusals}}


def path_id(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}


@pytest.fixture(scope="module")
def tracker() -> Imported:
    body = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    many = {"type": "array", "items": THING}
    return imported(
        openapi(
            {
                "/boards": {
                    "get": {"operationId": "listBoards", **answer(many)},
                    "post": {
                        "operationId": "createBoard",
                        **sent,
                        **answer(THING, 201, _409="the title is taken"),
                    },
                },
                "/boards/{board_id}": {
                    "parameters": [path_id("board_id")],
                    "get": {"operationId": "getBoard", **answer(THING, _404="no such board")},
                    "delete": {
                        "operationId": "deleteBoard",
                        "summary": "Remove a board.",
                        **answer(status=204, _404="no such board"),
                    },
                },
                "/boards/{board_id}/tasks": {
                    "parameters": [path_id("board_id")],
                    "get": {"operationId": "listTasks", **answer(many)},
                    "post": {"operationId": "addTask", **sent, **answer(THING, 201)},
                },
                "/tasks/{task_id}": {
                    "parameters": [path_id("task_id")],
                    "get": {
                        "operationId": "getTask",
                        **answer(THING, _404="no such task", _409="it is done"),
                    },
                },
            },
            servers=[{"url": "https://tracker.acme.dev"}],
        )
    )


def test_question_names_the_thing_in_each_vendors_form(tracker: Imported) -> None:
    asked = {str(one.name): str(one.confirm_body) for one in tracker.model.actions if one.confirm_body}
    assert asked["delete_board"] == "Remove a board, which may be impossible to undo: board {board_id}?"
    assert asked["add_task"].endswith(": board {board_id}, title {title}?")
    built = build(tracker.model, only=("copilot",), draft=True)
    plugin = json.loads(next(one.data for one in built.artifacts() if one.path == "copilot/ai-plugin.json"))
    card = next(one for one in plugin["functions"] if one["name"] == "deleteBoard")["capabilities"]
    assert card["confirmation"]["body"].endswith("board {{function.parameters.board_id}}?")


def test_word_in_a_question_that_is_nearly_an_argument_is_refused(tracker: Imported) -> None:
    with pytest.raises(InputError) as refused:
        load_text(tracker.text.replace("board {board_id}?", "board {board_idd}?"))
    assert "board_idd" in refused.value.diagnostics[0].message


def test_error_of_one_status_says_what_each_operation_says(tracker: Imported) -> None:
    codes = {name: code for name, code in tracker.data["errors"]["codes"].items() if isinstance(code, dict)}
    meanings = {code.get("meaning") for code in codes.values()}
    assert "no such board, or: no such task" in meanings
    assert "the title is taken, or: it is done" in meanings
    assert not any("BOARD" in name or "TAKEN" in name for name in codes)


def test_id_says_which_list_shows_it_under_the_documents_own_names(tracker: Imported) -> None:
    told = tracker.data["actions"]["get_task"]["input"]["task_id"]["description"]
    assert told == "The task's id, as `list_tasks` answers it"
    built = build(tracker.model, only=("openapi",))
    document = next(one.data for one in built.artifacts() if one.path == "openapi/openapi.yaml").decode()
    assert "as `listTasks` answers it" in document
    assert "`list_tasks`" not in document


def test_placeholder_is_no_address_to_call() -> None:
    made = imported(openapi({"/boards": {"get": {"operationId": "listBoards", **answer(THING)}}}, servers=[]))
    assert is_example(str(made.model.api.server))
    with pytest.raises(PgagentsError, match="nothing says where the API runs"):
        api_url(made.model, None)
    assert api_url(made.model, "http://127.0.0.1:5000") == "http://127.0.0.1:5000"
    built = build(made.model)
    shown = {one.path: one.data.decode() for one in built.artifacts() if one.path.endswith((".json", ".txt"))}
    for path in ("mcp/clients.json", "web/llms.txt"):
        assert "example.com" not in shown[path], path
    assert "pgagents/hosting.json" not in shown


def test_equal_notes_are_one_with_a_count(tracker: Imported) -> None:
    source = tracker.model.source
    shown = render_text([Judged(source, "catalogue", "Catalogue", lint(tracker.model).found)])
    assert shown.count("has no example of success") == 1
    assert "more like it, at line" in shown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a order of a user", "an order of a user"),
        ("a uuid, a unit, a URL", "a uuid, a unit, a URL"),
        ("a `item` and a update", "an `item` and an update"),
        ("A unnamed hour, a hour", "An unnamed hour, an hour"),
    ],
)
def test_articles(written: str, read: str) -> None:
    assert correct_articles(written) == read
