"""Limit the size of a schema in a dialect that has no references, where each reference is replaced.

Schemas that refer to each other can grow exponentially: sixteen that each name the next twice make 65,536. No
model reads that much, so references are followed only as deep as MAX_NODES allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.jsonschema.schema import REF

MAX_NODES = 1_000
"""Largest number of schemas that one schema may expand to.

The largest in the shipped catalogues expands to 34.
"""
MAX_STEPS = 20 * MAX_NODES
"""Largest number of steps for translating one schema.

After that, keywords that multiply each other are cut.
"""


def depth_that_fits(schema: Mapping[str, Any], schemas: Mapping[str, Any], unroll: int) -> int | None:
    """Return how many references deep the schema may be expanded, or None if all of it fits.

    `unroll` is how often a recursive schema appears on one path.
    """
    if _fits(schema, schemas, unroll, None):
        return None
    depth = 0
    while _fits(schema, schemas, unroll, depth + 1):
        depth += 1
    return depth


def _fits(schema: Mapping[str, Any], schemas: Mapping[str, Any], unroll: int, depth: int | None) -> bool:
    count = 0
    waiting: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(schema, ())]
    while waiting:
        node, path = waiting.pop()
        count += 1
        if count > MAX_NODES:
            return False
        name = str(node.get("$ref", ""))[len(REF) :]
        if name in schemas and path.count(name) < unroll and (depth is None or len(path) < depth):
            waiting.append((schemas[name], (*path, name)))
        waiting.extend((child, path) for child in _children(node))
    return True


def _children(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    members = node.get("properties")
    one = [node.get("items"), node.get("additionalProperties")]
    several = [branch for key in ("oneOf", "anyOf", "allOf") for branch in node.get(key) or ()]
    for child in [*one, *several, *(members.values() if isinstance(members, Mapping) else ())]:
        if isinstance(child, Mapping):
            yield child
