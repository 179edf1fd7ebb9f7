"""Write readings as YAML to paste into a catalogue, each law with its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.suggest.across.instances import ProposedMembers
from pgagents.suggest.across.relations import ProposedRelation
from pgagents.suggest.candidate import Proposal, Written
from pgagents.suggest.readings import Named, Reading
from pgagents.suggest.writing.across import list_relation_lines, list_resource_lines
from pgagents.suggest.writing.former import LAWS
from pgagents.suggest.writing.lines import WIDTH, comment, entry, scalar

EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Tried:
    """A reading, and the number of chosen calls in which its laws applied and held."""

    reading: Reading
    calls: int


@dataclass(frozen=True, slots=True)
class Across:
    """Proposals across several calls: relations of actions, and members and laws of resources."""

    relations: Sequence[ProposedRelation] = ()
    members: Sequence[ProposedMembers] = ()

    @property
    def count(self) -> int:
        """Return the number of claims to read."""
        return len(self.relations) + len(self.members)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A law that held in the run until a chosen call broke it."""

    law: Written
    call: str


def write_yaml(
    tried: Sequence[Tried],
    dropped: Sequence[Dropped],
    across: Across,
    *,
    exchanges: int,
    sought: int,
    actions: Sequence[str],
    redact: Callable[[str], str] = str,
) -> str:
    """Return the document with the laws of each action. Laws that calls tried to break come first.

    `redact` masks secrets in the examples.
    """
    readings = len(tried) + across.count
    laws = sum(len(t.reading.laws) for t in tried) + across.count
    lines = [
        f"# {laws} {LAWS} {readings} readings held in {exchanges:,} answers, {sought:,} of them sought.",
        "# A law that held is not yet a promise: keep those that you mean, and delete the others.",
    ]
    by_action: dict[str, list[tuple[Named, int, str]]] = {}
    for one in tried:
        places = len(one.reading.laws)
        also = f"; the same at {places} places" if places > 1 else ""
        for named in one.reading.laws:
            by_action.setdefault(named.law.action, []).append((named, one.calls, also))
    related = {a: [r for r in across.relations if r.action == a] for a in actions}
    told = [a for a in actions if a in by_action or related[a]]
    lines += ["actions:"] if told else []
    for action in told:
        lines.append(f"  {action}:")
        lines += ["    laws:", *_list_laws(by_action[action], redact)] if action in by_action else []
        lines += list_relation_lines(related[action])
    lines += list_resource_lines(across.members)
    if dropped:
        lines.append("# These held in the run until a chosen call broke them:")
        for gone in dropped:
            lines += comment(f"{gone.law.action}: {_say(gone.law)} (broken by {gone.call})", "# - ", "#   ")
    return "\n".join(lines) + "\n"


def _list_laws(laws: Iterable[tuple[Named, int, str]], redact: Callable[[str], str]) -> list[str]:
    """Return the lines of one action's laws, each name once."""
    ordered = sorted(laws, key=lambda one: one[1] == 0)
    lines: list[str] = []
    names: set[str] = set()
    seen = False
    for named, calls, also in ordered:
        if not calls and not seen:
            seen = True
            lines.append("      # -- only seen: no call was sent that could break these --")
        name, number = named.name, 2
        while name in names:
            name, number = f"{named.name}-{number}", number + 1
        names.add(name)
        lines += comment(redact(_describe(named, calls)) + also, "      # ", "      # ")
        lines += _entry(name, named.law)
    return lines


def _entry(name: str, law: Written) -> list[str]:
    if not law.when and len(law.that) < WIDTH - 30:
        return [f"      {name}: {scalar(law.that)}"]
    lines = [f"      {name}:"]
    for key, text in (("when", law.when), ("that", law.that)):
        lines += entry(key, text, 8) if text else []
    return lines


def _describe(named: Named, calls: int) -> str:
    """Return the evidence of a law in one sentence."""
    weakest = min(named.parts, key=lambda p: p.evidence.score)
    evidence = weakest.evidence
    n = f"{evidence.n} different cases" if evidence.n != 1 else "one case"
    said = f"{n}, {evidence.q:.0%} of swapped values would break it"
    if len(named.parts) > 1:
        said = f"{len(named.parts)} parts, the weakest with {said}"
    if shown := _example(weakest):
        said += f"; seen: {shown}"
    return f"{said}; {calls} chosen calls did not break it" if calls else said


def _example(proposal: Proposal) -> str:
    """Return the values of one row as an example."""
    columns, values = proposal.candidate.columns, proposal.evidence.example
    if len(columns) != len(values) or any(c.schema.get("private") for c in columns):
        return ""
    shown = [f"{c.text.replace('§.', '')} = {_brief(v)}" for c, v in zip(columns, values, strict=True)]
    return ", ".join(shown[:4])


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= EXAMPLE else text[: EXAMPLE - 1] + "…"


def _say(law: Written) -> str:
    return f"{law.that} when {law.when}" if law.when else law.that
