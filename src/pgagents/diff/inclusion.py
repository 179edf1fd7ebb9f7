"""Decide whether one JSON Schema accepts every value that another accepts: `yes`, `no` or open.

`yes` rests on a proof over the keywords (`proof`). `no` rests on a value that one schema accepts and the
other refuses (`witness`). The question cannot be decided in bounded time for all schemas, so it may stay
open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.diff.closed import close_objects
from pgagents.diff.named import form, make_named
from pgagents.diff.proving.prover import Prover
from pgagents.diff.samples import candidates
from pgagents.jsonschema.schema import closure, validator
from pgagents.source.origin import plain

Schemas = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision. `example` is JSON of a value that only the first schema accepts; empty unless `no`."""

    verdict: Literal["yes", "no", "open"]
    example: str = ""


def decide_inclusion(
    one: Mapping[str, Any],
    known: Schemas,
    other: Mapping[str, Any],
    others: Schemas,
    *,
    named_only: bool = False,
) -> Answer:
    """Decide whether `other` accepts all values that `one` accepts. `known` and `others` are their named
    schemas.

    `named_only` leaves out values with members that `one` does not name, except in maps.
    """
    if same_form(one, known, other, others):
        return Answer("yes")
    one, other = plain(one), plain(other)
    known = {name: plain(known[name]) for name in closure(one, known)}
    others = {name: plain(others[name]) for name in closure(other, others)}
    try:
        takes = validator(*(close_objects(one, known) if named_only else (one, known)))
        refuses = validator(other, others)
    except ValueError:
        return Answer("open")
    for value in candidates(one, known, other, others):
        if takes.is_valid(value) and not refuses.is_valid(value):
            return Answer("no", format_json(value))
    return Answer("yes") if Prover(known, others, refuses).proves(one, other) else Answer("open")


def same_form(one: Mapping[str, Any], known: Schemas, other: Mapping[str, Any], others: Schemas) -> bool:
    """Return whether both schemas, and the schemas that they refer to, are equal apart from texts."""
    if form(one) != form(other):
        return False
    a, b = make_named(known), make_named(others)
    names = a.closure(one)
    return names == b.closure(other) and all(a.forms[name] == b.forms[name] for name in names)


def format_json(value: Any, width: int = 160) -> str:
    """Return a value as JSON, cut to a number of characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= width else text[: width - 1] + "…"
