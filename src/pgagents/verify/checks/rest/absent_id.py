"""An id that does not exist, or belongs to another project, is answered as missing.

Each id argument is called with an id that no instance has, sometimes one that only resembles an existing id.
Another project's id gets the same answer, or a refusal, as the catalogue allows. Without an `absent` id, an
imported resource is read by a number or a UUID that hardly any server has, and any refusal will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.answers.refusal import (
    ANY_REFUSAL,
    list_allowed_refusals,
    list_hiding_statuses,
    list_missing_children,
    list_missing_parents,
)
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import makes_it
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "absent_id"
BEHIND = "-pgv"
"""A suffix that no id of a server has."""
BLANK = " "
"""A blank, which some servers strip before they look up an id."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield up to two contracts for each id argument: about an absent id, and about an id of another
    project.
    """
    for endpoint, param, resource in list_references(setting):
        missing = resource.missing_for(param)
        absent = find_absent_id(setting, endpoint, param, resource)
        if absent is not None and missing and not makes_it(endpoint, param):
            says = f"{endpoint.action.name} answers {missing.name} for a {param.name} that does not exist"
            yield promise(
                NAME,
                f"unknown/{param.name}",
                endpoint,
                says,
                (*resource.origin, "absent") if resource.absent is not None else resource.origin,
                endpoint.action.cite,
            )
        if has_foreign(setting, endpoint, param, resource):
            says = f"{endpoint.action.name} hides another project's {resource.name}"
            yield promise(
                NAME,
                f"foreign/{param.name}",
                endpoint,
                says,
                (*resource.origin, "tenant"),
                resource.cite or endpoint.action.cite,
            )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    usable = {endpoint.place for endpoint in setting.usable}
    for endpoint, param, resource in list_references(setting):
        if endpoint.place not in usable:
            continue
        absent = find_absent_id(setting, endpoint, param, resource)
        if absent is not None and resource.missing_for(param) and not makes_it(endpoint, param):
            yield _probe_unknown(setting, endpoint, param, resource, absent)
        if has_foreign(setting, endpoint, param, resource):
            yield _probe_foreign(setting, endpoint, param, resource)


def _probe_unknown(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, absent: str | int | float
) -> Probe:
    """Return the probe of a call with an id that no instance has."""
    template = template_of(setting.model, endpoint.action)
    writes = endpoint.action.effect == "write"
    contract = f"{NAME}/unknown/{param.name}/{endpoint.place}"
    given = {**template.input, str(param.name): absent}
    call = ordinary(endpoint, template, "absent", f"a {param.name} that does not exist", input=given)
    twice = (endpoint, param) == find_repeated(setting)
    run = (
        partial(_near, setting, call, param, resource, contract)
        if takes_similar_id(setting, endpoint, param)
        else partial(_send_unknown, call, twice=twice)
    )
    return Probe(contract, 5, (contract,), 1 + twice, run, (endpoint,), "main", writes, optional=True)


def _probe_foreign(setting: Setting, endpoint: Endpoint, param: Param, resource: Resource) -> Probe:
    """Return the probe of a call by another project with the id of one of our instances."""
    template = template_of(setting.model, endpoint.action)
    writes = endpoint.action.effect == "write"
    contract = f"{NAME}/foreign/{param.name}/{endpoint.place}"
    call = ordinary(
        endpoint,
        template,
        "absent",
        f"another project's {resource.name}",
        role="second",
        owner="main",
    )
    codes = _codes(setting, endpoint, param, resource)
    run = partial(_run, call, contract, codes, f"another project's {resource.name}")
    over = (
        list_final_states(resource)
        if takes_similar_id(setting, endpoint, param)
        else list_past_states(endpoint, resource)
        if endpoint.leads
        else ()
    )
    if over:
        call = replace(
            call, states=over, why=f"another project's {resource.name} that is {' or '.join(over)}"
        )
        run = partial(_run, call, contract, codes, f"another project's {resource.name}")
    if not param.required:
        run = partial(_with_theirs, call, codes, param, resource, contract)
    elif not writes:
        run = partial(_after_own, call, codes, resource, contract)
    return Probe(contract, 3, (contract,), 1 if writes else 2, run, (endpoint,), "second", writes)


def _with_theirs(
    call: Call, codes: list[Code], param: Param, resource: Resource, contract: str
) -> Conversation:
    """Send the id of the main project's instance in an optional argument.

    All other arguments that are members of that instance get its values.
    """
    body = yield InstanceRef(resource.name, fresh=True)
    told = {
        str(p.name): body[str(p.name)]
        for p in (call.endpoint.params if call.endpoint else ())
        if str(p.name) in body
    }
    given = {**call.input, **told, str(param.name): resource.value_for(param, body)}
    yield from _run(
        replace(call, input=given, subject=None),
        contract,
        codes,
        f"another project's {resource.name}",
    )


def _codes(setting: Setting, endpoint: Endpoint, param: Param, resource: Resource) -> list[Code]:
    model, point = setting.model, setting.model.behaviour.foreign_id
    own = resource.missing_for(param)
    assert own is not None
    no_scope = model.errors.framework.no_scope
    forbidden = [model.codes[no_scope]] if no_scope else []
    missing = [
        own,
        *list_missing_parents(setting, endpoint, resource),
        *list_missing_children(model, endpoint, resource),
    ]
    return missing if point == "not_found" else forbidden if point == "forbidden" else [*missing, *forbidden]


def _run(call: Call, contract: str, codes: list[Code], what: str) -> Conversation:
    exchange: Exchange = yield call
    yield from judge_refused(exchange, contract, codes, what)


def _after_own(call: Call, codes: list[Code], resource: Resource, contract: str) -> Conversation:
    """Read as the owner just before the other project's call.

    It reveals an answer that is cached for everyone.
    """
    assert call.endpoint is not None
    named = call.subject or resource  # a call about an instance names what contains it by that
    there: Mapping[str, Any] = yield InstanceRef(named.name, call.states)
    ours = (
        replace(call, made=there)
        if call.subject is not None
        else replace(call, input={**call.input, **name_instance(call, resource, there)})
    )
    yield replace(ours, role="main", intent="explore", why=f"our own {resource.name}")
    yield from _run(ours, contract, codes, f"another project's {resource.name}")


def _near(setting: Setting, call: Call, param: Param, resource: Resource, contract: str) -> Conversation:
    """Read an existing id with a suffix, or write to one with blanks around it.

    If the schema refuses the longer id, or allows blanks, the absent id is sent instead.
    """
    assert call.endpoint is not None
    own = resource.missing_for(param)
    assert own is not None
    there: Mapping[str, Any] = yield InstanceRef(resource.name)
    id, reads = resource.id_of(there), call.endpoint.action.effect == "read"
    near = f"{id}{BEHIND}" if reads else f"{BLANK}{id}{BLANK}"
    if setting.test_argument(call.endpoint, param).is_valid(near) != reads:
        yield call
        return
    what = (
        f"a {param.name} that "
        f"{'only begins with one that exists' if reads else 'exists, with blanks around it'}"
    )
    asked = replace(
        call,
        input={**call.input, str(param.name): near},
        why=what,
        field="" if reads else str(param.name),
    )
    exchange: Exchange = yield asked
    missing = [own, *list_missing_children(setting.model, call.endpoint, resource)]
    hiding = list_hiding_statuses(setting, call.endpoint)
    codes, statuses = (missing, hiding) if reads else list_allowed_refusals(setting, asked)
    yield from judge_refused(exchange, contract, codes, what, statuses)


def _send_unknown(call: Call, *, twice: bool) -> Conversation:
    """Make a call that the watcher judges. If `twice`, repeat it to reveal a cached answer."""
    yield call
    if twice:
        yield replace(call, why=f"{call.why}, once more")


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every call with an absent id, whichever check made it."""
    endpoint = exchange.call.endpoint
    if (
        endpoint is None
        or exchange.call.intent != "absent"
        or exchange.call.role not in ("main", "")
        or exchange.call.twist
    ):
        return
    for param in endpoint.params:
        resource = memory.model.resources.get(param.refers_to or "")
        given = exchange.call.input.get(str(param.name))
        if resource is None or makes_it(endpoint, param):
            continue
        own = resource.missing_for(param)
        absent = find_absent_id(memory.setting, endpoint, param, resource)
        if absent is not None and own is not None and given == absent:
            what = f"a {param.name} that does not exist"
            if exchange.call.role or exchange.code == own.name:  # a call with a token may get another answer
                missing = [own, *list_missing_children(memory.model, endpoint, resource)]
                contract = f"{NAME}/unknown/{param.name}/{endpoint.place}"
                if resource.absent is None and _answers(resource, exchange, absent):
                    yield judge_untested(contract, f"the server has a {resource.name} {absent}")
                    return
                statuses = (
                    ANY_REFUSAL if resource.absent is None else ()
                )  # it may be out of the server's range
                yield from judge_refused(exchange, contract, missing, what, statuses)
            return


