"""Questions that schemas raise: states, unique members, sums, tenants, ids, pages, filters, jobs, times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pgagents.base.jsonschema.schema import Schema, is_type
from pgagents.base.places import value_at
from pgagents.base.text import brief, list_said_of_thing, plain_word, singular, split_words
from pgagents.importer.inference.states import find_target
from pgagents.importer.operations import first_call
from pgagents.importer.questions.question import LONGEST, Question, View, answer, read_input

MOST_ECHOES = 3
"""Most questions on whether an answer repeats an argument: most APIs do, and a run by the document looks."""
MOST_PAGED = 8
"""Most lists that one question names."""
_STATES = frozenset(("state", "status", "phase", "stage", "lifecycle"))
_TAKEN = ("email", "slug", "username", "sku", "handle", "code", "number", "name", "title")
"""Members that are often unique, the likeliest first."""
_OWN = frozenset(("display", "user", "serial", "short", "url"))
"""The first words of members that are a thing's own, beside its kind's."""
_UNIQUE = re.compile(r"\b(unique|no two|nobody else|taken)\b", re.I)
_OF_PERSONS = frozenset(("email", "phone", "birth", "birthday", "born", "sex", "gender", "surname"))
_SUMS = frozenset(
    ("total", "subtotal", "amount", "balance", "remaining", "sum", "due", "paid", "cost", "price")
)
_COUNTS = frozenset(("count", "total", "size", "quantity"))
_CURSORS = re.compile(r"(next|cursor|continuation|more|after)", re.I)
_TOTALS = re.compile(r"total(count|items|results|records|elements|rows|hits)?")
"""Plain names that count all items of a list. A bare `count` may be that of the page."""
_BEGINS = re.compile(r"(start|begin|from|check_?in|since|opens?|valid_from)s?(_at|_on|_time|_date)?$", re.I)
_ENDS = re.compile(r"(end|until|to|check_?out|closes?|expires?|valid_to)s?(_at|_on|_time|_date)?$", re.I)
_PLAIN = ("string", "number", "integer", "boolean")
_TEXTS = ("q", "query", "search", "text", "term", "keyword")
_FAILED = re.compile(r"fail|error|cancel|abort|reject|expire|timed_?out", re.I)
"""States in which work has ended without success."""
_LEAST = re.compile(r"^(min|from|since|after|start)_|_(min|from|since|after|gte?)$", re.I)
_MOST = re.compile(r"^(max|to|until|before|end)_|_(max|to|until|before|lte?)$", re.I)


def ask(view: View) -> Iterator[Question]:
    """Yield the questions, those whose answers find most bugs first."""
    for name, resource in view.resources.items():
        yield from _ask_about_states(view, name, resource)
    for name, resource in view.resources.items():
        yield from _ask_what_is_unique(view, name, resource)
    laws = view.list_laws()
    for name, resource in view.resources.items():
        yield from _ask_about_sums(view, name, resource, laws)
    yield from _ask_about_tenants(view)
    for name, action in view.actions.items():
        yield from _ask_whose_id(view, name, action)
    yield from _ask_about_guessed_pages(view)
    for name, action in view.actions.items():
        yield from _ask_about_pages(view, name, action)
        yield from _ask_about_filters(view, name, action, laws)
    for name, action in view.actions.items():
        yield from _ask_about_tag(view, name, action)
        yield from _ask_about_job(view, name, action)
        yield from _ask_about_times(view, name, action, laws)
    echoes = (
        question for name, action in view.actions.items() for question in _ask_about_echo(view, name, action)
    )
    yield from islice(echoes, MOST_ECHOES)


# -- resources


def _ask_about_states(view: View, name: str, resource: Mapping[str, Any]) -> Iterator[Question]:
    at = ("resources", name, "moves")
    found = _find_states(view, resource)
    if found is None or view.says(at):
        return
    member, states = found
    guessed = resource.get("moves")
    guessed = guessed if isinstance(guessed, Mapping) else {}
    moves: dict[str, Any] = {}
    for action_name in _list_beside(view, name, resource):
        action = view.actions[action_name]
        otherwise = view.find_code(action, 409) or view.find_code(action, 422) or view.find_code(action, 400)
        if action_name in guessed:
            known = guessed[action_name]
            moves[action_name] = {
                key: known[key] for key in ("from", "to", "input", "otherwise") if key in known
            }
        elif otherwise and (to := find_target(action_name.partition("_")[0], states)):
            moves[action_name] = {
                "from": [s for s in states if s != to][:1],
                "to": to,
                "otherwise": otherwise,
            }
        elif otherwise and (chosen := _list_chosen(view, action, member, states)):
            moves[action_name] = {
                "from": [*states[:1]],
                "to": chosen[-1],
                "input": {member: chosen[-1]},
                "otherwise": otherwise,
            }
        elif conflict := view.find_code(action, 409):
            said = list_said_of_thing(f"{action.get('title')}. {action.get('description')}", states)
            moves[action_name] = {"from": said or [*states[:1]], "otherwise": conflict}
    if not moves:
        return
    entry = {"state": member, "states": list(states), "initial": states[0], "moves": moves}
    asks = (
        f"From which states to which does each call move the {name}, and what refuses it otherwise? One "
        "without `to` leaves the state."
    )
    because = f"{member} is one of {', '.join(states)}"
    yield Question("states", asks, "resources", (answer(name, entry),), at, because)


def _list_chosen(view: View, action: Mapping[str, Any], member: str, states: Sequence[str]) -> list[str]:
    """Return the states that an argument of this name may ask for."""
    given = view.read(read_input(action).get(member)).get("enum", ())
    return [state for state in states if state in given]


def _find_states(view: View, resource: Mapping[str, Any]) -> tuple[str, Sequence[str]] | None:
    for member, schema in view.read_instance(resource).get("properties", {}).items():
        states = [s for s in view.read(schema).get("enum", ()) if isinstance(s, str)]
        if len(states) > 1 and split_words(member)[-1:] and split_words(member)[-1] in _STATES:
            return member, states
    return None


def _list_beside(view: View, name: str, resource: Mapping[str, Any]) -> list[str]:
    """Return the writes that name an instance, without those that make and remove it. One that ends it, and
    leaves it in a state, is a transition, too.
    """
    calls = [call for key in ("made_by", "undone_by") if isinstance(call := resource.get(key), dict)]
    others = {call.get("action") for call in calls} - set(resource.get("moves") or ())
    return [
        action_name
        for action_name, action in view.actions.items()
        if action.get("effect") == "write"
        and action_name not in others
        and any(isinstance(p, Mapping) and p.get("refers_to") == name for p in read_input(action).values())
    ]


def _ask_what_is_unique(view: View, name: str, resource: Mapping[str, Any]) -> Iterator[Question]:
    made_by = resource.get("made_by")
    named = str(made_by.get("action")) if isinstance(made_by, Mapping) else ""
    maker = view.actions.get(named)
    if maker is None or resource.get("unique"):
        return
    otherwise = view.find_code(maker, 409)
    if not otherwise or (maker.get("idempotency") and "idempot" in otherwise.lower()):
        return  # a key that is used again says nothing of members
    if view.is_of_default(otherwise):
        return
    given = {
        key: view.read(param)
        for key, param in read_input(maker).items()
        if isinstance(param, Mapping)
        and "refers_to" not in param
        and key in view.read_instance(resource).get("properties", {})
    }
    told = ((key, str(schema.get("description", ""))) for key, schema in given.items())
    likely = [key for key, text in told if _UNIQUE.search(text)]
    own = _OWN | set(split_words(name))  # `customerName` of an order is a customer's, and he may have two
    its = {key: schema for key, schema in given.items() if own.issuperset(split_words(key)[:-1])}
    likely += [key for word in _TAKEN for key in its if split_words(key)[-1:] == [word]]
    likely += [key for key, schema in its.items() if schema.get("format") == "email"]
    likely = [key for key in likely if not str(given[key].get("format", "")).startswith("date")]
    if _is_person(given):  # many persons have one name
        likely = [key for key in likely if split_words(key)[-1:] != ["name"]]
    if not likely:
        return  # the 409 may come from a state, or from a part
    entry = {"unique": [{"members": [likely[0]], "otherwise": otherwise}]}
    asks = f"Which members may no two of {name} have alike, and is the value of a removed one free again?"
    at = ("actions", named, "input", likely[0])
    yield Question("unique", asks, "resources", (answer(name, entry),), at, f"{named} may answer 409")


def _is_person(given: Mapping[str, Schema]) -> bool:
    """True if a member is one that only somebody has: a person, or an animal."""
    return any(_OF_PERSONS & set(split_words(key)) for key in given)


def _ask_about_sums(view: View, name: str, resource: Mapping[str, Any], laws: str) -> Iterator[Question]:
    members = view.read_instance(resource).get("properties", {})
    lists = {
        key: view.read(schema["items"]).get("properties", {})
        for key, value in members.items()
        if (schema := view.read(value)).get("type") == "array" and isinstance(schema.get("items"), Mapping)
    }
    for member, schema in members.items():
        if not is_type(view.read(schema), ("number", "integer")) or f".{member}" in laws:
            continue
        for list_name, item in lists.items():
            if claim := _guess_sum(view, member, list_name, item):
                section, whose, claim = _place_claim(name, resource, claim)
                if not whose:
                    break
                entry = {"laws": {_name_law(member, "of", list_name): claim}}
                asks = f"What is {member} of the {name} made of: what of {list_name}, less or plus what?"
                because = f"{member} stands beside the list {list_name}"
                at = ("resources", name, "laws", member)
                yield Question("sum", asks, section, (answer(whose, entry),), at, because)
                break


def _place_claim(name: str, resource: Mapping[str, Any], claim: str) -> tuple[str, str, str]:
    """Return where a claim about `read` is a law: the resource, or its list where no call reads one by id.

    That is the section, the name in it, empty if there is neither, and the claim as it stands there.
    """
    if resource.get("read_by"):
        return "resources", name, claim
    call = first_call(resource.get("listed_by") or resource.get("found_by"))
    if not call:
        return "", "", ""
    each = f"{call.get('at', 'response')}.all(one, {claim.replace('read.', 'one.')})"
    return "actions", str(call.get("action", "")), each


def _guess_sum(view: View, member: str, list_name: str, item: Mapping[str, Any]) -> str:
    """Return what a number probably says of a list beside it; empty if its name says nothing of the kind."""
    last = split_words(member)[-1:]
    numbers = [key for key, part in item.items() if is_type(view.read(part), ("number", "integer"))]
    money = [key for key in numbers if set(split_words(key)) & _SUMS] or numbers
    if money and last and last[0] in _SUMS:
        return f'cents(read.{member}) == cents(sum_of(read.{list_name}, "{money[0]}"))'
    return f"read.{member} == size(read.{list_name})" if last and last[0] in _COUNTS else ""


def _ask_about_tenants(view: View) -> Iterator[Question]:
    auth = view.data.get("auth")
    roles = auth.get("roles") if isinstance(auth, Mapping) else None
    kinds = [
        name
        for name, resource in view.resources.items()
        if "tenant" not in resource
        and "made_by" in resource
        and ("read_by" in resource or "listed_by" in resource)
    ]
    said = any("tenant" in resource for resource in view.resources.values())
    keys = isinstance(auth, Mapping) and auth.get("schemes")
    if not kinds or said or not keys or (isinstance(roles, Mapping) and "second" in roles):
        return
    asks = "Does each key see only its own? Then give verify a second one: --identity second=ENVVAR."
    lines = tuple(f"{name}: {{tenant: true}}" for name in kinds[:3])
    yield Question("tenant", asks, "resources", lines, ("resources", kinds[0]), "calls carry a key")


# -- arguments and answers


def _ask_whose_id(view: View, name: str, action: Mapping[str, Any]) -> Iterator[Question]:
    for argument, param in read_input(action).items():
        if not isinstance(param, Mapping) or "refers_to" in param:
            continue
        words = split_words(argument)
        if len(words) < 2 or (singular(words[-1]) != "id" and words[-1] != "id"):
            continue
        noun = singular(words[-2])
        named = [kind for kind in view.resources if singular(split_words(kind)[-1]) == noun]
        if named:
            entry = {"input": {argument: {"refers_to": named[0]}}}
            asks = f"Is {argument} of {name} the id of a {named[0]}? Then verify sends one of its own."
            at = ("actions", name, "input", argument)
            yield Question(
                "reference", asks, "actions", (answer(name, entry),), at, f"it is named {argument}"
            )


def _find_list(view: View, action: Mapping[str, Any]) -> tuple[str, Schema]:
    """Return the only list of an answer as an expression, and the schema of its items; empty without one."""
    whole = view.read_answer(action)
    if whole.get("type") == "array":
        return "response", view.read(whole.get("items"))
    lists = [
        (key, schema)
        for key, value in whole.get("properties", {}).items()
        if (schema := view.read(value)).get("type") == "array" and key.isidentifier()
    ]
    return (f"response.{lists[0][0]}", view.read(lists[0][1].get("items"))) if len(lists) == 1 else ("", {})


def _ask_about_guessed_pages(view: View) -> Iterator[Question]:
    """Yield one question about all lists whose pages an import guessed."""
    guessed = {
        name: {
            **{key: value for key, value in action["pages"].items() if key != "inferred"},
            **_find_total(view, action),
        }
        for name, action in view.actions.items()
        if isinstance(action.get("pages"), Mapping)
        and action["pages"].get("inferred")
        and not view.says(("actions", name, "pages"))
    }
    chosen = list(guessed)[:MOST_PAGED]
    if chosen:
        asks = "Do these lists go on so? As your line a fault in their pages is firm."
        lines = tuple(answer(name, {"pages": guessed[name]}) for name in chosen)
        yield Question(
            "pages", asks, "actions", lines, ("actions", chosen[0], "pages"), "names suggest pages"
        )


def _find_total(view: View, action: Mapping[str, Any]) -> dict[str, str]:
    """Return the line about the member that counts all items; empty if none, or several, may do so."""
    members = view.read_answer(action).get("properties", {})
    named = [key for key in members if key.isidentifier() and _TOTALS.fullmatch(plain_word(key))]
    counting = [key for key in named if is_type(view.read(members[key]), ("integer",))]
    return {"total": f"response.{counting[0]}"} if len(counting) == 1 else {}


def _ask_about_pages(view: View, name: str, action: Mapping[str, Any]) -> Iterator[Question]:
    at = ("actions", name, "pages")
    if action.get("effect") != "read" or view.says(at) or action.get("pages"):
        return
    items, _ = _find_list(view, action)
    members = view.read_answer(action).get("properties", {})
    ahead = [key for key in members if _CURSORS.search(key) and key.isidentifier()]
    given = [key for key in read_input(action) if re.search(r"cursor|page|after|offset|token", key, re.I)]
    if items and ahead and given:
        entry = {"items": items, "next": f"response.{ahead[0]}", "argument": given[0]}
        because, asks = f"the answer has {ahead[0]}", f"How does one get the next page of {name}?"
        yield Question("pages", asks, "actions", (answer(name, {"pages": entry}),), at, because)


def _ask_about_filters(view: View, name: str, action: Mapping[str, Any], laws: str) -> Iterator[Question]:
    at, item = _find_list(view, action)
    members = item.get("properties", {})
    if action.get("effect") != "read" or not at or not members:
        return
    for argument, param in read_input(action).items():
        if not isinstance(param, Mapping) or param.get("required") or f"input.{argument}" in laws:
            continue
        claim = _guess_filter(view, argument, view.read(param), members)
        if claim:
            law = {"when": f"has(input.{argument})", "that": f"{at}.all(one, {claim})"}
            entry = {"laws": {_name_law("finds", argument): law}}
            asks = f"What has each item that {name} lists in common with {argument}?"
            place = ("actions", name, "input", argument)
            because = brief(str(param.get("description") or f"{argument} is optional"), LONGEST)
            yield Question("filter", asks, "actions", (answer(name, entry),), place, because)


def _name_law(*parts: str) -> str:
    """Return a law's name of several names, such as `finds-product-id` of `finds` and `productId`."""
    return "-".join(word for part in parts for word in split_words(part))


