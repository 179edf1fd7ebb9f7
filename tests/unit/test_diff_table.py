"""The table is complete, and what a comparison says of a changed key is what its table says."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
import yaml

from diff_catalogue import ROOT, Key, edits, keys, places, written
from lengths import share
from loading import load_once
from pgagents.base.errors import InputError
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.diff.compare import compare
from pgagents.diff.language import CATALOGUE, Parts, verdicts, visits
from test_diff import SHOP


def test_every_key_of_the_catalogues_language_has_one_row() -> None:
    rows = [(row.part, key) for row in CATALOGUE for key in row.keys]
    assert sorted(set(rows)) == sorted(rows)
    assert set(rows) ^ keys() == set()


def test_every_part_with_comparisons_is_reached_from_the_catalogue() -> None:
    inside = {
        part: {how.inside for row in rows for how in row.how if isinstance(how, Parts)}
        for part, rows in visits().items()
    }
    reached, waiting = set[str](), ["Catalogue"]
    while waiting:
        part = waiting.pop()
        if part not in reached:
            reached.add(part)
            waiting += inside[part]
    assert reached == set(inside)
    assert len(reached) > 15


@pytest.mark.parametrize(("part", "kind"), [("Action", Action), ("Surface", Surface)])
def test_every_field_of_the_model_has_a_row_that_compares_it(part: str, kind: type) -> None:
    """A new field without a row would be a change that nobody is told of."""
    rows = [row for row in CATALOGUE if part in (row.part, row.within)]
    read = {field.partition(".")[0] for row in rows for field in row.fields}
    made = {"schemas"}  # the model's, with texts that a build cut for a vendor
    assert {field.name for field in fields(kind)} - read - made == set()


class _Yaml(yaml.SafeLoader):
    """YAML 1.2's words: `on` is text, and so is a day."""


_Yaml.yaml_implicit_resolvers = {
    first: [
        (tag, words)
        for tag, words in rules
        if not tag.endswith("timestamp") and not (tag.endswith("bool") and first in "yYnNoO")
    ]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
DATA: Any = yaml.load(SHOP, _Yaml)
# what a later step reads cannot go, so the last step keeps something too
list(DATA["workflows"]["gift"]["steps"].values())[-1]["keep"] = {"answer": "response"}
ROWS = {(row.part, key): row for row in CATALOGUE for key in row.keys}


RECORDED: dict[str, list[str]] = json.loads(
    (ROOT / "tests/data/diff_of_keys.json").read_text(encoding="utf-8")
)
"""Severities and ids of the changes of each key. The table rates them, so that it cannot judge itself."""


def by_key(most: int = 3) -> dict[Key, list[tuple[Any, ...]]]:
    found: dict[Key, list[tuple[Any, ...]]] = {}
    for key, path in places(DATA):
        if len(found.setdefault(key, [])) < most:
            found[key].append(path)
    return found


@pytest.mark.parametrize(
    ("key", "paths"), share(by_key().items(), 3), ids=lambda v: ".".join(v) if isinstance(v, tuple) else ""
)
def test_changed_key_is_told_as_its_table_says(key: Key, paths: list[tuple[Any, ...]]) -> None:
    base = load_once(written(DATA), "shop.yaml")
    allowed = verdicts(ROWS[key])
    kinds: set[str] = set()
    for path in paths:
        for text in edits(DATA, path):
            try:
                new = load_text(text)
            except InputError:
                continue  # not every edit leaves a catalogue
            changes = compare(base, new)
            told = {c.severity for c in changes} or {"none"}
            kinds |= {f"{c.severity}: {c.id}" for c in changes}
            assert told & allowed, (path, changes)
            if allowed <= {"wording", "none"}:
                assert told <= {"wording", "none"}, (path, changes)
    assert sorted(kinds) == RECORDED[".".join(key)], (
        "a changed row of diff/language.py changes this record too"
    )
