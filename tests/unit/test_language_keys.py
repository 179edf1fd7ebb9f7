"""Each key of the language, and each check, is needed by a catalogue that is not Park Graph's."""

from __future__ import annotations

from pathlib import Path

import pytest

from language_keys import every_key, keys_of_file, keys_used
from language_table import base
from pgagents.catalogue.language.basics import Schema

TESTS = Path(__file__).parents[1]
CATALOGUES = sorted((TESTS / "catalogues").glob("*.yaml"))
NOT_YET = TESTS / "data" / "keys_of_no_other_catalogue.txt"
"""Keys that no catalogue but Park Graph's uses: for each there is to be a use, or an end. The list only
shrinks.
"""
OWN = {"Catalogue.sandbox", "Sandbox.domain"}
"""Keys that name a package of somebody's own, so that no catalogue here can use them:
tests/run/test_sandbox_domains.py installs one.
"""
KEYWORDS = {field.alias or name for name, field in Schema.model_fields.items()}
SCHEMAS = ("AnswerHeader", "Output", "Param", "Schema")


def test_keys_of_a_catalogue_are_those_that_it_writes() -> None:
    found = keys_used(base())
    assert {"Action.http", "Resource.made_by", "Workflow.steps", "Code.status"} <= found
    assert "Action.deprecated" not in found
    assert found <= every_key()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_keys_of_each_catalogue_are_counted(path: Path) -> None:
    assert len(keys_of_file(path)) > 40


def _counted(keys: set[str]) -> set[str]:
    """Return the keys with a keyword of JSON Schema counted once, wherever a schema may stand."""
    split = [key.partition(".") for key in keys]
    return {
        f"Schema.{name}" if kind in SCHEMAS and name in KEYWORDS else f"{kind}.{name}"
        for kind, _, name in split
    }


def test_every_key_is_used_by_a_catalogue_that_is_not_park_graphs() -> None:
    used = set().union(*(keys_of_file(path) for path in CATALOGUES))
    missing = _counted(every_key()) - _counted(used) - OWN
    listed = set(NOT_YET.read_text(encoding="utf-8").split())
    assert missing - listed == set(), "use the key in a catalogue of tests/catalogues"
    assert listed - missing == set(), "the key is used now: take it out of the list"
