"""A list heeds each argument that filters, bounds or sorts its items by a member.

No document says so: names alone tell, so a list that ignores one is odd. With one of two values that items
have, of an enum, an integer or a boolean, no item may have another. Of three values of an enum or more, no
single one may show others: a least level does so for two. Two values of a list are shown both. With a text
that nothing has, the answer must not be the whole list again. The id of a parent in the path, as in
`/members/{member_id}/bookings`, must be that of each item that has such a member. With the lowest or highest
value that items have, `max_price` or `price_gte` leaves out all beyond it. A `sort` by one member does not
show the order of a `sort` by another, unless that fits both. Numbers in the order of their digits break it,
by the type that the document gives them. Two arguments that are each heeded alone are heeded together. A law
that reads an argument makes its promise firm, and replaces this check where it stands alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, pairwise
from typing import Any

from pgagents.base.text import plain_word, singular, split_words
from pgagents.catalogue.model.action import Action, Param
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import free_text, without_null
from pgagents.verify.cases.paging import find_only_list
from pgagents.verify.fixtures.instance import members_of
from pgagents.verify.fixtures.request_template import answer_that_will_do
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.laws import is_spoken_of
from pgagents.verify.lists import ORDERS
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import distinct, matches, types_of
from pgagents.verify.wire.call import Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

VIEWS = re.compile(
    r".*(?:lang|language|locale|currency|timezone|tz|units?|format|view|fields?|include|expand|embed)"
)
"""Plain names of arguments that say how items are shown and not which ones: Google's `view`, JSON:API's
`include`, Stripe's `expand`.
"""
LEVELS = re.compile(r"level|severity|priority", re.I)
"""Members whose values are more or less than others, so that a list may show all from one up: syslog's."""
PAGES = re.compile(r"page|pagesize|perpage|limit|size|count|offset|skip|top|take|first|rows")
"""Plain names of arguments that ask for a page, where files have a `size` too: Spring Data's `size`."""
DIRECTION = re.compile(r"^[+-]|[-_:., ]*(?:asc|desc)(?:ending)?$", re.I)
"""What a value has beside the name of a member: Django's `-created_at`, Strapi's `id:desc`."""
DOWN = re.compile(r"^-|desc(?:ending)?$", re.I)
# words of a bound: `min_price`, Django's `price__gte`
LOWER = frozenset(("min", "minimum", "gte", "gt"))
UPPER = frozenset(("max", "maximum", "lte", "lt"))
NUMBERS = ({"integer"}, {"number"})
LARGER = "a server that holds such items shows it"
MOST_NUMBERS = 3
"""The most orders of one list that are asked for."""
ENOUGH = 4
"""So many different numbers are hardly in the order of their digits by chance."""
ABSENT = 7
"""The place, in a series of different values, of a text that no item is likely to have."""


