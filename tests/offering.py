"""The catalogues of the tests, with a surface for every vendor: the shop's own file has only some."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from loading import load_once, read_once
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.importer.default_surfaces import list_plain

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "tests" / "catalogues" / "shop.yaml"
LISTING: dict[str, Any] = {
    "id": "corner-shop",
    "support": "https://shop.example/help",
    "privacy": "https://shop.example/privacy",
    "terms": "https://shop.example/terms",
}
KETTLE: dict[str, Any] = {"tool": "search_products", "name": "find", "arguments": {"q": "kettle", "limit": 5}}
FIRST = "=find.response.products[0].id"
ORDER: dict[str, Any] = {
    "tool": "place_order",
    "name": "order",
    "arguments": {"product_id": FIRST, "quantity": 1, "note": "As a gift"},
}
CASES: dict[str, Any] = {
    "positive": {
        "find_a_kettle": {
            "prompt": "Is there a kettle?",
            "calls": [KETTLE],
            "expect": ['response.products.exists(product, product.name == "Red kettle")'],
            "outcome": "A red kettle with its price.",
        },
        "price_of_a_kettle": {
            "prompt": "What does the red kettle cost?",
            "calls": [KETTLE, {"tool": "get_product", "arguments": {"product_id": FIRST}}],
            "expect": ["response.product.price_cents == find.response.products[0].price_cents"],
            "outcome": "Its price.",
        },
        "few_products": {
            "prompt": "Show me one thing from the shop.",
            "calls": [{"tool": "search_products", "arguments": {"limit": 1}}],
            "expect": ["size(response.products) == 1"],
            "outcome": "One product.",
        },
        "order_a_kettle": {
            "prompt": "Order one red kettle as a gift.",
            "calls": [KETTLE, ORDER],
            "expect": ['response.order.status == "placed"', 'order.response.order.note == "As a gift"'],
            "outcome": "A placed order of one kettle.",
        },
        "order_and_cancel": {
            "prompt": "Order a red kettle, then cancel the order.",
            "description": "Somebody thinks better of it.",
            "calls": [
                KETTLE,
                ORDER,
                {"tool": "cancel_order", "arguments": {"order_id": "=order.response.order.id"}},
            ],
            "expect": ['response.order.status == "cancelled"', "response.order.id == input.order_id"],
            "outcome": "A cancelled order.",
        },
    },
    "negative": {
        "use_a_voucher": {"prompt": "Pay with my voucher.", "not_offered": ["voucher", "gift card"]},
        "no_such_product": {
            "prompt": "Show me product p-0.",
            "refused": {"tool": "get_product", "arguments": {"product_id": "p-0"}, "code": "absent"},
        },
        "order_unasked": {"prompt": "Order whatever you like.", "asks_first": "place_order"},
    },
}
SURFACES: dict[str, Any] = {
    **{name: {"actions": "all"} for name in list_plain()},
    "mcp": {"actions": "all", "server": "corner-shop-mcp", "env": {"key": "SHOP_TOKEN", "url": "SHOP_URL"}},
    "openai": {
        "actions": "all",
        "starters": ["Is there a kettle?"],
        "listing": {**LISTING, "subtitle": "Find and order things"},
        "cases": CASES,
    },
    "anthropic": {"actions": "all", "listing": LISTING},
    "gemini": {"actions": "all", "listing": {"id": "corner-shop"}},
    "agentcore": {"actions": "all"},
    "copilot_mcp": {
        "actions": "all",
        "name": "Corner Shop",
        "namespace": "shop",
        "server": "https://shop.example/mcp",
        "starters": ["Is there a kettle?"],
    },
}


class _Whole(yaml.CSafeDumper):
    """Writes a value that stands in two places twice; a catalogue has no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is the base class's
        return True


def write(data: Any) -> str:
    """The file of a catalogue's data."""
    return str(yaml.dump(data, Dumper=_Whole, sort_keys=False))


def shop_text(**changes: Any) -> str:
    """The shop's file with every surface; `surfaces__mcp__title="X"` changes one place of it."""
    data: Any = parse(SHOP.read_text(encoding="utf-8")).data
    for name, settings in copy.deepcopy(SURFACES).items():
        data["surfaces"][name] = {**settings, **data["surfaces"].get(name, {})}
    for place, value in changes.items():
        *path, last = place.split("__")
        here = data
        for step in path:
            here = here[step]
        here[last] = value
    return write(data)


def shop(**changes: Any) -> Model:
    """The shop on every surface, changed in some places."""
    return load_once(shop_text(**changes), "shop.yaml")


def park() -> Model:
    """Park Graph."""
    return read_once(ROOT / "catalogue" / "park_graph.yaml")


def renamed(**changes: Any) -> Model:
    """The shop after two of its actions got new names; the old ones are still offered, and a third action
    is to go.
    """
    return shop(
        actions__search_products__formerly={"find_products": "2099-12-31"},
        actions__place_order__formerly={"order_product": "2099-06-30", "buy": "2099-06-30"},
        actions__get_product__deprecated=True,
        **changes,
    )


FOUND: dict[str, str] = {
    "mcp/server-card.json": "/mcp/server-card",
    "web/ai-catalog.json": "/.well-known/ai-catalog.json",
    "web/ard.json": "/.well-known/ard.json",
    "web/api-catalog.json": "/.well-known/api-catalog",
    "web/llms.txt": "/llms.txt",
}
"""The documents by which agents find an API, and where they stand."""


def hosted(**changes: Any) -> Model:
    """The shop with a hosted MCP server, found by agents."""
    server = {"package": "npm:corner-shop-mcp", "url": "https://shop.example/mcp"}
    documents = {"openai/openapi.yaml": "/agents/openapi.yaml", **FOUND}
    app = {"developer": "Corner Shop"}
    return shop(
        api__hosted=documents, surfaces__mcp__server=server, surfaces__copilot_mcp__package=app, **changes
    )


OFFERING = {"park_graph": park, "shop": shop, "renamed": renamed}
