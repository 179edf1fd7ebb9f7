"""Choose calls that break proposals that hold by accident: new arguments, other instances, more time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Move, Resource
from pgagents.suggest.across import LEFT_OUT, LIMITS, find_list, numbers_of, other_values
from pgagents.suggest.samples import Samples
from pgagents.suggest.tables import declared_values, words_of
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.fixtures.instance import at_path, will_do
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of, time_passes
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint

WHY = "to break a proposed law"
READS, WRITES, LIVES = 12, 6, 9
"""Most calls of an action that reads, most calls of one that writes, and most instances of a resource."""
DEPENDENTS = 2
"""Number of other instances that are made from one instance."""
WAITS = (0.0, 900.0, 5_400.0, 31_000.0, 90_000.0, 180_500.0)
"""Seconds that pass between two calls, if there is an operator's clock."""


def list_probes(
    setting: Setting, roles: frozenset[str], samples: Samples, wanted: frozenset[str], *, seed: int
) -> Iterator[Probe]:
    """Yield probes: first reads of lists with several values of a number, then lives of instances.

    Other calls of the actions in `wanted`, which proposals are about, come last.
    """
    yield from list_pair_probes(setting, samples)
    for resource in _list_living(setting):
        yield from _live(setting, roles, resource, samples, seed)
    lived = {str(r.made_by.action.name) for r in _list_living(setting) if r.made_by is not None}
    lived |= {str(m.action.name) for r in _list_living(setting) for m in r.moves}
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        if (
            endpoint is None
            or str(action.name) not in wanted
            or action.signed is not None
            or setting.model.is_removal(action)
        ):
            continue
        if action.effect == "write" and str(action.name) in lived:
            continue
        inputs = choose_inputs(setting, endpoint, samples, READS if action.effect == "read" else WRITES, seed)
        yield _vary(endpoint, template_of(setting.model, action), inputs)


