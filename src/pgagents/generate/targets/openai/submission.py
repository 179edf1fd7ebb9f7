"""The file that OpenAI's portal imports into the form of a submission: texts, hints and test cases.

Facts of https://developers.openai.com/apps-sdk/schemas/chatgpt-app-submission.v1.json, read 2026-11-21. Its
categories are not those of the plugin's manifest.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import find_name, list_offered
from pgagents.generate.store_listing import list_lost_calls, list_negative, list_positive
from pgagents.generate.target import Loss, Target, View

_CATEGORIES = {
    "Productivity": "PRODUCTIVITY", "Creativity": "DESIGN", "Developer Tools": "DEVELOPER_TOOLS",
    "Business & Operations": "BUSINESS", "Communication": "COLLABORATION",
    "Education & Research": "EDUCATION", "Finance": "FINANCE", "Travel": "TRAVEL",
    "Entertainment": "ENTERTAINMENT",
}  # fmt: skip
"""The form's category for some categories of the manifest. The form lacks the others."""


def view(model: Model) -> View:
    """Return the listing's texts, and the hints of the MCP server's tools with a reason for each."""
    listing = model.surfaces["openai"].listing
    assert listing is not None
    surface = model.surfaces["mcp"]
    tools = {find_name(surface, action): _tool(action) for action in list_offered(surface)}
    losses = []
    if listing.category and listing.category not in _CATEGORIES:
        why = "the form that it is imported into has other categories; choose one there"
        losses.append(Loss(listing.category.origin, f"category {listing.category}", "dropped", why))
    losses += list_lost_calls(model)
    context = {"info": _info(listing), "tools": tools, "cases": _cases(model)}
    return View(context, tuple(losses))


def _cases(model: Model) -> dict[str, Any]:
    """Return the members with the test cases; empty if there are no cases."""
    made = {
        "test_cases": list_positive(model, "user_prompt", "expected_output"),
        "negative_test_cases": [
            Node({**case, "tools_triggered": None}, origin=case.origin)
            for case in list_negative(model, "user_prompt")
        ],
    }
    return {name: cases for name, cases in made.items() if cases}


def _info(listing: Listing) -> Node:
    made: dict[str, Any] = {
        "display_name": listing.name,
        "subtitle": listing.subtitle,
        "description": listing.description,
    }
    if listing.category in _CATEGORIES:
        made["category"] = Text(_CATEGORIES[listing.category], listing.category.origin)
    return Node(made, origin=listing.origin)


def _tool(action: Action) -> Node:
    hints = action.hints
    return Node(
        {
            "annotations": {
                "readOnlyHint": hints.read_only.value,
                "openWorldHint": hints.open_world.value,
                "destructiveHint": hints.destructive.value,
            },
            "justifications": {
                "read_only_justification": hints.read_only.reason,
                "open_world_justification": hints.open_world.reason,
                "destructive_justification": hints.destructive.reason,
            },
        },
        origin=action.origin,
    )


TARGET = Target(
    "ChatGPT submission form",
    ("openai/chatgpt-app-submission.json",),
    view,
    surface="mcp",
    part="surfaces.openai.listing",
    lists_actions=False,
)
