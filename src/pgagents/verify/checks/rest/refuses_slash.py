"""A path with a slash added is another path for calls that write, too: there nothing is carried out, and nothing is redirected.

Routers, gateways and the frameworks of single services treat such paths each in their own way, and a redirected POST may come again as
a GET. Each call makes something of our own or acts on it, so one that is carried out harms nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.model.action import Code
from pgagents.model.contract import Contract
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.cases.malformed import of_ours
from pgagents.verify.check.check import Conversation, Probe, kept, promise, refused_with
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

NAME = "refuses_slash"
WHAT = "a path with a slash added"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each action that makes something of ours or acts on it."""
    for door, _ in _cases(setting):
        more = ", nor redirected" if setting.model.points.redirects == "never" else ""
        says = f"{door.action.name} is not carried out at its path with a slash added{more}"
        yield promise(NAME, "", door, says, ("points", "trailing_slash"))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for door, code in _cases(setting):
        contract = f"{NAME}/{door.place}"
        call = _with_slash(setting, door)
        sent_on = setting.model.points.redirects != "never"
        yield Probe(contract, 5, (contract,), 1, _run(call, contract, code, sent_on=sent_on), (door,), "main", True)


def _cases(setting: Setting) -> list[tuple[Door, Code]]:
    """The doors, and how an unknown path is refused; none where the catalogue leaves slashes open."""
    unknown = setting.model.errors.framework.unknown_path
    if unknown is None or setting.model.points.trailing_slash != "unknown":
        return []
    return [(door, setting.model.codes[unknown]) for door in of_ours(setting)]


def _with_slash(setting: Setting, door: Door) -> Call:
    """A correct call but for the slash."""
    recipe = recipe_of(setting.model, door.action)
    return ordinary(door, recipe, "framework", f"{door.method} to {WHAT}", raw=Raw(slash=True))


def _run(call: Call, contract: str, code: Code, *, sent_on: bool) -> Callable[[], Conversation]:
    """`sent_on`: a redirect will do, which another check judges."""

    def run() -> Conversation:
        seen: Seen = yield call
        if sent_on and 300 <= seen.status < 400:
            yield kept(contract)
            return
        yield from refused_with(seen, contract, [code], WHAT)

    return run
