"""Schemes of one kind in two editions: another or a further key breaks callers, another name of one breaks
nobody.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from pgagents.catalogue.load import load_text
from pgagents.diff.auth import match_schemes
from pgagents.diff.change import Change
from pgagents.diff.compare import compare
from small_api import NOTES

Data = dict[str, Any]
Ways = list[dict[str, list[str]]]


def catalogue(names: tuple[str, ...], security: str, *own: Ways) -> str:
    """Return the catalogue of notes with these schemes, all calls by one, and some actions otherwise."""
    data = yaml.safe_load(NOTES)
    data["auth"] = {"schemes": {name: {"description": "A key"} for name in names}}
    data["security"] = [{security: []}]
    for action, ways in zip(data["actions"].values(), own, strict=False):
        action["security"] = copy.deepcopy(ways)
    return yaml.safe_dump(data, sort_keys=False)


def of_catalogues(old: str, new: str) -> list[Change]:
    return compare(load_text(old), load_text(new))


KEYS = ("user", "admin")
OF_USER: Ways = [{"user": []}]
OF_ADMIN: Ways = [{"admin": []}]
OF_EITHER: Ways = [{"user": []}, {"admin": []}]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (OF_USER, OF_ADMIN, "breaking"),
        (OF_EITHER, OF_ADMIN, "breaking"),
        (OF_USER, OF_EITHER, "addition"),
        (OF_USER, OF_USER, ""),
        (OF_EITHER, [*reversed(OF_EITHER)], ""),
    ],
)
def test_another_key_of_an_action_is_told_also_of_the_same_kind(before: Ways, after: Ways, told: str) -> None:
    old, new = (catalogue(KEYS, "user", own, OF_ADMIN) for own in (before, after))
    changes = of_catalogues(old, new)
    assert [(c.severity, c.id) for c in changes] == ([(told, "security")] if told else [])
    assert all("`Authorization: Bearer KEY` of admin" in c.message for c in changes)


def test_another_scheme_for_all_calls_of_a_catalogue_breaks_them() -> None:
    changes = of_catalogues(
        catalogue(KEYS, "user", OF_EITHER, OF_EITHER), catalogue(KEYS, "admin", OF_EITHER, OF_EITHER)
    )
    assert {(c.severity, c.id) for c in changes} == {("breaking", "security")}
    assert len(changes) == len(yaml.safe_load(NOTES)["actions"]) - 2


def test_scheme_of_a_catalogue_that_is_only_renamed_breaks_nobody() -> None:
    """A second scheme of that kind does not hide the new name of the first."""
    token: Ways = [{"token": []}]
    for old, new in (
        (catalogue(("user",), "user"), catalogue(("token",), "token")),
        (catalogue(KEYS, "user", OF_ADMIN), catalogue(("token", "admin"), "token", OF_ADMIN)),
        (catalogue(KEYS, "admin", OF_USER), catalogue(("token", "admin"), "admin", token)),
    ):
        assert {c.severity for c in of_catalogues(old, new)} == {"wording"}


def test_mcp_server_whose_scheme_is_only_renamed_takes_no_other_key() -> None:
    server = {"mcp": {"server": {"url": "https://notes.example/mcp"}}}
    old, new = (yaml.safe_load(catalogue((name,), name)) | {"surfaces": server} for name in ("user", "token"))
    changes = of_catalogues(yaml.safe_dump(old), yaml.safe_dump(new))
    assert [(c.severity, c.id) for c in changes] == [("wording", "auth-scheme")]


def test_names_are_matched_one_to_one() -> None:
    assert match_schemes({"a": 1, "b": 1, "c": 2}, {"x": 1, "c": 1, "y": 2}) == {"a": "x"}
    assert match_schemes({"apiKey": 1, "other": 1}, {"z": 1, "api_key": 1}) == {
        "apiKey": "api_key",
        "other": "z",
    }
