"""The same input has the same answer, and the same refusal, through REST, a dispatcher and an MCP tool.

Each call is made on two surfaces, REST if it has the action, and the answers are compared without volatile
members. Former names that the catalogue still offers must get the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes, read_json
from pgagents.catalogue.model.action import Former
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.refusal import is_conflict
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.arguments import fit_to_surface
from pgagents.verify.fixtures.marks import normalize_marks
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Judgement, Probe, judge_broken, judge_kept, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, InstanceRef, Intent, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NAME = "surface_equivalence"
PLAIN = Raw()


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each action of a dispatcher or tool: ordinary and minimal arguments, a refusal,
    former names.

    Tools refuse in their own words, so only their successes are compared, also with all numbers at their
    least and greatest.
    """
    for endpoint in _endpoints(setting):
        cite = endpoint.dispatcher.cite if endpoint.dispatcher else ()
        lead = setting.get_lead(str(endpoint.action.name))
        first = "REST" if lead.on_rest else lead.surface
        for detail, _ in list_inputs(setting, endpoint):
            says = (
                f"{endpoint.action.name} answers the same through {endpoint.surface} and through {first} "
                f"({detail.replace('_', ' ')})"
            )
            yield promise(NAME, detail, endpoint, says, endpoint.action.origin, cite)
        if endpoint.form is None and invalid_cases_of(setting, endpoint):
            says = f"{endpoint.action.name} refuses the same through {endpoint.surface} and through {first}"
            yield promise(NAME, "refused", endpoint, says, endpoint.action.origin, cite)
        for former in endpoint.action.formerly:
            says = (
                f"{former.name} until {former.until} is {endpoint.action.name} on {endpoint.surface}, "
                f"with the answer that {first} gives"
            )
            yield promise(NAME, _as(former), endpoint, says, former.origin, cite)


def _as(former: Former) -> str:
    return f"as_{former.name}"


