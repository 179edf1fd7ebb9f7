"""Write laws across several calls as YAML: relations of an action, members and laws of a resource."""

from __future__ import annotations

from collections.abc import Sequence

from pgagents.suggest.across.instances import ProposedMembers
from pgagents.suggest.across.relations import ProposedRelation
from pgagents.suggest.writing.lines import comment, entry, scalar


def list_relation_lines(relations: Sequence[ProposedRelation]) -> list[str]:
    """Return the lines of one action's relations, below its name."""
    lines = ["    relations:"] if relations else []
    for relation in relations:
        seen = "one pair" if relation.pairs == 1 else f"{relation.pairs} pairs"
        lines += comment(f"{seen} of answers kept this; seen: {relation.example}", "      # ", "      # ")
        lines += [
            f"      {relation.name}:",
            f"        widen: {relation.widen}",
            *entry("keeps", relation.keeps, 8),
        ]
        lines += entry("by", relation.by, 8) if relation.by != "id" else []
        lines += entry("unless", relation.unless, 8) if relation.unless else []
        lines += entry("fits", relation.fits, 8) if relation.fits else []
    return lines


def list_resource_lines(members: Sequence[ProposedMembers]) -> list[str]:
    """Return the lines of the laws about resources, each resource once."""
    lines = ["resources:"] if members else []
    for name in dict.fromkeys(one.resource for one in members):
        lines.append(f"  {name}:")
        for one in (m for m in members if m.resource == name):
            lines += _list_fixed(one) if one.fixed else _list_law(one)
    return lines


def _list_fixed(one: ProposedMembers) -> list[str]:
    """Return the members that never change, as a YAML list in lines of limited length."""
    said = f"{one.instances} instances kept these, {one.changed} of them through a change of other members"
    listed = comment(f"[{', '.join(map(scalar, one.fixed))}]", "      ", "       ")
    return [*comment(said, "    # ", "    # "), "    fixed:", *listed]


def _list_law(one: ProposedMembers) -> list[str]:
    said = f"{one.instances} instances were read back so before anything else was written"
    return ["    laws:", f"      # {said}", *entry("read-back", one.law, 6)]
