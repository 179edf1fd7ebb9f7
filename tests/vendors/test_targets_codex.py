"""Codex's marketplace lists the Agent Plugin of its own folder."""

from __future__ import annotations

import json

import pytest

from offering import OFFERING, shop
from pgagents.generate.build import build


@pytest.mark.parametrize("name", OFFERING)
def test_the_marketplace_lists_the_plugin_beside_it(name: str) -> None:
    built = build(OFFERING[name](), only=["codex", "agent_plugin/plugin"])
    files = {a.path: a.data for a in built.artifacts()}
    (plugin,) = json.loads(files["agent_plugin/.agents/plugins/marketplace.json"])["plugins"]
    manifest = json.loads(files["agent_plugin/plugin.json"])
    shown = manifest["extensions"]["com.openai"]["interface"]
    assert plugin["name"] == manifest["name"]
    assert plugin["source"] == {"source": "local", "path": "./"}
    assert plugin["category"] == shown.get("category", "Other")


def test_a_catalogue_without_a_listing_has_no_marketplace() -> None:
    model = shop()
    bare = build(model).artifacts()
    assert [a.path for a in bare if a.target == "codex/marketplace"]
    from loading import read_once
    from offering import SHOP

    assert not [a for a in build(read_once(SHOP)).artifacts() if a.target == "codex/marketplace"]