def _answers(resource: Resource, exchange: Exchange, id: Any) -> bool:
    """True if the answer is an instance with this id, so that the id exists after all."""
    bodies = (at_path(read, exchange) for read in resource.read_by if exchange.success)
    return any(isinstance(body, Mapping) and resource.id_of(body) == id for body in bodies)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    tools=True,
    self_contained=True,
    overlap="all",
)


# -- arguments that are ids, and the absent and foreign ids for them


UNUSED_NUMBER = 2_147_483_629
"""A prime just below the largest id of a column of 32 bits, which a server has hardly ever reached."""
UNUSED_UUID = "7f3c9a1e-5b2d-4064-9d17-c41b6e2f8a53"
"""A random UUID, drawn once."""


def find_absent_id(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource
) -> str | int | float | None:
    """Return an id that no instance has; None if none is known.

    An inferred resource has a number or a UUID that hardly any server has. Only reads get it, because a write
    could hit an instance of others.
    """
    if resource.absent is not None or not resource.inferred:
        return resource.find_absent_value(param)
    if endpoint.action.effect != "read" or not (endpoint.leads and endpoint.on_rest and param.required):
        return None
    schema = setting.resolve_schema(param.schema)
    unused: str | int = UNUSED_UUID if schema.get("format") == "uuid" else UNUSED_NUMBER
    fitting = isinstance(unused, str) or types_of(schema) == ("integer",)
    return unused if fitting and setting.test_argument(endpoint, param).is_valid(unused) else None


