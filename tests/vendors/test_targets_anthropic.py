"""Anthropic's tools: what the API asks, which tools are strict within its budgets, and that a documented
call still fits.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from offering import OFFERING, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.generate.build import build, targets
from pgagents.generate.target import Loss, Target

PLAIN, STRICT = "anthropic/tools.json", "anthropic/tools.strict.json"
TARGETS = ["anthropic/tools", "anthropic/tools_strict"]


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _tools(model: Model) -> dict[str, list[dict[str, Any]]]:
    built = build(model, only=["anthropic"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path: json.loads(a.data) for a in built.artifacts()}


def _losses(model: Model) -> list[Loss]:
    target = targets()["anthropic/tools_strict"]
    assert isinstance(target, Target)
    return [loss for loss in target.view(model).losses if loss.constraint == "strict"]


def test_both_files_have_every_action_of_the_surface(model: Model) -> None:
    for found in _tools(model).values():
        assert [tool["name"] for tool in found] == [
            action.name for action in list_offered(model.surfaces["anthropic"])
        ]


def test_a_documented_call_fits(model: Model) -> None:
    tried = 0
    for found in _tools(model).values():
        for action, tool in zip(list_offered(model.surfaces["anthropic"]), found, strict=True):
            for example in action.examples:
                if example.status < 300:
                    call = {k: v for k, v in example.input.items() if k in tool["input_schema"]["properties"]}
                    jsonschema_rs.Draft202012Validator(tool["input_schema"]).validate(call)
                    tried += 1
    assert tried >= 4


def test_every_tool_is_strict_where_the_budgets_reach(model: Model) -> None:
    """Both catalogues do: 24 optional arguments are more than they have."""
    assert {tool["strict"] for tool in _tools(model)[STRICT]} == {True}
    assert _losses(model) == []


# changed catalogues


def _action(
    effect: str = "read", *, optional: int = 0, unions: int = 0, costs: bool = False, method: str = "GET"
) -> dict[str, Any]:
    given: dict[str, Any] = {f"o{n}": {"type": "string", "description": "Optional."} for n in range(optional)}
    given |= {
        f"u{n}": {"type": ["string", "null"], "required": True, "description": "Or null."}
        for n in range(unions)
    }
    http = f"{method} /{effect}{optional}x{unions}x{int(costs)}"
    made = {
        "title": "T",
        "description": "D.",
        "http": http,
        "effect": effect,
        "costs": costs,
        "input": given,
        "output": {200: None},
    }
    return {k: v for k, v in made.items() if v not in (False, {})}


def _strict(actions: dict[str, Any]) -> tuple[dict[str, bool], list[Loss]]:
    model = shop(actions=actions, surfaces={"anthropic": {}}, resources={}, workflows={}, groups={})
    return {tool["name"]: tool["strict"] for tool in _tools(model)[STRICT]}, _losses(model)


def test_budgets_go_to_what_costs_first() -> None:
    """Then to what writes; a small one behind one that does not fit still does. The file keeps the
    catalogue's order.
    """
    actions = {
        "looks": _action(optional=10),
        "writes": _action("write", optional=12, method="POST"),
        "pays": _action("write", optional=11, costs=True, method="POST"),
        "peeks": _action(optional=1),
    }
    found, losses = _strict(actions)
    assert found == {"looks": False, "writes": True, "pays": True, "peeks": True}
    assert list(found) == list(actions)
    assert [(loss.origin, loss.detail) for loss in losses] == [
        (("actions", "looks", "input"), "more than 24 optional arguments in all strict tools")
    ]


def test_unions_are_counted() -> None:
    found, losses = _strict({"one": _action("write", unions=16, method="POST"), "two": _action(unions=1)})
    assert found == {"one": True, "two": False}
    assert [loss.detail for loss in losses] == ["more than 16 arguments of several types in all strict tools"]


def test_no_more_than_twenty_tools_are_strict() -> None:
    actions = {f"act_{n}": {**_action(), "http": f"GET /a{n}"} for n in range(23)}
    found, losses = _strict(actions)
    assert list(found.values()) == [True] * 20 + [False] * 3
    assert {loss.detail for loss in losses} == {"more than 20 strict tools"}
    assert len(losses) == 3


def test_a_minimum_of_items_past_one_goes_into_the_description() -> None:
    given = {"type": "array", "items": {"type": "string"}, "minItems": 2, "description": "Things"}
    without = {"actions__search_products__examples": {}, "surfaces__openai__cases": None}
    tools = _tools(shop(actions__search_products__input__q=given, **without))
    schema = tools[STRICT][0]["input_schema"]["properties"]["q"]
    assert schema == {
        "type": "array",
        "items": {"type": "string"},
        "description": "Things (at least 2 items)",
    }
    assert tools[PLAIN][0]["input_schema"]["properties"]["q"]["minItems"] == 2


@pytest.mark.parametrize(
    ("name", "taken"), [("has-dash", True), ("x" * 128, True), ("x" * 129, False), ("has.dot", False)]
)
def test_a_name_that_the_api_refuses_is_refused(name: str, taken: bool) -> None:
    found = build(
        shop(actions__search_products__texts={"anthropic": {"name": name}}), only=["anthropic"]
    ).diagnostics
    assert {d.id for d in found} == (set() if taken else {f"{id}/refused" for id in TARGETS})
