"""Mine laws: make tables of the samples, judge the proposals of the templates, drop implied ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base import registry
from pgagents.base.cel import expression
from pgagents.base.cel.expression import Reading, Scope
from pgagents.base.cel.functions import epoch
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.action import Action, Example, Law
from pgagents.catalogue.model.model import Model
from pgagents.suggest.candidate import (
    Candidate,
    Evidence,
    Proposal,
    Written,
    is_enough,
    judge,
    judge_under,
    list_guards,
    write_at,
)
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.tables import Column, Site, Table, make_tables
from pgagents.verify.laws import evaluate_law

TEMPLATES = "pgagents.suggest.templates"


def mine(model: Model, samples: Samples) -> list[Proposal]:
    """Return the laws that hold in all samples and have enough evidence, the strongest first."""
    found: list[Proposal] = []
    for table in make_tables(model, samples):
        if table.rows < 2:
            continue
        for candidate, evidence in _judge_all(table):
            proposal = _find_lasting(model, samples, candidate, evidence)
            if proposal is not None:
                found.append(proposal)
    return prune(found)


def _find_lasting(
    model: Model, samples: Samples, candidate: Candidate, evidence: Evidence
) -> Proposal | None:
    """Return the candidate, or the first weaker one, that no sample and no documented example breaks."""
    for one in (candidate, *candidate.weaker):
        held = evidence if one is candidate else judge_under(one, candidate.guard)
        if held is None or (one is not candidate and not is_enough(one, held)):
            continue
        known = {s: judge_at(write_at(one, s), samples) for s in one.only or one.table.sites}
        sites = tuple(site for site, holds in known.items() if holds)
        if not sites or False in known.values():
            continue
        if not any(contradicts(model, write_at(one, s)) for s in sites):
            return Proposal(one, held, sites)
    return None


def _judge_all(table: Table) -> Iterator[tuple[Candidate, Evidence]]:
    """Yield each candidate of a table that holds, or else its first weaker form that does."""
    guards = list_guards(table)
    for module in registry.collect(TEMPLATES).values():
        propose = getattr(module, "propose", None)
        for candidate in propose(table) if propose is not None else ():
            yield from judge(candidate, guards)


# -- implied proposals


MOST_EACH = 2
"""The most equations about one number under one condition."""
_ORDER = (
    "echo",
    "lists",
    "places",
    "filters",
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


# -- laws on samples


NAMES = ("input", "response", "status", "surface", "now", "before", "env", "headers")


def compile_law(written: Written) -> Law | None:
    """Return the law; None if its text does not compile."""
    try:
        that = expression.compile(written.that, NAMES)
        when = expression.compile(written.when, NAMES) if written.when else None
    except ExpressionError:
        return None
    return Law("suggested", that, when, (), ())


def judge_at(written: Written, samples: Samples) -> bool | None:
    """Return True if a law holds in all samples, False if one breaks it, None if it applies to none."""
    law = compile_law(written)
    return False if law is None else check(law, samples.of_action(written.action))


def check(law: Law, samples: Sequence[Sample]) -> bool | None:
    """Return True if a law holds, False if a sample breaks it or cannot be evaluated, None if no sample
    applies.
    """
    reading = Reading.of(law.parts)
    known: bool | None = None
    for sample in samples:
        outcome = evaluate_law(law, Scope(sample.values, reading)).outcome
        if outcome in ("broken", "error"):
            return False
        if outcome == "held":
            known = True
    return known


# -- examples as samples


def contradicts(model: Model, written: Written) -> bool:
    """Return True if a documented example of the action breaks a law, or if the law cannot be evaluated on
    it.
    """
    action, law = model.action(written.action), compile_law(written)
    if action is None or law is None:
        return law is None
    return any(_is_broken(law, values) for values in _list_values(model, action))


def _is_broken(law: Law, values: Mapping[str, Any]) -> bool:
    if any(values.get(name) is None for name in law.names & {"now", "before", "headers"}):
        return False
    scope = Scope(values)
    try:
        return law.applies(scope) and not scope.holds(law.that)
    except ExpressionError:
        return True


def _list_values(model: Model, action: Action) -> Iterator[dict[str, Any]]:
    """Yield the variables of laws for each documented success."""
    defaults = {str(p.name): p.schema["default"] for p in action.params if "default" in p.schema}
    for example in action.examples:
        if 200 <= example.status < 300 and example.output is not None:
            raw = _find_raw(model, example)
            yield {
                "input": {**defaults, **example.input},
                "response": example.output,
                "status": example.status,
                "surface": "rest",
                "now": epoch(raw["at"]) if raw.get("at") else None,
                "before": raw.get("before"),
                "env": model.env,
                "headers": None,
            }


def _find_raw(model: Model, example: Example) -> Mapping[str, Any]:
    """Return the example in the catalogue's form; empty if it comes from elsewhere."""
    value: Any = model.source.data
    for step in example.origin:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return value if isinstance(value, Mapping) else {}
