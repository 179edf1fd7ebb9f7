"""A call that fails through no fault of its own changes nothing, and succeeds when repeated with its
idempotency key.

The operator provokes failures as the catalogue describes for a code and an action. The instance, list or
capacity counter is read before and after, and the call is repeated with its key.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.observation import change, find_resource, find_roomiest, read_counter, reread
from pgagents.verify.fixtures.instance import list_items, names_no_instance
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.plan.selection import fails_others, others_too
from pgagents.verify.promise import (
    CONFLICT,
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, InstanceRef, UniqueValue
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

# -- failures that the operator causes


NAME = "failure_atomicity"


@dataclass(frozen=True, slots=True)
class ProvokedFailure:
    """A REST action that the operator can cause to fail with a code."""

    code: Code
    endpoint: Endpoint
    provoke: ActionCall

    def id(self, detail: str) -> str:
        """Return the id of the failure's contract with this detail."""
        return f"{NAME}/{detail}/{self.code.name}/{self.endpoint.place}"


def list_failures(setting: Setting) -> tuple[ProvokedFailure, ...]:
    """Return each failure that the catalogue says how to provoke, computed once a run."""

    def find() -> Iterator[ProvokedFailure]:
        for code in setting.model.codes.values():
            for action, provoke in code.provoked_by.items():
                endpoint = setting.find_lead(action)
                if endpoint is not None:
                    yield ProvokedFailure(code, endpoint, provoke)

    return setting.compute_once(NAME, lambda: tuple(find()))


def is_of_ours(failure: ProvokedFailure) -> bool:
    """True if the failure is provoked for one of our instances, and not for anyone's next call."""
    return any(set(getattr(value, "names", ())) - {"env", "now"} for value in failure.provoke.input.values())


def may_use_key_again(setting: Setting, failure: ProvokedFailure) -> bool:
    """True if the failed call does not use up its idempotency key, so that it can be repeated."""
    known = setting.model.idempotency
    return (
        bool(failure.endpoint.action.idempotency)
        and known is not None
        and failure.code.status in known.not_used_up_by
    )


def find_watched_resource(setting: Setting, failure: ProvokedFailure) -> Resource | None:
    """Return the resource on which a change would show: the one that the action changes, or the one that it
    makes.
    """
    template = template_of(setting.model, failure.endpoint.action)
    if template.makes is not None:
        return template.makes if find_list_call(setting, template.makes) is not None else None
    return template.subject if template.subject is not None and template.subject.read_by else None


def find_list_call(setting: Setting, resource: Resource) -> Call | None:
    """Return a list call whose arguments depend on no instance, or None."""
    for call in resource.listed_by:
        endpoint = setting.find_lead(str(call.action.name))
        if endpoint is not None and call.at is not None and names_no_instance(call):
            return Call(endpoint, call.input, "valid", f"each {resource.name} there is", reuse="unchanged")
    return None


def make_provoking_call(setting: Setting, failure: ProvokedFailure, call: Call) -> Call:
    """Return the operator's call that causes the action's next call to fail."""
    action = failure.provoke.action
    return Call(
        Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}"),
        failure.provoke.input,
        "explore",
        f"{failure.endpoint.action.name} is to fail",
        role=OPERATOR,
        subject=template_of(setting.model, failure.endpoint.action).subject,
        made=call.made,
        surface=OPERATOR,
    )


def prepare_call(
    setting: Setting, failure: ProvokedFailure, counts: Resource | None, subject: Mapping[str, Any] | None
) -> Generator[Any, Any, tuple[Call, Mapping[str, Any]]]:
    """Return the call that will fail, with a new idempotency key, and a body that names the place with the
    capacity.
    """
    endpoint, template = failure.endpoint, template_of(setting.model, failure.endpoint.action)
    name = endpoint.action.idempotency
    given = {**template.input, **({str(name): UniqueValue(once=True)} if name else {})}
    call = ordinary(
        endpoint, template, "explore", f"{endpoint.action.name} that is made to fail", input=given, fresh=True
    )
    if subject is not None:
        call = replace(call, made=subject)
    if counts is None or counts.takes is None or template.makes is not counts:
        return call, subject or {}
    place = yield InstanceRef(counts.takes.of)
    at = {counts.takes.by: place.get(setting.model.resources[counts.takes.of].id)}
    return replace(call, bind={counts.takes.of: place}), at


def is_refused_otherwise(failure: ProvokedFailure, exchange: Exchange) -> bool:
    """True if the call was refused for another reason, so that the provoked failure will hit the next
    call.
    """
    if exchange.status in (failure.code.status, 0):
        return False
    return (
        exchange.limited
        or exchange.status == UNAVAILABLE
        or (exchange.status == CONFLICT and exchange.code in exchange.codes)
    )


