"""Whether every value that one JSON Schema takes is taken by another: proved, refuted by a value, or open.

`yes` rests on a proof over the keywords (`proof`), `no` on a value that one takes and the other refuses (`witness`).
Inclusion of JSON Schemas is not decidable in bounded time, so there is a third answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.diff.proof import Prover
from pgagents.diff.witness import candidates
from pgagents.origin import plain
from pgagents.schema import closure, validator

ANNOTATIONS = frozenset(("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"))
Schemas = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """`example` is a value that the first takes and the second refuses, as JSON; empty unless the verdict is `no`."""

    verdict: Literal["yes", "no", "open"]
    example: str = ""


def included(one: Mapping[str, Any], known: Schemas, other: Mapping[str, Any], others: Schemas) -> Answer:
    """Whether all that `one` takes is taken by `other`; each with the named schemas it refers to."""
    if same_form(one, known, other, others):
        return Answer("yes")
    one, other = plain(one), plain(other)
    known = {name: plain(known[name]) for name in closure(one, known)}
    others = {name: plain(others[name]) for name in closure(other, others)}
    try:
        takes, refuses = validator(one, known), validator(other, others)
    except ValueError:
        return Answer("open")
    for value in candidates(one, known, other, others):
        if takes.is_valid(value) and not refuses.is_valid(value):
            return Answer("no", shown(value))
    return Answer("yes") if Prover(known, others, refuses).proves(one, other) else Answer("open")


def same_form(one: Mapping[str, Any], known: Schemas, other: Mapping[str, Any], others: Schemas) -> bool:
    """Whether both are written alike, texts apart, down to the schemas they refer to."""
    if _form(one) != _form(other):
        return False
    names = set(closure(one, known))
    return names == set(closure(other, others)) and all(_form(known[name]) == _form(others[name]) for name in names)


def _form(schema: Any) -> str:
    """The schema as text, so that true is not 1."""
    return json.dumps(bare(schema), sort_keys=True)


def bare(schema: Any) -> Any:
    """The schema without what only people read."""
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "patternProperties") and isinstance(value, Mapping):
            made[key] = {name: bare(member) for name, member in value.items()}
        elif key in ("oneOf", "anyOf", "allOf"):
            made[key] = [bare(member) for member in value]
        elif key == "required" and isinstance(value, list):
            made[key] = sorted(value)
        elif key not in ANNOTATIONS:
            made[key] = bare(value)
    return made


def shown(value: Any, width: int = 160) -> str:
    """A value as JSON, cut to a width."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= width else text[: width - 1] + "…"
