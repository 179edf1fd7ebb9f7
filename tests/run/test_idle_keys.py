"""Keys of a catalogue that nothing would heed are refused; similar ones with an effect stand."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgagents.base.errors import InputError
from pgagents.catalogue.checks import actions
from pgagents.catalogue.language.basics import Schema, Strict
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build

ROOT = Path(__file__).resolve().parents[2]
SHOP = yaml.safe_load((ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8"))
READ = next(name for name, action in SHOP["actions"].items() if action["http"].startswith("GET "))
WRITE = next(name for name, action in SHOP["actions"].items() if action["http"].startswith("POST "))


def shop(*path: Any, value: Any) -> str:
    """The shop's catalogue with one value more."""
    data = copy.deepcopy(SHOP)
    here = data
    for step in path[:-1]:
        here = here.setdefault(step, {})
    here[path[-1]] = value
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def errors(text: str) -> list[tuple[str, str, str]]:
    """Each error's line, message and help."""
    try:
        load_text(text)
    except InputError as error:
        lines = text.splitlines()
        return [(lines[d.span.line - 1].strip(), d.message, d.help) for d in error.diagnostics]
    return []


def spelled(kind: type[Strict]) -> dict[str, str]:
    return {
        name: field.alias for name, field in kind.model_fields.items() if field.alias and field.alias != name
    }


@pytest.mark.parametrize("name", spelled(Schema))
@pytest.mark.parametrize(
    "home",
    [("schemas", "Odd"), ("actions", WRITE, "input", "odd"), ("schemas", "Odd", "properties", "inner")],
)
def test_key_of_json_schema_in_our_own_spelling_is_an_error_with_the_right_one(
    name: str, home: tuple[str, ...]
) -> None:
    values = {
        "exclusive_minimum": 1,
        "exclusive_maximum": 2,
        "multiple_of": 2,
        "unique_items": True,
        "additional_properties": False,
    }
    value = values.get(
        name,
        [{"type": "string"}]
        if name.endswith("_of")
        else 1
        if "_" in name and name[:3] in ("min", "max")
        else True,
    )
    found = errors(
        shop(
            *home, value={"type": "string", "description": "Odd", name: "Product" if name == "ref" else value}
        )
    )
    assert [e for e in found if e[0].startswith(f"{name}:")] == [
        (
            f"{name}:" + found[0][0].partition(":")[2],
            f"unknown key `{name}`",
            f"did you mean `{spelled(Schema)[name]}`?",
        )
    ]


def test_every_class_of_the_language_refuses_its_own_spellings() -> None:
    """`in_` and `as_` are names in our code, not keys of the language."""
    found = errors(
        shop("actions", READ, "input", "odd", value={"type": "string", "description": "Odd", "in_": "query"})
    )
    assert found == [("in_: query", "unknown key `in_`", "did you mean `in`?")]
    assert "in_" not in Catalogue.model_json_schema(by_alias=True)["$defs"]["Param"]["properties"]


@pytest.mark.parametrize("key", ["exclusiveMinimum", "multipleOf"])
def test_right_spelling_stands(key: str) -> None:
    assert (
        errors(shop("actions", READ, "input", "odd", value={"type": "number", "description": "Odd", key: 1}))
        == []
    )


BYTES = {"type": "string", "format": "binary", "description": "A file"}


@pytest.mark.parametrize(
    ("path", "value", "holder"),
    [
        (("actions", WRITE, "input", "odd"), BYTES, "JSON"),
        (("actions", READ, "input", "odd"), BYTES, "text"),
        (
            ("actions", WRITE, "input", "odd"),
            {"type": "array", "items": BYTES, "description": "Files"},
            "JSON",
        ),
        (("schemas", "Odd"), {"description": "Odd", "properties": {"file": BYTES}}, "JSON"),
    ],
)
def test_bytes_in_json_or_in_the_query_are_an_error(path: tuple[str, ...], value: Any, holder: str) -> None:
    ((line, message, help),) = errors(shop(*path, value=value))
    assert (line, message) == (
        "format: binary",
        f"`format: binary` does nothing here: {holder} holds no bytes",
    )
    assert "format: byte" in help


@pytest.mark.parametrize("value", [{**BYTES, "format": "byte"}, {**BYTES, "format": "uri"}])
def test_other_formats_stand(value: Any) -> None:
    assert errors(shop("actions", WRITE, "input", "odd", value=value)) == []


def test_answer_that_is_bytes_may_say_so() -> None:
    text = shop("actions", READ, "output", 200, value={**BYTES, "content_type": "image/png"})
    assert not [e for e in errors(text) if "holds no bytes" in e[1]]


def test_empty_wire_is_an_error_and_a_name_is_none() -> None:
    ((line, message, _),) = errors(
        shop("actions", READ, "input", "odd", value={"type": "string", "description": "Odd", "wire": ""})
    )
    assert (line, message) == (
        "wire: ''",
        r"an empty text stands here; it should be text that matches ^[^\x00-\x1f\x7f]{1,256}$",
    )
    assert (
        errors(
            shop(
                "actions",
                READ,
                "input",
                "odd",
                value={"type": "string", "description": "Odd", "wire": "odd-name"},
            )
        )
        == []
    )


OBJECT = {"description": "Odd", "properties": {"a": {"type": "string", "description": "A"}}}


@pytest.mark.parametrize(
    ("action", "value", "place"),
    [
        (READ, {**OBJECT, "in": "header"}, "header"),
        (WRITE, {**OBJECT, "in": "header"}, "header"),
        (READ, {"type": "array", "items": OBJECT, "description": "Odd", "in": "header"}, "header"),
        (READ, {"$ref": "Odd", "description": "Odd", "in": "header"}, "header"),
    ],
)
def test_object_where_only_texts_travel_is_an_error(action: str, value: Any, place: str) -> None:
    data = yaml.safe_load(shop("actions", action, "input", "odd", value=value))
    data["schemas"]["Odd"] = OBJECT
    ((line, message, help),) = errors(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    assert (line, message) == ("odd:", f"argument `odd` is an object, which has no form in the {place}")
    assert help == "make its members arguments of their own, or send it in the body"


@pytest.mark.parametrize(
    ("action", "value"),
    [
        (WRITE, OBJECT),
        (READ, {"type": "array", "items": {"type": "string"}, "description": "Odd"}),
        (READ, {"type": "integer", "description": "Odd"}),
    ],
)  # fmt: skip
def test_object_in_a_body_and_plain_values_in_a_query_stand(action: str, value: Any) -> None:
    assert errors(shop("actions", action, "input", "odd", value=value)) == []


AUTH = {"type": "ApiKeyPluginVault", "reference_id": "an-id"}


def files(model: Model) -> dict[str, bytes]:
    return {artifact.path: artifact.data for artifact in build(model).artifacts()}


@pytest.mark.parametrize("surface", SHOP["surfaces"])
def test_auth_is_refused_on_each_surface_whose_files_it_would_not_change(
    surface: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shop("surfaces", surface, "auth", value=AUTH)
    found = [message for _, message, _ in errors(text)]
    refused = [message for message in found if f"`auth` does nothing on the surface `{surface}`" in message]
    assert found == refused
    monkeypatch.setattr(actions, "check_idle", lambda _: None)
    changed = files(load_text(text)) != files(load_text(shop("surfaces", surface, "auth", value={})))
    assert changed == (not refused)
