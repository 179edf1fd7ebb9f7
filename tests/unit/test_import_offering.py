"""An import offers every vendor what it takes: all actions, or those of the resources that matter most."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.catalogue.load import load_text
from pgagents.generate.build import build
from pgagents.importer.surfaces import MOST_CHOSEN, list_plain

PLURALS = ("books", "shelves", "readers", "loans", "fines", "rooms")


def resource(
    path: str, name: str, methods: str = "list get create update delete", **more: Any
) -> dict[str, Any]:
    """The paths of a resource with these operations."""
    told = {"description": f"Works on the {name} of the town's library, one after the other", **more}
    ways = {"list": ("get", path), "create": ("post", path), "get": ("get", f"{path}/{{{name}_id}}")}
    ways |= {"update": ("patch", f"{path}/{{{name}_id}}"), "delete": ("delete", f"{path}/{{{name}_id}}")}
    found: dict[str, Any] = {}
    for word in methods.split():
        method, at = ways[word]
        found.setdefault(at, {})[method] = operation(
            operationId=f"{word}_{name}", summary=f"{word} {name}", **told
        )
    return found


def large(**more: Any) -> dict[str, Any]:
    """A document with more operations than any vendor takes, most of which read something small."""
    paths = {f"/small{n}": {"get": operation(operationId=f"small{n}")} for n in range(120)}
    for name in PLURALS:
        paths |= resource(f"/v1/{name}", name)
    for n in range(9):
        paths[f"/v1/rooms/{{rooms_id}}/chair{n}"] = {"get": operation(operationId=f"chair{n}")}
    return openapi({**paths, **more})


def test_whole_resources_are_chosen_and_the_one_with_most_operations_first() -> None:
    made = imported(large())
    chosen = made.data["groups"]["agents"]
    assert len(chosen) == MOST_CHOSEN
    assert chosen[:5] == [f"{word}_rooms" for word in ("list", "get", "create", "update", "delete")]
    assert chosen[5:10] == [f"{word}_books" for word in ("list", "get", "create", "update", "delete")]
    assert made.chosen.startswith("20 of 159 actions: rooms (5), books (5), shelves (5), readers (5)")
    assert len(made.data["actions"]) == 159


def test_every_vendor_gets_its_file_and_one_line_changes_the_choice() -> None:
    made = imported(large())
    assert made.without == {}
    assert {name: s["actions"] for name, s in made.data["surfaces"].items()} == {
        "rest": "all", **dict.fromkeys(list_plain(), "agents"),
    }  # fmt: skip
    text = made.text.replace("openai: {actions: agents}", "openai: {actions: [small1]}")
    model = load_text(text)
    assert [a.name for a in model.surfaces["openai"].actions] == ["small1"]
    assert [d for d in build(model).diagnostics if d.severity == "error"] == []


@pytest.mark.matrix
def test_what_is_deprecated_or_for_administrators_is_not_chosen() -> None:
    more = resource("/admin/keys", "keys") | resource("/v1/scrolls", "scrolls", deprecated=True)
    for n in range(9):
        more[f"/admin/keys/{{keys_id}}/part{n}"] = {"get": operation(operationId=f"part{n}")}
        more[f"/v1/scrolls/{{scrolls_id}}/part{n}"] = {"get": operation(operationId=f"piece{n}")}
    chosen = imported(large(**more)).data["groups"]["agents"]
    assert not [name for name in chosen if "keys" in name or "scrolls" in name]
    assert chosen[0] == "list_rooms"


def test_resource_that_does_not_fit_whole_is_left_to_those_that_do() -> None:
    """Three places are left after three resources of five and one of two."""
    paths = {f"/small{n}": {"get": operation(operationId=f"small{n}")} for n in range(120)}
    for name, methods in (
        ("a", ""),
        ("b", ""),
        ("c", ""),
        ("d", "list get"),
        ("e", ""),
        ("f", "get create delete"),
    ):
        paths |= resource(f"/{name}", name, methods or "list get create update delete")
        for n in range({"a": 9, "b": 8, "c": 7, "d": 9, "e": 3, "f": 2}[name]):
            paths[f"/{name}/{{{name}_id}}/part{n}"] = {"get": operation(operationId=f"{name}{n}")}
    chosen = imported(openapi(paths)).data["groups"]["agents"]
    assert {name[-1] for name in chosen if "_" in name} == {"a", "b", "c", "d", "f"}
    assert chosen[-3:] == ["get_f", "create_f", "delete_f"]


def test_action_that_asks_a_model_for_a_secret_is_not_chosen_and_asked_about_where_all_are_offered() -> None:
    body = {
        "content": {"application/json": {"schema": {"properties": {"client_secret": {"type": "string"}}}}}
    }
    secret = {
        f"/v1/tokens{n}": {"post": operation(operationId=f"token{n}", requestBody=body)} for n in range(2)
    }
    for n in range(9):
        secret[f"/v1/tokens0/part{n}"] = {"get": operation(operationId=f"part{n}")}
    made = imported(large(**secret))
    assert "token0" not in made.data["groups"]["agents"]
    assert made.without == {}
    few = imported(openapi(secret))
    assert {s["actions"] for s in few.data["surfaces"].values()} == {"all"}
    assert "argument `client_secret` of `token0` is a secret" in few.text


def test_secret_that_every_operation_may_take_rules_none_of_them_out() -> None:
    """Google's documents list `access_token` among the parameters of every operation."""
    token = {"name": "access_token", "in": "query", "schema": {"type": "string"}}
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}", parameters=[token])} for n in range(31)}
    made = imported(openapi(paths))
    assert made.without == {}
    assert len(made.data["groups"]["agents"]) == MOST_CHOSEN


