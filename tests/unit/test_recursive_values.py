"""Schemas that contain themselves have values with an end, and their places are broken once."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from pgagents.catalogue.load import load_text
from pgagents.verify.run.run import contracts
from pgagents.verify.values.invalid_values import violations
from pgagents.verify.values.schema_values import accepts, distinct, high, low
from small_api import NOTES

REF = "#/components/schemas/"


def _object(*required: str, **members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(required)}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"{REF}{name}"}


SCHEMAS: dict[str, Any] = {
    "Self": _object(a={"type": "integer", "maximum": 9}, self=_ref("Self")),
    "Parent": _object("parent", parent={"anyOf": [_ref("Parent"), {"type": "null"}]}),
    "Last": _object("parent", parent={"oneOf": [{"type": "null"}, _ref("Last")]}),
    "Tree": _object("leaves", leaves={"type": "array", "items": _ref("Tree")}),
    "Pair": _object(left=_ref("Pair"), right=_ref("Pair"), rest={"type": "array", "items": _ref("Pair")}),
    "One": _object("two", two=_ref("Two")),
    "Two": _object(one=_ref("One"), n={"type": "integer"}),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_have_an_end_and_are_valid(name: str) -> None:
    for value in (low(_ref(name), SCHEMAS), high(_ref(name), SCHEMAS), distinct(_ref(name), SCHEMAS, 1)):
        assert accepts(_ref(name), SCHEMAS, value), value


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_place_is_broken_once(name: str) -> None:
    found = list(islice(violations(_ref(name), SCHEMAS, required=True), 1_000))
    assert 3 < len(found) < 100
    assert max(len(one.path) for one in found) <= 3


def test_a_schema_that_stands_beside_itself_is_broken_at_both_places() -> None:
    schemas = {"Money": _object("cents", cents={"type": "integer", "minimum": 0})}
    both = _object(price=_ref("Money"), tax=_ref("Money"))
    found = {one.path for one in violations(both, schemas, required=False) if one.keyword == "minimum"}
    assert found == {("price", "cents"), ("tax", "cents")}
    assert high(both, schemas) == {"price": {"cents": 10}, "tax": {"cents": 10}}


def test_an_object_without_an_end_is_no_traceback() -> None:
    endless = {"Endless": _object("next", next=_ref("Endless"))}
    assert isinstance(low(_ref("Endless"), endless), dict)
    assert isinstance(distinct(_ref("Endless"), endless, 1), dict)


def test_contracts_of_a_recursive_argument_are_listed() -> None:
    node = "Node: {type: object, properties: {text: {type: string, maxLength: 9}, parent: {$ref: Node}}}"
    text = NOTES.replace("schemas:\n", f"schemas:\n  {node}\n", 1)
    text = text.replace("input: {text: {", "input: {node: {$ref: Node}, text: {", 1)
    found = {c.id for c in contracts(load_text(text, "notes.yaml"))}
    assert "invalid_input/maxLength/node.text/create_note@rest" in found
    assert "invalid_input/type/node.parent/create_note@rest" in found


@pytest.mark.parametrize(("item", "sent"), [("string", False), ("integer", True)])
def test_no_text_stands_for_a_list_of_texts(item: str, sent: bool) -> None:
    """JupyterHub takes each letter of `usernames: "AV-000"` for the name of a user whom it makes."""
    schema = {"type": "array", "items": {"type": item}}
    every = violations(schema, {}, required=True)
    wrong = [one.value for one in every if (one.keyword, one.path) == ("type", ())]
    assert not any(isinstance(value, str) for value in wrong)
    assert any(type(value) is int for value in wrong) is sent