@dataclass(frozen=True, slots=True)
class _Filter:
    """An argument, the items' member of its name, and the path of the list in an answer.

    `values` are the values of an argument with an enum; of one that sorts, two that ask for different orders.
    `run` tries the argument. `is_said` is true if a law of the author's reads it, which judges it where it
    stands alone.
    """

    param: Param
    member: str
    at: str
    run: Callable[..., None]
    values: tuple[str, ...] = ()
    is_said: bool = False


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each argument of a read that names a member of the items of its only list."""
    del roles
    for endpoint in setting.endpoints:
        if not endpoint.leads or endpoint.action.effect != "read":  # every surface asks the same database
            continue
        filters = list(_list_filters(setting, endpoint))
        for own in filters:
            if own.is_said:
                continue
            name = str(own.param.name)
            says = f"{endpoint.action.name} heeds {name}, which its items have as {own.member}"
            cost = {_try_absent: 3, _try_seen: 3, _try_several: 4}.get(own.run, max(2, len(own.values)))
            attempt = Attempt(partial(own.run, own=own), cost=cost)
            yield Case(endpoint, says, own.param.origin, attempt, name, about=own, advice=True)
        exact = [own for own in filters if _is_exact(setting, own)]
        if len(exact) > 1:
            names = [str(own.param.name) for own in exact]
            says = f"{endpoint.action.name} heeds any two of {', '.join(names)} at once"
            attempt = Attempt(partial(_try_together, exact=exact), cost=2)
            origin = endpoint.action.origin
            yield Case(endpoint, says, origin, attempt, "+".join(names), advice=True)


def _list_filters(setting: Setting, endpoint: Endpoint) -> Iterator[_Filter]:
    listed = find_only_list(setting, endpoint.action)
    if listed is None:
        return
    at, item = listed
    members = {
        plain_word(singular(name) if "items" in setting.resolve_schema(schema) else name): name
        for name, schema in item.get("properties", {}).items()
    }
    for param in endpoint.params:
        name = str(param.name)
        listed_values = setting.resolve_schema(param.schema).get("items")
        member = members.get(plain_word(name if listed_values is None else singular(name)))
        if member is not None and _is_parents(setting, endpoint, param, member, item):
            yield _Filter(param, member, at, _try_parent)
        if param.place != "query" or param.required or _is_explained(setting, endpoint.action, name):
            continue
        is_said = is_spoken_of(endpoint.action, name)
        if member is None:
            yield from _orders_and_bounds(setting, param, members, listed) if not is_said else ()
            continue
        schema, shown = (without_null(setting, each) for each in (param.schema, item["properties"][member]))
        if "default" in schema or "default" in param.schema:  # GitHub's `state=open`: the plain list filters
            continue
        if any(words.fullmatch(plain_word(name)) for words in (VIEWS, ORDERS, PAGES)):
            continue
        values, known = (_list_texts(each) for each in (schema, shown))
        if values and set(values) <= set(known):
            yield _Filter(param, member, at, _try_seen, values, is_said)
        elif all(_is_text(setting, each.get("items", each)) for each in (schema, shown)):
            yield _Filter(param, member, at, _try_absent, is_said=is_said)
        elif types_of(schema) == types_of(shown) and types_of(schema) in (("integer",), ("boolean",)):
            yield _Filter(param, member, at, _try_seen, is_said=is_said)
        elif (several := _list_texts(setting.resolve_schema(schema.get("items", {})))) and set(several) <= {
            *known
        }:
            yield _Filter(param, member, at, _try_several, several, is_said)


def _orders_and_bounds(
    setting: Setting, param: Param, members: Mapping[str, str], listed: tuple[str, Mapping[str, Any]]
) -> Iterator[_Filter]:
    at, item = listed
    name, schema = str(param.name), without_null(setting, param.schema)

    def types(member: str) -> set[str]:
        shown = without_null(setting, item["properties"][member])
        # values of an enum have an order of their own: low, medium, high
        return set() if "enum" in shown else set(types_of(shown))

    if ORDERS.fullmatch(plain_word(name)):
        orders: dict[tuple[str, bool], str] = {}
        for value in _list_texts(setting.resolve_schema(schema.get("items", schema))):
            member = members.get(plain_word(DIRECTION.sub("", value)))
            if member is not None and types(member) in (*NUMBERS, {"string"}):
                orders.setdefault((member, DOWN.search(value) is not None), value)
        if len(orders) > 1:
            # numbers first, whose order shows more: prices and seats, and the ids that rise anyway at last
            ids = {member for member, _ in orders if split_words(member)[-1:] == ["id"]}
            ranked = sorted(orders, key=lambda order: (types(order[0]) not in NUMBERS, order[0] in ids))
            firsts = {order[0]: order for order in reversed(ranked)}  # of two by one member the first
            numbers = [order for order in ranked if order in firsts.values() and types(order[0]) in NUMBERS]
            chosen = [*dict.fromkeys([*numbers, *ranked])][: max(2, min(MOST_NUMBERS, len(numbers)))]
            run = partial(_try_order, members=[member for member, _ in chosen])
            yield _Filter(param, chosen[0][0], at, run, tuple(orders[order] for order in chosen))
        return
    words = split_words(name)
    for side, rest in ((words[:1], words[1:]), (words[-1:], words[:-1])):
        member = members.get(plain_word("_".join(rest)))
        if (
            member
            and {*side} <= LOWER | UPPER
            and types(member) in NUMBERS
            and {*types_of(schema)} in NUMBERS
        ):
            yield _Filter(param, member, at, partial(_try_bound, upper={*side} <= UPPER))
            return


def _is_parents(
    setting: Setting, endpoint: Endpoint, param: Param, member: str, item: Mapping[str, Any]
) -> bool:
    """True if a member of a list's items names the parent in the path, and not the item itself: an item has
    its own `id`, and a group below a group its own `group_id` (GitLab's subgroups).
    """
    parent = setting.model.resources.get(param.refers_to or "")
    if param.place != "path" or parent is None:
        return False
    if len(split_words(member)) < 2 and plain_word(member) != plain_word(parent.name):
        return False
    resources = setting.model.resources.values()
    lists = [r for r in resources if any(call.action is endpoint.action for call in r.listed_by)]
    # followers below `/users/{user_id}` are users, of whom a list may show less than a read
    alike = any(members_of(setting, read).keys() >= item["properties"].keys() for read in parent.read_by)
    if any(member in resource.ids for resource in lists) or (alike and member in parent.ids):
        return False
    sides = (without_null(setting, each) for each in (param.schema, item["properties"][member]))
    first, second = (set(types_of(schema)) - {"null"} for schema in sides)
    return first == second


def _is_explained(setting: Setting, action: Action, name: str) -> bool:
    """True if the catalogue itself says what an argument of a list does."""
    pages = action.pages
    return (
        (pages is not None and name in (pages.argument, pages.size))
        or any(relation.widen == name for relation in action.relations)
        or any(
            name in call.input
            for resource in setting.model.resources.values()
            for call in resource.listed_by
            if call.action is action
        )
    )


def _is_text(setting: Setting, schema: Mapping[str, Any]) -> bool:
    return free_text(setting, schema) or setting.resolve_schema(schema).get("format") == "uuid"


def _is_exact(setting: Setting, own: _Filter) -> bool:
    """True for an argument that shows items with its very value: no text to search for, flag or level."""
    if own.run is _try_absent and split_words(own.member)[-1:] == ["id"]:
        return True
    number = types_of(setting.resolve_schema(own.param.schema)) == ("integer",)
    return own.run is _try_seen and (number or bool(own.values)) and not LEVELS.search(own.member)


def _list_texts(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(value for value in schema.get("enum", ()) if isinstance(value, str))


def _try_absent(trial: Trial, own: _Filter) -> None:
    name, setting = str(own.param.name), trial.setting
    whole = _ask(trial, f"every item, without {name}")
    items = _items(whole, own.at)
    if not items:
        conclude(trial.unseen(f"the list was empty; {LARGER}"))
        return
    schema = without_null(setting, own.param.schema)
    text = distinct(schema.get("items", schema), setting.model.schemas, ABSENT)
    # a search for a part of a text, as Django's `icontains`, would find it
    if not isinstance(text, str) or any(_fold(text) in str(_fold(item.get(own.member))) for item in items):
        conclude(trial.unseen(f"no text is known that no {own.member} has; {LARGER}"))
        return
    given = [text] if "items" in schema else text
    answer = _ask(trial, f"a {name} that no item has", {name: given})
    if not answer.success or not answer.fits:  # a server may refuse a name that nothing has
        conclude(trial.idle(f"a {name} that no item has was answered {answer.outcome}"))
        return
    listed = _items(answer, own.at)
    if listed and listed != items:  # the run may have written since it asked
        items = _items(_ask(trial, f"every item once more, without {name}", reuse=""), own.at)
    problem = "the list is the same as without it" if listed == items else ""
    conclude(trial.judge(f"not every item for a {name} that none has", problem))


def _try_seen(trial: Trial, own: _Filter) -> None:
    """Ask for two values that items have. A bound, a flag such as `archived`, which adds items where it is
    true, and a least `level`, as of logs, show an item with another value for one of them at most.

    A level shows another for a value between them, too: if no further value of an enum does, it is none.
    """
    name, seen = str(own.param.name), _list_seen(trial, own)
    ends, broken = [*dict.fromkeys((seen[0], seen[-1]))], trial.kept()
    wrong: list[Any] = []
    for value in ends:
        answer, found = _ask_for(trial, own, value)
        if not answer.success or not answer.fits:
            conclude(trial.idle(f"the list with {name} {json.dumps(value)} was answered {answer.outcome}"))
            return
        if found is not None:
            wrong.append(value)
            broken = found
            # no flag adds items where it is false: `if active:` of Python, and JavaScript's text "false", do
            values = [item.get(own.member) for item in _items(answer, own.at)]
            turned = isinstance(value, bool) and all(v is not value for v in values)
            if value is False or turned:
                conclude(replace(broken, shown=turned))  # other items alone: it does filter by this member
                return
    alone = len(wrong) == 1 and own.values and len(seen) > len(ends) and not LEVELS.search(own.member)
    if alone and all(_is_clean(trial, own, value) for value in seen if value not in wrong):
        conclude(broken)
        return
    conclude(broken if len(wrong) == len(ends) else trial.kept())


def _ask_for(trial: Trial, own: _Filter, value: Any) -> tuple[Exchange, Judgement | None]:
    """Ask for the items with a value; return the answer, and the break if one of them has another."""
    name, expected = str(own.param.name), f"only items with the {own.member} that was asked for"
    answer = _ask(trial, f"{name} {json.dumps(value)} alone", {name: value})
    shown = [(n, item.get(own.member)) for n, item in enumerate(_items(answer, own.at))]
    other = next(((n, v) for n, v in shown if v is not None and _fold(v) != _fold(value)), None)
    if other is None:
        return answer, None
    place = ".".join(step for step in (own.at, str(other[0]), own.member) if step)
    there = json.dumps(other[1]) if isinstance(value, bool) else other[1]
    broken = trial.broken(expected, "an item has the {name} {other}", name=own.member, other=there)
    return answer, replace(broken.at_member(place), seen_in=answer)


def _is_clean(trial: Trial, own: _Filter, value: Any) -> bool:
    """True if the list with a value has items, and those alone that have it."""
    answer, found = _ask_for(trial, own, value)
    return found is None and answer.fits and bool(_items(answer, own.at))


def _try_several(trial: Trial, own: _Filter) -> None:
    """Ask for a value, and for it together with another one: then items of both are there."""
    name, whole = (
        str(own.param.name),
        _items(_ask(trial, f"every item, without {own.param.name}"), own.at),
    )
    there = [_fold(item.get(own.member)) for item in whole]
    one, *others = [value for value in own.values if _fold(value) in there] or [""]
    if not others:
        raise Untested(f"no two items were seen with different {own.member}; {LARGER}", excused=True)
    expected = f"items with the {own.member} {one} and items with {others[0]}"
    for given in ([one], [one, others[0]], [others[0], one]):
        answer = _ask(trial, f"{name} {','.join(given)}", {name: given})
        if not answer.success or not answer.fits:
            conclude(trial.idle(f"the list with {name} {','.join(given)} was answered {answer.outcome}"))
            return
        shown = [_fold(item.get(own.member)) for item in _items(answer, own.at)]
        lost = [value for value in given if _fold(value) not in shown]
        strange = [v for v in shown if v not in map(_fold, given)]
        # a full page may have no room for more
        if strange or (lost and len(shown) < len(whole)):
            claim = "an item has the {name} {other}" if strange else "no item has the {name} {other}"
            other = (strange or lost)[0]
            broken = trial.broken(expected, claim, name=own.member, other=other)
            # items of one value alone: it does filter by this member, and the document says that it is a list
            conclude(replace(broken, shown=bool(shown) and not strange))
            return
    conclude(trial.kept())


def _try_together(trial: Trial, exact: Sequence[_Filter]) -> None:
    """Ask for the value that one item has in a member, and for that of another item in another member."""
    items = _items(_ask(trial, "every item, without a filter"), exact[0].at)
    pairs = (
        (one, other, first, second)
        for one, other in combinations(exact, 2)
        for first, second in combinations(items, 2)
        if _differs(first, second, one) and _differs(second, first, other)
    )
    found = next(pairs, None)
    if found is None:
        raise Untested(f"no two items were seen that differ in two of these members; {LARGER}", excused=True)
    one, other, first, second = found
    asked = [(one, first[one.member]), (other, second[other.member])]

    def list_others(given: Sequence[tuple[_Filter, Any]]) -> list[str] | None:
        """Return the members in which an item differs from what was asked; None without an answer."""
        said = " and ".join(f"{own.param.name} {json.dumps(value)}" for own, value in given)
        arguments = {str(own.param.name): value for own, value in given}
        answer = _ask(trial, said, arguments)
        if not answer.success or not answer.fits:
            return None
        shown = _items(answer, one.at)
        return [
            own.member
            for own, value in given
            if any(_differs(item, {own.member: value}, own) for item in shown)
        ]

    wrong = list_others(asked)
    if not wrong:
        conclude(trial.kept() if wrong is not None else trial.idle("the list with two filters was refused"))
        return
    for own, value in asked:  # one that is ignored alone has a contract of its own
        if list_others([(own, value)]) != []:
            raise Untested(f"{own.param.name} is not heeded alone", excused=True)
    if not (wrong := list_others(asked)):  # once more, so that the finding shows this call
        raise Untested("it did not happen again")
    expected = f"only items with the {one.member} and the {other.member} that were asked for"
    conclude(trial.broken(expected, "an item has another {name}", name=wrong[0]))


def _differs(each: Mapping[str, Any], item: Mapping[str, Any], own: _Filter) -> bool:
    """True if both have the member, with different values."""
    both = (each.get(own.member), item.get(own.member))
    return None not in both and _fold(both[0]) != _fold(both[1])


def _list_seen(trial: Trial, own: _Filter) -> Sequence[Any]:
    """Return the values that items have, from the least to the greatest, or as an enum lists them.

    If they have one alone, return another of the enum, where none is more than another. Else raise Untested.
    """
    whole = _ask(trial, f"every item, without {own.param.name}")
    schema = trial.setting.resolve_schema(own.param.schema)
    seen: list[Any] = sorted(value for value in _values(whole, own) if matches(schema, value))
    if own.values:
        there = [_fold(item.get(own.member)) for item in _items(whole, own.at)]
        seen = [value for value in own.values if _fold(value) in there]
        others = [value for value in own.values if value not in seen]
        if len(seen) == 1 and others and not LEVELS.search(own.member):
            return others[:1]
    if not seen or _fold(seen[0]) == _fold(seen[-1]):
        raise Untested(f"no two items were seen with different {own.member}; {LARGER}", excused=True)
    return seen


def _try_bound(trial: Trial, own: _Filter, upper: bool) -> None:
    name, seen = str(own.param.name), _list_seen(trial, own)
    bound = seen[0] if upper else seen[-1]
    answer = _ask(trial, f"{name} {json.dumps(bound)}", {name: bound})
    if not answer.success or not answer.fits:
        conclude(trial.idle(f"the list with {name} {json.dumps(bound)} was answered {answer.outcome}"))
        return
    beyond = next((v for v in _values(answer, own) if (v > bound if upper else v < bound)), None)
    expected = f"no item whose {own.member} is {'above' if upper else 'below'} {json.dumps(bound)}"
    problem = "" if beyond is None else "an item has the {name} {other}"
    conclude(trial.judge(expected, problem, name=own.member, other=beyond))


def _try_order(trial: Trial, own: _Filter, members: Sequence[str]) -> None:
    """Ask for two orders, and for those of further numbers. Nobody says how a server compares texts, so only
    one order for both is a fault.
    """
    name, shown = str(own.param.name), []
    array = "items" in without_null(trial.setting, own.param.schema)
    for value, member in zip(own.values, members, strict=True):
        answer = _ask(trial, f"{name} {value}", {name: [value] if array else value})
        if not answer.success or not answer.fits:
            conclude(trial.idle(f"the list with {name} {value} was answered {answer.outcome}"))
            return
        shown.append(_items(answer, own.at))
        if wrong := _find_digits([n for item in shown[-1] if (n := item.get(member)) is not None]):
            claim = "{member} is in the order of its digits, such as {one} before {other}"
            said = f"numbers in their order by {value}"
            broken = trial.broken(said, claim, member=member, one=wrong[0], other=wrong[1])
            conclude(replace(broken, shown=True))  # that it sorts by this member is not a guess any more
            return
    first, second = own.values[:2]
    if shown[0] != shown[1]:
        conclude(trial.kept())
        return
    columns = [[item[member] for item in shown[0] if item.get(member) is not None] for member in members[:2]]
    if members[0] == members[1]:
        unsorted = [second] if len(set(map(str, columns[0]))) > 1 else []
    else:
        both = zip(own.values[:2], columns, strict=True)
        unsorted = [value for value, column in both if not _in_order(column)]
    if not unsorted:
        same = f"the items seen have the same order by {first} and by {second}"
        raise Untested(f"{same}; {LARGER}", excused=True)
    problem = "both lists have one order, which is not by {value}"
    conclude(trial.judge(f"another order by {first} than by {second}", problem, value=unsorted[0]))


def _find_digits(numbers: Sequence[Any]) -> tuple[Any, Any] | None:
    """Return two neighbours in the wrong order, where numbers, too many for a chance, rise or fall as texts
    do, and not as numbers do: JavaScript's `sort`, and a column of texts.
    """
    if not all(type(number) in (int, float) for number in numbers) or _in_order(numbers):
        return None
    texts = [json.dumps(number) for number in numbers]
    rising = texts == sorted(texts)
    if len(set(texts)) < ENOUGH or not (rising or texts == sorted(texts, reverse=True)):
        return None
    return next((a, b) for a, b in pairwise(numbers) if (a > b if rising else a < b))


def _in_order(values: Sequence[Any]) -> bool:
    """True if values rise or fall, by one way of comparing texts at least: PostgreSQL's collations pass over
    blanks and letter case.
    """
    ways: tuple[Callable[[Any], Any], ...] = (lambda value: value,)
    if all(isinstance(value, str) for value in values):
        ways = (*ways, str.casefold, plain_word, _natural)
    elif not all(isinstance(value, int | float) for value in values):
        return True
    for way in ways:
        keys = [way(value) for value in values]
        if all(a <= b for a, b in pairwise(keys)) or all(a >= b for a, b in pairwise(keys)):
            return True
    return False


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a text as ICU's numeric collations sort it (`kn` in PostgreSQL): `item 9` before `item 10`."""
    return [(int(part or 0), rest.casefold()) for part, rest in re.findall(r"(\d{0,18})(\D*)", text)]


def _try_parent(trial: Trial, own: _Filter) -> None:
    """Ask for the items of one parent: who overlooks the id shows those of all (OWASP API1:2023)."""
    name = str(own.param.name)
    answer = _ask(trial, f"the items of one {own.param.refers_to}")
    items = _items(answer, own.at)
    if not items:
        raise Untested(f"it has none: {answer.outcome}", excused=True)
    asked = answer.input.get(name)
    other = next((v for item in items if (v := item.get(own.member)) is not None and v != asked), None)
    problem = "" if other is None else "an item has the {name} {other}"
    conclude(trial.judge(f"only items whose {own.member} is {asked}", problem, name=own.member, other=other))


def _values(exchange: Exchange, own: _Filter) -> list[int | float]:
    return [v for item in _items(exchange, own.at) if isinstance(v := item.get(own.member), int | float)]


def _ask(
    trial: Trial, why: str, arguments: Mapping[str, Any] | None = None, reuse: Reuse | None = None
) -> Exchange:
    needed = trial.template.list_needed(trial.action)
    if reuse is None:
        reuse = answer_that_will_do(trial.setting, trial.endpoint)
    return demand(trial.ask(trial.call("valid", why, input={**needed, **(arguments or {})}, reuse=reuse)))


def _items(exchange: Exchange, at: str) -> Sequence[Mapping[str, Any]]:
    body = exchange.body if exchange.success else None
    items = body.get(at) if at and isinstance(body, Mapping) else body
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _fold(value: Any) -> Any:
    """Return a text as a server may compare it: MySQL's collations ignore the letter case."""
    if isinstance(value, list):
        return "\n".join(str(_fold(one)) for one in value)
    return value.casefold() if isinstance(value, str) else value


CHECK = make_check("filters_apply", __doc__, cases, stage=4, overlap="readers", rank=Rank.WRONG)
