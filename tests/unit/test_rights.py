"""Hold the rules for writes that change who may do what."""

from __future__ import annotations

import pytest

from pgagents.catalogue.harmless.arguments import find_right
from pgagents.catalogue.model.values import order_choices


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
