"""The Claude plugin: manifest, marketplace, server, README, licence and icon."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from loading import read_once
from offering import LISTING, OFFERING, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.skills import make_skills

ROOT = Path(__file__).parents[2]
CATALOGUES = {**OFFERING, "library": lambda: read_once(ROOT / "tests/catalogues/library.yaml")}
LEAST_WORDS = 40


@pytest.fixture(scope="module", params=CATALOGUES)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue with a listing."""
    return CATALOGUES[request.param]()


def _files(model: Model) -> dict[str, bytes]:
    built = build(model, only=["claude_plugin"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path.removeprefix("claude_plugin/"): a.data for a in built.artifacts()}


def test_the_folder_has_every_file_and_a_skill_for_each_task(model: Model) -> None:
    listing = model.surfaces["anthropic"].listing
    assert listing is not None
    skills = {f"skills/{skill.name}/SKILL.md" for skill in make_skills(model, listing).skills}
    hidden = {f".claude-plugin/{name}" for name in ("plugin.json", "icon.png", "marketplace.json")}
    assert set(_files(model)) == skills | hidden | {".mcp.json", "README.md", "LICENSE"}


def test_manifest_and_marketplace_name_one_plugin(model: Model) -> None:
    files = _files(model)
    manifest = json.loads(files[".claude-plugin/plugin.json"])
    (plugin,) = json.loads(files[".claude-plugin/marketplace.json"])["plugins"]
    assert {key: plugin[key] for key in ("name", "version", "description")} == {
        key: manifest[key] for key in ("name", "version", "description")
    }
    assert list(json.loads(files[".mcp.json"])["mcpServers"]) == [manifest["name"]]
    assert plugin["source"] == "./"


def test_the_readme_has_enough_words_and_a_privacy_link(model: Model) -> None:
    text = _files(model)["README.md"].decode()
    listing = model.surfaces["anthropic"].listing
    assert listing is not None
    assert len(text.split()) >= LEAST_WORDS
    assert f"[Privacy policy]({listing.privacy})" in text


def test_a_catalogue_of_few_words_has_a_readme_that_is_long_enough() -> None:
    text = shop(api__for_people="A.", api__for_models="B.", surfaces__anthropic__actions=["get_product"])
    assert len(_files(text)["README.md"].decode().split()) >= LEAST_WORDS


def test_the_licence_is_named_or_kept() -> None:
    named = shop(surfaces__anthropic__listing={**LISTING, "license": "MIT"})
    assert b"SPDX-License-Identifier: MIT\n" in _files(named)["LICENSE"]
    assert json.loads(_files(named)[".claude-plugin/plugin.json"])["license"] == "MIT"
    files = _files(shop())
    assert b"All rights reserved." in files["LICENSE"]
    assert "license" not in json.loads(files[".claude-plugin/plugin.json"])


def test_keys_are_named_by_variables_alone() -> None:
    (started,) = json.loads(_files(shop())[".mcp.json"])["mcpServers"].values()
    assert started["env"] == {"SHOP_TOKEN": "${SHOP_TOKEN}", "SHOP_URL": "https://shop.example"}
    hosted = shop(surfaces__mcp={"actions": "all", "server": "https://shop.example/mcp"})
    (entry,) = json.loads(_files(hosted)[".mcp.json"])["mcpServers"].values()
    assert entry["type"] == "http"
    assert entry["url"] == "https://shop.example/mcp"
    assert list(entry["headers"].values()) == ["Bearer ${CORNERSHOP_API_KEY}"]


def test_the_icon_is_512_pixels_wide_and_high(model: Model) -> None:
    data = _files(model)[".claude-plugin/icon.png"]
    assert struct.unpack(">II", data[16:24]) == (512, 512)
    assert len(data) < 2 * 1024 * 1024
