"""The same input has the same answer, and the same refusal, through REST, a dispatcher and an MCP tool.

Each call is made on two surfaces, REST if it has the action, and the answers are compared without volatile
members. What differs between two equal calls of one surface too, such as `took` of Elasticsearch, shows
nothing. Former names that the catalogue still offers must get the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes, read_json
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.arguments import fit_to_surface
from pgagents.verify.fixtures.marks import normalize_marks
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import as_called
from pgagents.verify.judgement import Judgement, conclude, demand, judge_broken, judge_kept
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import USUAL, Call, InstanceRef, Intent, Raw, Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

OF_ITSELF = "two equal calls of one surface were answered otherwise, too"
REFUSED_ALIKE = "surface_equivalence/refused"
"""The begin of the contracts that the watcher judges, whichever check sent the calls."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each action of a dispatcher or tool: ordinary and minimal arguments, a refusal, former
    names.

    Tools refuse in their own words (MCP has no codes for it), so only their successes are compared, also with
    all numbers at their least and greatest, where a forgotten argument shows.
    """
    del roles
    for endpoint in setting.every_endpoint:
        rest = setting.lead_of(endpoint)
        # a file is a resource of MCP, and bytes over REST
        if endpoint.leads or endpoint.answers_file or rest is None:
            continue
        name, surface, origin = endpoint.action.name, endpoint.surface, endpoint.action.origin
        cite = endpoint.dispatcher.cite if endpoint.dispatcher else ()
        lead = setting.get_lead(str(name))
        first = "REST" if lead.on_rest else lead.surface
        for detail, arguments in list_inputs(setting, endpoint):
            early = endpoint.action.effect == "read" and detail == "ordinary"
            attempt = _attempt(setting, endpoint, rest, arguments, stage=1 if early else 4)
            says = (
                f"{name} answers the same through {surface} and through {first} ({detail.replace('_', ' ')})"
            )
            yield Case(endpoint, says, origin, attempt, detail, cite)
        if endpoint.form is None and invalid_cases_of(setting, endpoint):
            says = f"{name} refuses the same through {surface} and through {first}"
            yield Case(endpoint, says, origin, detail="refused", cite=cite)
        for former in endpoint.action.formerly:
            arguments = template_of(setting.model, endpoint.action).input
            raw = Raw(edit=make_rename_edit(endpoint, str(former.name)))
            attempt = _attempt(setting, endpoint, rest, arguments, raw)
            known = f"{former.name} until {former.until} is {name} on {surface}"
            says = f"{known}, with the answer that {first} gives"
            yield Case(endpoint, says, former.origin, attempt, f"as_{former.name}", cite)


def _attempt(
    setting: Setting,
    endpoint: Endpoint,
    rest: Endpoint,
    arguments: Mapping[str, Any],
    raw: Raw = USUAL,
    stage: int = 4,
) -> Attempt | None:
    """Return a comparison of two calls; None for a tool without a server. For transitions, each call needs
    its own instance.
    """
    if endpoint.form is not None and setting.mcp is None:
        return None
    template = template_of(setting.model, endpoint.action)
    twins = endpoint.action.effect == "write" and template.subject is not None
    run = partial(_compare_twins if twins else _compare, rest=rest, arguments=arguments, raw=raw)
    return Attempt(run, stage=stage, cost=4 if template.moves else 2, endpoints=(endpoint, rest))


def _compare(trial: Trial, rest: Endpoint, arguments: Mapping[str, Any], raw: Raw) -> None:
    """Call both surfaces and compare the answers.

    An earlier answer to an equal REST call is used first, which saves a request. If the answers differ, REST
    is called again, and once more to see if its own answers are equal.
    """
    fresh = trial.action.effect == "write"
    reuse: Reuse = "ever" if trial.template.makes is not None else "" if fresh else "unchanged"
    sent, first = _call_rest(trial, rest, arguments, reuse)
    made = None if fresh else first.subject
    call = trial.call(_intent(raw), "as REST was asked", input=sent, fresh=fresh, made=made, raw=raw)
    second = trial.ask(call)
    judged = list(_judge(trial, first, second))
    if reuse and _is_broken(judged):
        made = None if fresh else second.subject
        call = _rest_call(trial, rest, sent, fresh=fresh, made=made)
        again = trial.ask(call)
        judged = list(_judge(trial, again, second))
        if _is_broken(judged) and _is_broken(_judge(trial, again, demand(trial.ask(call)))):
            judged = [trial.untested(OF_ITSELF)]
    conclude(judged)


def _is_broken(judged: Iterable[Judgement]) -> bool:
    return any(judgement.verdict is Verdict.BROKEN for judgement in judged)


def _rest_call(
    trial: Trial, rest: Endpoint, arguments: Mapping[str, Any], intent: Intent = "valid", **changes: Any
) -> Call:
    fitted = fit_input(trial.setting, trial.endpoint, arguments)
    why = f"as {trial.endpoint.surface} will be asked"
    return ordinary(rest, trial.template, intent, why, input=fitted, **changes)


def _call_rest(
    trial: Trial, rest: Endpoint, arguments: Mapping[str, Any], reuse: Reuse
) -> tuple[Mapping[str, Any], Exchange]:
    """Call REST with the instances of the examples, or with `arguments` if that fails.

    Return the arguments, and the exchange.
    """
    fresh = trial.action.effect == "write"
    sent = use_example_instances(trial.setting, rest, arguments)
    if sent != arguments:
        answer = trial.ask(_rest_call(trial, rest, sent, "explore", fresh=fresh, reuse=reuse))
        if answer.success:
            return sent, answer
    return arguments, trial.ask(_rest_call(trial, rest, arguments, fresh=fresh, reuse=reuse))


def _intent(raw: Raw) -> Intent:
    """Return the intent of a call by a name. A refusal of a former name proves nothing about the present
    one.
    """
    return "valid" if raw.is_empty else "explore"


def _compare_twins(trial: Trial, rest: Endpoint, arguments: Mapping[str, Any], raw: Raw) -> None:
    """Compare the surfaces on two instances that were made in the same way, one for each call."""
    template = trial.template
    assert template.subject is not None
    twin = InstanceRef(template.subject.name, template.states, fresh=True, standard=True)
    twin = as_called(trial.setting.model, trial.action, twin)
    places = list_places(template.subject)
    twins: list[Mapping[str, Any]] = []
    alike = False
    for _ in range(3):  # a lot of Park Graph may have no capacity for a second one beside the first
        body = trial.ask(twin)
        twins = [*twins[-1:], body]
        alike = len(twins) == 2 and all(twins[0].get(name) == body.get(name) for name in places)
        if alike:
            break
    first = trial.ask(_rest_call(trial, rest, arguments, made=twins[0]))
    call = trial.call(_intent(raw), "as REST was asked", input=arguments, made=twins[1], raw=raw)
    second = trial.ask(call)
    judged = list(_judge(trial, first, second, twins=alike))
    if _is_broken(judged):
        third = demand(trial.ask(_rest_call(trial, rest, arguments, made=trial.ask(twin))))
        if _is_broken(_judge(trial, first, third, twins=alike)):
            judged = [trial.untested(OF_ITSELF)]
    conclude(judged)


def _judge(trial: Trial, first: Exchange, second: Exchange, *, twins: bool = False) -> Iterator[Judgement]:
    """Compare two answers. If they are about different instances and no `twins`, compare only members and
    types.
    """
    setting, both = trial.setting, (first, second)
    if any(answer.void or answer.unsound or answer.is_tainted_by("response_schema") for answer in both):
        return
    if not all(answer.success and answer.fits for answer in both):
        # a full lot refuses the second of two creates, on whichever surface it comes
        if first.success != second.success and not any(answer.is_conflict for answer in both):
            yield trial.broken(f"{first.outcome}, as on REST", second.outcome)
        return
    if first.output is not None and first.output.schema is None:  # each surface says nothing in its own way
        yield trial.kept()
        return
    left_out = find_volatile(setting, first)
    a, b = remove_members(first.body, left_out), remove_members(second.body, left_out)
    if not twins and differ_in_instance(setting, first, second):
        a, b = to_forms(a, b)
    place = find_difference(a, b, setting, pair_fresh_values(first, second))
    yield trial.broken("what REST answers", f"it differs at {place}") if place else trial.kept()


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Compare the refusals of one invalid input on different surfaces, in whichever order they come."""
    endpoint = exchange.call.endpoint
    if endpoint is None or endpoint.form is not None or not exchange.call.field:
        return
    if not exchange.refused or exchange.void or exchange.tainted:
        return
    key = (REFUSED_ALIKE, str(endpoint.action.name), exchange.call.field, exchange.call.why)
    lead = memory.setting.lead_of(endpoint)
    refused = (exchange.code, got(exchange.body, memory.model.errors.field_at or ""))
    for other_place, other in memory.notes.setdefault(key, {}).items():
        place = exchange.place if not endpoint.leads else other_place
        if other_place == exchange.place or (lead is not None and place == lead.place):
            continue
        same = refused[0] == other[0] and (
            refused[1] == other[1] or _wire(endpoint, refused[1]) == _wire(endpoint, other[1])
        )
        contract = f"{REFUSED_ALIKE}/{place}"
        if same:
            yield judge_kept(contract)
        else:
            actual = "refused with {refused}"
            yield judge_broken(contract, f"refused with {other}", actual, refused=refused)
    memory.notes[key][exchange.place] = refused


