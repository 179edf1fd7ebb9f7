"""Perplexity's tools: one form for the models of all vendors behind its Agent API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from offering import OFFERING, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.generate.build import build


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _tools(model: Model) -> list[dict[str, Any]]:
    built = build(model, only=["perplexity"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return json.loads(built.artifacts()[0].data)  # type: ignore[no-any-return]  # our own document


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in (
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", ()),
        *([schema["items"]] if "items" in schema else []),
    ):
        yield from _parts(inner)


def test_every_action_is_there_and_a_documented_call_fits(model: Model) -> None:
    tools = _tools(model)
    assert [tool["name"] for tool in tools] == [
        action.name for action in list_offered(model.surfaces["perplexity"])
    ]
    for action, tool in zip(list_offered(model.surfaces["perplexity"]), tools, strict=True):
        for example in action.examples:
            if example.status < 300:
                call = {k: v for k, v in example.input.items() if k in tool["parameters"]["properties"]}
                jsonschema_rs.Draft202012Validator(tool["parameters"]).validate(call)


def test_only_what_every_vendors_models_take_is_said(model: Model) -> None:
    words: set[str] = set()
    for part in (part for tool in _tools(model) for part in _parts(tool["parameters"])):
        words |= set(part)
        if part.get("type") == "object":
            assert "additionalProperties" in part
        for word, said in (("pattern", "matches"), ("maxLength", "at most")):
            if word in part:
                assert said in part["description"].lower()
    assert "pattern" in words
    assert not words & {
        "const",
        "oneOf",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "uniqueItems",
        "$ref",
        "strict",
    }


@pytest.mark.parametrize("name", ["has-dash", "1st", "x" * 65])
def test_a_name_that_some_vendor_refuses_is_refused(name: str) -> None:
    found = build(
        shop(actions__search_products__texts={"perplexity": {"name": name}}), only=["perplexity"]
    ).diagnostics
    assert {d.id for d in found} == {"perplexity/tools/refused"}
