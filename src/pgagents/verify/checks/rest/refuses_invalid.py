"""A call that breaks one keyword of one argument is refused, with the code for invalid arguments."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.answers.refusal import expected
from pgagents.verify.cases.combined import Group, both, groups
from pgagents.verify.cases.generated import varied_of
from pgagents.verify.cases.invalid import negatives_of, ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, refused_with
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen, got

NAME = "refuses_invalid"
TOOLS = True
SEVERAL = "several"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each keyword and argument of each door, and one for several at a time where an error tells of that."""
    for door in setting.every_door:
        for negative in negatives_of(setting, door):
            says = f"{door.action.name} refuses a call where {negative.says}"
            yield promise(NAME, negative.detail, door, says, negative.origin, negative.cite)
        if any(len(group) > 1 for group in groups(setting, door)):
            errors = setting.model.errors
            says = f"{door.action.name} refuses a call where two arguments are wrong, with {errors.field_of_several} at {errors.field_at}"
            yield promise(NAME, SEVERAL, door, says, ("errors", "field_of_several"), door.action.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call for each keyword first seen on a surface, then one for each keyword and argument or for two of them, then variants."""
    del roles
    met: set[tuple[str, str]] = set()
    for door in setting.every_door:
        listed: dict[str, int] = {}
        alone: set[str] = set()
        sent_with = {id(one): group for group in groups(setting, door) for one in group}
        for negative in negatives_of(setting, door):
            listed[negative.detail] = listed.get(negative.detail, 0) + 1
            number, group = listed[negative.detail], sent_with.get(id(negative))
            if group is None:
                yield _probe(setting, door, negative.detail, negative.call, 9, negative.says, 2, number)
            elif negative is group[0]:
                keywords = {(one.detail.partition("/")[0], door.surface) for one in group}
                phase = 7 if keywords <= met else 5
                met |= keywords
                if len(group) > 1:
                    yield _pair(setting, door, group, phase, alone, number)
                else:
                    yield _probe(setting, door, negative.detail, negative.call, phase, negative.says, 1, number)
        yield from _more(setting, door, listed)


def _pair(setting: Setting, door: Door, pair: Group, phase: int, alone: set[str], number: int) -> Probe:
    """One call for two; `alone` has the door once its answers did not show that both were found."""
    covers = tuple(f"{NAME}/{detail}/{door.place}" for detail in (*(one.detail for one in pair), SEVERAL))
    run, print = _run_pair(setting, door, pair, alone), " ".join(_shown(one.call) for one in pair)
    return Probe(_named(covers[0], number), phase, covers, 1, run, (door,), "main", door.action.effect == "write", print=print)


def _named(contract: str, number: int) -> str:
    """A probe's name: its first contract, and which of that contract's probes it is."""
    return contract if number == 1 else f"{contract} #{number}"


def _run_pair(setting: Setting, door: Door, pair: Group, alone: set[str]) -> Callable[[], Conversation]:
    several = f"{NAME}/{SEVERAL}/{door.place}"
    contracts = [f"{NAME}/{one.detail}/{door.place}" for one in pair]
    at, word = setting.model.errors.field_at or "", setting.model.errors.field_of_several

    def run() -> Conversation:
        if door.place in alone:
            yield from _one_by_one(setting, pair, contracts)
            return
        call = both(setting, door, pair)
        seen: Seen = yield call
        codes, statuses = expected(setting, call)
        said = got(seen.body, at)
        if said == word and _all_kept(refused_with(seen, several, codes, "", statuses)):
            yield from map(kept, (*contracts, several))
            return
        alone.add(door.place)
        found = yield from _one_by_one(setting, pair, contracts)
        if found and not seen.void and not seen.spoilt and seen.code not in _others(setting, pair):
            yield broken(several, f"{at} is {word}", f"{seen.outcome}, {at} is {said}")

    return run


def _others(setting: Setting, pair: Group) -> set[str]:
    """What else may be answered first: that an id is of nothing."""
    invalid = setting.model.errors.framework.invalid
    return {code.name for one in pair for code in expected(setting, one.call)[0]} - {invalid}


def _one_by_one(setting: Setting, pair: Group, contracts: list[str]) -> Generator[Any, Any, bool]:
    """Whether each was refused, and nothing was wrong with the answers."""
    good = True
    for one, contract in zip(pair, contracts, strict=True):
        seen: Seen = yield replace(one.call, again=one is not pair[0])
        codes, statuses = expected(setting, one.call)
        judged = list(refused_with(seen, contract, codes, f"a call where {one.says}", statuses))
        good = good and _all_kept(judged) and not seen.spoilt
        yield from judged
    return good


def _all_kept(judged: Iterable[Judgement]) -> bool:
    verdicts = [judgement.verdict for judgement in judged]
    return bool(verdicts) and set(verdicts) == {Verdict.KEPT}


def _more(setting: Setting, door: Door, listed: dict[str, int]) -> Iterator[Probe]:
    """Schemathesis' second opinion, under the contract of the nearest keyword of the same argument."""
    recipe = recipe_of(setting.model, door.action)
    for varied in varied_of(setting, door):
        detail = None if varied.valid else _nearest(varied.keyword, varied.param, listed)
        if detail is None:
            continue
        call = ordinary(door, recipe, "invalid", f"{varied.param}: {varied.says}", input=varied.input)
        listed[detail] += 1
        yield _probe(setting, door, detail, call, 9, f"{varied.param} {varied.shown}", 2, listed[detail])


def _nearest(keyword: str, param: str, listed: dict[str, int]) -> str | None:
    exact = f"{keyword}/{param}"
    if exact in listed:
        return exact
    return next((d for d in listed if d.endswith(f"/{param}") and not d.startswith(("required/", "null/"))), None)


def _probe(setting: Setting, door: Door, detail: str, call: Call, phase: int, says: str, tier: int, number: int) -> Probe:
    contract = f"{NAME}/{detail}/{door.place}"
    print = _shown(call)
    return Probe(
        _named(contract, number),
        phase,
        (contract,),
        1,
        _run(setting, call, contract, says),
        (door,),
        "main",
        door.action.effect == "write",
        tier,
        print,
    )


def _shown(call: Call) -> str:
    """What tells a call from others of its action: why it is sent, and the argument that is wrong, or all where none is named."""
    names = [call.field.partition(".")[0]] if call.field else sorted(call.input)
    return f"{call.why} {[(n, v) for n in names if isinstance(v := call.input.get(n), str | int | float | bool | None)]}"


def _run(setting: Setting, call: Call, contract: str, says: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield call
        codes, statuses = expected(setting, call)
        yield from refused_with(seen, contract, codes, f"a call where {says}", statuses)

    return run
