"""Two calls differ in one argument: the wider answer contains everything that the narrower one contains.

Each relation of the catalogue is tried with a narrow and a wide value. A page has as many items as its
argument allows, and the first ones of the list. A flag that filters a list keeps every item that has the
flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.reading import order_of
from pgagents.base.cel.rewrite import normal
from pgagents.catalogue.model.action import Relation
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.boundary import fills_a_page
from pgagents.verify.fixtures.request_template import answer_that_will_do
from pgagents.verify.laws import values_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Judgement, Trial, conclude, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

KEEPS, FITS, FILLED, FIRST, LEAVES_IN = "", "fits", "filled", "first", "leaves_in"
"""The kinds of promises about a relation, as its contracts' details end."""
TRUSTED = ("valid", "explore")
ENOUGH = 2
"""A wide list with fewer items may hide that a narrow one drops some, so another call is tried first."""
MOST_KNOWN = 100
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
            for kind, says in _list_promises(setting, endpoint, relation):
                others = kind == FIRST and not setting.exclusive
                settled = (Verdict.NOT_SELECTED, others_too(setting, "tells")) if others else None
                detail, cite = _detail_of(relation, kind), relation.cite or None
                about = (relation, kind)
                yield Case(endpoint, says, relation.origin, attempt, detail, cite, settled, about)


def _detail_of(relation: Relation, kind: str) -> str:
    return f"{relation.name}/{kind}" if kind else relation.name


def _list_promises(setting: Setting, endpoint: Endpoint, relation: Relation) -> Iterator[tuple[str, str]]:
    """Yield the kind of each promise, and the promise in words."""
    name, widen = endpoint.action.name, relation.widen
    yield KEEPS, f"{name} with a greater {widen} keeps what it answered before"
    if not fills_a_page(setting, endpoint, relation):
        if relation.fits is not None:
            yield FITS, f"{name} leaves out nothing that fits a smaller {widen}"
        return
    yield FILLED, f"{name} answers as many as {widen} allows, where there are more"
    if _find_order(endpoint, relation) is not None:
        yield FIRST, f"{name} answers the first ones, and not any {widen} of them put in order"
    for flag in _list_flags(setting, endpoint)[:1]:
        yield LEAVES_IN, f"{name} with {flag} leaves in each thing that has it"


def _find_order(endpoint: Endpoint, relation: Relation) -> tuple[str, bool] | None:
    """Return the member by which a law sorts the list, and true if it is descending; None without such a
    law.
    """
    kept = normal(relation.keeps.tree)
    for law in endpoint.action.laws:
        order = order_of(law.that.tree) if law.when is None else None
        if order is not None and normal(order.items) == kept:
            return order.member, order.descending
    return None


