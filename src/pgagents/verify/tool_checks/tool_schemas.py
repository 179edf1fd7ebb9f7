"""Each tool is defined as the protocol says: its members have their types, and its schemas are valid schemas
of objects.

A schema is read in the dialect that its `$schema` names, else as JSON Schema 2020-12. Nothing is fetched, so
a reference must not lead out of the tool. Recommended is that `required` names arguments among `properties`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.report.contract import Contract, Rank
from pgagents.verify.promise import Check, Judgement, Probe, judge_broken, judge_kept
from pgagents.verify.setting import Setting
from pgagents.verify.tools import contract_id, judging, tool_contract
from pgagents.verify.wire.mcp_link import ToolListing

NAME = "tool_schemas"
_TEXTS = ("title", "description")
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each tool: about its members, its schemas, and the arguments that it requires."""
    for number, name, tool in setting.listing.named if setting.listing is not None else ():
        yield tool_contract(
            NAME, "members", number, tool, f"the members of {name} have the types of a tool's"
        )
        says = f"the input schema of {name} is a valid schema of an object"
        yield tool_contract(NAME, "input", number, tool, says, part="inputSchema")
        if "outputSchema" in tool:
            says = f"the output schema of {name} is a valid schema of an object"
            yield tool_contract(NAME, "output", number, tool, says, part="outputSchema")
        says = f"each argument that {name} requires is among its properties"
        yield tool_contract(NAME, "required", number, tool, says, part="inputSchema", advice=True)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for all definitions."""
    del roles
    yield from judging(setting, f"{NAME}/all", [c.id for c in promises(setting)], _judge)


def _judge(listing: ToolListing) -> Iterator[Judgement]:
    for _, name, tool in listing.named:
        contract = contract_id(NAME, "members", name)
        wrong = _find_wrong_member(tool)
        yield judge_broken(contract, "the types of the protocol", wrong) if wrong else judge_kept(contract)
        for kind, member in (("input", "inputSchema"), ("output", "outputSchema")):
            if kind == "output" and member not in tool:
                continue
            contract = contract_id(NAME, kind, name)
            wrong = find_schema_problem(tool.get(member))
            yield (
                judge_broken(contract, "a valid schema of an object", wrong)
                if wrong
                else judge_kept(contract)
            )
        contract = contract_id(NAME, "required", name)
        missing = _find_undescribed(tool.get("inputSchema"))
        yield (
            judge_broken(contract, "every required argument is described", f"`{missing[:80]}` is no property")
            if missing
            else judge_kept(contract)
        )


def _find_wrong_member(tool: Mapping[str, Any]) -> str:
    for member in _TEXTS:
        if member in tool and not isinstance(tool[member], str):
            return f"`{member}` is no text"
    hints = tool.get("annotations", {})
    if not isinstance(hints, Mapping):
        return "`annotations` is no object"
    wrong = next((hint for hint in _HINTS if not isinstance(hints.get(hint, True), bool)), "")
    return f"`annotations.{wrong}` is no boolean" if wrong else ""


def find_schema_problem(schema: Any) -> str:
    """Describe what is wrong with a tool's schema; empty if it is right."""
    if not isinstance(schema, Mapping):
        return "there is none" if schema is None else "it is no object"
    if schema.get("type") != "object":
        return f"its type is {str(schema.get('type', 'not there'))[:40]}, not `object`"
    try:
        foreign_validator(schema)
    except ValueError as error:
        return f"it is no valid schema: {error}"
    return ""


def _find_undescribed(schema: Any) -> str:
    """Return the first required argument that the schema does not describe; empty if it describes all."""
    if not isinstance(schema, Mapping) or any(k in schema for k in ("$ref", "allOf", "anyOf", "oneOf")):
        return ""
    wanted, members = schema.get("required"), schema.get("properties", {})
    if not isinstance(wanted, list) or not isinstance(members, Mapping):
        return ""
    return next((str(name) for name in wanted if name not in members), "")


CHECK = Check(NAME, __doc__, promises, probes=probes, tools=True, rank=Rank.UNDOCUMENTED)
