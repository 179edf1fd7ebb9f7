"""Group proposals into readings. A reading is a claim that a person accepts or refuses as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgagents.cel.parser import MAX_CHARS
from pgagents.suggest.candidate import Proposal, Written, write_at

ROOM = 200
"""Characters that remain free below the longest allowed expression."""
_EVERYWHERE = ("places", "by-now", "unique")
"""Groups that make one claim about the whole API."""


@dataclass(frozen=True, slots=True)
class Named:
    """A law with its name in the catalogue, and the proposals that it expresses."""

    name: str
    law: Written
    parts: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A claim for the author to accept or refuse."""

    title: str
    laws: tuple[Named, ...]
    score: float

    @property
    def parts(self) -> list[Proposal]:
        """Return the proposals in the reading."""
        return list(dict.fromkeys(part for law in self.laws for part in law.parts))


def group(proposals: Sequence[Proposal]) -> list[Reading]:
    """Return the readings, grouped laws first, then the strongest."""
    by_key: dict[tuple[str, ...], list[Proposal]] = {}
    for number, proposal in enumerate(proposals):
        by_key.setdefault(_key(proposal, number), []).append(proposal)
    found = [_make(several) for several in by_key.values()]
    return sorted(found, key=lambda r: (len(r.parts) == 1, -r.score))


def _key(proposal: Proposal, number: int) -> tuple[str, ...]:
    candidate = proposal.candidate
    name = candidate.group.partition(" ")[0]
    if name in _EVERYWHERE:
        return (name,)
    if name == "rest":
        name = "kept"
    if name in ("kept", "never"):
        return (name, proposal.sites[0].action)
    if name == "there":
        return (candidate.group, candidate.table.name)
    return ("", str(number))


def _make(proposals: Sequence[Proposal]) -> Reading:
    laws: list[Named] = []
    for action in dict.fromkeys(site.action for p in proposals for site in p.sites):
        parts = [(p, write_at(p.candidate, s)) for p in proposals for s in p.sites if s.action == action]
        for chunk in _chunks(parts):
            own = tuple(dict.fromkeys(p for p, _ in chunk))
            laws.append(Named(_name(own[0]), _join(action, [w for _, w in chunk]), own))
    score = max(p.evidence.score for p in proposals)
    return Reading(_name(proposals[0]), tuple(laws), score)


def _chunks(parts: Iterable[tuple[Proposal, Written]]) -> list[list[tuple[Proposal, Written]]]:
    """Divide laws of one action into parts, each short enough for one law."""
    found: list[list[tuple[Proposal, Written]]] = []
    length = 0
    for one in parts:
        size = len(one[1].that) + len(one[1].when) + 12
        if not found or length + size > MAX_CHARS - ROOM:
            found.append([])
            length = 0
        found[-1].append(one)
        length += size
    return found


def _join(action: str, written: Sequence[Written]) -> Written:
    """Return one law with all these claims. A condition that all have is written once."""
    if len(written) == 1:
        return written[0]
    shared = [c for c in split(written[0].when) if all(c in split(w.when) for w in written)]
    parts = []
    for one in written:
        own = " && ".join(c for c in split(one.when) if c not in shared)
        that = f"({one.that})" if "||" in one.that or "?" in one.that or own else one.that
        parts.append(f"(!({own}) || {that})" if own else that)
    return Written(action, " && ".join(parts), " && ".join(shared))


def split(when: str) -> list[str]:
    """Return the parts of a conjunction that `_join` made."""
    return when.split(" && ") if when else []


def _name(proposal: Proposal) -> str:
    name = proposal.candidate.name
    if proposal.candidate.group.startswith("never"):
        name = "not-told"
    if proposal.candidate.group == "by-now":
        name = "not-after-now"
    if proposal.candidate.group.startswith("there"):
        name = name.partition(" ")[0]
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", name.lower())).strip("-") or "law"
