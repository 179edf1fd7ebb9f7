"""A plugin or a server has another version than the product.

Hosts and stores compare versions: a plugin whose version stands still is not updated, and the MCP registry
takes no version twice. A user who reads 1.2.0 in one place and 1.0.0 in another cannot say what is installed.
So every manifest has `api.version`. The package of an npm or PyPI server may be released apart.

Bad:

    surfaces: {gemini: {listing: {id: corner-shop, version: 9.1.0}}}

Good:

    surfaces: {gemini: {listing: {id: corner-shop}}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.base.places import Text
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule, within


def find(model: Model) -> Iterator[Hit]:
    for name, surface in model.surfaces.items():
        if surface.listing is not None:
            yield from _compare(model, surface.listing.version, f"the listing of `{name}` has")
        if surface.mcp_server is not None:
            yield from _compare(model, surface.mcp_server.version, "the MCP server has")


def _compare(model: Model, version: Text, noun: str) -> Iterator[Hit]:
    product = model.api.version
    if str(version) == product:
        return
    place = model.source.locate(("api", "version"))
    message = f"{noun} the version `{version}`, and the product `{product}` (`api.version`, {place.position})"
    yield Hit(
        version.origin,
        message,
        f"leave it out here, and raise `api.version` when you release ({product} is what manifests have)",
        edit=within(version.origin, re.compile(re.escape(str(version))), product),
    )


RULE = Rule("error", "catalogue.one-version", find)
