"""Each key of the language, and each check, is needed by a catalogue that is not Park Graph's."""

from __future__ import annotations

from pathlib import Path

import pytest

from language_keys import every_key, keys_of_file, keys_used
from language_table import base

CATALOGUES = sorted((Path(__file__).parents[1] / "catalogues").glob("*.yaml"))


def test_keys_of_a_catalogue_are_those_that_it_writes() -> None:
    found = keys_used(base())
    assert {"Action.http", "Resource.made_by", "Workflow.steps", "Code.status"} <= found
    assert "Action.deprecated" not in found
    assert found <= every_key()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_keys_of_each_catalogue_are_counted(path: Path) -> None:
    assert len(keys_of_file(path)) > 40
