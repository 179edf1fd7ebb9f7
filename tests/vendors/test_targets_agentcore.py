"""The OpenAPI document for AgentCore Gateway: no composition, no security, and what it lacks is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loading import read_once
from offering import OFFERING, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import Built, build

ROOT = Path(__file__).parents[2]
CATALOGUES = {
    **OFFERING,
    "library": lambda: read_once(ROOT / "tests/catalogues/library.yaml"),
}


@pytest.fixture(scope="module", params=CATALOGUES)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue with the surface."""
    return CATALOGUES[request.param]()


def _build(model: Model) -> Built:
    built = build(model, only=["agentcore"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return built


def _document(model: Model) -> dict[str, Any]:
    return json.loads(_build(model).artifacts()[0].data)  # type: ignore[no-any-return]  # our own document


def _losses(model: Model) -> list[str]:
    return [f"{x.constraint}: {x.detail}" for r in _build(model).rendered for x in r.made.view.losses]


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _keys(member)
    elif isinstance(value, list):
        for member in value:
            yield from _keys(member)


def test_no_composition_stands_anywhere(model: Model) -> None:
    assert not {"oneOf", "anyOf", "allOf", "callbacks", "webhooks"} & set(_keys(_document(model)))


def test_no_word_about_keys_and_a_loss_instead(model: Model) -> None:
    document = _document(model)
    assert not {"security", "securitySchemes"} & set(_keys(document))
    assert any("credential provider" in loss for loss in _losses(model))


def test_every_action_is_there_or_a_loss(model: Model) -> None:
    document, losses = _document(model), _losses(model)
    ids = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    for action in model.surfaces["agentcore"].actions:
        lost = any(loss.startswith(f"action {action.name}:") for loss in losses)
        assert (action.operation_id in ids) != lost, action.name


def test_what_the_gateway_cannot_call_is_a_loss() -> None:
    picture = {"content_type": "image/png", "description": "A picture"}
    where = {
        "type": "object",
        "style": "deepObject",
        "description": "Where it lies",
        "properties": {"shelf": {"type": "string", "description": "The shelf"}},
    }
    plain = shop()
    assert not [loss for loss in _losses(plain) if loss.startswith("action ")]
    model = shop(
        actions__get_product__output={200: picture},
        actions__get_product__examples={},
        actions__get_product__laws={},
        actions__search_products__input__where=where,
        surfaces__desk__actions=["place_order", "cancel_order"],
    )
    losses = _losses(model)
    assert any(loss.startswith("action get_product: it answers image/png") for loss in losses)
    assert any(loss.startswith("argument where: AgentCore Gateway has no such style") for loss in losses)
    names = {
        parameter["name"]
        for item in _document(model)["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", ())
    }
    assert "where" not in names
