"""The work of a plan grows with the document, and hardly faster: nothing lists everything for each thing."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from importing import imported, openapi, operation
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import plan

NAMES = ("alpha", "bravo", "delta", "gamma", "kappa", "lima", "omega", "sigma", "tango", "zulu")
KNOWN_AT = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def make_document(resources: int) -> dict[str, Any]:
    """A document of so many resources, each with five operations."""
    paths: dict[str, Any] = {}
    for number in range(resources):
        name = f"{NAMES[number % 10]}{NAMES[number // 10]}"
        sent = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
        thing = {**sent, "properties": {"id": {"type": "string"}, **sent["properties"]}}
        body = {"required": True, "content": {"application/json": {"schema": sent}}}
        one, many = ({"200": answering(schema)} for schema in (thing, {"type": "array", "items": thing}))
        gone = {"404": {"description": "It is not there"}}
        paths[f"/{name}s"] = {
            "get": operation(operationId=f"list_{name}s", responses=many),
            "post": operation(
                operationId=f"create_{name}", requestBody=body, responses={"201": answering(thing)}
            ),
        }
        paths[f"/{name}s/{{id}}"] = {
            "parameters": [KNOWN_AT],
            "get": operation(operationId=f"get_{name}", responses=one | gone),
            "patch": operation(operationId=f"change_{name}", requestBody=body, responses=one | gone),
            "delete": operation(
                operationId=f"delete_{name}", responses={"204": {"description": "Gone"}} | gone
            ),
        }
    return openapi(paths)


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "It", "content": {"application/json": {"schema": schema}}}


def make_plan(resources: int) -> None:
    known = imported(make_document(resources)).model
    made = plan(known, Options(live=False), Identities({"main": "k"}), url="http://127.0.0.1:1")
    assert made.total > 5 * resources


def count_calls(resources: int) -> int:
    """Return how many functions of Python begin or go on, also as generators, while a plan is made."""
    count = 0

    def note(_frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        make_plan(resources)
    finally:
        sys.setprofile(before)
    return count


def test_the_work_of_a_plan_is_nearer_to_the_operations_than_to_their_square() -> None:
    """Counted calls are the same on each machine. The ratio is 2 for what is linear, and 5 for the square."""
    make_plan(1)
    few, more, most = map(count_calls, (10, 30, 70))
    assert most - more < 3.2 * (more - few), (few, more, most)
