"""The tools that a server lists while it is proved, held to the catalogue and to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from pgagents.base.places import plain
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import document
from pgagents.submit.package import compare_with_catalogue, find_changes, judge_tools
from pgagents.submit.store import find_store
from pgagents.verify.wire.mcp_link import ToolListing
from verifying import PARK_GRAPH, ROOT, model

Tools = list[dict[str, Any]]


def library() -> Model:
    return model(ROOT / "tests" / "catalogues" / "library.yaml")


def built() -> Tools:
    tools: Tools = plain(document(library(), "mcp/tools.json", traced=False).data["tools"])
    return deepcopy(tools)


def listing(tools: Tools) -> ToolListing:
    return ToolListing(tuple(tools), pages=1)


def change(edit: Callable[[Tools], object]) -> Tools:
    tools = built()
    edit(tools)
    return tools


def by_name(tools: Tools, name: str) -> dict[str, Any]:
    return next(tool for tool in tools if tool["name"] == name)


def test_tools_as_built_lack_nothing() -> None:
    assert list(compare_with_catalogue(library(), listing(built()))) == []
    assert list(find_changes(library(), listing(built()), listing(built()))) == []


LEGAL: Mapping[str, Callable[[Tools], object]] = {
    "metadata": lambda tools: tools[0].update(_meta={"example.com/x": 1}),
    "another annotation": lambda tools: tools[0]["annotations"].update(title="x"),
    "required in another order": lambda tools: [
        t["inputSchema"].get("required", []).reverse() for t in tools
    ],
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_a_server_may_add_is_no_difference(name: str) -> None:
    assert list(compare_with_catalogue(library(), listing(change(LEGAL[name])))) == []


WRONG: Mapping[str, tuple[Callable[[Tools], object], str]] = {
    "a tool is gone": (lambda tools: tools.pop(), "the server does not list"),
    "a hint is another": (
        lambda tools: by_name(tools, "cancel_hold")["annotations"].update(destructiveHint=False),
        "#/annotations/destructiveHint: false, not true",
    ),
    "a hint is gone": (
        lambda tools: by_name(tools, "list_titles")["annotations"].pop("readOnlyHint"),
        "#/annotations/readOnlyHint: nothing, not true",
    ),
    "a text is another": (lambda tools: tools[0].update(description="Other."), "#/description"),
    "an argument is new": (
        lambda tools: tools[0]["inputSchema"]["properties"].update(all={"type": "boolean"}),
        "#/inputSchema/properties/all",
    ),
    "a tool is more": (
        lambda tools: tools.append({**tools[0], "name": "wipe"}), "the server also lists wipe",
    ),
    "a tool is twice": (lambda tools: tools.append(tools[0]), "the server lists twice"),
    "a tool has no name": (lambda tools: tools.append({}), "the server also lists None"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_tools_that_differ_are_told(name: str) -> None:
    edit, said = WRONG[name]
    messages = [lack.message for lack in compare_with_catalogue(library(), listing(change(edit)))]
    assert any(said in message for message in messages), messages


def test_list_that_cannot_be_read_is_told() -> None:
    (lack,) = compare_with_catalogue(library(), ToolListing(problem="it has more than 50 pages"))
    assert "it has more than 50 pages" in lack.message
    (lack,) = find_changes(library(), listing(built()), ToolListing(problem="it is gone"))
    assert "it is gone" in lack.message


def test_change_during_the_run_stands_at_the_action() -> None:
    then, now = built(), change(lambda tools: tools[1].update(description="Other."))
    (lack,) = find_changes(library(), listing(then), listing(now))
    assert lack.origin == ("actions", then[1]["name"])
    (lack,) = find_changes(library(), listing(then), listing([*then[1:], then[0]]))
    assert "order" in lack.message


def test_store_judges_the_listed_tools_at_our_lines() -> None:
    _, store = find_store("openai")
    unset = change(lambda tools: tools[2].pop("annotations"))
    (found,) = [d for d in judge_tools(unset, library(), store) if d.severity == "error"]
    assert found.id == "openai-portal/annotations_required"
    assert found.span == library().source.locate(("actions", unset[2]["name"]))


def test_code_that_the_author_answered_is_left_out() -> None:
    _, store = find_store("openai")
    text = PARK_GRAPH.read_text(encoding="utf-8")
    comment = "# pgagents: ignore[openai/raw-location]"
    assert comment in text
    for said, expected in ((text, False), (text.replace(comment, "# not answered:"), True)):
        of = load_text(said, str(PARK_GRAPH))
        tools = plain(document(of, "mcp/tools.json", traced=False).data["tools"])
        codes = {one.id for one in judge_tools(tools, of, store)}
        assert ("openai-portal/rule-raw-location" in codes) is expected
        assert "openai-portal/rule-output-schema" in codes
