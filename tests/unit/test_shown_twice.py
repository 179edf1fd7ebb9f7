"""What a create has just made is looked for in the list of the same parent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from importing import answering, imported, openapi, taking
from pgagents.verify.answers.representations import Representation
from pgagents.verify.checks.rest.consistent_representations import _show_twice
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.plan import make_setting

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
BOARD = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, "name": TEXT}}
CARD = {"type": "object", "required": ["id", "title"], "properties": {"id": TEXT, "title": TEXT}}
NEW = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}
NAMED = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
PARENT = {"name": "board_id", "in": "path", "required": True, "schema": TEXT}
DOCUMENT = openapi(
    {
        "/boards": {
            "get": {"operationId": "list_boards", "responses": answering({"type": "array", "items": BOARD})},
            "post": {
                "operationId": "create_board",
                "requestBody": taking(NAMED),
                "responses": {"201": answering(BOARD)["200"]},
            },
        },
        "/boards/{board_id}": {
            "parameters": [PARENT],
            "get": {"operationId": "get_board", "responses": answering(BOARD)},
        },
        "/boards/{board_id}/cards": {
            "parameters": [PARENT],
            "get": {"operationId": "list_cards", "responses": answering({"type": "array", "items": CARD})},
            "post": {
                "operationId": "create_card",
                "requestBody": taking(NEW),
                "responses": {"201": answering(CARD)["200"]},
            },
        },
    }
)


def show(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the inputs of the calls after a create has answered this."""
    of = imported(DOCUMENT).model
    setting = make_setting(of, Options(allow_writes=True), Identities({}), url="https://staging.example.com")
    creates, lists = setting.find_lead("create_card"), setting.find_lead("list_cards")
    assert creates is not None
    assert lists is not None
    called: list[dict[str, Any]] = []

    def ask(call: Any) -> Any:
        called.append(dict(call.input))
        sent = {"board_id": "board 7", "title": "a card"}
        return SimpleNamespace(success=True, body=shown, input=sent)

    trial = SimpleNamespace(
        setting=setting,
        endpoint=lists,
        template=template_of(of, lists.action),
        ask=ask,
        call=lambda _intent, _why, **options: SimpleNamespace(input=options["input"]),
    )
    representation = Representation("create_card", "card", (), "id", {}, direct=True, writes=True, makes=True)
    _show_twice(trial, creates, representation)  # type: ignore[arg-type]
    return called


def test_list_is_read_at_the_parent_that_the_create_named() -> None:
    called = show({"id": "card 1", "title": "a card"})
    assert len(called) == 2
    assert called[1]["board_id"] == "board 7"


def test_answer_without_an_id_shows_nothing_to_compare() -> None:
    """Superset 6.1.0 answers `result: {}` where its document has a dashboard's `theme_id`."""
    assert len(show({"title": "a card"})) == 1