def _endpoints(setting: Setting) -> Iterator[Endpoint]:
    for endpoint in setting.every_endpoint:
        if not (endpoint.leads or endpoint.answers_file) and setting.lead_of(endpoint) is not None:
            yield endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with two calls for each contract. For transitions, each call needs its own instance."""
    del roles
    for endpoint in _endpoints(setting):
        if endpoint.form is not None and setting.mcp is None:
            continue
        rest = setting.lead_of(endpoint)
        assert rest is not None
        for detail, given in list_inputs(setting, endpoint):
            contract = f"{NAME}/{detail}/{endpoint.place}"
            template = template_of(setting.model, endpoint.action)
            run = partial(_run, setting, endpoint, rest, template, given, contract)
            stage = 1 if endpoint.action.effect == "read" and detail == "ordinary" else 4
            yield _make_probe(contract, stage, template, run, (endpoint, rest))
        for former in endpoint.action.formerly:
            contract = f"{NAME}/{_as(former)}/{endpoint.place}"
            template = template_of(setting.model, endpoint.action)
            run = partial(
                _run,
                setting,
                endpoint,
                rest,
                template,
                template.input,
                contract,
                Raw(edit=make_rename_edit(endpoint, str(former.name))),
            )
            yield _make_probe(contract, 4, template, run, (endpoint, rest))


def _make_probe(
    contract: str,
    stage: int,
    template: RequestTemplate,
    run: Callable[[], Conversation],
    endpoints: tuple[Endpoint, Endpoint],
) -> Probe:
    cost = 4 if template.moves else 2
    return Probe(
        contract, stage, (contract,), cost, run, endpoints, "main", endpoints[0].action.effect == "write"
    )


def _run(
    setting: Setting,
    endpoint: Endpoint,
    rest: Endpoint,
    template: RequestTemplate,
    given: Mapping[str, Any],
    contract: str,
    raw: Raw = PLAIN,
) -> Conversation:
    """Call both surfaces and compare the answers.

    An earlier answer to an equal REST call is used first. If the answers differ, REST is called again.
    """
    fresh = endpoint.action.effect == "write"
    if fresh and template.subject is not None:
        yield from _on_twins(setting, endpoint, rest, template, given, contract, raw)
        return
    again = "ever" if template.makes is not None else "" if fresh else "unchanged"
    why = f"as {endpoint.surface} will be asked"
    asked, first = yield from _ask_rest(setting, endpoint, rest, template, given, why, again)
    two: Exchange = yield ordinary(
        endpoint,
        template,
        _intent(raw),
        "as REST was asked",
        input=asked,
        fresh=fresh,
        made=None if fresh else first.subject,
        raw=raw,
    )
    judged = list(_compare_answers(setting, contract, first, two))
    if any(j.verdict is Verdict.BROKEN for j in judged) and again:
        one: Exchange = yield ordinary(
            rest,
            template,
            "valid",
            why,
            input=fit_input(setting, endpoint, asked),
            fresh=fresh,
            made=None if fresh else two.subject,
        )
        judged = list(_compare_answers(setting, contract, one, two))
    yield from judged


def _ask_rest(
    setting: Setting,
    endpoint: Endpoint,
    rest: Endpoint,
    template: RequestTemplate,
    given: Mapping[str, Any],
    why: str,
    reuse: str,
) -> Generator[Call, Exchange, tuple[Mapping[str, Any], Exchange]]:
    """Call REST with the instances of the examples, or with `given` if that fails.

    Return the arguments, and the exchange.
    """
    fresh = endpoint.action.effect == "write"
    asked = use_example_instances(setting, rest, given)
    taken = fit_input(setting, endpoint, asked)
    first = yield ordinary(
        rest,
        template,
        "valid" if asked == given else "explore",
        why,
        input=taken,
        fresh=fresh,
        reuse=reuse,
    )
    if asked == given or first.success:
        return asked, first
    taken = fit_input(setting, endpoint, given)
    return given, (yield ordinary(rest, template, "valid", why, input=taken, fresh=fresh, reuse=reuse))


def _intent(raw: Raw) -> Intent:
    """Return the intent of a call by a name. A refusal of a former name proves nothing about the present
    one.
    """
    return "valid" if raw is PLAIN else "explore"


def _on_twins(
    setting: Setting,
    endpoint: Endpoint,
    rest: Endpoint,
    template: RequestTemplate,
    given: Mapping[str, Any],
    contract: str,
    raw: Raw,
) -> Conversation:
    """Compare the surfaces on two instances that were made in the same way, one for each call."""
    assert template.subject is not None
    twin = InstanceRef(
        template.subject.name,
        template.states or tuple(filter(None, [template.subject.initial])),
        fresh=True,
        standard=True,
    )
    twins: list[Mapping[str, Any]] = []
    alike = False
    for _ in range(3):  # the second one may find no capacity beside the first, or cannot be made there
        body: Mapping[str, Any] = yield twin
        twins = [*twins[-1:], body]
        alike = len(twins) == 2 and all(
            twins[0].get(name) == body.get(name) for name in list_places(template.subject)
        )
        if alike:
            break
    one: Exchange = yield ordinary(
        rest,
        template,
        "valid",
        f"as {endpoint.surface} will be asked",
        input=fit_input(setting, endpoint, given),
        made=twins[0],
    )
    two: Exchange = yield ordinary(
        endpoint, template, _intent(raw), "as REST was asked", input=given, made=twins[1], raw=raw
    )
    yield from _compare_answers(setting, contract, one, two, twins=alike)


def _compare_answers(
    setting: Setting, contract: str, one: Exchange, two: Exchange, *, twins: bool = False
) -> Iterator[Judgement]:
    """Compare two answers. If they are about different instances (`twins`), compare only members and
    types.
    """
    wrong = any(
        exchange.void or exchange.unsound or exchange.is_tainted_by("response_schema")
        for exchange in (one, two)
    )
    if wrong or not (one.success and two.success and one.fits and two.fits):
        if (
            one.success != two.success
            and not wrong
            and not any(is_conflict(exchange) for exchange in (one, two))
        ):
            yield judge_broken(contract, f"{one.outcome}, as on REST", two.outcome)
        return
    if one.output is not None and one.output.schema is None:  # each surface says nothing in its own way
        yield judge_kept(contract)
        return
    left_out = find_volatile(setting, one)
    a, b = remove_members(one.body, left_out), remove_members(two.body, left_out)
    if not twins and differ_in_instance(setting, one, two):
        a, b = to_forms(a, b)
    where = find_difference(a, b, setting, pair_fresh_values(one, two))
    yield (
        judge_broken(contract, "what REST answers", f"it differs at {where}")
        if where
        else judge_kept(contract)
    )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Compare the refusals of one invalid input on different surfaces, in whichever order they come."""
    endpoint = exchange.call.endpoint
    if (
        endpoint is None
        or endpoint.form is not None
        or not exchange.call.field
        or not exchange.refused
        or exchange.void
        or exchange.tainted
    ):
        return
    key = (NAME, str(endpoint.action.name), exchange.call.field, exchange.call.why)
    lead = memory.setting.lead_of(endpoint)
    refused = (exchange.code, got(exchange.body, memory.model.errors.field_at or ""))
    for other_place, other in memory.notes.setdefault(key, {}).items():
        place = exchange.place if not endpoint.leads else other_place
        if other_place == exchange.place or (lead is not None and place == lead.place):
            continue
        same = refused[0] == other[0] and (
            refused[1] == other[1] or _wire(endpoint, refused[1]) == _wire(endpoint, other[1])
        )
        contract = f"{NAME}/refused/{place}"
        yield (
            judge_kept(contract)
            if same
            else judge_broken(contract, f"refused with {other}", f"refused with {refused}")
        )
    memory.notes[key][exchange.place] = refused


def _wire(endpoint: Endpoint, said: Any) -> Any:
    """Return an argument's catalogue name, also if the error used its name on the wire."""
    return next((str(p.name) for p in endpoint.params if p.wire == said), said)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("refused",)),
    probes=probes,
    rank=8,
    calls_correctly=True,
    tools=True,
    overlap="readers",
)


# -- arguments for two surfaces, and edits that use a former name


REFUSED = 300
"""The lowest status that is no success."""


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
    """Return a read's optional flags as false. In a query that is a text, which some servers take for
    true.
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
        said = read_json(body).value
        if endpoint.dispatcher is not None:
            return json_bytes({**said, endpoint.dispatcher.selector: name})
        return json_bytes({**said, "params": {**said["params"], "name": name}})

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
    """Return a read's arguments with the found instances in its example, which have most data.

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

    An optional member that one of two instances lacks is no difference; `response_schema` holds the required
    ones. A null or an empty list gets the form of the other answer's value at that place.
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
            if endpoint.action.effect == "write":
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
