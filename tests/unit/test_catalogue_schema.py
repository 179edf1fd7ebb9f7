"""`schemas/catalogue.schema.json`: what editors use is what the loader takes."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from pgagents.base.reading import parse, read
from pgagents.base.registry import folder
from pgagents.catalogue.language import catalogue
from pgagents.catalogue.load import load

CATALOGUES = [
    folder("catalogue") / "park_graph.yaml",
    *sorted((Path(__file__).parents[1] / "catalogues").glob("*.yaml")),
]


@cache
def schema() -> Any:
    return jsonschema_rs.Draft202012Validator(catalogue.document())


def written(path: Path) -> Any:
    """The data as an editor's validator sees it: statuses are texts, as in JSON."""
    return json.loads(json.dumps(read(path).data))


def test_schema_file_is_current() -> None:
    there = (folder("schemas") / "catalogue.schema.json").read_bytes()
    assert there == catalogue.render(), "run: make schemas"


def test_every_key_says_what_it_is_when_an_editor_hovers_over_it() -> None:
    document = catalogue.document()
    parts = {"": document, **document["$defs"]}
    assert [
        f"{n}.{key}"
        for n, part in parts.items()
        for key, value in part.get("properties", {}).items()
        if not value.get("description")
    ] == [], "give the field a `description` in its class under catalogue/language/, then run: make schemas"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: p.stem)
def test_schema_takes_what_the_loader_takes(path: Path) -> None:
    assert [
        f"{'/'.join(map(str, e.instance_path))}: {e.message[:200]}"
        for e in schema().iter_errors(written(path))
    ] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: p.stem)
@pytest.mark.parametrize("section", ["api", "errors", "actions"])
def test_schema_and_loader_refuse_an_unknown_key(path: Path, section: str) -> None:
    data = copy.deepcopy(written(path))
    data[section]["no such key"] = 1
    assert not schema().is_valid(data)
    assert load(parse(json.dumps(data)))[0] is None


def test_every_key_is_described_by_its_class() -> None:
    assert [
        name
        for name, schema in catalogue.document()["$defs"].items()
        if "description" not in schema and "anyOf" not in schema
    ] == []