def list_references(setting: Setting) -> Sequence[tuple[Endpoint, Param, Resource]]:
    """Return each argument that is an id of an instance, with its endpoint and the resource."""

    def find() -> Iterator[tuple[Endpoint, Param, Resource]]:
        for endpoint in setting.every_endpoint:
            for param in endpoint.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is not None:
                    yield endpoint, param, resource

    return setting.compute_once("references to instances", lambda: tuple(find()))


def has_foreign(setting: Setting, endpoint: Endpoint, param: Param, resource: Resource) -> bool:
    """True if the argument can be called with the id of another project's instance."""
    if endpoint.form is not None:  # an MCP server acts with one key
        return False
    there = resource.made_by is not None or _is_given_apart(setting, resource)
    return bool(resource.tenant and there and resource.missing_for(param))


def _is_given_apart(setting: Setting, resource: Resource) -> bool:
    """True if the environment gives an id of another project's instance."""
    if resource.given is None:
        return False
    ours, theirs = (Scope({"env": setting.model.env_of(role)}) for role in ("main", "second"))
    try:
        return bool(ours.evaluate(resource.given) != theirs.evaluate(resource.given))
    except ExpressionError:
        return False


def list_past_states(endpoint: Endpoint, resource: Resource) -> tuple[str, ...]:
    """Return the states from which the action cannot move an instance; empty if it does not depend on the
    state.

    Ownership must be checked before the state. Otherwise the refusal reveals another project's instance.
    """
    move = next(
        (
            m
            for m in resource.moves
            if m.action is endpoint.action and m.otherwise not in (None, resource.missing_in(m.action))
        ),
        None,
    )
    return tuple(s for s in resource.states if s not in move.origin_states) if move is not None else ()


def list_final_states(resource: Resource) -> tuple[str, ...]:
    """Return the states that no action leaves.

    An instance in such a state may be stored elsewhere, but still belongs to its project.
    """
    left = {state for move in resource.moves for state in move.origin_states}
    return tuple(s for s in resource.states if s not in left) if left else ()


def name_instance(call: Call, resource: Resource, there: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are ids of an instance of the resource, with the ids in the body `there`."""
    return {
        str(p.name): there[resource.id]
        for p in (call.endpoint.params if call.endpoint else ())
        if p.refers_to == resource.name
    }


def find_repeated(setting: Setting) -> tuple[Endpoint, Param] | None:
    """Return the read by an absent id that is sent twice, to reveal a cached answer; None if there is no
    read.

    It is the first read by id of a public resource, because caches usually store such answers.
    """

    def find() -> tuple[Endpoint, Param] | None:
        reads = [
            (d, p, r)
            for d, p, r in list_references(setting)
            if d.leads and d.action.effect == "read" and r.absent is not None and r.missing_for(p)
        ]
        return next(((d, p) for d, p, r in sorted(reads, key=lambda read: read[2].tenant)), None)

    return setting.compute_once("repeated read of an absent id", find)


def takes_similar_id(setting: Setting, endpoint: Endpoint, param: Param) -> bool:
    """True if this endpoint is called with an id that resembles an existing one.

    That is every second endpoint with an id of this kind. Reads and writes are counted separately.
    """
    effect = endpoint.action.effect
    alike = [
        d
        for d, p, _ in list_references(setting)
        if p.refers_to == param.refers_to and d.action.effect == effect
    ]
    return alike.index(endpoint) % 2 == 1