def _guess_filter(view: View, argument: str, param: Schema, members: Mapping[str, Any]) -> str:
    """Return what a listed item probably has in common with an argument; empty if nothing is likely."""
    if not argument.isidentifier():
        return ""
    if argument in _TEXTS:
        texts = [
            key
            for key, schema in members.items()
            if is_type(view.read(schema), ("string",)) and key in _TAKEN
        ]
        return f"one.{texts[0]}.contains(input.{argument})" if texts else ""
    for pattern, sign in ((_LEAST, ">="), (_MOST, "<=")):
        bare = pattern.sub("", argument)
        if bare != argument and bare in members and is_type(param, ("number", "integer")):
            return f"one.{bare} {sign} input.{argument}"
    known = view.read(members.get(argument))
    alike = any(is_type(known, (kind,)) and is_type(param, (kind,)) for kind in _PLAIN)
    return f"one.{argument} == input.{argument}" if alike else ""


def _ask_about_tag(view: View, name: str, action: Mapping[str, Any]) -> Iterator[Question]:
    """Ask for the header by which a write is refused with 412: some documents list the status alone."""
    places = {param.get("in") for param in read_input(action).values() if isinstance(param, Mapping)}
    if action.get("effect") != "write" or "header" in places or not view.find_code(action, 412):
        return
    outputs = (o for one in view.actions.values() for o in (one.get("output") or {}).values())
    shown = {
        str(header).lower() for o in outputs if isinstance(o, Mapping) for header in o.get("headers") or ()
    }
    if "etag" not in shown and not any(one.get("etag") for one in view.actions.values()):
        return
    needed = {"required": True} if view.find_code(action, 428) else {}
    tag = {"in": "header", "wire": "If-Match", "type": "string", **needed}
    entry = {"input": {"tag": tag}, "if_match": "tag"}
    asks = f"Does {name} take the ETag of a read in a header? Without a line no call sends one."
    because = "it answers 412, which follows from a header (RFC 9110, 15.5.13)"
    yield Question("tag", asks, "actions", (answer(name, entry),), ("actions", name, "errors"), because)


