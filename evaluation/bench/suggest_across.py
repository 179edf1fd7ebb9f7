"""Judge what is proposed across several calls: is it true in other worlds, and is what was written found?"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.cel import expression
from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.model import Model
from pgagents.suggest.across import (
    ProposedMembers,
    ProposedRelation,
    breaks,
    list_lives,
    list_pairs,
    list_read_back,
)
from pgagents.suggest.samples import Samples
from pgagents.suggest.tables import text_key
from pgagents.suggest.writing import Across


def find_broken_across(across: Across, model: Model, samples: Samples, where: str) -> dict[str, str]:
    """Return what a world breaks of relations, fixed members and read-back, each with where."""
    found: dict[str, str] = {}
    for relation in across.relations:
        pairs = list_pairs(samples.of_action(relation.action), relation.widen)
        if any(breaks(relation, small, large) for small, large in pairs):
            found[_say_relation(relation)] = where
    for one in across.members:
        if broken := _find_changed(one, model, samples):
            found[f"{one.resource} {broken}"] = where
    return found


def _say_relation(relation: ProposedRelation) -> str:
    return f"{relation.action}: {relation.keeps} keeps with a greater {relation.widen}"


def _find_changed(one: ProposedMembers, model: Model, samples: Samples) -> str:
    """Return a member that changed or was not read back; empty if all is as proposed."""
    lives = list_lives(model.resources[one.resource], samples)
    for name in one.fixed:
        if any(name in life.body and life.changes(name) for life in lives):
            return f"fixed: {name}"
    if one.law:
        law = expression.compile(one.law, ("created", "read", "input"))
        for life, body in list_read_back(model.resources[one.resource], lives):
            if not Scope({"created": life.body, "read": body, "input": {}}).is_true(law):
                return f"law: {one.law[:60]}"
    return ""


def list_found(across: Across, whole: Model, samples: Samples) -> Iterator[tuple[str, bool]]:
    """Yield each relation, list of fixed members and read-back law that a person wrote, and if it is found.

    A fixed member of which all worlds show one value is not asked for: a schema says that better.
    """
    proposed = {(r.action, r.widen, r.keeps) for r in across.relations}
    for action in whole.actions:
        for relation in action.relations:
            key = (str(action.name), relation.widen, relation.keeps.wording)
            yield f"relation {action.name}.{relation.name}", key in proposed
    fixed = {m.resource: {*m.fixed} for m in across.members if m.fixed}
    laws = {m.resource for m in across.members if m.law}
    for resource in whole.resources.values():
        if resource.fixed:
            lives = list_lives(resource, samples)
            wanted = {n for n in resource.fixed if len({text_key(x.body.get(n)) for x in lives}) > 1}
            yield f"fixed {resource.name}", wanted <= fixed.get(resource.name, set())
        if any("created" in law.names for law in resource.laws):
            yield f"read-back {resource.name}", resource.name in laws
