"""Two tools that list the same say when to call the other one, by the name that it has on that surface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from offering import write
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.functions import MOST_CHARACTERS
from pgagents.generate.targets.tool_lists import TARGETS

BASE = Path(__file__).parents[1] / "cases" / "base.yaml"
OVER = """
actions:
  list_shelf:
    title: List a shelf
    description: List what stands on one shelf of the shop. Returns the id and name of each.
    http: GET /shelves/{shelf}
    effect: read
    input:
      shelf: {type: string, required: true, description: The shelf's name}
      limit: {type: integer, minimum: 1, maximum: 50, default: 10, description: Most products to return}
    output:
      200:
        required: [products]
        properties: {products: {type: array, items: {$ref: Product}, description: What stands there}}
    errors: [refused, absent]
    examples: {one: {input: {shelf: left}, output: {products: [{id: p-1, name: Kettle}]}}}
resources:
  product:
    read_by: {action: get_product, input: {product_id: =resource.id}}
    listed_by:
      - {action: search_products, input: {limit: 50}, at: response.products}
      - {action: list_shelf, input: {shelf: left}, at: response.products}
    absent: p-0
    missing: absent
"""


def make(**changes: Any) -> Model:
    """The small shop with a second list of products; `actions__x__y` changes one place of it."""
    data: Any = parse(BASE.read_text(encoding="utf-8")).data
    over = yaml.safe_load(OVER)
    data["actions"].update(over["actions"])
    data["resources"] = over["resources"]
    for place, value in changes.items():
        *path, last = place.split("__")
        here = data
        for step in path:
            here = here.setdefault(step, {})
        here[last] = value
    return load_text(write(data), "shop.yaml")


def describe(model: Model, target: str = "anthropic/tools") -> dict[str, str]:
    """Return the descriptions of a list of tools by name."""
    return {str(one.name): str(one.description) for one in TARGETS[target].view(model).functions}


@pytest.mark.parametrize("target", ["anthropic/tools", "openai/tools_chat_strict", "gemini/functions"])
def test_each_says_by_what_the_other_looks(target: str) -> None:
    found = describe(make(), target)
    assert found["search_products"].endswith(
        "Returns the id and name of each. To look by shelf, use list_shelf."
    )
    assert found["list_shelf"].endswith("To look by q, use search_products.")
    assert not any(", use " in found[name] for name in ("get_product", "place_order"))


def test_a_tool_without_an_argument_of_its_own_is_for_calls_without_the_others() -> None:
    limit = {"type": "integer", "minimum": 1, "maximum": 50, "default": 10, "description": "Most products"}
    example = {"one": {"input": {"limit": 5}, "output": {"products": []}}}
    found = describe(
        make(
            actions__search_products__input={"limit": limit},
            actions__search_products__examples=example,
        )
    )
    assert found["list_shelf"].endswith("Without shelf, use search_products.")


def test_the_name_is_that_of_the_surface() -> None:
    named = make(actions__list_shelf__texts={"gemini": {"name": "shelf_of_shop"}})
    assert "use shelf_of_shop." in describe(named, "gemini/functions")["search_products"]
    assert "use list_shelf." in describe(named)["search_products"]


def test_a_tool_that_is_not_in_the_list_is_not_named() -> None:
    few = ["search_products", "get_product"]
    assert ", use " not in describe(make(surfaces__anthropic__actions=few))["search_products"]


def test_a_description_stays_within_what_vendors_read() -> None:
    room = MOST_CHARACTERS - len(" To look by shelf, use list_shelf.")
    for length, said in ((room, True), (room + 1, False)):
        text = f"Search{' the shop' * 200}"[: length - 1].rstrip()
        found = describe(make(actions__search_products__description=text.ljust(length, ".")))
        assert ("use list_shelf." in found["search_products"]) is said
        assert len(found["search_products"]) <= MOST_CHARACTERS
