"""A call that breaks one keyword of one argument is refused, with the code for invalid arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.contract import Contract
from pgagents.verify.call import Call
from pgagents.verify.check import Conversation, Probe, promise, refused_with
from pgagents.verify.door import Door
from pgagents.verify.generate import negatives_of, ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.refusal import expected
from pgagents.verify.seen import Seen
from pgagents.verify.varied import varied_of

NAME = "refuses_invalid"
TOOLS = True


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each keyword and argument of each door."""
    for door in setting.every_door:
        for negative in negatives_of(setting, door):
            says = f"{door.action.name} refuses a call where {negative.says}"
            yield promise(NAME, negative.detail, door, says, negative.origin, negative.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call for each keyword first seen on a surface, then one for each keyword and argument, then variants."""
    del roles
    met: set[tuple[str, str]] = set()
    for door in setting.every_door:
        listed: dict[str, int] = {}
        for negative in negatives_of(setting, door):
            keyword = (negative.detail.partition("/")[0], door.surface)
            phase = 7 if keyword in met else 5
            met.add(keyword)
            again = negative.detail in listed
            listed[negative.detail] = listed.get(negative.detail, 0) + 1
            tier = 2 if again else 1
            yield _probe(
                setting, door, negative.detail, negative.call, 9 if tier == 2 else phase, negative.says, tier, listed[negative.detail]
            )
        yield from _more(setting, door, listed)


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
    name = contract if number == 1 else f"{contract} #{number}"
    print = f"{call.why} {sorted((k, repr(v)) for k, v in call.input.items() if isinstance(v, str | int | float | bool | None))}"
    return Probe(
        name,
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


def _run(setting: Setting, call: Call, contract: str, says: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield call
        codes, statuses = expected(setting, call)
        yield from refused_with(seen, contract, codes, f"a call where {says}", statuses)

    return run
