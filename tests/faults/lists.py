"""Faults of searches, filters, sort orders and pages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from faults.helpers import list_action
from pgagents.base.cel.reading import order_of
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import RequestedAction, data_of, lists, objects, successful


@fault("relation").edit_data
def circle_taken_for_narrow_box(context: Context, request: Request, data: Any) -> Any:
    """The search takes candidates from a box that is too narrow, so it misses places inside the circle to
    the east and west.
    """
    victim = list_action(context.model)
    usual = {str(p.name): p.schema.get("default") for p in victim.params}
    given = {**usual, **context.reader.arguments(request)} if context.reader.action(request) is victim else {}
    if not {"radius_km", "lng"} <= given.keys():
        return None
    reach = float(given["radius_km"]) / 111.195
    for found in lists(data):
        found[:] = [place for place in found if abs(place["lng"] - float(given["lng"])) <= reach]
    return data


@fault("filters_apply", needs=("filter-by-name",), odd=True).replace_actions
def argument_without_a_law_ignored(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An optional argument of a list that no law compares has no effect."""
    if call.action.effect != "read":
        return inner(call)
    compared = {
        name for law in call.action.laws for name, *_ in filter(None, law.that.paths.get("input", ()))
    }
    free = {
        str(p.name)
        for p in call.action.params
        if not p.required and "default" not in p.schema and str(p.name) not in compared
    }
    return inner(replace(call, input={k: v for k, v in call.input.items() if k not in free}))


