"""Two calls differ in one argument: the wider answer contains everything that the narrower one contains.

Each relation of the catalogue is tried with a narrow and a wide value (Park Graph, PG-L5: a wider radius or a
larger limit never loses a lot that still fits). With `fits`, a narrow answer that has room lacks no item of
the wide one that fits it. A page may be shorter than its limit (Google's AIP-158).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.action import Relation
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.request_template import answer_that_will_do
from pgagents.verify.judgement import conclude
from pgagents.verify.laws import values_of
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

KEEPS, FITS = "", "fits"
"""The kinds of promises about a relation, as its contracts' details end."""
NOT_AGAIN = "the second try was not answered as promised"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each relation of each endpoint. One probe of an endpoint tries all its relations,
    because several may share the wide call.
    """
    del roles
    for endpoint in setting.endpoints:
        relations = endpoint.action.relations
        cost = 1 + len(relations) + sum(relation.fits is not None for relation in relations)
        attempt = Attempt(together=_compare, cost=cost)
        for relation in relations:
            for kind, says in _list_promises(endpoint, relation):
                detail, cite = f"{relation.name}/{kind}".removesuffix("/"), relation.cite or None
                yield Case(endpoint, says, relation.origin, attempt, detail, cite, about=(relation, kind))


def _list_promises(endpoint: Endpoint, relation: Relation) -> Iterator[tuple[str, str]]:
    """Yield the kind of each promise, and the promise in words."""
    name, widen = endpoint.action.name, relation.widen
    yield KEEPS, f"{name} with a greater {widen} keeps what it answered before"
    if relation.fits is not None:
        yield FITS, f"{name} leaves out nothing that fits a smaller {widen}"


# -- the calls that a relation compares


@dataclass(frozen=True, slots=True)
class Comparison:
    """One relation while it is tried: its calls, and the trials of its promises by kind."""

    relation: Relation
    trials: Mapping[str, Trial]

    @property
    def trial(self) -> Trial:
        """The trial of the promise that each relation makes: the wide answer keeps the narrow one's items."""
        return self.trials[KEEPS]

    @property
    def reuse(self) -> Reuse:
        """The earlier answers that may serve for an equal read."""
        return answer_that_will_do(self.trial.setting, self.trial.endpoint)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """The least and the greatest value of the widened argument."""
        param = self.trial.action.param(self.relation.widen)
        assert param is not None
        schemas = self.trial.model.schemas
        return low(param.schema, schemas), high(param.schema, schemas)

    def call(self, arguments: Mapping[str, Any], why: str = "", *, again: bool = False) -> Call:
        """Return a call with these arguments; `why` is its purpose, if the widened value does not say it.

        With `again`, no earlier answer may serve for it, because others may have changed it meanwhile.
        """
        widen = self.relation.widen
        why = why or f"{widen} {arguments.get(widen, 'left out')}"
        return self.trial.call("valid", why, input=arguments, reuse="" if again else self.reuse)

    def widened(self, arguments: Mapping[str, Any], value: Any) -> dict[str, Any]:
        """Return the arguments with another value of the widened argument (None removes it)."""
        return replace_argument(self.trial.endpoint, arguments, self.relation.widen, value)

    def list_ids(self, exchange: Exchange) -> list[Any] | None:
        """Return the ids of the answer's items; None if there is no list."""
        return ids_of(self.trial.model, self.relation, exchange)

    def list_items(self, exchange: Exchange) -> list[dict[str, Any]] | None:
        """Return the answer's items; None if there is no list."""
        return instances_of(self.trial.model, self.relation, exchange)

    @property
    def may_change(self) -> bool:
        """True if a list may differ between two calls: others use the server, or an earlier answer served.

        A try once more then shows the difference again, or it counts for nothing.
        """
        return not self.trial.setting.exclusive or self.reuse == "ever"

    def ask_again(self, small: Exchange, large: Exchange) -> tuple[Exchange, list[dict[str, Any]] | None]:
        """Return the narrow answer anew, and the items that the wide one has before it and after it; None if
        one of the two has no list.
        """
        before = self.list_ids(large)
        small = ask(self.call(small.call.input, f"{small.call.why}, once more", again=True))
        items = self.list_items(ask(self.call(large.call.input, f"{large.call.why}, once more", again=True)))
        if before is None or items is None:
            return small, None
        return small, [item for item in items if item.get(self.relation.by) in before]

    def list_narrowed(self) -> list[dict[str, Any]]:
        """Return the arguments of the narrow calls to try in turn, until one is answered with items: the
        example's value, the default (the argument is left out), and the least one.

        The other arguments are as in the example, or at their widest, or left out: its filters may match
        nothing any more, as on the Express library of `evaluation/foreign` (2026-11-21).
        """
        param = self.trial.action.param(self.relation.widen)
        assert param is not None
        usual, widen, (least, most) = self.trial.template.input, self.relation.widen, self.bounds
        required = {p.name for p in self.trial.endpoint.params if p.required}
        needed = {name: value for name, value in usual.items() if name in required}
        wide = dict(usual)
        for other in self.trial.action.relations:
            narrow = self.trial.action.param(other.widen)
            if narrow is not None and other.widen != widen:
                wide[other.widen] = high(narrow.schema, self.trial.model.schemas)
        default = self.trial.setting.resolve_schema(param.schema).get("default", most)
        values = [usual.get(widen, most), None if default != most else most, least]
        given = [value for value in values if value != most]
        return [self.widened(others, value) for others in (usual, wide, needed) for value in given]


