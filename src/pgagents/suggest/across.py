"""Propose laws across several calls: relations between two answers, and members that never change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from pgagents.base.cel import expression
from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.syntax import Node, print_path
from pgagents.catalogue.model.action import Action, ActionCall, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.tables import declared_values, format_of, item_schema, resolve_all, text_key, words_of
from pgagents.verify.fixtures.instance import as_instance
from pgagents.verify.fixtures.target import list_chosen_ids
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import distinct, high, low
from pgagents.verify.wire.call import InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint

LIMITS = frozenset(("limit", "size", "count", "max", "per", "top", "first", "take", "rows"))
PAGING = frozenset(("page", "offset", "cursor", "skip", "token", "starting", "ending", "after"))
COORDINATES = frozenset(("lat", "lng", "lon", "latitude", "longitude"))
LEAST_NAMED, LEAST = 2.0, 4.0
"""Least evidence if the argument's name suggests that it limits a list, and if not.

Evidence is the negative decimal logarithm of the probability that the greater answer contains these items by
chance.
"""
MOST_PAIRS, MOST_DEPTH = 400, 3


@dataclass(frozen=True, slots=True)
class ProposedRelation:
    """A relation in the catalogue's form.

    `pairs` is the number of different pairs of answers that satisfy it.
    """

    action: str
    widen: str
    keeps: str
    by: str
    unless: str
    fits: str
    pairs: int
    example: str

    @property
    def name(self) -> str:
        """Return the name of the relation in the catalogue."""
        return f"{self.widen.replace('_', '-').lower()}-keeps"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list in an action's answers: its path, and the member that identifies an item."""

    path: tuple[str, ...]
    by: str

    def items(self, sample: Sample) -> list[Mapping[str, Any]] | None:
        """Return the items in an answer; None if it has no such list."""
        found: Any = sample.values["response"]
        for name in self.path[1:]:
            found = found.get(name) if isinstance(found, Mapping) else None
        return [i for i in found if isinstance(i, Mapping)] if isinstance(found, list) else None

    def ids(self, sample: Sample) -> list[Any]:
        """Return the ids of the items in an answer, in their order."""
        return [text_key(item.get(self.by)) for item in self.items(sample) or ()]


def propose_relations(model: Model, samples: Samples) -> list[ProposedRelation]:
    """Return the relations that all pairs of answers satisfy, and that chance does not explain."""
    return [
        relation
        for action in model.actions
        if action.effect == "read"
        for relation in _of_action(model, action, samples.of_action(str(action.name)))
    ]


def _of_action(model: Model, action: Action, samples: Sequence[Sample]) -> Iterator[ProposedRelation]:
    listed = find_list(model, action, samples)
    if listed is None:
        return
    for param in numbers_of(model, action):
        widen = str(param.name)
        unless = _write_unless(action, listed, widen, samples)
        judge = expression.compile(unless, ("input", "response")) if unless else None
        pairs = [
            (small, large)
            for small, large in list_pairs(samples, widen)
            if listed.ids(small) and not is_excused(judge, small)
        ]
        if any(not set(listed.ids(small)) <= set(listed.ids(large)) for small, large in pairs):
            continue
        different = {(*listed.ids(s), None, *listed.ids(g)): (s, g) for s, g in pairs}
        grown = [(s, g) for s, g in different.values() if len(listed.ids(s)) < len(listed.ids(g))]
        least = LEAST_NAMED if LIMITS & {*words_of(widen)} else LEAST
        if grown and _weigh(listed, grown, samples) >= least:
            small, large = grown[-1]
            a, b = small.values["input"][widen], large.values["input"][widen]
            shown = f"{len(listed.ids(small))} items for {a}, the same among {len(listed.ids(large))} for {b}"
            fits = _find_fits(listed, widen, pairs, samples)
            yield ProposedRelation(
                str(action.name), widen, print_path(listed.path), listed.by, unless, fits, len(grown), shown
            )


