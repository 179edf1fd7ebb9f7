"""Both tables are complete, and what a comparison of catalogues says of a changed key is what its table
says.
"""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema_specifications import REGISTRY

from diff_catalogue import ROOT, Key, edits, keys, places, written
from lengths import share
from loading import load_once
from pgagents.base.errors import InputError
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.diff.compare import compare
from pgagents.diff.language import CATALOGUE, Parts, verdicts, visits
from pgagents.diff.openapi.table import TABLE
from pgagents.diff.openapi.tree import HINTS, KINDS
from test_diff import SHOP

OBJECTS = {
    "contact": "Contact", "info": "Info", "license": "License", "server": "Server",
    "servervariable": "Server variable", "components": "Components",
    "schema": "Schema", "discriminator": "Discriminator", "xml": "XML", "response": "Response",
    "mediatype": "Media type", "example": "Example",
    "header": "Header", "pathitem": "Path item", "operation": "Operation", "tag": "Tag",
    "externaldocumentation": "External documentation",
    "parameter": "Parameter", "requestbody": "Request body", "oauthflows": "OAuth flows", "link": "Link",
    "encoding": "Encoding", "reference": "Reference",
    "responses": "Responses", "securityscheme": "Security scheme", "apikeysecurityscheme": "Security scheme",
    "httpsecurityscheme": "Security scheme",
    "oauth2securityscheme": "Security scheme", "openidconnectsecurityscheme": "Security scheme",
    "implicitoauthflow": "OAuth flow",
    "passwordoauthflow": "OAuth flow", "clientcredentialsflow": "OAuth flow",
    "authorizationcodeoauthflow": "OAuth flow", "implicit": "OAuth flow",
    "password": "OAuth flow", "clientcredentials": "OAuth flow", "authorizationcode": "OAuth flow",
}  # fmt: skip
"""Names in the specifications' own schemas, in small letters and without signs, and those of the table."""


def objects(version: str) -> dict[str, set[str]]:
    """The keys of every object of OpenAPI, from the schema that its authors publish."""
    folder = files("openapi_spec_validator") / "resources/schemas" / version / "schema.json"
    whole = json.loads(folder.read_text(encoding="utf-8"))
    found = {"Document": set(whole["properties"])}
    parts = dict(whole.get("definitions") or whole["$defs"])
    for name, part in list(parts.items()):
        parts |= {f"{name}/{inner}": inside for inner, inside in part.get("$defs", {}).items()}
    for name, part in parts.items():
        place = OBJECTS.get(name.rpartition("/")[2].replace("-", "").lower())
        known = set(part.get("properties", {})) - {"body"}  # a slip of the 3.1 schema, for `server`
        for key in ("then", "if"):
            known |= set(part.get(key, {}).get("properties", {}))
        known |= {key for one in part.get("allOf", ()) for key in one.get("then", {}).get("properties", {})}
        if known:
            assert place or name in ("examples", "security-scheme/type-oauth2") or "/" in name, name
        if place:
            found.setdefault(place, set()).update(known)
    found["Path item"] |= {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    return found


@pytest.mark.parametrize("version", ["v3.0", "v3.1"])
def test_every_key_of_every_object_of_openapi_has_a_row(version: str) -> None:
    rows = {(row.place, key) for row in TABLE for key in row.keys}
    missing = {
        (place, key) for place, known in objects(version).items() for key in known if (place, key) not in rows
    }
    assert missing == set()


def test_every_keyword_of_json_schema_has_a_row() -> None:
    rows = {key for row in TABLE if row.place == "Schema" for key in row.keys}
    known: set[str] = set()
    for name in (
        "core",
        "applicator",
        "unevaluated",
        "validation",
        "meta-data",
        "format-annotation",
        "content",
    ):
        known |= set(REGISTRY.contents(f"https://json-schema.org/draft/2020-12/meta/{name}")["properties"])
    assert known - rows == set()


def test_formats_that_refuse_nothing_are_no_kinds() -> None:
    assert not HINTS & KINDS


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
    assert {field.name for field in fields(kind)} - read == set()


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
