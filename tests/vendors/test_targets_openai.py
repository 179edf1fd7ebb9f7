"""OpenAI's function tools: what the API asks, which tools are strict, and that a documented call still
fits.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from offering import OFFERING, shop
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.generate.build import build, targets
from pgagents.generate.target import Loss, Target

PLAIN = ["openai/tools.chat.json", "openai/tools.responses.json"]
STRICT = ["openai/tools.chat.strict.json", "openai/tools.responses.strict.json"]
TARGETS = [
    "openai/tools_chat",
    "openai/tools_responses",
    "openai/tools_chat_strict",
    "openai/tools_responses_strict",
]


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _tools(model: Model) -> dict[str, list[dict[str, Any]]]:
    """By file its tools, the nested form opened."""
    built = build(model, only=TARGETS)
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path: [tool.get("function", tool) for tool in json.loads(a.data)] for a in built.artifacts()}


@pytest.fixture(scope="module")
def tools(model: Model) -> dict[str, list[dict[str, Any]]]:
    """The tools of all four files."""
    return _tools(model)


def _losses(model: Model, id: str = "openai/tools_chat_strict") -> tuple[Loss, ...]:
    target = targets()[id]
    assert isinstance(target, Target)
    return target.view(model).losses


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in (
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", ()),
        *([schema["items"]] if "items" in schema else []),
    ):
        yield from _parts(inner)


def _is(schema: dict[str, Any], kind: str) -> bool:
    kinds = schema.get("type", ())
    return kind == kinds or (isinstance(kinds, list) and kind in kinds)


def _given(value: Any) -> Any:
    """Return the given arguments of a strict call: null means that one is not given."""
    if isinstance(value, dict):
        return {name: _given(member) for name, member in value.items() if member is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def test_every_file_has_every_action_of_the_surface(
    model: Model, tools: dict[str, list[dict[str, Any]]]
) -> None:
    assert set(tools) == {*PLAIN, *STRICT}
    for found in tools.values():
        assert [tool["name"] for tool in found] == [
            action.name for action in list_offered(model.surfaces["openai_tools"])
        ]


def test_the_two_forms_say_the_same(tools: dict[str, list[dict[str, Any]]]) -> None:
    for chat, responses in zip(
        ("openai/tools.chat.json", STRICT[0]), ("openai/tools.responses.json", STRICT[1]), strict=True
    ):
        assert tools[chat] == [{k: v for k, v in tool.items() if k != "type"} for tool in tools[responses]]


def test_what_is_not_strict_says_so(tools: dict[str, list[dict[str, Any]]]) -> None:
    assert {tool["strict"] for path in PLAIN for tool in tools[path]} == {False}
    assert {tool["strict"] for path in STRICT for tool in tools[path]} == {True}


def test_every_object_names_its_members_and_every_array_its_items(
    tools: dict[str, list[dict[str, Any]]],
) -> None:
    seen = 0
    for found in tools.values():
        for part in (part for tool in found for part in _parts(tool["parameters"])):
            assert not _is(part, "object") or "properties" in part
            assert not _is(part, "array") or "items" in part
            seen += _is(part, "object")
    assert seen >= 16


def test_strict_asks_for_every_member(tools: dict[str, list[dict[str, Any]]]) -> None:
    for path in STRICT:
        for part in (part for tool in tools[path] for part in _parts(tool["parameters"])):
            if _is(part, "object"):
                assert part["required"] == list(part["properties"])
                assert part["additionalProperties"] is False


def test_what_is_optional_may_be_null_and_is_a_loss(
    model: Model, tools: dict[str, list[dict[str, Any]]]
) -> None:
    said = {(loss.origin, loss.went) for loss in _losses(model) if loss.constraint == "optional"}
    optional = 0
    for action, tool in zip(list_offered(model.surfaces["openai_tools"]), tools[STRICT[0]], strict=True):
        for param in action.params:
            if param.place != "header":
                member = tool["parameters"]["properties"][param.name]
                assert _is(member, "null") == (not param.required)
                if not param.required:
                    assert "null if not given" in member["description"].lower()
                    assert (param.origin, "widened") in said
                    optional += 1
    assert optional


def test_a_documented_call_fits_with_null_for_what_it_leaves_out(
    model: Model, tools: dict[str, list[dict[str, Any]]]
) -> None:
    tried = 0
    for path, found in tools.items():
        for action, tool in zip(list_offered(model.surfaces["openai_tools"]), found, strict=True):
            accepts = jsonschema_rs.Draft202012Validator(tool["parameters"])
            for example in action.examples:
                call = {k: v for k, v in example.input.items() if k in tool["parameters"]["properties"]}
                if example.status < 300:
                    sent = _filled(tool["parameters"], call) if path in STRICT else call
                    accepts.validate(sent)
                    assert _given(sent) == _given(call)
                    tried += 1
    assert tried >= 8


def _filled(schema: dict[str, Any], value: Any) -> Any:
    if isinstance(value, dict) and "properties" in schema:
        return {
            name: _filled(member, value[name]) if name in value else None
            for name, member in schema["properties"].items()
        }
    if isinstance(value, list) and "items" in schema:
        return [_filled(schema["items"], item) for item in value]
    return value


# changed catalogues


def _with(argument: dict[str, Any]) -> Model:
    return shop(actions__place_order__input__more={**argument, "description": "More."})


def _strict(model: Model) -> dict[str, bool]:
    return {tool["name"]: tool["strict"] for tool in _tools(model)[STRICT[0]]}


def test_a_tool_that_takes_members_of_any_name_is_not_strict() -> None:
    model = _with({"type": "object", "additionalProperties": {"type": "string"}})
    assert _strict(model) == {
        "search_products": True,
        "get_product": True,
        "place_order": False,
        "cancel_order": True,
    }
    chat = _tools(model)
    assert chat[STRICT[0]][2]["parameters"] == chat[PLAIN[0]][2]["parameters"]
    losses = [loss for loss in _losses(model) if loss.constraint == "strict"]
    assert [(loss.origin, loss.went) for loss in losses] == [(("actions", "place_order", "input"), "dropped")]
    assert "more" in losses[0].detail


def test_a_schema_too_deep_for_strict_mode_is_not_strict() -> None:
    def nested(levels: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "description": "The inmost."}
        for _ in range(levels):
            schema = {
                "type": "object",
                "properties": {"in": schema},
                "additionalProperties": False,
                "description": "One more.",
            }
        return schema

    assert _strict(_with(nested(9)))["place_order"]
    assert not _strict(_with(nested(10)))["place_order"]


@pytest.mark.parametrize(("count", "strict"), [(999, True), (1001, False)])
def test_more_choices_than_strict_mode_bears_are_not_strict(count: int, strict: bool) -> None:
    assert (
        _strict(_with({"type": "string", "enum": [f"c{n}" for n in range(count)]}))["place_order"] is strict
    )


@pytest.mark.parametrize(
    ("name", "taken"),
    [("has-dash", True), ("x" * 64, True), ("x" * 65, False), ("has.dot", False), ("créer", False)],
)
def test_a_name_that_the_api_refuses_is_refused(name: str, taken: bool) -> None:
    found = build(
        shop(actions__search_products__texts={"openai_tools": {"name": name}}), only=TARGETS
    ).diagnostics
    assert {d.id for d in found} == (set() if taken else {f"{id}/refused" for id in TARGETS})


@pytest.mark.parametrize(("count", "noted"), [(128, 0), (129, 4)])
def test_more_tools_than_the_api_takes_are_noted(count: int, noted: int) -> None:
    action = {"title": "T", "description": "D.", "effect": "read", "output": {200: None}}
    actions = {f"act_{n}": {**copy.deepcopy(action), "http": f"GET /a{n}"} for n in range(count)}
    model = shop(actions=actions, surfaces={"openai_tools": {}}, resources={}, workflows={}, groups={})
    assert len([d for d in build(model, only=TARGETS).diagnostics if d.id.endswith("/limit")]) == noted


def test_action_without_arguments_is_a_strict_tool() -> None:
    """OpenAI's strict mode asks for `required` of every object, of one without members too."""
    text = (Path(__file__).parents[1] / "catalogues/shop.yaml").read_text(encoding="utf-8")
    about = (
        "{title: List offers, description: List today's offers., http: GET /offers, effect: read, "
        "output: {200: null}}"
    )
    text = text.replace("\nactions:\n", f"\nactions:\n  list_offers:\n    {about}\n")
    model = load_text(text.replace("  xai: {actions: all}\n", "  openai_tools: {actions: all}\n"))
    built = build(model, only=["openai/tools_chat_strict", "openai/tools_responses_strict"])
    assert [d for d in built.diagnostics if d.severity == "error"] == []
    for file in built.files:
        tool = next(
            t.get("function", t)
            for t in json.loads(file.data)
            if t.get("function", t)["name"] == "list_offers"
        )
        assert tool["parameters"] == {
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        }
        assert tool["strict"] is True
