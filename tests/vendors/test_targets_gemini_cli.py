"""The Gemini CLI extension: manifest and context file."""

from __future__ import annotations

import json

import pytest

from offering import OFFERING, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.skills import make_skills


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue with a listing."""
    return OFFERING[request.param]()


def _files(model: Model) -> dict[str, bytes]:
    built = build(model, only=["gemini_cli"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path.removeprefix("gemini_cli/"): a.data for a in built.artifacts()}


def test_each_key_is_a_sensitive_setting_and_stands_nowhere(model: Model) -> None:
    manifest = json.loads(_files(model)["gemini-extension.json"])
    settings = {setting["envVar"]: setting for setting in manifest["settings"]}
    assert all(setting["sensitive"] for setting in settings.values())
    (server,) = manifest["mcpServers"].values()
    assert {f"${name}" for name in settings} <= set(server["env"].values())


def test_a_hosted_server_is_named_by_its_url() -> None:
    for server, member in (
        ("https://shop.example/mcp", "httpUrl"),
        ({"url": "https://shop.example/sse", "transport": "sse"}, "url"),
    ):
        model = shop(surfaces__mcp={"actions": "all", "server": server})
        (entry,) = json.loads(_files(model)["gemini-extension.json"])["mcpServers"].values()
        assert set(entry) == {member, "headers"}
        assert list(entry["headers"].values()) == ["Bearer $CORNERSHOP_API_KEY"]


def test_the_context_has_every_skill(model: Model) -> None:
    text = _files(model)["GEMINI.md"].decode()
    listing = model.surfaces["gemini"].listing
    assert listing is not None
    skills = make_skills(model, listing).skills
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        f"# {skill.title}" for skill in skills
    ]
