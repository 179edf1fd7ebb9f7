"""Drop proposals that other proposals imply, so that people read each fact once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.suggest.candidate import Proposal, write_at
from pgagents.suggest.columns import Column
from pgagents.suggest.tables import Site

MOST_EACH = 2
"""The most equations about one number under one condition."""
_ORDER = (
    "echo",
    "lists",
    "places",
    "derived",
    "kept",
    "times",
    "sums",
    "presence",
    "filled",
    "constants",
    "never",
    "unsaid",
    "order",
)


def prune(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Return the proposals without implied ones, the best evidence first."""
    ranked = sorted(proposals, key=_rank)
    kept = _Kept()
    return [p for p in ranked if kept.admits(p)]


def _rank(proposal: Proposal) -> tuple[Any, ...]:
    candidate = proposal.candidate
    pooled = candidate.table.kind == "object"
    family = _ORDER.index(candidate.family) if candidate.family in _ORDER else len(_ORDER)
    return (
        candidate.guard is not None,
        not pooled,
        family,
        len(candidate.columns),
        -candidate.prior,
        -proposal.evidence.score,
        candidate.that,
    )


@dataclass(slots=True)
class _Kept:
    """The admitted proposals, by their claims."""

    written: set[tuple[str, str]] = field(default_factory=set)
    classes: dict[tuple[int, str], str] = field(default_factory=dict)
    related: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)
    pairs: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)
    switched: set[tuple[str, str]] = field(default_factory=set)
    lists: dict[tuple[str, str, str], int] = field(default_factory=dict)
    targets: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def admits(self, proposal: Proposal) -> bool:
        """Return True if no admitted proposal implies this one. Then admit it."""
        candidate = proposal.candidate
        texts = [(w.action, w.that) for w in (write_at(candidate, s) for s in proposal.sites)]
        if all(text in self.written for text in texts):
            return False
        table = f"{candidate.table.kind} {candidate.table.name}"
        paths = frozenset(_absolute(proposal, c.text) for c in candidate.columns)
        scope = texts[0][0] if candidate.table.kind != "object" else table
        if candidate.family == "order" and len(paths) == 2 and self._is_implied(proposal):
            return False
        if candidate.family in ("sums", "times") and len(paths) > 2 and self._is_implied(proposal):
            return False
        if candidate.family == "sums" and len(paths) == 2 and self._is_related(proposal):
            return False
        if candidate.family == "presence":
            self.switched.add((table, candidate.name.partition(" ")[2]))
        if candidate.name.endswith("-if-given"):
            self.switched.add((texts[0][0], candidate.columns[0].text))
        if candidate.family == "unsaid" and (texts[0][0], candidate.columns[0].text) in self.switched:
            return False
        if candidate.family == "never" and (table, candidate.columns[0].text) in self.switched:
            return False
        if candidate.group.startswith(("sort", "unique")):
            key = (table, candidate.group, candidate.guard.text if candidate.guard else "")
            if self.lists.get(key, 0) or (
                candidate.guard and self.lists.get((table, candidate.group, ""), 0)
            ):
                return False
            self.lists[key] = 1
        if candidate.family in ("sums", "times") and not self._has_room(proposal):
            return False
        if candidate.family in ("echo", "kept") and not self._joins(proposal, scope):
            return False
        if candidate.family == "times" and len(candidate.columns) == 2:  # about now
            self._joins(proposal, scope)
        self.written.update(texts)
        for site in proposal.sites:
            guard = candidate.guard.text if candidate.guard else ""
            names = self._names(site, candidate.columns)
            self.related.add((site.action, guard, names))
            if candidate.family == "sums" and len(paths) == 2:
                self.pairs.add((site.action, guard, names))
        return True

    def _is_implied(self, proposal: Proposal) -> bool:
        """True if an admitted law relates these columns at every place."""
        columns = proposal.candidate.columns
        for site in proposal.sites:
            own = self._names(site, columns)
            guards = {"", proposal.candidate.guard.text if proposal.candidate.guard else ""}
            if not any(a == site.action and g in guards and own <= other for a, g, other in self.related):
                return False
        return True

    def _is_related(self, proposal: Proposal) -> bool:
        """True if an unconditional equation of exactly these two columns was admitted at every place."""
        columns = proposal.candidate.columns
        return all((s.action, "", self._names(s, columns)) in self.pairs for s in proposal.sites)

    def _names(self, site: Site, columns: Iterable[Column]) -> frozenset[str]:
        """Return the columns at a place. Columns that are known to be equal have the same name."""
        return frozenset(self._root(hash(site.action), _at(c.text, site.path)) for c in columns)

    def _has_room(self, proposal: Proposal) -> bool:
        """Admit at most `MOST_EACH` equations for each number and condition. Return True if this one fits."""
        candidate = proposal.candidate
        target = _absolute(proposal, candidate.columns[0].text)
        if candidate.family == "times" and not candidate.that.startswith(("near", target)):
            target = candidate.that
        guard = candidate.guard.text if candidate.guard else ""
        names = [
            (
                site.action,
                _at(candidate.columns[0].text, site.path) if target != candidate.that else target,
                g,
            )
            for site in proposal.sites
            for g in {guard, ""}
        ]
        if all(self.targets.get(name, 0) >= MOST_EACH for name in names):
            return False
        for name in names:
            if name[2] == guard:
                self.targets[name] = self.targets.get(name, 0) + 1
        return True

    def _joins(self, proposal: Proposal, scope: str) -> bool:
        """Return True if an equality joins two columns that are not known to be equal. Then admit it."""
        candidate = proposal.candidate
        if candidate.guard is not None or len(candidate.columns) != 2:
            return True
        number = hash(scope)
        a, b = (self._root(number, _absolute(proposal, c.text)) for c in candidate.columns)
        if a == b:
            return False
        self.classes[number, a] = b
        return True

    def _root(self, number: int, path: str) -> str:
        while (number, path) in self.classes:
            path = self.classes[number, path]
        return path


def _at(text: str, path: tuple[str, ...]) -> str:
    return text.replace("§", ".".join(path)) if path else text


def _absolute(proposal: Proposal, text: str) -> str:
    """Return a column's text at the first place of the proposal."""
    return _at(text, proposal.sites[0].path)


def only(proposal: Proposal, sites: Iterable[Any]) -> Proposal:
    """Return a proposal restricted to some of its places."""
    return replace(proposal, sites=tuple(sites))