def _wire(endpoint: Endpoint, name: Any) -> Any:
    """Return an argument's catalogue name, also if the error used its name on the wire."""
    return next((str(p.name) for p in endpoint.params if p.wire == name), name)


# -- arguments for two surfaces, and edits that use a former name


REFUSED = 300
"""The lowest status that is not a success."""


def list_inputs(setting: Setting, endpoint: Endpoint) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the arguments to compare, each with its name: ordinary ones, minimal ones and others.

    Only the reads of tools are called with all numbers at their least and greatest, too.
    """
    template = template_of(setting.model, endpoint.action)
    found: list[tuple[str, Mapping[str, Any]]] = [
        ("ordinary", {**_unset_flags(setting, endpoint), **template.input})
    ]
    wanted = (
        "minimal",
        *(("low", "high") if endpoint.form is not None and endpoint.action.effect == "read" else ()),
    )
    found += [
        (name, given)
        for name, given, _ in boundary_values(setting, endpoint)
        if name in wanted and dict(given) != dict(template.input)
    ]
    return found


def _unset_flags(setting: Setting, endpoint: Endpoint) -> dict[str, bool]:
    """Return a read's optional flags as false. In a query that is a text, which is true for JavaScript, as in
    Express's `req.query`.
    """
    if endpoint.action.effect != "read" or (rest := setting.lead_of(endpoint)) is None:
        return {}
    taken = {str(p.name) for p in endpoint.params}
    flags = (
        p
        for p in rest.params
        if not p.required
        and p.place == "query"
        and types_of(setting.resolve_schema(p.schema)) == ("boolean",)
    )
    return {str(p.name): False for p in flags if str(p.name) in taken}


def make_rename_edit(endpoint: Endpoint, name: str) -> Callable[[bytes], bytes]:
    """Return an edit that replaces the action's name in the call's body."""

    def edit(body: bytes) -> bytes:
        message = read_json(body).value
        if endpoint.dispatcher is not None:
            return json_bytes({**message, endpoint.dispatcher.selector: name})
        return json_bytes({**message, "params": {**message["params"], "name": name}})

    return edit


def fit_input(setting: Setting, endpoint: Endpoint, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments for a surface with fewer values, with its own defaults and allowed values."""
    narrowed = endpoint.offered.narrow.get(endpoint.action.name, {}) if endpoint.offered is not None else {}
    if not narrowed:
        return given
    defaults = {
        name: one.param.schema["default"]
        for name, one in narrowed.items()
        if "default" in one.param.schema and name not in given
    }
    fitted = fit_to_surface(setting.model, Call(endpoint, given, "valid", ""), dict(given))
    return {**defaults, **fitted}