@fault("law").replace_actions
def filter_ignored(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Optional filters of lists have no effect."""
    if call.action.effect != "read":
        return inner(call)
    filters = {
        str(p.name)
        for p in call.action.params
        if not p.required
        and "default" not in p.schema
        and (p.schema.get("type") == "boolean" or "enum" in p.schema)
    }
    return inner(replace(call, input={k: v for k, v in call.input.items() if k not in filters}))


@fault("read_after_write", needs=("bare-list",)).edit_data
def list_never_changes(context: Context, request: Request, data: Any) -> Any:
    """A list that is the whole body is answered for ever as it was the first time."""
    if not isinstance(data, list):
        return None
    return context.memory.setdefault(request.target, json.loads(json.dumps(data)))


@fault("law").edit_data
def numbers_sorted_as_text(context: Context, request: Request, data: Any) -> Any:
    """A search sorts numbers as text: 10.2 before 9.8."""
    victim = list_action(context.model)
    orders = (order_of(law.that.tree) for law in victim.laws)
    by = next((order.member for order in orders if order is not None and not order.descending), "")
    if context.reader.action(request) is not victim:
        return None
    for found in lists(data):
        found.sort(key=lambda instance: str(instance.get(by)))
    return data


@fault("law", also={"pagination": "a page is longer than was requested"}).handle_requests
def page_as_long_as_the_first(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Every later page is as long as the limit of the first page, whatever its own limit is."""
    limits: dict[str, str] = context.memory.setdefault("limits", {})
    kept = next((limits[value] for _, value in request.query if value in limits), None)
    if kept is not None:
        pairs = "&".join(f"{name}={kept if name == 'limit' else value}" for name, value in request.query)
        request = replace(request, target=f"{request.path}?{pairs}")
    found = handler(request)
    data = data_of(found) if isinstance(found, Response) and successful(found) else None
    limit = dict(request.query).get("limit")
    if isinstance(data, dict) and limit is not None:
        limits.update(
            {
                value: limit
                for name, value in data.items()
                if name.startswith("next") and isinstance(value, str)
            }
        )
    return found


@fault("pagination", also={"workflow_runs": "a workflow follows a list to its second page, too"}).edit_answers
def pages_overlap(context: Context, request: Request, answer: Response) -> Response:
    """The last item of a page is repeated on the next page."""
    ended: dict[str, Any] = context.memory.setdefault("ended", {})
    data = data_of(answer)
    if request.method != "GET" or not successful(answer) or not isinstance(data, dict):
        return answer
    told = next(
        (value for name, value in data.items() if name.startswith("next") and isinstance(value, str)), None
    )
    for instances in lists(data):
        again = next((ended[value] for _, value in request.query if value in ended), None)
        if told is not None:
            ended[told] = instances[-1]
        if again is not None:
            instances[:] = [again, *instances][: max(1, len(instances))]
        break
    return answer.with_json(data)


@fault("law", also={"relation": "what stands twice stands in place of another"}).edit_data
def search_duplicates(context: Context, request: Request, data: Any) -> Any:
    """A search returns its first item twice in place of the second."""
    if context.reader.action(request) is not list_action(context.model):
        return None
    for found in lists(data):
        if len(found) > 1:
            found[1] = found[0]
    return data


@fault("law").edit_arguments
def search_limit_ignored(context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """The first list ignores a limit below the default and returns as many items as by default."""
    victim = list_action(context.model)
    bounds = {
        str(p.name): p.schema["default"]
        for p in victim.params
        if p.schema.get("type") == "integer" and "default" in p.schema
    }
    if asked.action is not victim:
        return given
    if asked.dispatcher is not None and any(isinstance(given.get(name), str) for name in bounds):
        return given  # a number as a string is another fault
    return {
        k: v
        for k, v in given.items()
        if not (k in bounds and str(v).isdigit() and 1 <= int(str(v)) < bounds[k])
    }


def _usual(action: Action) -> dict[str, float]:
    """Return the usual values of the arguments that an action's relations widen: those of its example, else
    defaults.
    """
    widening = {r.widen for r in action.relations}
    given = {k: v for e in action.examples[:1] for k, v in e.input.items() if k in widening}
    if not given:
        given = {str(p.name): p.schema.get("default") for p in action.params if p.name in widening}
    return {k: v for k, v in given.items() if isinstance(v, int | float)}


def _above(value: object, usual: float) -> bool:
    try:
        return float(str(value)) > usual
    except ValueError:
        return False


@fault("relation", also={"workflow_runs": "a step finds the nearest place in a wide search"}).edit_data
def search_non_monotone(context: Context, request: Request, data: Any) -> Any:
    """A wider search loses the nearest item that a narrower one finds."""
    first = list_action(context.model)
    victim = next((a for a in (first, *context.model.actions) if a.relations), first)
    usual = _usual(victim)
    if context.reader.action(request) is not victim:
        return None
    given = context.reader.arguments(request)
    if not any(_above(given.get(k), v) for k, v in usual.items()):
        return None
    for found in lists(data):
        del found[0]
    return data


@fault("law").replace_actions
def search_outside_radius(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A search covers four times the requested radius."""
    radius = call.input.get("radius_km")
    if call.action.effect == "read" and isinstance(radius, int | float):
        call = replace(call, input={**call.input, "radius_km": radius * 4})
    return inner(call)


@fault(
    "exact_filters", also={"law": "the law of the filter is false too"}, needs=("filters",)
).replace_actions
def search_takes_wildcards(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A search puts its text into a pattern of SQL's LIKE as it came, so `_` and `%` match anything."""
    filters = {str(p.name) for p in call.action.params if p.place == "query" and not p.required}
    given = {n: v for n, v in call.input.items() if n in filters and isinstance(v, str)}
    patterns = {n: v for n, v in given.items() if set("_%") & set(v)}
    if call.action.effect != "read" or not patterns:
        return inner(call)
    found = inner(replace(call, input={n: v for n, v in call.input.items() if n not in patterns}))
    if isinstance(found, Refusal):
        return inner(call)
    for text in patterns.values():
        like = re.compile(re.escape(text).replace("_", ".").replace("%", ".*"), re.IGNORECASE)
        for items in lists(found):
            items[:] = [item for item in items if like.search(json.dumps(item))]
    return found


WIDTH = 16
"""Characters that a narrow column of an index holds."""


@fault("exact_filters", "law").replace_actions
def filter_compares_loosely(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A filter that matches nothing is tried again: as a pattern, without regard to case and hyphens, by the
    first 16 characters.
    """
    known: dict[str, set[str]] = context.memory
    found = inner(call)
    if isinstance(found, Refusal):
        return found
    for item in objects(found):
        for name, value in item.items():
            if isinstance(value, str):
                known.setdefault(name, set()).add(value)
    if call.action.effect != "read" or any(lists(found)):
        return found
    for name, value in call.input.items():
        if isinstance(value, str) and name in call.given and value not in known.get(name, ()):
            alike = next((text for text in sorted(known.get(name, ())) if _is_like(value, text)), None)
            if alike is not None:
                return inner(replace(call, input={**call.input, name: alike}))
    return found


def _is_like(pattern: str, text: str) -> bool:
    """Return whether a loose comparison takes the text for what a filter asks."""
    if len(pattern) >= len(text) > WIDTH and pattern[:WIDTH] == text[:WIDTH]:
        return True
    wild = "".join("." if c == "_" else ".*" if c == "%" else re.escape(c) for c in pattern)
    same = pattern.replace("-", "").lower() == text.replace("-", "").lower()
    return same or re.fullmatch(wild, text, re.I | re.S) is not None
