"""A call that fails for what is not its fault changes nothing, and works when it is made again with its idempotency key.

Failures are provoked by the operator, as the catalogue says for a code and an action.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.model.action import Call as Recipe
from pgagents.model.action import Code
from pgagents.model.contract import Contract
from pgagents.model.model import Resource
from pgagents.verify.answers.capacity import counted
from pgagents.verify.answers.unchanged import change, reread, told
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import CONFLICT, Conversation, Probe, broken, kept, promise, refused_with, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.plan.exclusive import FAILS_OTHERS, others_too
from pgagents.verify.wire.call import Call, Fresh, Live
from pgagents.verify.wire.endpoint import OPERATOR, REST, Door
from pgagents.verify.wire.exchange import LIMITED, UNAVAILABLE, Seen

NAME = "fails_cleanly"
MOST_TRIES = 4
"""How often a call that was refused for something else is made again, to meet the failure that waits for it."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """An action on REST that the operator can make fail with a code."""

    code: Code
    door: Door
    provoke: Recipe

    def id(self, detail: str) -> str:
        """The id of one of its contracts."""
        return f"{NAME}/{detail}/{self.code.name}/{self.door.place}"


def promises(setting: Setting) -> Iterator[Contract]:
    """For each failure: its code, that it leaves nothing, and, where its status does not use up a key, that the call can be made again."""
    for failure in _failures(setting):
        action, origin = failure.door.action, (*failure.code.origin, "provoked_by", str(failure.door.action.name))
        says = f"{action.name} that is made to fail is answered {failure.code.status} {failure.code.name}"
        yield promise(NAME, f"told/{failure.code.name}", failure.door, says, origin, failure.code.cite)
        if _watched(setting, failure) is not None:
            says = f"{action.name} answered with {failure.code.name} has changed nothing"
            yield promise(NAME, f"nothing/{failure.code.name}", failure.door, says, origin, failure.code.cite)
        if _again(setting, failure):
            says = f"{action.name} answered with {failure.code.name} works when it is made again with its key"
            yield promise(NAME, f"again/{failure.code.name}", failure.door, says, ("idempotency", "not_used_up_by"), failure.code.cite)


def _failures(setting: Setting) -> tuple[_Failure, ...]:
    def found() -> Iterator[_Failure]:
        for code in setting.model.codes.values():
            for action, provoke in code.provoked_by.items():
                door = setting.door(action, REST)
                if door is not None:
                    yield _Failure(code, door, provoke)

    return setting.kept(NAME, lambda: tuple(found()))


def _of_ours(failure: _Failure) -> bool:
    """Whether it is a thing of our own whose next call fails, and not whoever's comes next."""
    return any(set(getattr(value, "names", ())) - {"env", "now"} for value in failure.provoke.input.values())


def _again(setting: Setting, failure: _Failure) -> bool:
    known = setting.model.idempotency
    return bool(failure.door.action.idempotency) and known is not None and failure.code.status in known.not_used_up_by


def _watched(setting: Setting, failure: _Failure) -> Resource | None:
    """What is read to see that nothing changed: the thing that the action moves, or the list of what it makes."""
    recipe = recipe_of(setting.model, failure.door.action)
    if recipe.makes is not None:
        return recipe.makes if _listed(setting, recipe.makes) is not None else None
    return recipe.subject if recipe.subject is not None and recipe.subject.read_by else None