def use_example_instances(setting: Setting, rest: Endpoint, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a read's arguments with the found instances in its example, which have most data, as the lots of
    Park Graph's pages.

    They need not exist on every server.
    """
    example = (
        next((e.input for e in rest.action.examples if e.status < REFUSED), {})
        if rest.action.effect == "read"
        else {}
    )
    found = {
        n
        for n, v in given.items()
        if isinstance(v, InstanceRef) and setting.model.resources[v.resource].made_by is None
    }
    return {**given, **{name: example[name] for name in found & example.keys()}}


# -- answers of two surfaces, without the values that may rightly differ


def pair_fresh_values(one: Exchange, two: Exchange) -> list[tuple[Any, Any]]:
    """Return pairs of values that were made anew for each of two otherwise equal calls.

    Both answers may repeat their own value. A short value is a digest, in which no mark can be recognised.
    """
    asked = (one.call.input, two.call.input)
    return [
        (given, two.input[name])
        for name, given in one.input.items()
        if name in two.input and asked[0].get(name) == asked[1].get(name) and given != two.input[name]
    ]


def list_places(resource: Resource) -> list[str]:
    """Return the arguments of the resource's create that name other instances, such as the place of a
    booking.
    """
    made = resource.made_by
    return [str(p.name) for p in made.action.params if p.refers_to] if made is not None else []


def to_forms(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the types of the members that two answers have in common, without their values.

    An optional member that one of two instances lacks is not a difference; `response_schema` holds the
    required ones. A null or an empty list gets the form of the other answer's value at that place.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        both = {name: to_forms(a[name], b[name]) for name in a if name in b}
        return {name: form[0] for name, form in both.items()}, {name: form[1] for name, form in both.items()}
    if isinstance(a, list) and isinstance(b, list):
        first = to_forms(a[0], b[0]) if a and b else ("", "")
        return [first[0]], [first[1]]
    if a is None or b is None:
        return "", ""
    return _type_name(a), _type_name(b)


def _type_name(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def find_volatile(setting: Setting, exchange: Exchange) -> frozenset[str]:
    """Return the members that may differ from call to call: the volatile members of each resource that the
    action touches.
    """
    endpoint = exchange.call.endpoint
    assert endpoint is not None
    found: set[str] = set()
    for resource in setting.model.resources.values():
        calls = [
            resource.found_by,
            resource.made_by,
            resource.undone_by,
            *resource.read_by,
            *resource.listed_by,
            *resource.moves,
        ]
        refers = any(p.refers_to == resource.name for p in endpoint.params)
        if refers or any(c is not None and c.action is endpoint.action for c in calls):
            found |= set(resource.volatile)
            if endpoint.action.effect == "write":  # each of two creates makes its own
                found.update(resource.ids)
                if resource.made_by is not None and resource.made_by.id_at is not None:
                    found.add(resource.made_by.id_at[1])
    return frozenset(found | setting.model.secrets)


def remove_members(value: Any, members: frozenset[str], path: str = "") -> Any:
    """Return an answer without these members. A name with dots is a path, such as the id of an inner
    object.
    """
    if isinstance(value, dict):
        paths = tuple(f".{name}" for name in members if "." in name)
        kept = {k: v for k, v in value.items() if k not in members and not f"{path}.{k}".endswith(paths)}
        return {k: remove_members(v, members, f"{path}.{k}") for k, v in kept.items()}
    if isinstance(value, str):
        return normalize_marks(value)
    return [remove_members(v, members, path) for v in value] if isinstance(value, list) else value


def find_difference(
    a: Any, b: Any, setting: Setting, fresh: Sequence[tuple[Any, Any]], path: str = "body"
) -> str:
    """Return the path of the first difference between two answers; empty if they agree.

    `fresh` are pairs of values that were made anew for each call; a difference between the two of a pair is
    allowed.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        for name in {**a, **b}:
            if name not in a or name not in b:
                return f"{path}.{name}"
            if where := find_difference(a[name], b[name], setting, fresh, f"{path}.{name}"):
                return where
        return ""
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{path} ({len(a)} items and {len(b)})"
        if setting.model.behaviour.order_of_ties == "any":
            a, b = sorted(a, key=repr), sorted(b, key=repr)
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            if where := find_difference(x, y, setting, fresh, f"{path}.{index}"):
                return where
        return ""
    return "" if a == b or (a, b) in fresh else path


def differ_in_instance(setting: Setting, one: Exchange, two: Exchange) -> bool:
    """True if the calls named different instances that were made, because their histories differ."""
    resources = setting.model.resources
    named = [
        str(p.name)
        for p in (one.call.endpoint.params if one.call.endpoint else ())
        if p.refers_to and resources[p.refers_to].made_by
    ]
    return any(one.input.get(name) != two.input.get(name) for name in named)


CHECK = make_check(
    "surface_equivalence",
    __doc__,
    cases,
    watch=watch,
    watched=frozenset(("refused",)),
    turn=8,
    calls_correctly=True,
    tools=True,
    overlap="readers",
    rank=Rank.WRONG,
)
