"""Leave out the members of a manifest that the catalogue says nothing of."""

from __future__ import annotations

from typing import Any

from pgagents.model.stores.listing import Listing


def leave_out_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members that are neither an empty text nor an empty list or mapping."""
    return {key: value for key, value in members.items() if value not in ("", [], {})}


def make_author(listing: Listing) -> dict[str, Any]:
    """Return the developer with the address and the page that are known."""
    return leave_out_empty({"name": listing.developer, "email": listing.email, "url": listing.developer_url})