def find_list(model: Model, action: Action, samples: Iterable[Sample]) -> _Listed | None:
    """Return the outermost list of objects with an id in an action's answers."""
    ids = [
        r.id for r in model.resources.values() for c in (*r.listed_by, r.found_by) if c and c.action is action
    ]
    for sample in samples:
        for path, items in _lists(sample.values["response"], ("response",)):
            names = [n for n in (*ids, "id") if all(n in item for item in items)]
            if names:
                return _Listed(path, names[0])
    return None


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if isinstance(value, list) and value and all(isinstance(i, Mapping) for i in value):
        yield path, value
    if isinstance(value, Mapping) and len(path) <= MOST_DEPTH:
        for name, inner in value.items():
            if isinstance(name, str):
                yield from _lists(inner, (*path, name))


def numbers_of(model: Model, action: Action) -> list[Param]:
    """Return the arguments that may widen a list: numbers except coordinates and page positions."""
    found = []
    for param in action.params:
        kinds = {k for part in resolve_all(param.schema, model.schemas) for k in list_kinds(part)}
        number = bool(kinds & {"number", "integer"})
        if number and not COORDINATES & {*words_of(str(param.name))} and not is_paging(action, param):
            found.append(param)
    return found


def is_paging(action: Action, param: Param) -> bool:
    """Return True for an argument that states where a page begins."""
    if action.pages is not None and str(param.name) == action.pages.argument:
        return True
    words = {*words_of(str(param.name))}
    return bool(PAGING & words) and not LIMITS & words


