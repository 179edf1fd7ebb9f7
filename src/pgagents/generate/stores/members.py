"""Leave out a manifest's members for which the catalogue has no value."""

from __future__ import annotations

from typing import Any

from pgagents.model.stores.listing import Listing


def leave_out_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members without empty texts, lists and mappings."""
    return {key: value for key, value in members.items() if value not in ("", [], {})}


def make_author(listing: Listing) -> dict[str, Any]:
    """Return the developer's name, with the address and page if they are known."""
    return leave_out_empty({"name": listing.developer, "email": listing.email, "url": listing.developer_url})


def list_members(listing: Listing) -> dict[str, Any]:
    """Return the members of a manifest that plugins of several stores share. Some may be empty."""
    return {
        "name": listing.id,
        "version": listing.version,
        "description": listing.summary,
        "author": make_author(listing),
        "homepage": listing.website,
        "license": listing.license,
        "keywords": list(listing.keywords),
    }