def test_port_that_https_has_anyway_keeps_no_vendor_away() -> None:
    made = imported(
        openapi({"/a": {"get": operation()}}, servers=[{"url": "https://library.example:443/v1"}])
    )
    assert made.data["api"]["server"] == "https://library.example"
    assert made.without == {}


def test_header_that_chatgpt_drops_keeps_one_action_from_it_and_not_the_others() -> None:
    header = {"name": "X-Shop", "in": "header", "required": True, "schema": {"type": "string"}}
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(3)}
    paths["/b"] = {"get": operation(operationId="b", parameters=[header])}
    made = imported(openapi(paths))
    model = load_text(made.text)
    assert [a.name for a in model.surfaces["openai"].actions] == ["a0", "a1", "a2"]
    assert len(model.surfaces["gemini"].actions) == 4
    alone = imported(openapi({"/b": paths["/b"]}))
    assert "openai" not in alone.data["surfaces"]
    assert "which GPT Actions cannot send" in alone.without["openai"]


def test_text_that_is_too_long_for_one_vendor_is_shorter_there_alone() -> None:
    long = "Gives the book that lies on top. " * 20
    made = imported(openapi({"/books": {"get": operation(description=long)}}))
    assert made.without == {}
    action = load_text(made.text).actions[0]
    assert len(str(action.description)) > 600
    text = str(action.texts["openai"].description)
    assert 200 < len(text) <= 300
    assert text.endswith("on top.")


def test_operation_with_a_circular_answer_is_kept_from_the_vendor_that_refuses_it() -> None:
    part = {
        "type": "object",
        "properties": {"parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}},
    }
    answer = {
        "200": {
            "description": "It",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Part"}}},
        }
    }
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(3)}
    paths["/parts"] = {"get": operation(operationId="parts", responses=answer)}
    made = imported(openapi(paths, components={"schemas": {"Part": part}}))
    model = load_text(made.text)
    assert "parts" not in [a.name for a in model.surfaces["openai"].actions]
    assert "parts" in [a.name for a in model.surfaces["anthropic"].actions]
    assert [d for d in build(model).diagnostics if d.id == "openai/openapi/limit"] == []