def list_pairs(samples: Sequence[Sample], widen: str) -> list[tuple[Sample, Sample]]:
    """Return pairs of answers to calls that differ in one argument, the smaller value first.

    No write came between the two calls.
    """
    alike: dict[Any, list[Sample]] = {}
    for sample in samples:
        given = dict(sample.values["input"])
        value = given.pop(widen, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            key = (sample.place, sample.caller, sample.writes, sample.values["status"], text_key(given))
            alike.setdefault(key, []).append(sample)
    found = []
    for several in alike.values():
        ordered = sorted(several, key=lambda s: s.values["input"][widen])
        found += [
            (a, b) for a, b in combinations(ordered, 2) if a.values["input"][widen] < b.values["input"][widen]
        ]
    return found[:MOST_PAIRS]


def is_excused(judge: Expression | None, sample: Sample) -> bool:
    """Return True if the relation does not apply to the smaller answer."""
    return judge is not None and Scope(sample.values).is_true(judge, otherwise=True)


def breaks(relation: ProposedRelation, small: Sample, large: Sample) -> bool:
    """Return True if a pair of answers breaks a relation.

    An item is missing from the greater answer, or one that fits is missing from the smaller.
    """
    listed = _Listed(tuple(relation.keeps.split(".")), relation.by)
    names = ("input", "response", "item")
    if is_excused(expression.compile(relation.unless, names) if relation.unless else None, small):
        return False
    had = listed.ids(small)
    if had and not set(had) <= set(listed.ids(large)):
        return True
    fits = expression.compile(relation.fits, names) if relation.fits else None
    return fits is not None and any(
        text_key(item.get(relation.by)) not in had and Scope({**small.values, "item": item}).is_true(fits)
        for item in listed.items(large) or ()
    )


def _write_unless(action: Action, listed: _Listed, widen: str, samples: Sequence[Sample]) -> str:
    """Return the condition of exceptions: on later pages, and if another argument has cut off the answer."""
    parts = []
    for param in action.params:
        name = print_path(("input", str(param.name)))
        if str(param.name) == widen:
            continue
        if is_paging(action, param):
            usual = param.schema.get("default")
            plain = isinstance(usual, int | float) and not isinstance(usual, bool)
            parts.append(f"{name} > {usual}" if plain else f"has({name})")
        elif LIMITS & {*words_of(str(param.name))} and _is_reached(listed, str(param.name), samples):
            full = f"size({print_path(listed.path)}) >= {name}"
            parts.append(full if param.required or "default" in param.schema else f"has({name}) && {full}")
    return " || ".join(f"({p})" if " && " in p and len(parts) > 1 else p for p in parts)


def _is_reached(listed: _Listed, limit: str, samples: Iterable[Sample]) -> bool:
    """Return True if a list was as long as an argument allows, and never longer."""
    sizes = [
        (len(items), s.values["input"].get(limit))
        for s in samples
        if (items := listed.items(s)) is not None and isinstance(s.values["input"].get(limit), int | float)
    ]
    return any(n == most for n, most in sizes) and all(n <= most for n, most in sizes)


def _weigh(listed: _Listed, pairs: Iterable[tuple[Sample, Sample]], samples: Sequence[Sample]) -> float:
    """Return the evidence of pairs.

    It grows as it becomes less likely that a random choice of seen items would do the same.
    """
    score, done = 0.0, set()
    for small, large in pairs:
        few, many = listed.ids(small), listed.ids(large)
        if tuple(few) in done:  # only the next greater answer counts for it
            continue
        done.add(tuple(few))
        known = {i for s in samples if s.caller == small.caller for i in listed.ids(s)}
        if many[: len(few)] == few:
            score += math.log10(math.perm(len(known), len(few)))
        else:
            ways = math.comb(len(known), len(many)) / math.comb(len(known) - len(few), len(many) - len(few))
            score += math.log10(ways)
    return score


def _find_fits(
    listed: _Listed, widen: str, pairs: Sequence[tuple[Sample, Sample]], samples: Sequence[Sample]
) -> str:
    """Return which items of the greater answer must be in the smaller one: those within the smaller bound.

    A member is considered if it never exceeds the argument, and if pairs show that it decides.
    """
    if LIMITS & {*words_of(widen)}:
        return ""
    for member in _number_members(listed, samples):
        values = [i[member] for s in samples for i in listed.items(s) or ()]
        bound = all(
            i[member] <= s.values["input"][widen] + 1e-9
            for s in samples
            if widen in s.values["input"]
            for i in listed.items(s) or ()
        )
        slack = 10.0 ** -max((_places(v) for v in values), default=0)
        if bound and _decides(listed, widen, member, slack, pairs):
            own = print_path(("item", member))
            return f"{own} <= input.{widen} - {slack!r}" if slack < 1 else f"{own} <= input.{widen}"
    return ""


def _number_members(listed: _Listed, samples: Iterable[Sample]) -> list[str]:
    items = [i for s in samples for i in listed.items(s) or ()]
    return [
        name
        for name in (items[0] if items else ())
        if isinstance(name, str)
        and all(isinstance(i.get(name), int | float) and not isinstance(i.get(name), bool) for i in items)
    ]


def _places(value: float) -> int:
    text = repr(float(value))
    return 0 if "e" in text or text.endswith(".0") else len(text.partition(".")[2])


def _decides(
    listed: _Listed, widen: str, member: str, slack: float, pairs: Iterable[tuple[Sample, Sample]]
) -> bool:
    """Return True if smaller answers contain each item within their bound, and leave others out."""
    within = beyond = 0
    for small, large in pairs:
        had = set(listed.ids(small))
        for item in listed.items(large) or ():
            if item[member] <= small.values["input"][widen] - (slack if slack < 1 else 0.0):
                within += 1
                if text_key(item.get(listed.by)) not in had:
                    return False
            else:
                beyond += text_key(item.get(listed.by)) not in had
    return within >= 5 and beyond >= 5


# -- instances in several answers


LEAST_INSTANCES = 3
"""Least number of instances that must have been seen, each in the answers of two calls."""
LEAST_CHANGED = 2
"""Least number of instances that must have changed.

Otherwise it means nothing that a member stayed the same.
"""


LATE_S = 30 * 86_400.0
"""Seconds after which a server may have forgotten parts of an instance."""
LONG = 5
"""Shortest text that two members do not share by accident, in characters."""


@dataclass(frozen=True, slots=True)
class ProposedMembers:
    """Members of a resource that never change, or (`law`) a law about reading it after it was made."""

    resource: str
    fixed: tuple[str, ...]
    law: str
    instances: int
    changed: int


@dataclass(slots=True)
class Life:
    """One instance from its creation on, with the later answers that show it."""

    made: Sample
    body: Mapping[str, Any]
    told: list[tuple[Sample, Mapping[str, Any]]] = field(default_factory=list)

    def changes(self, member: str) -> bool:
        """Return True if a later answer has another value of a member.

        An answer without the member does not count.
        """
        own = text_key(self.body[member])
        return any(text_key(body[member]) != own for _, body in self.told if member in body)


def propose_members(model: Model, samples: Samples) -> list[ProposedMembers]:
    """Return for each resource the members that never change, and a law about reading it back."""
    found: list[ProposedMembers] = []
    for resource in model.resources.values():
        if resource.made_by is None or any(_same(resource, model.resources[p.resource]) for p in found):
            continue
        lives = list_lives(resource, samples)
        fixed = _find_fixed(model, resource, lives)
        if fixed:
            changed = sum(_has_changed(life) for life in lives)
            found.append(ProposedMembers(resource.name, fixed, "", len(lives), changed))
        pairs = list_read_back(resource, lives)
        if law := _find_law(pairs, fixed):
            found.append(ProposedMembers(resource.name, (), law, len(pairs), 0))
    return found


def _same(one: Resource, other: Resource) -> bool:
    """Return True if the same action makes both resources."""
    a, b = one.made_by, other.made_by
    return one is not other and a is not None and b is not None and a.action is b.action


def list_lives(resource: Resource, samples: Samples) -> list[Life]:
    """Return the instances that were made in a run, each with later answers that show it."""
    made = resource.made_by
    if made is None:
        return []
    calls: dict[str, list[ActionCall]] = {}
    for call in (made, *resource.read_by, *resource.listed_by, resource.undone_by):
        if call is not None:
            calls.setdefault(str(call.action.name), []).append(call)
    for move in resource.moves:
        calls.setdefault(str(move.action.name), []).append(made)
    ordered = sorted((s for name in calls for s in samples.of_action(name)), key=lambda s: s.number)
    lives: dict[Any, Life] = {}
    for sample in ordered:
        for body in _list_bodies(calls[sample.action], sample):
            id = _identify(resource, body, sample)
            if id is None:
                continue
            if sample.action == str(made.action.name) and id not in lives:
                lives[id] = Life(sample, body)
            elif id in lives and sample is not lives[id].made and _is_early(lives[id].made, sample):
                lives[id].told.append((sample, body))
    return list(lives.values())


def _is_early(made: Sample, sample: Sample) -> bool:
    return bool(sample.values["now"] - made.values["now"] < LATE_S)


def _identify(resource: Resource, body: Mapping[str, Any], sample: Sample) -> Any:
    """Return the values that identify an instance: its id, and the arguments that place it."""
    id = resource.id_of(body)
    around = [sample.values["input"].get(name) for name in resource.placed_by]
    return None if id is None else text_key([id, *around])


def _list_bodies(calls: Iterable[ActionCall], sample: Sample) -> Iterator[Mapping[str, Any]]:
    """Yield the instances in an answer, each once."""
    seen: set[Node | None] = set()
    for call in calls:
        tree = call.at.tree if call.at is not None else None
        if tree in seen:
            continue
        seen.add(tree)
        at = Scope(sample.values).find_value(call.at) if call.at is not None else sample.values["response"]
        for item in at if isinstance(at, list) else [at]:
            body = as_instance(call, item)
            if isinstance(body, Mapping):
                yield body


def _has_changed(life: Life) -> bool:
    return any(life.changes(name) for name in life.body)


def _find_fixed(model: Model, resource: Resource, lives: Sequence[Life]) -> tuple[str, ...]:
    """Return the members that are constant in each instance and differ between instances.

    A member is left out if a later write has an argument of the same name. No run can show that such a member
    never changes.
    """
    told = [life for life in lives if life.told]
    if len(told) < LEAST_INSTANCES or sum(map(_has_changed, told)) < LEAST_CHANGED:
        return ()
    arguments = _list_changeable(model, resource)
    found = []
    for name in dict.fromkeys(name for life in told for name in life.body):
        own = [life for life in told if name in life.body and any(name in body for _, body in life.told)]
        values = {text_key(life.body[name]) for life in own}
        usable = len(own) >= LEAST_INSTANCES and len(values) > 1 and name not in arguments
        if usable and not any(life.changes(name) for life in own):
            found.append(name)
    return tuple(found)


def _list_changeable(model: Model, resource: Resource) -> set[str]:
    """Return the arguments of writes to existing instances, except those that name the instance."""
    makers = {str(r.made_by.action.name) for r in model.resources.values() if r.made_by is not None}
    named = {name for move in resource.moves for name, value in move.input.items() if _is_own(value, name)}
    return {
        str(p.name)
        for action in model.actions
        if action.effect == "write"
        and str(action.name) not in makers
        and any(p.refers_to == resource.name for p in action.params)
        for p in action.params
        if not p.refers_to
    } - named


def _is_own(value: Any, name: str) -> bool:
    """Return True for an argument that is the instance's member of the same name."""
    return isinstance(value, Expression) and value.wording == f"resource.{name}"


def list_read_back(resource: Resource, lives: Iterable[Life]) -> list[tuple[Life, Mapping[str, Any]]]:
    """Return each instance with the first answer that reads it, if no write came in between."""
    readers = {str(call.action.name) for call in resource.read_by}
    found = []
    for life in lives:
        first = next((one for one in life.told if one[0].action in readers), None)
        if first is not None and first[0].writes == life.made.writes:
            found.append((life, first[1]))
    return found


def _find_law(pairs: Sequence[tuple[Life, Mapping[str, Any]]], fixed: Iterable[str]) -> str:
    """Return the law that members are read back as they were made; empty without enough evidence.

    A member with a single known value counts if it is `fixed` or a long text.
    """
    if len({text_key(dict(life.body)) for life, _ in pairs}) < LEAST_INSTANCES:
        return ""
    if all(text_key(dict(life.body)) == text_key(dict(body)) for life, body in pairs):
        return "created == read"
    shared = [n for n in pairs[0][0].body if all(n in life.body and n in body for life, body in pairs)]
    equal = [
        name
        for name in shared
        if all(text_key(life.body[name]) == text_key(body[name]) for life, body in pairs)
        and (
            name in fixed
            or len({text_key(life.body[name]) for life, _ in pairs}) > 1
            or len(str(pairs[0][0].body[name])) >= LONG
        )
    ]
    told = [(print_path(("created", name)), print_path(("read", name))) for name in equal]
    return " && ".join(f"{a} == {b}" for a, b in told)


# -- other values of an argument


class _LeftOut:
    """The type of LEFT_OUT."""


LEFT_OUT: Any = _LeftOut()
"""Stands for an argument that is not given."""
NUMBERS = (0.07, 0.29, 1.15, 2.35, 3, 7, 13, 16.35, 23.5, 25, 49)
"""Numbers whose products end in half a cent, and whole numbers around the hours of a day."""
TEXTS = ("Ab-12 xY", "ab-12 xy", "QR 77 é", "Zz")
MOST = 12
OPAQUE = InstanceRef | UniqueValue | Signature | RelativeTime


def other_values(
    setting: Setting, endpoint: Endpoint, param: Param, usual: Any, samples: Samples
) -> list[Any]:
    """Return valid values of an argument except the usual one; LEFT_OUT if the argument is optional."""
    if param.refers_to or param.file is not None or isinstance(usual, OPAQUE):
        return []
    if param in list_chosen_ids(setting.model, endpoint.action):
        return []  # an id that an answer held is the id of something older, which the call may overwrite
    fits = setting.test_argument(endpoint, param)
    found: list[Any] = []
    seen = isinstance(usual, Expression)  # an expression's value is unknown until the call is made
    for value in _seen(str(param.name), samples) if seen else _choose(setting, param, usual, samples):
        if value != usual and value not in found and fits.is_valid(value):
            found.append(value)
    if not param.required and "default" not in param.schema and usual is not LEFT_OUT:
        found.insert(0, LEFT_OUT)
    return found[:MOST]


def _choose(setting: Setting, param: Param, usual: Any, samples: Samples) -> Iterator[Any]:
    schemas, schema = setting.model.schemas, param.schema
    yield from declared_values(schema, schemas)
    yield from _seen(str(param.name), samples)
    kinds = {k for part in resolve_all(schema, schemas) for k in list_kinds(part)}
    if isinstance(usual, str) and not format_of(schema, schemas):
        yield from (usual.lower(), usual.upper(), usual.swapcase(), usual[: max(1, len(usual) - 1)])
    if "string" in kinds and not format_of(schema, schemas):
        yield from TEXTS
    if kinds & {"number", "integer"}:
        yield from _numbers(kinds, usual)
    if "array" in kinds:
        seen = list(_seen(str(param.name), samples))
        yield from _vary_list(item_schema(schema, schemas), seen or usual, schemas)
    if isinstance(usual, Mapping):
        yield from _objects(usual)
    if "null" in kinds:
        yield None
    if not format_of(schema, schemas):
        yield from (low(schema, schemas), high(schema, schemas))


def list_kinds(part: Mapping[str, Any]) -> Sequence[str]:
    """Return the types of a schema."""
    kinds = part.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def _numbers(kinds: set[str], usual: Any) -> Iterator[float | int]:
    for number in NUMBERS:
        if "number" in kinds or float(number).is_integer():
            yield number
    if isinstance(usual, int | float) and not isinstance(usual, bool):
        yield from (usual + 1, usual * 2, usual - 1)


def _vary_list(items: Mapping[str, Any], usual: Any, schemas: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield lists with one item, with two in both orders, and with one item twice."""
    known = list(declared_values(items, schemas)) or (list(usual) if isinstance(usual, list) else [])
    if not known and items:
        known = [distinct(items, schemas, 1), distinct(items, schemas, 2)]
    if known:
        a, b = known[0], known[-1]
        yield from ([a], [b], [a, b], [b, a], [a, a], [a, b, a], known[:3])


def _objects(usual: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the object with one member left out, in other letter case, or negated."""
    for name, value in usual.items():
        yield {k: v for k, v in usual.items() if k != name}
        if isinstance(value, bool):
            yield {**usual, name: not value}
        elif isinstance(value, str):
            yield {**usual, name: value.swapcase()}


def _seen(name: str, samples: Samples) -> Iterator[Any]:
    """Yield values from answers under the argument's name, so that filters find something."""
    found: dict[str, Any] = {}
    for sample in samples.every():
        for value in _members(sample.values["response"], name, 0):
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                found.setdefault(repr(value), value)
        if len(found) > MOST:
            break
    yield from list(found.values())[:MOST]


def _members(value: Any, name: str, depth: int) -> Iterable[Any]:
    if depth > 4:
        return
    if isinstance(value, Mapping):
        if name in value:
            yield from value[name] if isinstance(value[name], list) else [value[name]]
        for inner in value.values():
            yield from _members(inner, name, depth + 1)
    elif isinstance(value, list):
        for inner in value[:5]:
            yield from _members(inner, name, depth + 1)