def _list_flags(setting: Setting, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the optional boolean arguments that are also boolean members of the listed items."""
    answer = setting.resolve_schema(endpoint.action.success.schema or {})
    members = [setting.resolve_schema(schema) for schema in answer.get("properties", {}).values()]
    items = [
        setting.resolve_schema(member.get("items", {})).get("properties", {})
        for member in members
        if "array" in types_of(member)
    ]
    if len(items) != 1:
        return ()
    return tuple(
        str(param.name)
        for param in endpoint.params
        if not param.required
        and types_of(setting.resolve_schema(param.schema)) == ("boolean",)
        and param.name in items[0]
    )


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
        """True if a list may differ between two calls: others use the server, or an earlier answer served."""
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

    def list_bases(self) -> list[dict[str, Any]]:
        """Return two variants of the other arguments: one with all relations at their widest, and the
        example's.
        """
        usual, schemas = dict(self.trial.template.input), self.trial.model.schemas
        wide = dict(usual)
        for other in self.trial.action.relations:
            param = self.trial.action.param(other.widen)
            if param is not None and other.widen != self.relation.widen:
                wide[other.widen] = high(param.schema, schemas)
        return [wide, usual]

    def list_narrowed(self) -> list[dict[str, Any]]:
        """Return the arguments of the narrow calls to try in turn. A default is tried first, by leaving the
        argument out.
        """
        param = self.trial.action.param(self.relation.widen)
        assert param is not None
        schema, (least, most) = self.trial.setting.resolve_schema(param.schema), self.bounds
        usual, default = self.trial.template.input.get(self.relation.widen), schema.get("default")
        values: list[Any] = [least]
        if isinstance(usual, int | float):
            whole = "integer" in types_of(schema)
            values = [least if whole else max(least, round(usual / 4, 3)), usual]
        number = isinstance(default, int | float) and not isinstance(default, bool)
        if number and default < most and default != least and "number" in types_of(schema):
            values = [None, *values]
        return [self.widened(others, value) for others in self.list_bases() for value in values]


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
        trial = comparison.trial
        pages = fills_a_page(trial.setting, trial.endpoint, comparison.relation)
        reason = (_compare_pages if pages else _compare_values)(comparison)
        for trial in comparison.trials.values() if reason else ():
            conclude(trial.untested(reason))


def _compare_values(comparison: Comparison) -> str:
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
            own = comparison.trial.template.input.get(relation.widen)
            if own is not None and own != arguments.get(relation.widen):  # to which other items belong
                small = ask(comparison.call(comparison.widened(arguments, own)))
                _judge_fitting(comparison, small, large)
        return ""
    return reason


def _compare_pages(comparison: Comparison) -> str:
    """Compare the longest page with a shorter one, which must have fewer items than the list.

    Return why that was impossible, else an empty text.
    """
    widen, action = comparison.relation.widen, comparison.trial.action
    least, most = comparison.bounds
    param = action.param(widen)
    usual = (
        comparison.trial.setting.resolve_schema(param.schema).get("default") if param is not None else None
    )
    required = {p.name for p in comparison.trial.endpoint.params if p.required}
    wide, example = comparison.list_bases()
    needed = {name: value for name, value in example.items() if name in required}
    longest: tuple[dict[str, Any], Exchange, list[Any]] | None = None
    for base in (wide, example, needed):  # the example's filters may no longer match anything
        answer = ask(comparison.call(comparison.widened(base, most)))
        found = comparison.list_ids(answer) or []
        if len(found) > (len(longest[2]) if longest is not None else 0):
            longest = base, answer, found
        if len(found) >= ENOUGH:
            break
    if longest is None:
        return "no call answered anything"
    base, large, has = longest
    fewer = usual if isinstance(usual, int) and least <= usual < len(has) else max(least, len(has) // 2)
    arguments = comparison.widened(base, fewer)
    small = ask(comparison.call(arguments))
    had = comparison.list_ids(small)
    if had is None:
        return "the narrow call was not answered as promised"
    if had:
        _judge_kept_items(comparison, arguments, had, has)
    else:
        conclude(comparison.trial.untested("the narrow call answered no item"))
    if LEAVES_IN in comparison.trials:
        _judge_flagged_items(comparison, arguments, large)
    if fewer < len(has):
        _judge_item_count(comparison, small, large)
        if FIRST in comparison.trials:
            conclude(_judge_first_items(comparison, small, large))
    else:
        short = f"the list has {len(has)}, and a page of {fewer} is no shorter"
        paged = (trial for kind, trial in comparison.trials.items() if kind in (FILLED, FIRST))
        conclude(trial.unseen(short) for trial in paged)
    return ""


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


def _judge_item_count(comparison: Comparison, small: Exchange, large: Exchange) -> None:
    """Judge that the narrow answer has as many of the wide answer's items as it may hold."""
    trial, most = comparison.trials[FILLED], int(small.call.input[comparison.relation.widen])
    had, items = comparison.list_ids(small), comparison.list_items(large)
    if had is not None and items is not None and len(had) < most:
        small, items = comparison.ask_again(small, large)
        had = comparison.list_ids(small)
    if had is None or items is None:
        conclude(trial.untested(NOT_AGAIN))
    elif len(had) < min(most, len(items)):
        expected = (
            f"{min(most, len(items))} with {comparison.relation.widen} {most}, as there are {len(items)}"
        )
        conclude(trial.broken(expected, "{count}", count=len(had)))
    else:
        conclude(trial.kept())


def _judge_flagged_items(comparison: Comparison, arguments: dict[str, Any], whole: Exchange) -> None:
    """Judge that an item whose flags are true is still listed when the flags are set, if there is room."""
    trial, relation = comparison.trials[LEAVES_IN], comparison.relation
    flags = _list_flags(trial.setting, trial.endpoint)
    set_flags = {**arguments, **dict.fromkeys(flags, True)}
    flagged, named = replace_argument(trial.endpoint, set_flags, flags[0], True), " and ".join(flags)
    narrow, items = ask(comparison.call(flagged, f"with {named}")), comparison.list_items(whole)
    for again in (False, True):
        if again:
            narrow, items = comparison.ask_again(narrow, whole)
        ids = comparison.list_ids(narrow)
        if ids is None or items is None:
            conclude(trial.untested(f"the call with {named} was not answered as promised: {narrow.outcome}"))
            return
        having = [item.get(relation.by) for item in items if all(item.get(flag) is True for flag in flags)]
        lost = [id for id in having if id not in ids] if len(ids) < arguments[relation.widen] else []
        if not lost:
            conclude(trial.kept() if having else trial.unseen(f"no item of the list has {named}"))
            return
        if again:
            expected = f"{relation.by} {lost[0]}, which has {named}"
            conclude(trial.broken(expected, "{count} items, that one not among them", count=len(ids)))


def _judge_first_items(comparison: Comparison, small: Exchange, large: Exchange) -> Iterator[Judgement]:
    """Judge that the narrow answer begins with the same items as the wide one.

    Items with equal values in the sorted member may change places.
    """
    trial, relation = comparison.trials[FIRST], comparison.relation
    order = _find_order(trial.endpoint, relation)
    had, has = comparison.list_items(small), comparison.list_items(large)
    assert order is not None, trial.contract
    member, down = order
    if had is None or has is None:
        yield trial.untested(NOT_AGAIN)
        return
    if not (_in_order(had, member, down) and _in_order(has, member, down)):
        yield trial.untested(f"the answer is not sorted by {member}")
        return
    ids = [item.get(relation.by) for item in had]
    in_place = [item.get(member) for item in has[len(had) :] if item.get(relation.by) in ids]
    for item in has[: len(had)]:
        value = item.get(member)
        if item.get(relation.by) not in ids and any(other != value for other in in_place):
            where = f"among the first {len(had)}: its {member} is {value}"
            expected = f"{relation.by} {item.get(relation.by)} {where}"
            yield trial.broken(expected, "others, up to {value}", value=had[-1].get(member))
            return
    yield trial.kept()


def _in_order(items: list[dict[str, Any]], member: str, down: bool) -> bool:
    """True if the items are sorted by the member. If not, another check reports it."""
    values: list[Any] = [item.get(member) for item in items]
    try:
        return all(a >= b if down else a <= b for a, b in pairwise(values))
    except TypeError:
        return False


WIDER = ("relation", "wider answers")


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge that an answer with room lacks no item that belongs into it and that a wider answer contained."""
    endpoint, setting, model = exchange.call.endpoint, memory.setting, memory.model
    if endpoint is not None and endpoint.action.effect == "write":
        memory.notes.pop(WIDER, None)  # the call may have changed or removed what a wider answer had
    if endpoint is None or not setting.exclusive or not exchange.call.role or exchange.call.raw.headers:
        return  # the caller is unknown, and the answer may depend on the key
    if exchange.call.intent not in TRUSTED or not exchange.success or not exchange.fits or exchange.tainted:
        return
    widened = {relation.widen for relation in endpoint.action.relations}
    for relation in endpoint.action.relations:
        trial = CHECK.find_trial(setting, endpoint.place, _detail_of(relation, FITS))
        if trial is None:
            continue
        alike = repr(sorted((n, value) for n, value in exchange.input.items() if n not in widened))
        note = (relation.name, str(endpoint.action.name), exchange.call.role, alike, memory.tool_writes)
        known: dict[str, dict[str, Any]] = memory.notes.setdefault(WIDER, {}).setdefault(note, {})
        lost = find_lost(model, relation, exchange, known.values())
        shown = {str(item.get(relation.by)): item for item in instances_of(model, relation, exchange) or ()}
        if lost:
            expected = f"{relation.by} {lost[0].get(relation.by)}, which fits"
            yield trial.broken(expected, "it is in a wider answer alone")
        elif lost is not None and not known.keys().isdisjoint(shown):
            yield trial.kept()
        known.update(list(shown.items())[:MOST_KNOWN])


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
    """True if `unless` makes the relation claim nothing about this narrower answer, for example because it is
    full.
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
    watch=watch,
    turn=9,
    calls_correctly=True,
    self_contained=True,
    remembers=True,
    overlap="readers",
    rank=Rank.WRONG,
)
