"""Collect the secrets in answers, and decide if a schema declares a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.verify.check.setting import Setting

SHORTEST = 8
"""Length (characters) from which a text counts as a secret; shorter texts stand in other answers by
chance.
"""
MAX_DEPTH = 12
_NESTED = (dict, list)


def collect(value: Any, names: frozenset[str], told: dict[str, str]) -> None:
    """Add the text of each member with one of these names to `told`, which maps texts to member names."""
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                if name in names and len(member) >= SHORTEST:
                    told[member] = str(name)
            elif isinstance(member, _NESTED):
                collect(member, names, told)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, _NESTED):
                collect(item, names, told)


def declares(setting: Setting, key: Any, schema: Mapping[str, Any] | None) -> bool:
    """True if a schema has a secret member.

    `key` identifies the schema, so that the result is computed once a run.
    """
    if schema is None:
        return False
    return setting.compute_once(
        ("secrets", "declares", key), lambda: bool(setting.model.secrets & set(_names(schema, setting, 0)))
    )


def _names(schema: Mapping[str, Any], setting: Setting, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        return
    schema = setting.resolve_schema(schema)
    for name, member in (schema.get("properties") or {}).items():
        yield str(name)
        yield from _names(member, setting, depth + 1)
    for part in (
        schema.get("items"),
        *(schema.get("allOf") or ()),
        *(schema.get("anyOf") or ()),
        *(schema.get("oneOf") or ()),
    ):
        if isinstance(part, Mapping):
            yield from _names(part, setting, depth + 1)