def _ask_about_job(view: View, name: str, action: Mapping[str, Any]) -> Iterator[Question]:
    outputs = action.get("output")
    if not isinstance(outputs, Mapping) or 202 not in outputs or "job" in action:
        return
    kinds = [(kind, *found) for kind, r in view.resources.items() if (found := _find_states(view, r))]
    kinds.sort(key=lambda found: value_at(view.resources[found[0]], ("made_by", "action")) != name)
    kind, member, states = kinds[0] if kinds else ("RESOURCE", "MEMBER", ("DONE", "FAILED"))
    ready = bool(kinds) and "state" in view.resources[kind]  # it says where its state stands
    failed = [state for state in states if _FAILED.search(state)]
    done = [state for state in states if state not in failed] or states
    ends = {"done": [done[-1]], **({"failed": failed} if failed else {})}
    entry = {"job": {"resource": kind, **ends, "within_s": 60}}
    asks = f"Which resource shows how far the work of {name} is, and in which states has it ended?"
    if not ready:
        says = f"made_by: {{action: {name}}}, state: {member}, states: [{', '.join(states)}]"
        asks += f" The resource says `{says}, initial: {states[0]}` then."
    at = ("actions", name, "output", 202)
    yield Question("job", asks, "actions", (answer(name, entry),), at, "it answers 202", ready)


