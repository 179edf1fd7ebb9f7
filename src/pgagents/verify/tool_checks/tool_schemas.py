"""Each tool is defined as the protocol says: its members have their types, and its schemas are valid schemas
of objects.

A schema is read in the dialect that its `$schema` names, else as JSON Schema 2020-12. Nothing is fetched, so
a reference must not lead out of the tool. Recommended is that `required` names arguments among `properties`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.report.contract import Rank
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import judge_without_calls, list_tools

_TEXTS = ("title", "description")
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each tool: about its members, its schemas, and the arguments that it requires."""
    del roles
    attempt = judge_without_calls("tool_schemas/all")
    for tool in list_tools(setting):
        says = f"the members of {tool.name} have the types of a tool's"
        about: Any = ("the types of the protocol", _find_wrong_member(tool.definition), {})
        yield tool.case("members", says, attempt, calls=False, about=about)
        for detail, part in (("input", "inputSchema"), ("output", "outputSchema")):
            if detail == "input" or part in tool.definition:
                says = f"the {detail} schema of {tool.name} is a valid schema of an object"
                about = ("a valid schema of an object", find_schema_problem(tool.definition.get(part)), {})
                yield tool.case(detail, says, attempt, part=part, calls=False, about=about)
        says, part = f"each argument that {tool.name} requires is among its properties", "inputSchema"
        about = ("every required argument is described", _find_undescribed(tool.definition.get(part)), {})
        yield tool.case("required", says, attempt, part=part, advice=True, calls=False, about=about)


def _find_wrong_member(tool: Mapping[str, Any]) -> str:
    for member in _TEXTS:
        if member in tool and not isinstance(tool[member], str):
            return f"`{member}` is not a text"
    hints = tool.get("annotations", {})
    if not isinstance(hints, Mapping):
        return "`annotations` is not an object"
    wrong = next((hint for hint in _HINTS if not isinstance(hints.get(hint, True), bool)), "")
    return f"`annotations.{wrong}` is not a boolean" if wrong else ""


def find_schema_problem(schema: Any) -> str:
    """Describe what is wrong with a tool's schema; empty if it is right."""
    if not isinstance(schema, Mapping):
        return "there is none" if schema is None else "it is not an object"
    if schema.get("type") != "object":
        return f"its type is {str(schema.get('type', 'not there'))[:40]}, not `object`"
    try:
        foreign_validator(schema)
    except ValueError as error:
        return f"it is not a valid schema: {error}"
    return ""


def _find_undescribed(schema: Any) -> str:
    """Name the first required argument that the schema does not describe; empty if it describes all."""
    if not isinstance(schema, Mapping) or any(k in schema for k in ("$ref", "allOf", "anyOf", "oneOf")):
        return ""
    wanted, members = schema.get("required"), schema.get("properties", {})
    if not isinstance(wanted, list) or not isinstance(members, Mapping):
        return ""
    missing = [str(name) for name in wanted if name not in members]
    return f"`{missing[0][:80]}` is not a property" if missing else ""


CHECK = make_check("tool_schemas", __doc__, cases, tools=True, rank=Rank.UNDOCUMENTED)
