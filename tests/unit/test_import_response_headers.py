"""A response header is demanded of the responses whose document requires it, and of no others."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.catalogue.load import load_text
from pgagents.importer.catalogue import Imported

WHOLE = {"type": "integer"}
ERROR = {"description": "No", "content": {"application/json": {"schema": {"type": "object"}}}}


def give(required: bool | None = True, schema: Any = WHOLE, name: str = "X-Total") -> dict[str, Any]:
    """Return a response with a header; one without it for None."""
    header = {"schema": schema, **({"required": True} if required else {})}
    return {"description": "It", **({} if required is None else {"headers": {name: header}})}


def describe(*actions: dict[str, Any], **more: Any) -> Imported:
    """Import actions with these responses."""
    paths = {
        f"/{n}": {"get": {"operationId": f"get{n}", "responses": responses, **more}}
        for n, responses in enumerate(actions)
    }
    made = imported(openapi(paths), offering=False)
    assert load_text(made.text).actions
    return made


def own(made: Imported, status: int = 200) -> list[Any]:
    """Return the header that each action's own output has; None for an action without it."""
    outputs = [action["output"].get(status) or {} for action in made.data["actions"].values()]
    return [output.get("headers", {}).get("X-Total") for output in outputs]


def lost(made: Imported) -> list[str]:
    return [note.message for note in made.notes if note.kind == "lost"]


OPTIONAL = {**WHOLE, "required": False}


@pytest.mark.parametrize("status", ["200", "201", "2XX"])
@pytest.mark.parametrize("turn", [1, -1])
def test_header_that_one_action_requires_is_demanded_of_that_action_alone(status: str, turn: int) -> None:
    made = describe(*[{status: give(True)}, {status: give(False)}][::turn])
    assert "headers" not in made.data
    wanted = [WHOLE, OPTIONAL][::turn]
    assert own(made, 201 if status == "201" else 200) == wanted


def test_header_of_one_status_leaves_another_action_with_an_optional_one() -> None:
    made = describe({"201": give(True)}, {"200": give(False)})
    assert "headers" not in made.data
    assert (own(made, 201), own(made)) == ([WHOLE, None], [None, OPTIONAL])


@pytest.mark.parametrize("turn", [1, -1])
def test_header_with_two_schemas_has_each_for_its_own_action(turn: int) -> None:
    schemas = [{"type": "string", "const": "1"}, {"type": "string", "const": "2"}][::turn]
    made = describe(*({"201": give(True, schema)} for schema in schemas))
    assert "headers" not in made.data
    assert own(made, 201) == schemas


@pytest.mark.parametrize(
    "errors", [{"default": ERROR}, {"4XX": ERROR}, {"404": ERROR}, {"404": ERROR, "default": ERROR}, {}]
)
def test_header_of_successes_is_not_demanded_of_errors(errors: Any) -> None:
    made = describe({"200": give(), **errors}, {"201": give(), **errors})
    assert made.data["headers"]["X-Total"]["on"] == "success"


@pytest.mark.parametrize(
    ("actions", "on"),
    [
        ([{"200": give(), "404": give()}, {"200": give(), "default": give()}], "all"),
        ([{"200": give(None), "4XX": give()}, {"200": give(None), "default": give()}], "error"),
        ([{"200": give(None), "429": give()}, {"200": give(None), "429": give()}], "error"),
        ([{"200": give(None), "429": give(), "404": ERROR}, {"200": give(None), "429": give()}], 429),
        ([{"201": give(), "4XX": ERROR}, {"200": give(None)}], 201),
        ([{"200": give(None), "429": give(), "4XX": ERROR}], 429),
        ([{"default": give()}], "success"),
        ([{"200": give(None), "429": give(), "4XX": ERROR}, {"200": give(None), "default": ERROR}], None),
        ([{"default": give(None)}, {"200": give(), "404": ERROR}], None),
        ([{"200": give(None), "4XX": give(), "404": ERROR}], None),
    ],
)
def test_header_is_demanded_of_a_class_that_always_has_it(actions: list[Any], on: Any) -> None:
    made = describe(*actions)
    assert made.data.get("headers", {}).get("X-Total", {}).get("on") == on


def test_header_of_https_alone_needs_no_required() -> None:
    name = "Strict-Transport-Security"
    made = describe({"200": give(False, name=name), "404": give(False, name=name)})
    assert (made.data["headers"][name]["on"], made.data["headers"][name]["https"]) == ("all", True)


def test_header_that_only_some_errors_require_is_a_loss() -> None:
    made = describe({"200": give(True), "404": give(True)}, {"200": give(False), "404": ERROR})
    assert own(made) == [WHOLE, OPTIONAL]
    assert "header `X-Total` is required of other responses too, of no one class" in lost(made)
    made = describe({"200": give(None), "4XX": give(True), "5XX": ERROR})
    assert "header `X-Total` comes with some errors only, of no one class" in lost(made)


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#/components/schemas/Total"}, {"anyOf": [WHOLE, {"type": "null"}]}, {"enum": [1]}],
)
def test_header_without_a_type_of_its_own_is_no_text(schema: Any) -> None:
    """`$ref` with `type: string` beside it let no number fit."""
    paths = {"/0": {"get": {"operationId": "get0", "responses": {"200": give(False, schema)}}}}
    made = imported(openapi(paths, components={"schemas": {"Total": WHOLE}}), offering=False)
    (header,) = made.model.actions[0].outputs[0].headers
    assert "type" not in header.schema
    assert describe({"200": give(False, {})}).model.actions[0].outputs[0].headers[0].schema == {
        "type": "string"
    }
