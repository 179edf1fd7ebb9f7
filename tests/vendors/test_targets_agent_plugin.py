"""The vendor-neutral plugin package: manifest, server, skills and icon, and the form for ChatGPT's portal."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml

from loading import read_once
from offering import CASES, OFFERING, SURFACES, shop
from pgagents.catalogue.model.listing import cases_of
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import find_name, list_offered
from pgagents.generate.build import Built, build
from pgagents.generate.skills import MOST_DESCRIPTION, MOST_NAME

ROOT = Path(__file__).parents[2]
CATALOGUES = {**OFFERING, "library": lambda: read_once(ROOT / "tests/catalogues/library.yaml")}


@pytest.fixture(scope="module", params=CATALOGUES)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue with a listing."""
    return CATALOGUES[request.param]()


def _build(model: Model) -> Built:
    built = build(model, only=["agent_plugin", "openai/submission"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return built


def _files(model: Model) -> dict[str, bytes]:
    return {artifact.path: artifact.data for artifact in _build(model).artifacts()}


def _skills(model: Model) -> dict[str, tuple[dict[str, Any], str]]:
    """The front matter and the text of each skill, by its folder."""
    found = {}
    for path, data in _files(model).items():
        if path.endswith("/SKILL.md"):
            _, front, text = data.decode().split("---\n", 2)
            found[path.split("/")[2]] = (yaml.safe_load(front), text)
    return found


def test_a_skill_is_named_as_its_folder_and_says_when_to_use_it(model: Model) -> None:
    listing = model.surfaces["openai"].listing
    assert listing is not None
    skills = _skills(model)
    assert str(listing.id) in skills
    for folder, (front, text) in skills.items():
        assert set(front) == {"name", "description"}
        assert front["name"] == folder
        assert len(folder) <= MOST_NAME
        assert "Use when" in front["description"]
        assert len(front["description"]) <= MOST_DESCRIPTION
        assert text.strip().startswith("# ")
        assert folder == listing.id or len(f"{listing.id}:{folder}") <= MOST_NAME


def test_the_skill_about_all_tools_names_each_with_its_errors_and_questions(model: Model) -> None:
    surface = model.surfaces["mcp"]
    listing = model.surfaces["openai"].listing
    assert listing is not None
    _, text = _skills(model)[str(listing.id)]
    for action in surface.actions:
        assert f"- `{find_name(surface, action)}`: " in text
        for code in action.errors:
            assert f"| `{code.shown or code.name}` | {code.status} |" in text
        asked = f"- `{find_name(surface, action)}`: " in text.partition("## Ask the user first")[2]
        hints = action.hints
        risky = hints.destructive.value and not hints.read_only.value
        assert asked == bool(action.confirm_body or risky)


def test_a_task_says_its_calls_in_their_order() -> None:
    skills = _skills(shop())
    _, text = skills["gift"]
    order = [text.index(f"Call `{name}`") for name in ("search_products", "place_order", "cancel_order")]
    assert order == sorted(order)
    assert text.count("Call `cancel_order`") == 1, "the refused call is not a part of the task"
    assert "`product_id`: id of product, from step 1" in text
    losses = [loss for r in _build(shop()).rendered for loss in r.made.view.losses]
    assert any(loss.constraint == "step again" for loss in losses)


def test_only_chosen_tasks_become_skills() -> None:
    model = shop(surfaces__openai__listing__skills=[])
    assert set(_skills(model)) == {"corner-shop"}
    losses = [loss for r in _build(model).rendered for loss in r.made.view.losses]
    assert [loss.detail for loss in losses if loss.constraint == "workflow gift"] == [
        "`skills` of the listing leaves it out"
    ]


def test_no_file_holds_a_key_or_a_header(model: Model) -> None:
    files = _files(model)
    entry = json.loads(files["agent_plugin/mcp.json"])["mcpServers"]
    (server,) = entry.values()
    assert "headers" not in server
    assert set(server.get("env", {})) <= {model.surfaces["mcp"].env.get("url")}
    for path in ("agent_plugin/mcp.json", "agent_plugin/plugin.json", "openai/chatgpt-app-submission.json"):
        assert b"Authorization" not in files[path]
        assert b"${" not in files[path]


def test_a_hosted_server_is_named_by_its_url() -> None:
    model = shop(surfaces__mcp={"actions": "all", "server": "https://shop.example/mcp"})
    (server,) = json.loads(_files(model)["agent_plugin/mcp.json"])["mcpServers"].values()
    assert server == {"type": "streamable-http", "url": "https://shop.example/mcp"}


def test_a_key_without_oauth_is_a_loss() -> None:
    hosted = {"actions": "all", "server": {"url": "https://shop.example/mcp"}}
    keyed = _build(shop(surfaces__mcp=hosted))
    (document,) = (r for r in keyed.rendered if r.made.id == "agent_plugin/mcp")
    assert ["OAuth" in loss.detail for loss in document.made.view.losses] == [True]
    open_server = {"actions": "all", "server": {"url": "https://shop.example/mcp", "security": []}}
    free = _build(shop(surfaces__mcp=open_server))
    assert [r.made.view.losses for r in free.rendered if r.made.id == "agent_plugin/mcp"] == [()]


def test_every_tool_of_the_server_has_three_hints_with_reasons(model: Model) -> None:
    form = json.loads(_files(model)["openai/chatgpt-app-submission.json"])
    surface = model.surfaces["mcp"]
    assert list(form["tools"]) == [find_name(surface, action) for action in list_offered(surface)]
    tools = {t["name"]: t["annotations"] for t in json.loads(_tools(model))["tools"]}
    for name, tool in form["tools"].items():
        assert all(len(reason.split()) >= 3 for reason in tool["justifications"].values()), tool
        assert len(tool["justifications"]) == 3
        for hint, value in tool["annotations"].items():
            assert tools[name][hint] is value, "the form says what the server says"


def _tools(model: Model) -> bytes:
    return build(model, only=["mcp/tools"]).artifacts()[0].data


def test_the_icon_is_a_square_png(model: Model) -> None:
    data = _files(model)["agent_plugin/assets/icon.png"]
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (512, 512)
    assert len(data) < 5 * 1024 * 1024
    manifest = json.loads(_files(model)["agent_plugin/plugin.json"])
    shown = manifest["extensions"]["com.openai"]["interface"]
    assert shown["logo"] == shown["composerIcon"] == "./assets/icon.png"


def test_a_category_that_the_form_does_not_have_is_a_loss() -> None:
    model = shop(surfaces__openai__listing__category="Healthcare")
    built = _build(model)
    (form,) = (r for r in built.rendered if r.made.id == "openai/submission")
    assert "category" not in form.data["app_info"]
    lost = ["category Healthcare", "arguments and conditions of the test cases"]
    assert [loss.constraint for loss in form.made.view.losses] == lost
    (plugin,) = (r for r in built.rendered if r.made.id == "agent_plugin/plugin")
    assert plugin.data["extensions"]["com.openai"]["interface"]["category"] == "Healthcare"


def test_empty_countries_lift_restrictions_and_absent_ones_say_nothing() -> None:
    said = {}
    for name, countries in (("all", []), ("two", ["DE", "US"])):
        files = _files(shop(surfaces__openai__listing__countries=countries))
        said[name] = json.loads(files["agent_plugin/plugin.json"])["extensions"]["com.openai"]["publication"]
    assert said == {"all": {"countries": []}, "two": {"countries": ["DE", "US"]}}
    assert (
        "publication"
        not in json.loads(_files(shop())["agent_plugin/plugin.json"])["extensions"]["com.openai"]
    )


def test_the_test_cases_stand_in_the_plugin_and_in_the_form(model: Model) -> None:
    files = _files(model)
    review = json.loads(files["agent_plugin/plugin.json"])["extensions"]["com.openai"]["review"]
    form = json.loads(files["openai/chatgpt-app-submission.json"])
    tools = {str(find_name(model.surfaces["mcp"], a)) for a in model.surfaces["mcp"].actions}
    cases = cases_of(model, "openai")
    good = [case for case in cases if case.is_positive]
    wrong = [case for case in cases if not case.is_positive]
    assert (len(good), len(wrong)) == (5, 3)
    for case, one, other in zip(good, review["test_cases"]["positive"], form["test_cases"], strict=True):
        assert one["prompt"] == other["user_prompt"] == case.prompt
        assert one["expected_behavior"] == other["expected_output"] == case.outcome
        assert one["tools_triggered"] == other["tools_triggered"]
        assert one["tools_triggered"].split(", ")[0] in tools
        assert set(one["tools_triggered"].split(", ")) <= tools
    for case, one, other in zip(
        wrong, review["test_cases"]["negative"], form["negative_test_cases"], strict=True
    ):
        assert one == {"description": case.description, "prompt": case.prompt}
        assert other["user_prompt"] == case.prompt
        assert other["tools_triggered"] is None


def test_what_a_reviewer_does_not_read_is_a_loss() -> None:
    cases = copy.deepcopy(CASES)
    cases["negative"]["use_a_voucher"]["draft"] = True
    settings = {**SURFACES["anthropic"], "cases": cases}
    built = build(shop(surfaces__anthropic=settings), only=["agent_plugin/plugin", "claude_plugin/plugin"])
    lost = {
        document.made.id: [loss.constraint for loss in document.made.view.losses]
        for document in built.rendered
    }
    assert "arguments and conditions of the test cases" in lost["agent_plugin/plugin"]
    assert "8 test cases" in lost["claude_plugin/plugin"]
    noted = [d for d in built.diagnostics if "is a draft" in d.message]
    assert [("use_a_voucher" in d.message, d.severity) for d in noted] == [(True, "warning")]
