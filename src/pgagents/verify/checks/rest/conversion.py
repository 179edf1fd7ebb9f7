"""Converting an instance into another, such as a reservation into a booking, occupies no second unit of
capacity.

The catalogue says that both count in one counter, and that the create of the second may name the first. The
counter is read before and after. The first instance is used up: undoing it must fail afterwards.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.base.jsonschema.schema import closure
from pgagents.base.places import plain
from pgagents.catalogue.model.resource import Resource, Takes
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.cases.argument_values import find_comparison
from pgagents.verify.fixtures.instance import at_path, say_none_made
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Own
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "conversion"
ROUNDS = 2
"""The number of rounds. A wrong count is counted again, because something else may have ended meanwhile."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """A conversion.

    `maker` makes `resource` from an instance of `first`, whose id is the argument `by`; both count in
    `takes`.
    """

    first: Resource
    resource: Resource
    maker: Endpoint
    by: str
    takes: Takes


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each conversion on REST: no second unit is occupied, the first is used up, case
    does not count.
    """
    for p in _passings(setting):
        action, origin = p.maker.action, (*p.resource.origin, "takes")
        says = f"{action.name} with a {p.first.name} takes no second {p.takes.counter} of the {p.takes.of}"
        yield promise(NAME, f"one_space/{p.first.name}", p.maker, says, origin, p.first.cite)
        if p.first.undone_by is not None:
            says = f"a {p.first.name} that {action.name} has used is no longer there to be undone"
            yield promise(NAME, f"used_up/{p.first.name}", p.maker, says, origin, p.first.cite)
        if folded := _list_case_insensitive(setting, p):
            says = f"{action.name} finds a {p.first.name} by its {' and '.join(folded)} in whichever case"
            yield promise(NAME, f"any_case/{p.first.name}", p.maker, says, origin, p.first.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect counts unless the run is exclusive, because others change them."""
    if setting.exclusive or not contract.detail.startswith("one_space/"):
        return None
    return Verdict.NOT_SELECTED, others_too("counts")


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each conversion: make the first, count, convert it, count, and try to undo the
    first.
    """
    del roles
    for p in _passings(setting):
        counted, used = (
            f"{NAME}/one_space/{p.first.name}/{p.maker.place}",
            f"{NAME}/used_up/{p.first.name}/{p.maker.place}",
        )
        covers = (
            *([counted] if setting.exclusive else []),
            *([used] if p.first.undone_by is not None else []),
        )
        covers = (*covers, *([_any_case(p)] if _list_case_insensitive(setting, p) else []))
        if covers:
            yield Probe(
                covers[0],
                4,
                covers,
                6,
                partial(_run, setting, p, counted, used, covers),
                (p.maker,),
                "main",
                True,
            )


def _passings(setting: Setting) -> tuple[_Passing, ...]:
    def find() -> Iterator[_Passing]:
        for resource in setting.model.resources.values():
            for endpoint in setting.endpoints if resource.takes and resource.made_by else ():
                if (
                    resource.made_by is None
                    or resource.takes is None
                    or endpoint.action is not resource.made_by.action
                    or not endpoint.leads
                ):
                    continue
                for param in endpoint.params:
                    first = setting.model.resources.get(param.refers_to or "")
                    same = (
                        first is not None
                        and first.takes is not None
                        and first.made_by is not None
                        and first is not resource
                    )
                    if (
                        same
                        and first is not None
                        and _alike(first.takes, resource.takes)
                        and not param.required
                    ):
                        yield _Passing(first, resource, endpoint, str(param.name), resource.takes)

    return setting.compute_once(NAME, lambda: tuple(find()))


def _any_case(p: _Passing) -> str:
    return f"{NAME}/any_case/{p.first.name}/{p.maker.place}"


def _list_case_insensitive(setting: Setting, p: _Passing) -> list[str]:
    """Return arguments of the maker whose case does not count by a law, and which the first instance
    contains.
    """

    def find() -> list[str]:
        made_by, schemas = p.first.made_by, setting.model.schemas
        schema: Mapping[str, Any] = (made_by.action.success.schema if made_by is not None else None) or {}
        told = json_bytes([plain(schema), *(plain(schemas[name]) for name in closure(schema, schemas))])
        return [
            str(q.name)
            for q in p.maker.params
            if find_comparison(p.maker.action, q) == "folded" and json_bytes(str(q.name)) in told
        ]

    return setting.compute_once((NAME, "any case", p.first.name, p.maker.place), find)


def _alike(one: Takes | None, two: Takes) -> bool:
    return one is not None and (one.of, one.counter, one.read_by) == (two.of, two.counter, two.read_by)


def _run(setting: Setting, p: _Passing, counted: str, used: str, covers: tuple[str, ...]) -> Conversation:
    verdicts: list[Judgement] = []
    for _ in range(ROUNDS):
        verdicts = yield from _round(setting, p, counted, used)
        if not any(v.verdict is Verdict.BROKEN for v in verdicts):
            break
    yield from (v for v in verdicts if v.contract in covers)


def _choose_arguments(p: _Passing, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the call that converts an instance: its members, and usual values."""
    usual = p.resource.made_by.input if p.resource.made_by is not None else {}
    lacking = {str(q.name) for q in p.maker.params if q.required and str(q.name) not in body}
    given: dict[str, Any] = {name: value for name, value in usual.items() if name in lacking}
    given |= {
        str(q.name): body[str(q.name)]
        for q in p.maker.params
        if str(q.name) in body and (q.required or q.refers_to)
    }
    return {**given, p.by: p.first.id_of(body)}


def _round(setting: Setting, p: _Passing, counted: str, used: str) -> Generator[Any, Any, list[Judgement]]:
    """Convert and count once; return the verdicts instead of yielding them."""
    assert p.first.made_by is not None
    maker = setting.find_lead(str(p.first.made_by.action.name))
    if maker is None:
        return [judge_untested(c, f"{p.first.made_by.action.name} is not on {REST}") for c in (counted, used)]
    template = template_of(setting.model, maker.action)
    given = {**template.input, **p.first.made_by.input}
    made: Exchange = yield ordinary(
        maker, template, "valid", f"a {p.first.name} to hand over", input=given, fresh=True
    )
    body = at_path(p.first.made_by, made) if p.first.made_by.at is not None and made.success else None
    if not isinstance(body, Mapping) or not made.fits:
        return [judge_untested(c, say_none_made(p.first, made)) for c in (counted, used)]
    yield Own(made.number)
    before = yield from read_counter(setting, p.first, body)
    with_it = _choose_arguments(p, body)
    why = f"a {p.resource.name} with a {p.first.name}"
    small = {
        name: text.lower()
        for name in _list_case_insensitive(setting, p)
        if isinstance(text := with_it.get(name), str) and text.lower() != text
    }
    exchange: Exchange = yield Call(p.maker, {**with_it, **small}, "explore", why, subject=p.first, made=body)
    found = [judge_kept(_any_case(p))] if exchange.success else []
    if small and not exchange.success and not exchange.void:
        refused, said = (
            f"{' and '.join(small)} in small letters: {exchange.outcome}",
            f"as with {' and '.join(small)} as it was returned",
        )
        exchange = yield Call(p.maker, with_it, "valid", why, subject=p.first, made=body)
        found = [judge_broken(_any_case(p), said, refused)] if exchange.success else []
    if not exchange.success:
        return [
            judge_untested(c, f"no {p.resource.name} was made with it: {exchange.outcome}")
            for c in (counted, used)
        ]
    after = yield from read_counter(setting, p.first, body)
    found.append(_spaces(p, counted, before, after))
    if p.first.undone_by is not None:
        found.append((yield from _undone(setting, p, used, body)))
    return found


def _spaces(p: _Passing, contract: str, before: int | None, after: int | None) -> Judgement:
    if before is None or after is None:
        return judge_untested(contract, f"{p.takes.read_by.name} returned no {p.takes.counter}")
    if before == after:
        return judge_kept(contract)
    return judge_broken(
        contract,
        f"{p.takes.counter} {before}, as the {p.first.name} had it already",
        f"{p.takes.counter} {after}",
    )


def _undone(
    setting: Setting, p: _Passing, contract: str, body: Mapping[str, Any]
) -> Generator[Any, Any, Judgement]:
    """Judge that undoing the used instance is refused. Other checks judge the code of the refusal."""
    assert p.first.undone_by is not None
    endpoint = setting.find_lead(str(p.first.undone_by.action.name))
    if endpoint is None:
        return judge_untested(contract, f"{p.first.undone_by.action.name} is not on {REST}")
    why = f"to undo a {p.first.name} that a {p.resource.name} has used"
    exchange: Exchange = yield Call(
        endpoint,
        p.first.undone_by.input,
        "illegal",
        why,
        subject=p.first,
        made=body,
    )
    if exchange.void or exchange.unsound:
        return judge_untested(contract, f"it could not be tried: {exchange.outcome}")
    if exchange.success:
        return judge_broken(
            contract, f"{endpoint.action.name} of a used {p.first.name} is refused", exchange.outcome
        )
    return judge_kept(contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
)
