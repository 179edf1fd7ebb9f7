"""Decides whether one JSON Schema accepts every value that another accepts: proved, refuted by a value, or
open.

`yes` rests on a proof over the keywords (`proof`), `no` on a value that one accepts and the other refuses
(`witness`). The question cannot be decided in bounded time for all schemas, so there is a third answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.diff.closed import close_objects
from pgagents.diff.named import form, make_named
from pgagents.diff.proof import Prover
from pgagents.diff.samples import candidates
from pgagents.jsonschema.schema import closure, validator
from pgagents.source.origin import plain

Schemas = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision; `example` is a value that the first accepts and the second refuses, as JSON; empty
    unless `no`.
    """

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
    """Decide whether `other` accepts all values that `one` accepts; each has the named schemas that it refers
    to.

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
    """Return whether both schemas are equal without their texts, including the schemas that they refer to."""
    if form(one) != form(other):
        return False
    a, b = make_named(known), make_named(others)
    names = a.closure(one)
    return names == b.closure(other) and all(a.forms[name] == b.forms[name] for name in names)


def format_json(value: Any, width: int = 160) -> str:
    """Return a value as JSON, cut to a width."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= width else text[: width - 1] + "…"