def _listed(setting: Setting, resource: Resource) -> Call | None:
    """A list that needs no thing to be there."""
    for call in resource.listed_by:
        door = setting.door(str(call.action.name), REST)
        if door is not None and call.at is not None and not any(getattr(v, "names", frozenset()) - {"env"} for v in call.input.values()):
            return Call(door, call.input, "valid", f"each {resource.name} there is", reuse="unchanged")
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Looked at, made to fail, called, looked at again, and called again."""
    del roles
    known = {c.id for c in promises(setting)}
    for failure in _failures(setting):
        if not setting.exclusive and not _of_ours(failure):
            continue
        covers = tuple(id for detail in ("told", "nothing", "again") if (id := failure.id(detail)) in known)
        cost = 5 if _counts(setting, failure) is None else 7
        yield Probe(covers[0], 6, covers, cost, _run(setting, failure, covers), (failure.door,), OPERATOR, True)


def _run(setting: Setting, failure: _Failure, covers: tuple[str, ...]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        door, recipe = failure.door, recipe_of(setting.model, failure.door.action)
        subject = (yield Live(recipe.subject.name, recipe.states, fresh=True)) if recipe.subject is not None else None
        before = yield from _looked(setting, recipe.makes, recipe.subject, subject)
        counts = _counts(setting, failure)
        call, at = yield from _drawn_up(setting, failure, counts, subject)
        free = (yield from counted(setting, counts, at)) if counts is not None else None
        after: int | None = None
        if free == 0 and recipe.makes is not None:  # it would be refused for that, and somebody else's call would fail instead
            for contract in covers:
                yield untested(contract, "there is no room for what it makes")
            return
        operated = Door(failure.provoke.action, OPERATOR, None, f"{failure.provoke.action.name}@{OPERATOR}")
        provoked: Seen = yield Call(
            operated, failure.provoke.input, "explore", f"{door.action.name} is to fail", role=OPERATOR, subject=recipe.subject,
            made=call.made, surface=OPERATOR,
        )  # fmt: skip
        if not provoked.success:
            for contract in covers:
                yield untested(contract, f"the operator's call was answered {provoked.outcome}")
            return
        seen: Seen = yield call
        if _too_soon(failure, seen):
            waits = yield from _spend(setting, failure, counts, subject)
            why = "refused for how things stand" if seen.status == CONFLICT else "it did not fail"
            for contract in covers:
                yield untested(contract, f"{why}: {seen.outcome}{waits}")
            return
        yield from refused_with(seen, failure.id("told"), [failure.code], f"{door.action.name} that is made to fail")
        if seen.success or seen.void:
            for contract in covers[1:]:
                yield untested(contract, f"it did not fail: {seen.outcome}")
            return
        if failure.id("nothing") in covers:
            after = (yield from counted(setting, counts, at)) if counts is not None and free is not None else None
            if after is None or after == free:
                yield from _nothing(setting, failure, before, seen)
        if failure.id("again") in covers:
            again: Seen = yield replace(call, input=dict(seen.input), made=seen.subject, why="the same call with its key, after a failure")
            yield from _worked(failure, again)
        if counts is not None and free is not None and after is not None and after != free:
            last = yield from counted(setting, counts, at)
            if last == after or after < free:  # else it was something else that ended meanwhile
                yield broken(failure.id("nothing"), f"nothing is changed by {seen.outcome}", f"{after} are free after {free}")
            else:
                yield untested(failure.id("nothing"), f"something else took or gave back: {free}, {after} and {last} are free")

    return run


def _drawn_up(
    setting: Setting, failure: _Failure, counts: Resource | None, subject: Mapping[str, Any] | None
) -> Generator[Any, Any, tuple[Call, Mapping[str, Any]]]:
    """The call that is made to fail, with a key of its own, and by what argument the place is known where its space is counted."""
    door, recipe = failure.door, recipe_of(setting.model, failure.door.action)
    name = door.action.idempotency
    given = {**recipe.input, **({str(name): Fresh(once=True)} if name else {})}
    call = ordinary(door, recipe, "explore", f"{door.action.name} that is made to fail", input=given, fresh=True)
    if subject is not None:
        call = replace(call, made=subject)
    if counts is None or counts.takes is None or recipe.makes is not counts:
        return call, subject or {}
    place = yield Live(counts.takes.of)
    at = {counts.takes.by: place.get(setting.model.resources[counts.takes.of].id)}
    return replace(call, bind={counts.takes.of: place}), at


def _too_soon(failure: _Failure, seen: Seen) -> bool:
    """Whether the call was refused for something else before it came to what was to fail: that waits for the next one."""
    if seen.status in (failure.code.status, 0):
        return False
    return seen.status in (LIMITED, UNAVAILABLE) or (seen.status == CONFLICT and seen.code in seen.codes)


def _spend(setting: Setting, failure: _Failure, counts: Resource | None, subject: Mapping[str, Any] | None) -> Generator[Any, Any, str]:
    """Make the call again until it meets the failure, which else meets the call of a check that knows nothing of it; gives what must be
    said where that did not help. The world knows what had no room, so it is made at another place."""
    for _ in range(MOST_TRIES):
        call, _at = yield from _drawn_up(setting, failure, counts, subject)
        seen: Seen = yield replace(call, why=f"{call.why}, so that no other call is")
        if not _too_soon(failure, seen):
            return ""
    return f"; {failure.code.name} may still meet another {failure.door.action.name}"


def _looked(setting: Setting, makes: Resource | None, subject: Resource | None, body: Mapping[str, Any] | None) -> Generator[Any, Any, Any]:
    """The list's ids, or the thing's body; None where it could not be read."""
    if makes is not None:
        return (yield from _ids(setting, makes))
    call = reread(setting, subject, body, "before a failure") if subject is not None and body is not None else None
    seen: Seen | None = (yield call) if call is not None else None
    return told(subject, seen) if seen is not None and subject is not None else None


def _counts(setting: Setting, failure: _Failure) -> Resource | None:
    """What an action that makes one would take space with, and one that ends one give it back, if it did not fail; where nobody else
    takes any."""
    recipe = recipe_of(setting.model, failure.door.action)
    resource = recipe.subject or recipe.makes
    if resource is None or resource.takes is None or not setting.exclusive:
        return None
    undo, given = resource.undone_by, resource.made_by.input if resource.made_by else {}
    if resource is recipe.makes:  # where the caller says at which place
        return resource if any(resource.takes.of in getattr(value, "names", ()) for value in given.values()) else None
    return resource if undo is not None and undo.action is failure.door.action else None


def _ids(setting: Setting, resource: Resource) -> Generator[Any, Any, set[Any] | None]:
    call = _listed(setting, resource)
    seen: Seen | None = (yield call) if call is not None else None
    listing = next(
        (c for c in resource.listed_by if seen is not None and seen.call.door is not None and c.action is seen.call.door.action), None
    )
    items = at_path(listing, seen) if seen is not None and seen.success else None
    return {resource.id_of(item) for item in items if isinstance(item, Mapping)} if isinstance(items, list) else None


def _nothing(setting: Setting, failure: _Failure, before: Any, failed: Seen) -> Conversation:
    contract, recipe = failure.id("nothing"), recipe_of(setting.model, failure.door.action)
    if recipe.makes is not None:
        after = yield from _ids(setting, recipe.makes)
        new = len(after - before) if after is not None and before is not None else None
        changed = None if new is None else f"{new} more {recipe.makes.name}" if new else ""
    else:
        assert recipe.subject is not None
        changed = (yield from change(setting, recipe.subject, before, "after a failure")) if before is not None else None
    if changed is None:
        yield untested(contract, "what it was about could not be read")
    else:
        yield broken(contract, f"nothing is changed by {failed.outcome}", changed) if changed else kept(contract)


def _worked(failure: _Failure, again: Seen) -> Conversation:
    if again.void or again.unsound:
        return
    contract = failure.id("again")
    yield kept(contract) if again.success else broken(contract, "the same call with its key succeeds", again.outcome)


def settled(setting: Setting, contract: Contract) -> Any:
    """What fails whoever calls next is left out where others call; lists are this run's own only where nobody else books."""
    from pgagents.model.contract import Verdict

    others = (f for f in _failures(setting) if not _of_ours(f))
    if not setting.exclusive and any(contract.id.endswith(f"/{f.code.name}/{f.door.place}") for f in others):
        return Verdict.NOT_SELECTED, FAILS_OTHERS
    makes = contract.id.startswith(f"{NAME}/nothing/") and _makes(setting, contract)
    if makes and not setting.exclusive:
        return Verdict.NOT_SELECTED, others_too("lists")
    return None


def _makes(setting: Setting, contract: Contract) -> bool:
    door = setting.door(contract.action, REST)
    return door is not None and recipe_of(setting.model, door.action).makes is not None
