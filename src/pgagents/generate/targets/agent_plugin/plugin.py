"""The manifest of an Agent Plugin 1.0.0, with OpenAI's extension for its directory, and the icon.

https://github.com/agentplugins/agent-plugins-spec/blob/bd38355/spec/1.0.0.md and
https://developers.openai.com/plugins/deploy/submission, read 2026-11-21.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.generate import store_listing
from pgagents.generate.store_listing import (
    leave_out_empty,
    list_drafts,
    list_lost_calls,
    list_members,
    list_negative,
    list_positive,
)
from pgagents.generate.target import Target, View

_ICON = "assets/icon"
_SIDE = 512


def view(model: Model) -> View:
    """Return the manifest with the texts of the listing."""
    listing = model.surfaces["openai"].listing
    assert listing is not None
    members: dict[str, Any] = {
        **list_members(listing),
        "extension": leave_out_empty(
            {
                "interface": _interface(listing),
                "review": _review(model, listing),
                "publication": _publication(listing),
            }
        ),
    }
    return View(
        {"members": leave_out_empty(members)},
        tuple(list_lost_calls(model)),
        tuple(list_drafts(model, "openai")),
        assets={f"agent_plugin/{name_icon(listing)}": store_listing.choose_icon(listing, _SIDE)},
    )


def name_icon(listing: Listing) -> str:
    """Return the icon's path in the package, with the file ending of the author's icon."""
    return f"{_ICON}{listing.icon.suffix if listing.icon is not None else '.png'}"


def _interface(listing: Listing) -> Node:
    """Return the texts and pictures for the directory's page."""
    at = listing.icon.path.origin if listing.icon is not None else listing.origin
    picture = Text(f"./{name_icon(listing)}", at)
    made = {
        "displayName": listing.name,
        "shortDescription": listing.subtitle,
        "longDescription": listing.description,
        "developerName": listing.developer,
        "category": listing.category,
        "capabilities": list(listing.capabilities),
        "defaultPrompt": list(listing.starters),
        "websiteURL": listing.website,
        "supportURL": listing.support,
        "privacyPolicyURL": listing.privacy,
        "termsOfServiceURL": listing.terms,
        "brandColor": listing.colour,
        "brandColorDark": listing.colour_dark,
        "logo": picture,
        "composerIcon": picture,
    }
    return Node(leave_out_empty(made), origin=listing.origin)


def _review(model: Model, listing: Listing) -> Node:
    """Return the reviewer's part: the recording, the test cases, and the paid services."""
    made: dict[str, Any] = {"demo_recording_url": listing.demo, "commerce": bool(listing.commerce)}
    cases = model.surfaces["openai"].cases
    if cases is not None:
        tried = {
            "positive": list_positive(model, "prompt", "expected_behavior"),
            "negative": list_negative(model, "prompt"),
        }
        made["test_cases"] = Node(tried, origin=cases.origin)
    if listing.commerce:
        made["commerce_description"] = listing.commerce
    return Node(leave_out_empty(made), origin=listing.origin)


def _publication(listing: Listing) -> Node:
    made: dict[str, Any] = {"release_notes": listing.release_notes}
    told = {
        locale: leave_out_empty({"subtitle": one.subtitle, "description": one.description})
        for locale, one in listing.translations.items()
    }
    made["translations"] = {locale: texts for locale, texts in told.items() if texts}
    made = leave_out_empty(made)
    if listing.countries is not None:
        made["countries"] = list(listing.countries)  # an empty list lifts all restrictions
    return Node(made, origin=listing.origin)


TARGET = Target(
    "Agent Plugin 1.0.0, with OpenAI's extension",
    ("agent_plugin/plugin.json", f"agent_plugin/{_ICON}.*"),
    view,
    surface="openai",
    part="surfaces.openai.listing",
    lists_actions=False,
)
