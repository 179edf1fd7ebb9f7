"""Hold the rules for writes that change who may do what."""

from __future__ import annotations

import pytest

from importing import imported
from pgagents.catalogue.harmless.arguments import Harmless, find_right
from pgagents.catalogue.model.values import order_choices
from shelves import ONE, TEXT, described, document


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("admin", "admin"), ("isAdmin", "admin"), ("roles", "role"), ("role_id", "role"),
        ("set-default", "default"), ("settings", "setting"), ("owner_id", "owner"),
        ("is_superuser", "superuser"), ("storage_quota", "quota"),
        ("enabled", ""), ("activate", ""), ("created_at", ""), ("scope_note_text", ""), ("accessory", ""),
    ],
)  # fmt: skip
def test_a_name_of_rights_has_its_word_first_or_last(name: str, word: str) -> None:
    assert find_right(name) == word


@pytest.mark.parametrize(
    ("choices", "ordered"),
    [
        (["admin", "editor", "viewer"], ["viewer", "admin", "editor"]),
        (["owner", "member"], ["member", "owner"]),
        (["active", "default"], ["active", "default"]),
        ([2, 1], [2, 1]),
    ],
)
def test_the_choice_that_gives_least_comes_first(choices: list[object], ordered: list[object]) -> None:
    assert order_choices(choices) == ordered


@pytest.mark.parametrize(
    ("step", "word"),
    [
        ("set_system_dark", "system"),
        ("make-global", "global"),
        ("move-up", "up"),
        ("bringToTop", "top"),
        ("position", "position"),
        ("replace-others", "others"),
        ("dedupe", "dedupe"),
        ("sign-up", ""),
        ("top-up", ""),
        ("move", ""),
        ("merge", ""),
        ("system_check", ""),
        ("set_title", ""),
        ("-", ""),
    ],
)
def test_a_step_that_sets_something_for_all_is_no_change_of_one(step: str, word: str) -> None:
    """Superset 6.1.0 takes the dark theme from all when `PUT /theme/{pk}/set_system_dark` names another."""
    sets = {"put": {"parameters": [ONE], "operationId": "sets", "responses": described(200)}}
    board = {"type": "object", "properties": {"name": TEXT}}
    paths = {f"/boards/{{id}}/{step}": sets}
    model = imported(document("boards", board, "application/json", **paths)).model
    action = next(action for action in model.actions if action.name == "sets")
    assert Harmless(model).say_action(action) == (f"its path says `{word}`" if word else "")