def choose_inputs(
    setting: Setting, endpoint: Endpoint, samples: Samples, most: int, seed: int
) -> list[dict[str, Any]]:
    """Return inputs of valid calls that differ from the usual one in two arguments."""
    template = template_of(setting.model, endpoint.action)
    rng = random.Random(f"{seed} {endpoint.place}")
    others = {
        str(p.name): values
        for p in endpoint.params
        if (values := other_values(setting, endpoint, p, template.input.get(str(p.name), LEFT_OUT), samples))
    }
    found: list[dict[str, Any]] = []
    for turn in range(most if others else 1):
        given = dict(template.input)
        names = list(others)
        chosen = {names[turn % len(names)], rng.choice(names)} if names else set()
        for name in sorted(chosen):
            value = (
                others[name][(turn // len(names)) % len(others[name])]
                if turn < 2 * len(names)
                else rng.choice(others[name])
            )
            given.pop(name, None)
            if value is not LEFT_OUT:
                given[name] = value
        if given not in found:
            found.append(given)
    for _, edge, _ in boundary_values(setting, endpoint)[: most // 2]:
        if dict(edge) not in found:
            found.append(dict(edge))
    return found


def _vary(endpoint: Endpoint, template: RequestTemplate, inputs: Sequence[Mapping[str, Any]]) -> Probe:
    def run() -> None:
        for given in inputs:
            ask(ordinary(endpoint, template, "explore", WHY, input=given))

    writes = endpoint.action.effect == "write"
    return Probe(
        f"suggest/{len(inputs)} other calls/{endpoint.place}",
        9,
        (),
        len(inputs),
        run,
        (endpoint,),
        "main",
        writes,
    )


def _list_living(setting: Setting) -> list[Resource]:
    """Return the resources whose instances a run can make and move, one for each action that makes them."""
    found: dict[str, Resource] = {}
    for resource in setting.model.resources.values():
        made = resource.made_by
        if made is not None and setting.find_usable_lead(str(made.action.name)) is not None:
            known = found.get(str(made.action.name))
            if known is None or len(resource.moves) > len(known.moves):
                found[str(made.action.name)] = resource
    return list(found.values())


def _live(
    setting: Setting, roles: frozenset[str], resource: Resource, samples: Samples, seed: int
) -> Iterator[Probe]:
    """Yield probes. Each makes an unusual instance, lets time pass, moves the instance, and reads it."""
    made = resource.made_by
    maker = setting.find_usable_lead(str(made.action.name)) if made is not None else None
    if made is None or maker is None:
        return
    inputs = choose_inputs(setting, maker, samples, LIVES, seed)
    parents = _list_parents(setting, resource, samples)
    timed = setting.model.clock is not None and OPERATOR in roles
    rng = random.Random(f"{seed} {resource.name}")
    for number in range(min(LIVES, max(len(inputs), len(parents)))):
        bind = {name: found[number % len(found)] for name, found in parents.items() if found}
        waits = (rng.choice(WAITS), rng.choice(WAITS)) if timed else (0.0, 0.0)
        run = _run_life(
            setting, resource, maker, inputs[number % len(inputs)], bind, waits, samples, seed + number
        )
        yield Probe(
            f"suggest/a life of {resource.name} {number}/{maker.place}",
            9,
            (),
            10,
            run,
            (maker,),
            "main",
            True,
        )


def _list_parents(
    setting: Setting, resource: Resource, samples: Samples
) -> dict[str, list[Mapping[str, Any]]]:
    """Return found instances by resource, which a call that makes an instance may name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for value in resource.made_by.input.values() if resource.made_by else ():
        names = value.names & setting.model.resources.keys() if isinstance(value, Expression) else ()
        for name in names:
            other = setting.model.resources[name]
            if other.found_by is None:
                continue
            several: dict[str, Mapping[str, Any]] = {}
            for sample in samples.of_action(str(other.found_by.action.name)):
                listed = _items_at(other, sample.values)
                for item in listed if isinstance(listed, list) else ():
                    if isinstance(item, Mapping) and will_do(other.found_by.where, other, item):
                        several[str(other.id_of(item))] = item
            found[name] = list(several.values())
    return found


def _items_at(resource: Resource, values: Mapping[str, Any]) -> Any:
    """Return the items of a resource in a sample's answer."""
    from pgagents.base.cel.expression import Scope

    found = resource.found_by
    return (
        Scope(values).find_value(found.at)
        if found is not None and found.at is not None
        else values["response"]
    )


def _run_life(
    setting: Setting,
    resource: Resource,
    maker: Endpoint,
    given: Mapping[str, Any],
    bind: Mapping[str, Any],
    waits: tuple[float, float],
    samples: Samples,
    seed: int,
) -> Callable[[], None]:
    def run() -> None:
        template = template_of(setting.model, maker.action)
        made = ask(ordinary(maker, template, "explore", WHY, input=given, bind=bind))
        body = at_path(resource.made_by, made) if made.success else None
        if not isinstance(body, Mapping):
            return
        staying = [m for m in resource.moves if m.to in m.origin_states]
        ending = [m for m in resource.moves if m not in staying and resource.initial in m.origin_states]
        for index, moves in enumerate((staying, ending[seed % len(ending) :][:1] if ending else [])):
            if (wait := time_passes(setting, waits[index]) if waits[index] else None) is not None:
                ask(wait)
            for move in moves:
                if (call := _move(setting, resource, move, body, samples, seed)) is not None:
                    ask(call)
        for other, needed in _list_dependents(setting, resource)[:DEPENDENTS]:
            ask(Call(other, needed, "explore", WHY, bind={resource.name: body}, surface=other.surface))
        for read in (*resource.read_by[:1], *resource.listed_by[:1]):
            reader = setting.find_usable_lead(str(read.action.name))
            if reader is not None:
                ask(Call(reader, read.input, "explore", WHY, subject=resource, made=body))

    return run


def _list_dependents(setting: Setting, resource: Resource) -> list[tuple[Endpoint, Mapping[str, Any]]]:
    """Return the calls that make other instances from this one, such as a refund of a payment."""
    found = []
    for other in setting.model.resources.values():
        made = other.made_by
        names = (
            {n for v in made.input.values() if isinstance(v, Expression) for n in v.names} if made else set()
        )
        endpoint = (
            setting.find_usable_lead(str(made.action.name)) if made and resource.name in names else None
        )
        if (
            made
            and endpoint is not None
            and not any(move.action is endpoint.action for move in resource.moves)
        ):
            found.append((endpoint, made.input))
    return found


def _move(
    setting: Setting, resource: Resource, move: Move, body: Mapping[str, Any], samples: Samples, seed: int
) -> Call | None:
    """Return a call that moves an instance, with an unusual value of one of its arguments."""
    mover = setting.find_usable_lead(str(move.action.name))
    if mover is None or move.action.signed is not None:
        return None
    given = dict(move.input)
    rng = random.Random(f"{seed} {mover.place}")
    usual = template_of(setting.model, move.action).input
    for param in mover.params:
        name = str(param.name)
        if name not in given and name != move.action.idempotency:
            values = other_values(setting, mover, param, usual.get(name, LEFT_OUT), samples)
            value = rng.choice(values) if values else usual.get(name, LEFT_OUT)
            if value is not LEFT_OUT:
                given[name] = value
            elif name in usual and param.required:
                given[name] = usual[name]
    return Call(mover, given, "explore", WHY, subject=resource, made=body)


# -- pairs of reads


WHY_PAIR = "to see what a greater argument keeps"
MOST_VALUES, MOST_NUMBERS = 5, 3
FEW = (1, 2, 3, 4)


def list_pair_probes(setting: Setting, samples: Samples) -> Iterator[Probe]:
    """Yield a probe for each read of a list and each number that may widen the list."""
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name)) if action.effect == "read" else None
        if (
            endpoint is None
            or find_list(setting.model, action, samples.of_action(str(action.name))) is None
            or action.signed is not None
        ):
            continue
        numbers = numbers_of(setting.model, action)
        for param in numbers[:MOST_NUMBERS]:
            inputs = list(_list_inputs(setting, endpoint, param, numbers))
            name = f"suggest/{len(inputs)} values of {param.name}/{endpoint.place}"
            run = _run(setting, endpoint, inputs)
            yield Probe(name, 9, (), len(inputs), run, (endpoint,), "main", False)


def _run(setting: Setting, endpoint: Endpoint, inputs: list[dict[str, Any]]) -> Any:
    template = template_of(setting.model, endpoint.action)

    def run() -> None:
        for given in inputs:
            ask(ordinary(endpoint, template, "explore", WHY_PAIR, input=given))

    return run


def _list_inputs(
    setting: Setting, endpoint: Endpoint, param: Param, numbers: list[Param]
) -> Iterator[dict[str, Any]]:
    """Yield the usual call, and the call with required arguments only, with several values of one number.

    Any other number that limits the list is at its maximum, so that it cuts nothing off.
    """
    usual = dict(template_of(setting.model, endpoint.action).input)
    needed = {str(p.name) for p in endpoint.params if p.required}
    bare = {k: v for k, v in usual.items() if k in needed}
    bases = [bare] if usual.keys() - {str(param.name)} == bare.keys() else [usual, bare]
    if flags := {str(p.name): True for p in endpoint.params if not p.required and _is_flag(setting, p)}:
        bases.append({**bare, **flags})
    for base in bases:
        for other in numbers:
            if other is not param and LIMITS & {*words_of(str(other.name))}:
                base = {**base, str(other.name): high(other.schema, setting.model.schemas)}
        for value in _list_values(setting, endpoint, param, usual):
            yield {**base, str(param.name): value}


def _is_flag(setting: Setting, param: Param) -> bool:
    return declared_values(param.schema, setting.model.schemas) == (True, False)


def _list_values(setting: Setting, endpoint: Endpoint, param: Param, usual: Mapping[str, Any]) -> list[Any]:
    """Return valid values of a number in ascending order."""
    schemas = setting.model.schemas
    most, given = high(param.schema, schemas), usual.get(str(param.name))
    values = {low(param.schema, schemas), most}
    if LIMITS & {*words_of(str(param.name))}:
        values |= {*FEW}
    else:
        own = given if isinstance(given, int | float) else most / 8
        values |= {own / 4, own / 2, own, own * 2, own * 4}
    fits = setting.test_argument(endpoint, param)
    return sorted(v for v in values if isinstance(v, int | float) and fits.is_valid(v))[: MOST_VALUES + 1]