def find_counted_resource(setting: Setting, failure: ProvokedFailure) -> Resource | None:
    """Return the resource whose capacity counter the action would change if it succeeded.

    None unless the run is exclusive, because others may occupy capacity, too.
    """
    template = template_of(setting.model, failure.endpoint.action)
    resource = template.subject or template.makes
    if resource is None or resource.takes is None or not setting.exclusive:
        return None
    undo, given = resource.undone_by, resource.made_by.input if resource.made_by else {}
    if resource is template.makes:  # only if the caller chooses the place
        return (
            resource
            if any(resource.takes.of in getattr(value, "names", ()) for value in given.values())
            else None
        )
    return resource if undo is not None and undo.action is failure.endpoint.action else None


MOST_TRIES = 4
"""The most times that a call is repeated when it was refused for another reason than the provoked failure."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each failure: its code is answered, it changes nothing, and the call can be
    repeated.

    The last one is only promised if the code's status does not use up an idempotency key.
    """
    for failure in list_failures(setting):
        action, origin = (
            failure.endpoint.action,
            (*failure.code.origin, "provoked_by", str(failure.endpoint.action.name)),
        )
        says = f"{action.name} that is made to fail is answered {failure.code.status} {failure.code.name}"
        yield promise(NAME, f"told/{failure.code.name}", failure.endpoint, says, origin, failure.code.cite)
        if find_watched_resource(setting, failure) is not None:
            says = f"{action.name} answered with {failure.code.name} has changed nothing"
            yield promise(
                NAME, f"nothing/{failure.code.name}", failure.endpoint, says, origin, failure.code.cite
            )
        if may_use_key_again(setting, failure):
            says = f"{action.name} answered with {failure.code.name} works when it is made again with its key"
            yield promise(
                NAME,
                f"again/{failure.code.name}",
                failure.endpoint,
                says,
                ("idempotency", "not_used_up_by"),
                failure.code.cite,
            )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each failure: read, provoke, call, read again, repeat the call."""
    del roles
    known = {c.id for c in promises(setting)}
    for failure in list_failures(setting):
        if not setting.exclusive and not is_of_ours(failure):
            continue
        covers = tuple(id for detail in ("told", "nothing", "again") if (id := failure.id(detail)) in known)
        cost = 5 if find_counted_resource(setting, failure) is None else 7
        yield Probe(
            covers[0],
            6,
            covers,
            cost,
            partial(_run, setting, failure, covers),
            (failure.endpoint,),
            OPERATOR,
            True,
        )


def _run(setting: Setting, failure: ProvokedFailure, covers: tuple[str, ...]) -> Conversation:
    template = template_of(setting.model, failure.endpoint.action)
    subject = (
        (yield InstanceRef(template.subject.name, template.states, fresh=True))
        if template.subject is not None
        else None
    )
    before = yield from _read_state(setting, template.makes, template.subject, subject)
    counts = find_counted_resource(setting, failure)
    call, at, free = yield from _choose_place(setting, failure, counts, subject)
    if free == 0 and template.makes is not None:
        # the call would be refused for that reason, and another call would fail instead
        yield from _leave_untested(covers, "there is no room for what it makes")
        return
    provoked: Exchange = yield make_provoking_call(setting, failure, call)
    if not provoked.success:
        yield from _leave_untested(covers, f"the operator's call was answered {provoked.outcome}")
        return
    exchange: Exchange = yield call
    if not (yield from _judge_failure(setting, failure, covers, exchange, counts, subject)):
        return
    after: int | None = None
    if failure.id("nothing") in covers:
        if counts is not None and free is not None:
            after = yield from read_counter(setting, counts, at)
        if after is None or after == free:
            yield from _nothing(setting, failure, before, exchange)
    if failure.id("again") in covers:
        again: Exchange = yield replace(
            call,
            input=dict(exchange.input),
            made=exchange.subject,
            why="the same call with its key, after a failure",
        )
        yield from _judge_retry(failure, again)
    if counts is not None and free is not None and after is not None and after != free:
        last = yield from read_counter(setting, counts, at)
        yield _judge_counter(failure, exchange, (free, after, last))


def _leave_untested(covers: Sequence[str], reason: str) -> Conversation:
    for contract in covers:
        yield judge_untested(contract, reason)


def _choose_place(
    setting: Setting, failure: ProvokedFailure, counts: Resource | None, subject: Mapping[str, Any] | None
) -> Generator[Any, Any, tuple[Call, Mapping[str, Any], int | None]]:
    """Return the call that will fail, the body that names its place, and the free capacity there.

    A call that makes an instance goes to the place with most capacity, if its own has none. The capacity is
    None if the resource counts none.
    """
    call, at = yield from prepare_call(setting, failure, counts, subject)
    if counts is None:
        return call, at, None
    free = yield from read_counter(setting, counts, at)
    makes = template_of(setting.model, failure.endpoint.action).makes
    if free == 0 and counts.takes is not None and makes is counts:
        place = yield from find_roomiest(setting, counts.takes)
        at = {counts.takes.by: place.get(setting.model.resources[counts.takes.of].id)}
        call = replace(call, bind={counts.takes.of: place})
        free = yield from read_counter(setting, counts, at)
    return call, at, free


def _judge_failure(
    setting: Setting,
    failure: ProvokedFailure,
    covers: tuple[str, ...],
    exchange: Exchange,
    counts: Resource | None,
    subject: Mapping[str, Any] | None,
) -> Generator[Any, Any, bool]:
    """Judge the code of the provoked failure; return True if the call failed as it must."""
    if is_refused_otherwise(failure, exchange):
        waits = yield from _spend(setting, failure, counts, subject)
        why = "refused because of the current state" if exchange.status == CONFLICT else "it did not fail"
        yield from _leave_untested(covers, f"{why}: {exchange.outcome}{waits}")
        return False
    name = failure.endpoint.action.name
    yield from judge_refused(exchange, failure.id("told"), [failure.code], f"{name} that is made to fail")
    if exchange.success or exchange.void:
        yield from _leave_untested(covers[1:], f"it did not fail: {exchange.outcome}")
        return False
    return True


def _judge_counter(
    failure: ProvokedFailure, exchange: Exchange, free: tuple[int, int, int | None]
) -> Judgement:
    """Judge a capacity that has changed; `free` is the capacity before, after, and at the end.

    The contract is broken, unless another instance ended meanwhile.
    """
    before, after, last = free
    contract = failure.id("nothing")
    if last == after or after < before:
        promised = f"nothing is changed by {exchange.outcome}"
        return judge_broken(contract, promised, "{after} are free after {before}", after=after, before=before)
    return judge_untested(
        contract, f"something else took or gave back: {before}, {after} and {last} are free"
    )


def _spend(
    setting: Setting, failure: ProvokedFailure, counts: Resource | None, subject: Mapping[str, Any] | None
) -> Generator[Any, Any, str]:
    """Repeat the call until it meets the provoked failure, which would otherwise hit another check's call.

    Return a warning if that fails, else an empty text. Each call is made at another place, because the first
    may have no capacity.
    """
    for _ in range(MOST_TRIES):
        call, _at = yield from prepare_call(setting, failure, counts, subject)
        exchange: Exchange = yield replace(call, why=f"{call.why}, so that no other call is")
        if not is_refused_otherwise(failure, exchange):
            return ""
    return f"; {failure.code.name} may still meet another {failure.endpoint.action.name}"


def _read_state(
    setting: Setting, makes: Resource | None, subject: Resource | None, body: Mapping[str, Any] | None
) -> Generator[Any, Any, Any]:
    """Return the ids of the list, or the body of the instance; None if it could not be read."""
    if makes is not None:
        return (yield from _ids(setting, makes))
    call = (
        reread(setting, subject, body, "before a failure")
        if subject is not None and body is not None
        else None
    )
    exchange: Exchange | None = (yield call) if call is not None else None
    return find_resource(subject, exchange) if exchange is not None and subject is not None else None


def _ids(setting: Setting, resource: Resource) -> Generator[Any, Any, set[Any] | None]:
    call = find_list_call(setting, resource)
    exchange: Exchange | None = (yield call) if call is not None else None
    items = list_items(resource, exchange) if exchange is not None and exchange.success else None
    return {resource.id_of(item) for item in items} if items is not None else None


def _nothing(setting: Setting, failure: ProvokedFailure, before: Any, failed: Exchange) -> Conversation:
    contract, template = failure.id("nothing"), template_of(setting.model, failure.endpoint.action)
    if template.makes is not None:
        after = yield from _ids(setting, template.makes)
        new = len(after - before) if after is not None and before is not None else None
        changed = None if new is None else f"{new} more {template.makes.name}" if new else ""
    else:
        assert template.subject is not None
        changed = (
            (yield from change(setting, template.subject, before, "after a failure"))
            if before is not None
            else None
        )
    if changed is None:
        yield judge_untested(contract, "what it was about could not be read")
    else:
        yield (
            judge_broken(contract, f"nothing is changed by {failed.outcome}", changed)
            if changed
            else judge_kept(contract)
        )


def _judge_retry(failure: ProvokedFailure, again: Exchange) -> Conversation:
    if again.void or again.unsound:
        return
    contract = failure.id("again")
    yield (
        judge_kept(contract)
        if again.success
        else judge_broken(contract, "the same call with its key succeeds", again.outcome)
    )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect failures that may hit anyone's next call, and lists that others may change, unless the run is
    exclusive.
    """
    others = (f for f in list_failures(setting) if not is_of_ours(f))
    if not setting.exclusive and any(
        contract.place == f.endpoint.place and contract.detail.endswith(f"/{f.code.name}") for f in others
    ):
        return Verdict.NOT_SELECTED, fails_others(setting)
    makes = contract.detail.startswith("nothing/") and _makes(setting, contract)
    if makes and not setting.exclusive:
        return Verdict.NOT_SELECTED, others_too(setting, "lists")
    return None


def _makes(setting: Setting, contract: Contract) -> bool:
    endpoint = setting.find_lead(contract.action)
    return endpoint is not None and template_of(setting.model, endpoint.action).makes is not None


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    rank=Rank.WRONG,
)