def replace_argument(
    endpoint: Endpoint, arguments: Mapping[str, Any], name: str, value: Any
) -> dict[str, Any]:
    """Return the arguments with one replaced (None removes it), in the catalogue's order.

    So equal calls are equal requests.
    """
    replaced = {**arguments, name: value}
    declared = [str(param.name) for param in endpoint.params]
    return {k: replaced[k] for k in sorted(replaced, key=declared.index) if k != name or value is not None}


def _compare(trials: Sequence[Trial]) -> None:
    comparisons: dict[str, Comparison] = {}
    for trial in trials:
        relation, kind = trial.case.about
        tried = comparisons[relation.name].trials if relation.name in comparisons else {}
        comparisons[relation.name] = Comparison(relation, {**tried, kind: trial})
    for comparison in comparisons.values():
        reason = _judge(comparison)
        for trial in comparison.trials.values() if reason else ():
            conclude(trial.untested(reason))


def _judge(comparison: Comparison) -> str:
    """Compare a narrow answer with the widest one; return why that was impossible, else an empty text."""
    relation, model = comparison.relation, comparison.trial.model
    _, most = comparison.bounds
    reason = "no narrow call answered anything"
    for arguments in comparison.list_narrowed():
        small = ask(comparison.call(arguments))
        had = comparison.list_ids(small)
        if not had:
            continue
        if is_excused(model, relation, small):
            reason = "the narrow call's answer was full"
            continue
        large = ask(comparison.call(comparison.widened(arguments, most)))
        has = comparison.list_ids(large)
        if has is None:
            reason = "the wide call was not answered as promised"
            continue
        _judge_kept_items(comparison, arguments, had, has)
        if FITS in comparison.trials:
            _judge_fitting(comparison, small, large)
        return ""
    return reason


# -- the narrow and the wide answer.
#
# If others may use the server, a difference counts only if a second try shows it, too. That try asks for the
# one answer between two of the other: what both of these have was there all the time.


def _judge_kept_items(
    comparison: Comparison, arguments: dict[str, Any], had: list[Any], has: list[Any]
) -> None:
    """Judge that the wide answer holds all items of the narrow one."""
    trial, (_, most) = comparison.trial, comparison.bounds
    lost = [id for id in had if id not in has]
    if lost and comparison.may_change:
        why = f"{comparison.relation.widen} {most}, as others use the server too"
        wide = comparison.widened(arguments, most)
        now = comparison.list_ids(ask(comparison.call(wide, why, again=True)))
        why = f"{comparison.relation.widen} {arguments.get(comparison.relation.widen, 'left out')} once more"
        later = comparison.list_ids(ask(comparison.call(arguments, why, again=True)))
        if now is None or later is None:
            conclude(trial.untested(NOT_AGAIN))
            return
        lost = [id for id in had if id in later and id not in now]
    if lost:
        expected = f"all of {had[:5]} with {comparison.relation.widen} {most} too"
        conclude(trial.broken(expected, "lost: {lost}", lost=lost[:5]))
    else:
        conclude(trial.kept())


def _judge_fitting(comparison: Comparison, small: Exchange, large: Exchange) -> None:
    """Judge that the narrow answer, if it has room, lacks no item of the wide one that belongs into it."""
    relation, trial = comparison.relation, comparison.trials[FITS]
    lost = find_lost(trial.model, relation, small, comparison.list_items(large) or ())
    if lost and comparison.may_change:
        small, items = comparison.ask_again(small, large)
        lost = find_lost(trial.model, relation, small, items) if items is not None else None
    if lost is None:
        conclude(trial.untested("no narrow answer with room came"))
    elif lost:
        expected = f"{relation.by} {lost[0].get(relation.by)}, which fits"
        conclude(trial.broken(expected, "it is in the wider answer alone"))
    else:
        conclude(trial.kept())


# -- the expressions of a relation


def scope_of(model: Model, exchange: Exchange) -> Scope | None:
    """Return the scope of a relation's expressions; None unless the answer is a sound success."""
    if not exchange.fits or not exchange.success:
        return None
    return Scope({**values_of(model, exchange), "before": None})


def ids_of(model: Model, relation: Relation, exchange: Exchange) -> list[Any] | None:
    """Return the ids of the answer's items; None if there is no list."""
    items = instances_of(model, relation, exchange)
    return None if items is None else [item.get(relation.by) for item in items]


def instances_of(model: Model, relation: Relation, exchange: Exchange) -> list[dict[str, Any]] | None:
    """Return the answer's items; None if there is no list."""
    scope = scope_of(model, exchange)
    items = scope.find_value(relation.keeps) if scope is not None else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else None


def is_excused(model: Model, relation: Relation, exchange: Exchange) -> bool:
    """True if the author's `unless` makes the relation claim nothing about this narrower answer, for example
    because it is full.
    """
    scope = scope_of(model, exchange)
    if relation.unless is None or scope is None:
        return False
    return scope.is_true(relation.unless, otherwise=True)


def find_lost(
    model: Model, relation: Relation, small: Exchange, items: Iterable[dict[str, Any]]
) -> list[dict[str, Any]] | None:
    """Return the first of these items that belongs into the narrow answer and is missing there, if there is
    one; None if that answer has no list, or no room, so that it shows nothing.
    """
    had, scope = ids_of(model, relation, small), scope_of(model, small)
    if had is None or scope is None or relation.fits is None or is_excused(model, relation, small):
        return None
    for item in items:
        if item.get(relation.by) not in had:
            scope.change("item", item)
            if scope.is_true(relation.fits):
                return [item]
    return []


CHECK = make_check(
    "relation",
    __doc__,
    cases,
    stage=4,
    calls_correctly=True,
    self_contained=True,
    overlap="readers",
    rank=Rank.WRONG,
)
