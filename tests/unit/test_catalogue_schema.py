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


# -- a short catalogue over a document


@cache
def of_editors() -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads(catalogue.render()))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: p.stem)
def test_the_schema_of_editors_takes_whole_catalogues(path: Path) -> None:
    assert of_editors().is_valid(written(path))
    assert not of_editors().is_valid({**written(path), "actions": None})


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "errors: {codes: {NOT_FOUND: {status: 404, meaning: No such note}, GONE: 410}}",
        "auth: {schemes: {APIKeyHeader: {prefixes: {nk_test_: test, nk_live_: live}}}}",
        "actions: {get_note: {errors: [+NOT_FOUND]}, GET /tags: {title: Tags}, list_tags: {}, x: null}",
        "actions: {find: {operation: GET /notes, input: {tag: {description: A tag}, limit: null}}}",
        "actions: {transcribe: {costs: true, confirm: null, laws: {price: response.cost == 3}}}",
        "actions: {get_note: {output: {'200': null, '201': {type: object}}}}",
        "groups: {agents: [-delete_note]}\nsurfaces: {openai: {actions: [-delete_note]}, xai: null}",
        "resources: {note: {made_by: {action: create_note, input: {title: =fresh.text}}}}",
        "schemas: {Note: {properties: {title: {maxLength: 80}, text: null}}}",
    ],
)
def test_the_schema_of_editors_takes_a_short_catalogue(lines: str) -> None:
    for document in ("./openapi.json", "{document: ./openapi.json, tags: [notes], max: 20}"):
        data = parse(f"pgagents: 1\nopenapi: {document}\n{lines}\n").data
        assert [error.message for error in of_editors().iter_errors(json.loads(json.dumps(data)))] == []


@pytest.mark.parametrize(
    "lines",
    [
        "openapi: {document: ./openapi.json, tag: [notes]}",
        "openapi: {tags: [notes]}",
        "openapi: ./openapi.json\nactions: {get_note: {titel: A note}}",
        "openapi: ./openapi.json\nactions: {get_note: {title: 3}}",
        "openapi: ./openapi.json\nresources: {note: {made_by: {input: {}}}}",
        "openapi: ./openapi.json\nactions: {get_note: {laws: {price: 3}}}",
        "api: {title: Notes}",
    ],
)
def test_the_schema_of_editors_refuses_what_no_short_catalogue_has(lines: str) -> None:
    assert not of_editors().is_valid(json.loads(json.dumps(parse(f"pgagents: 1\n{lines}\n").data)))