def _ask_about_times(view: View, name: str, action: Mapping[str, Any], laws: str) -> Iterator[Question]:
    times = [
        key
        for key, param in read_input(action).items()
        if view.read(param).get("format") in ("date-time", "date") and key.isidentifier()
    ]
    begins, ends = [k for k in times if _BEGINS.search(k)], [k for k in times if _ENDS.search(k)]
    if action.get("effect") != "write" or not (begins and ends) or f"input.{ends[0]}" in laws:
        return
    both = f"has(input.{begins[0]}) && has(input.{ends[0]})"
    first, last = (
        f"epoch(input.{key})"
        if view.read(read_input(action)[key]).get("format") == "date-time"
        else f"input.{key}"
        for key in (begins[0], ends[0])
    )  # texts with different offsets have no order
    law = {"when": both, "that": f"{first} < {last}"}
    asks = (
        f"Must {begins[0]} be before {ends[0]}, and may two overlap? If not, `unique` of the resource says "
        f"for whom: [{{members: [WHOSE], overlaps: [{begins[0]}, {ends[0]}], otherwise: CODE}}]."
    )
    at = ("actions", name, "input", begins[0])
    entry = {"laws": {"ends-after-it-begins": law}}
    yield Question("times", asks, "actions", (answer(name, entry),), at, "two times stand side by side")


def _ask_about_echo(view: View, name: str, action: Mapping[str, Any]) -> Iterator[Question]:
    members = view.read_answer(action).get("properties", {})
    if action.get("effect") != "write" or action.get("laws"):
        return
    for argument, param in read_input(action).items():
        given, told = view.read(param), view.read(members.get(argument))
        alike = any(is_type(given, (kind,)) and is_type(told, (kind,)) for kind in _PLAIN)
        if alike and given.get("required") and "refers_to" not in given and argument.isidentifier():
            law = f"response.{argument} == input.{argument}"
            entry = {"laws": {_name_law("repeats", argument): law}}
            asks = f"Does {name} answer with the {argument} that it was given, or with another form of it?"
            at = ("actions", name, "input", argument)
            because = f"its answer has {argument}"
            yield Question("echo", asks, "actions", (answer(name, entry),), at, because)
            return
