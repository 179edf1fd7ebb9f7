"""An instance inside another one is reached under its own parent only, disappears with its parent, and is
counted there.

An instance is made, and requested under another parent of the same kind. The answer must be a refusal, or a
removal that removed nothing. A parent is removed by its `undone_by` if that is `destructive`, and then its
instances are read again. The member that is the number of the instances in a parent, by `counts`, is one more
when one was made, and one less when it was removed. A parent that is not removed for an instance in it, or
one that names it (409), is removed when that is gone. That is advice: what was used once may have to stay.

An instance that only a list of its parent shows is removed under another parent, and must still be listed.
A number of a parent that nobody sets and that changed when an instance was made, such as a total, is as
before when that was removed. That is advice. One that grows by each instance that ever was is left out: it
is another one when an equal instance is made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import choose_other
from pgagents.verify.cases.instance_changes import make_one, names_instance
from pgagents.verify.cases.removed_instances import call_with_ids, has_random_id, is_listed, is_there
from pgagents.verify.fixtures.factory import ACCEPTED, REMOVAL_WAITS_S
from pgagents.verify.fixtures.instance import (
    at_path,
    find_read,
    is_gone,
    is_missing,
    member_named,
    members_of,
)
from pgagents.verify.fixtures.marks import find_marks, occurs_in
from pgagents.verify.fixtures.target import as_needed, makes
from pgagents.verify.judgement import Judgement, Untested, conclude, demand, describe_code
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask_until
from pgagents.verify.wire.call import Call, InstanceRef, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import CONFLICT, Exchange


@dataclass(frozen=True, slots=True)
class _Nested:
    """A resource inside another one, with the calls that make and read instances of both."""

    resource: Resource
    parent: Resource
    maker: Endpoint
    parent_maker: Endpoint
    read: ActionCall
    reader: Endpoint

    def list_codes(self, action: Action) -> list[Code]:
        """Return the action's errors for a missing instance or a missing container."""
        codes = (self.resource.missing_in(action), self.parent.missing_in(action))
        return [code for code in codes if code is not None]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield each action that takes the ids of an instance and its parent, each read of an instance whose
    parent can be removed, and the numbers of a parent that follow its instances.
    """
    del roles
    for part in _list_parts(setting):
        yield from _list_removals_elsewhere(setting, part)
        yield from _list_tallies(setting, part)
    for nested in _list_nested(setting):
        resource, parent = nested.resource, nested.parent
        written = "within" in setting.model.source.data["resources"][resource.name]
        origin = (*resource.origin, "within") if written else resource.origin
        for endpoint in _list_naming(setting, nested):
            says = f"{endpoint.action.name} reaches no {resource.name} under another {parent.name}"
            run, callers = partial(_try_elsewhere, nested=nested), (endpoint, nested.parent_maker)
            attempt = Attempt(run, stage=5, cost=3, writes=True, endpoints=callers)
            yield Case(endpoint, says, origin, attempt, f"elsewhere/{resource.name}", resource.cite)
        yield from _list_counts(setting, nested)
        undone_by = parent.undone_by
        needed = as_needed(setting.model, nested.maker.action, InstanceRef(parent.name)).states
        # a credit note needs an order that is shipped, and only a draft is removed
        elsewhere = needed and parent.initial is not None and parent.initial not in needed
        if undone_by is None or not parent.removed_for_good or elsewhere:
            continue
        remover = setting.find_lead(str(undone_by.action.name))
        if remover is not None:
            reader = nested.reader
            says = f"a {resource.name} is gone for {reader.action.name} when its {parent.name} is removed"
            run = partial(_try_gone, nested=nested, remover=remover, undone_by=undone_by)
            attempt = Attempt(run, cost=6, writes=True, endpoints=(reader, remover))
            yield Case(reader, says, origin, attempt, f"gone/{resource.name}", resource.cite)
    for nested in _list_naming_parents(setting):
        resource, parent = nested.resource, nested.parent
        remover = _find_remover(setting, parent)
        assert remover is not None
        says = f"{remover.action.name} removes a {parent.name} when the {resource.name} is gone that kept it"
        attempt = Attempt(
            partial(_try_freed, nested=nested), cost=6, writes=True, endpoints=(nested.maker, remover)
        )
        detail = f"freed/{parent.name}/{resource.name}"
        yield Case(remover, says, (*parent.origin, "undone_by"), attempt, detail, advice=True)


@dataclass(frozen=True, slots=True)
class _Part:
    """A resource whose instances are made in a parent that its path names, and can be removed for good."""

    resource: Resource
    parent: Resource
    maker: Endpoint
    parent_maker: Endpoint
    remover: Endpoint


def _list_parts(setting: Setting) -> Iterator[_Part]:
    resources = setting.model.resources
    for resource in resources.values():
        maker, remover = _find_maker(setting, resource), _find_remover(setting, resource)
        if maker is None or remover is None:
            continue
        above = [p.refers_to for p in maker.params if p.required and p.place == "path"]
        parent = resources.get(above[-1] or "") if above else None
        parent_maker = _find_maker(setting, parent) if parent is not None else None
        if parent is not None and parent_maker is not None and parent is not resource:
            yield _Part(resource, parent, maker, parent_maker, remover)


def _list_removals_elsewhere(setting: Setting, part: _Part) -> Iterator[Case]:
    """Yield the removal of an instance that has no read: a bicycle workshop of 2026-11-27 removed any line by
    any order.
    """
    resource, parent, remover = part.resource, part.parent, part.remover
    if find_read(setting, resource) is not None or not _names(remover, parent):
        return
    for listed in resource.listed_by:
        lister = setting.find_usable_lead(str(listed.action.name))
        if lister is None or not _names(lister, parent):
            continue
        says = f"{remover.action.name} reaches no {resource.name} under another {parent.name}"
        attempt = Attempt(
            partial(_try_removal_elsewhere, part=part, listed=listed, lister=lister),
            stage=5, cost=6, writes=True, endpoints=(remover, part.maker, part.parent_maker),
        )  # fmt: skip
        yield Case(remover, says, resource.origin, attempt, f"elsewhere/{resource.name}", resource.cite)
        return


def _names(endpoint: Endpoint, resource: Resource) -> bool:
    return any(p.required and p.refers_to == resource.name for p in endpoint.params)


def _list_tallies(setting: Setting, part: _Part) -> Iterator[Case]:
    """Yield the case of a parent's numbers that nobody sets: the same workshop kept an order's total when a
    line was removed.
    """
    resource, parent = part.resource, part.parent
    found = find_read(setting, parent)
    if found is None:
        return
    read, reader = found
    setters = [part.parent_maker, *(e for e in setting.list_naming(parent.name) if names_instance(e, parent))]
    others = {p.wire for endpoint in setters for p in endpoint.action.params}
    others |= {*parent.ids, *parent.volatile, *dict(parent.counts).values()}
    shown = members_of(setting, read)
    names = tuple(n for n, schema in shown.items() if n not in others and _is_number(setting, schema))
    if not names:
        return
    says = f"numbers of a {parent.name} are as before when a {resource.name} is removed"
    run = partial(_try_tally, part=part, read=read, reader=reader, names=names)
    attempt = Attempt(run, cost=7, writes=True, endpoints=(reader, part.maker, part.parent_maker))
    yield Case(reader, says, parent.origin, attempt, f"tallied/{resource.name}", advice=True)


def _list_counts(setting: Setting, nested: _Nested) -> Iterator[Case]:
    """Yield the case of the member of a parent that is the number of its instances by `counts`, if there is
    one.
    """
    resource, parent = nested.resource, nested.parent
    found, member = find_read(setting, parent), dict(parent.counts).get(resource.name)
    if found is None or member is None or member not in members_of(setting, found[0]):
        return
    read, reader = found
    says = f"{member} of a {parent.name} is the number of its {resource.name} instances"
    run = partial(_try_count, nested=nested, member=member, read=read, reader=reader)
    attempt = Attempt(run, cost=6, writes=True, endpoints=(reader, nested.maker, nested.parent_maker))
    origin = (*parent.origin, "counts", resource.name)
    yield Case(reader, says, origin, attempt, f"counted/{resource.name}")


def _list_nested(setting: Setting) -> Iterator[_Nested]:
    for resource in setting.model.resources.values():
        parent = setting.model.resources.get(resource.within or "")
        if parent is None or parent.made_by is None or resource.made_by is None:
            continue
        maker = setting.find_lead(str(resource.made_by.action.name))
        parent_maker = setting.find_lead(str(parent.made_by.action.name))
        read = find_read(setting, resource)
        if maker is not None and parent_maker is not None and read is not None:
            yield _Nested(resource, parent, maker, parent_maker, *read)


def _list_naming_parents(setting: Setting) -> Iterator[_Nested]:
    """Yield each resource whose create names another one, in its path or body, that may not be removed for a
    conflict, if both can be removed.
    """
    resources = setting.model.resources
    for resource in resources.values():
        read = find_read(setting, resource)
        maker = _find_maker(setting, resource)
        if read is None or maker is None or _find_remover(setting, resource) is None:
            continue
        for name in dict.fromkeys(str(p.refers_to) for p in maker.params if p.refers_to in resources):
            parent = resources[name]
            remover = _find_remover(setting, parent)
            if parent.made_by is None or remover is None or name == resource.name:
                continue
            parent_maker = setting.find_lead(str(parent.made_by.action.name))
            if parent_maker is not None and any(e.status == CONFLICT for e in remover.action.errors):
                yield _Nested(resource, parent, maker, parent_maker, *read)


def _find_maker(setting: Setting, resource: Resource) -> Endpoint | None:
    return setting.find_lead(str(resource.made_by.action.name)) if resource.made_by is not None else None


def _find_remover(setting: Setting, resource: Resource) -> Endpoint | None:
    """Return the endpoint that removes instances for good; None if there is none."""
    undone_by = resource.undone_by if resource.removed_for_good else None
    return setting.find_lead(str(undone_by.action.name)) if undone_by is not None else None


def _list_naming(setting: Setting, nested: _Nested) -> Iterator[Endpoint]:
    """Yield the endpoints that take the ids of an instance and its parent, and have an error for a missing
    one.
    """
    if nested.parent.name not in nested.resource.placed_by:
        return
    both = {nested.resource.name, nested.parent.name}
    for endpoint in setting.list_naming(nested.resource.name):
        named = {p.refers_to for p in endpoint.params if p.required}
        errors = (*endpoint.action.errors, *setting.model.always())
        # what has no error for a missing one may answer as it likes, as a search does with an empty list
        declared = any(code in errors for code in nested.list_codes(endpoint.action))
        # a PUT may make what is not there (RFC 9110, 9.3.4)
        may_make = makes(setting.model, endpoint.action) or endpoint.method == "PUT"
        if both <= named and declared and not may_make:
            yield endpoint


def _try_elsewhere(trial: Trial, nested: _Nested) -> None:
    setting, endpoint, resource, parent = trial.setting, trial.endpoint, nested.resource, nested.parent
    what = f"a {resource.name} of another {parent.name}"
    body = trial.ask(InstanceRef(resource.name, fresh=endpoint.action.effect == "write"))
    other, beside = make_one(parent, nested.parent_maker, f"another {parent.name}")
    arguments = {
        **_name_parents(nested, nested.reader, other, beside),
        **resource.values_for(nested.reader.params, body),
    }
    answer = trial.ask(call_with_ids(setting, nested.reader, arguments, what))
    if endpoint.place == nested.reader.place:
        conclude(_judge(trial, nested, answer, what, body))
    # with a number as id, another one may live there, which a write must not reach
    elif is_missing(resource, answer) or has_random_id(resource, body):
        arguments = {
            **_name_parents(nested, endpoint, other, beside),
            **resource.values_for(endpoint.params, body),
        }
        answer = trial.ask(call_with_ids(setting, endpoint, arguments, what))
        if answer.success and endpoint.action.effect == "write":
            conclude(_judge_accepted(trial, nested, answer, what, body))
        else:
            conclude(_judge(trial, nested, answer, what, None))
    else:
        conclude(trial.untested(f"nothing shows that it is missing there: {answer.outcome}"))


def _judge_accepted(
    trial: Trial, nested: _Nested, answer: Exchange, what: str, body: Mapping[str, Any]
) -> Judgement:
    """Judge a write that was accepted under the other parent: S3 answers 204 of what is not there, too."""
    resource, why = nested.resource, f"a {nested.resource.name} after a write under another parent"
    look = Call(nested.reader, nested.read.input, "explore", why, subject=resource, made=body)
    now = demand(trial.ask(look))
    shown = at_path(nested.read, now) if now.success else None
    if isinstance(shown, Mapping) and is_there(resource, nested.read, now):
        if answer.call.endpoint is not None and answer.call.endpoint.method == "DELETE":
            return trial.kept()
        if all(shown[name] == value for name, value in body.items() if name in shown):
            return trial.untested(f"it was accepted, and nothing shows an effect: {answer.outcome}")
    return _judge(trial, nested, answer, what, None)


def _name_parents(
    nested: _Nested | _Part, endpoint: Endpoint, made: Exchange, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments that are the ids of a new parent and of the parent's containers."""
    arguments = nested.parent.values_for(endpoint.params, body)
    sent = made.call.endpoint.params if made.call.endpoint is not None else ()
    around = {
        (p.refers_to, p.refers_member): made.input[str(p.name)]
        for p in sent
        if p.refers_to and str(p.name) in made.input
    }
    for param in endpoint.params:
        key = (param.refers_to, param.refers_member)
        if param.refers_to not in (nested.parent.name, nested.resource.name) and key in around:
            arguments[str(param.name)] = around[key]
    return arguments


def _try_gone(trial: Trial, nested: _Nested, remover: Endpoint, undone_by: ActionCall) -> None:
    resource, parent = nested.resource, nested.parent
    home, around = make_one(parent, nested.parent_maker, f"a {parent.name} to be removed")
    body = _make_inside(nested, home, around)
    look = Call(
        nested.reader, nested.read.input, "explore", f"a {resource.name} whose {parent.name} is removed",
        subject=resource, made=body, bind={parent.name: around},
    )  # fmt: skip
    before = trial.ask(replace(look, why=f"a {resource.name} of a {parent.name}"))
    if not is_there(resource, nested.read, before):
        raise Untested(f"the {resource.name} was not there before: {before.outcome}")
    why = f"a {parent.name} is removed with what is in it"
    removed = trial.ask(Call(remover, undone_by.input, "explore", why, subject=parent, made=around))
    if not removed.success:
        # one that stays as long as it has parts (SQL's ON DELETE RESTRICT) leaves none without it
        reason = f"the {parent.name} could not be removed: {removed.outcome}"
        excused = removed.refused and not removed.void
        raise Untested(reason, excused=excused)  # gRPC's FAILED_PRECONDITION is a 400
    # Kubernetes removes what is inside in the background
    answer, _ = ask_until(look, lambda one: not is_there(resource, nested.read, one), REMOVAL_WAITS_S)
    what, id = f"a {resource.name} of a removed {parent.name}", parent.id_of(around)
    conclude(_judge(trial, nested, answer, what, body, before, id))


def _try_freed(trial: Trial, nested: _Nested) -> None:
    """Remove a parent with an instance, then the instance, and then the parent again."""
    setting, resource, parent = trial.setting, nested.resource, nested.parent

    def remove(kind: Resource, body: Mapping[str, Any], why: str, **bound: Any) -> Exchange:
        endpoint, undone_by = _find_remover(setting, kind), kind.undone_by
        assert endpoint is not None
        assert undone_by is not None
        return trial.ask(Call(endpoint, undone_by.input, "explore", why, subject=kind, made=body, **bound))

    trial.ask(InstanceRef(resource.name))  # the first of a kind is made twice, to tell their ids apart
    home, around = make_one(parent, nested.parent_maker, f"a {parent.name} that a {resource.name} keeps")
    body = _make_inside(nested, home, around)
    kept = remove(parent, around, f"a {parent.name} is removed with a {resource.name}")
    if kept.status != CONFLICT:
        raise Untested(
            f"no {resource.name} keeps it from being removed: {kept.outcome}", excused=not kept.void
        )
    gone = remove(resource, body, f"the {resource.name} is removed that keeps it", bind={parent.name: around})
    if not gone.success or gone.status == ACCEPTED:
        raise Untested(
            f"the {resource.name} was not removed, or not yet: {gone.outcome}", excused=not gone.void
        )
    last = remove(parent, around, f"a {parent.name} that no {resource.name} keeps any more")
    if last.success:
        conclude(trial.kept())
        return
    if last.status != CONFLICT:
        raise Untested(f"it was refused for another reason: {last.outcome}")
    _, empty = make_one(parent, nested.parent_maker, f"a {parent.name} without a {resource.name}")
    control = remove(parent, empty, f"a {parent.name} that never had a {resource.name}")
    if not control.success:
        raise Untested(f"nothing shows that one without a {resource.name} is removed: {control.outcome}")
    conclude(trial.broken(f"a {parent.name} is removed when its {resource.name} is gone", last.outcome))


def _try_count(trial: Trial, nested: _Nested, member: str, read: ActionCall, reader: Endpoint) -> None:
    """Read the number in a new parent, after an instance was made in it, and after that was removed."""
    resource, parent = nested.resource, nested.parent
    trial.ask(InstanceRef(resource.name))  # the first of a kind is made twice, to tell their ids apart
    home, around = make_one(parent, nested.parent_maker, f"a {parent.name} that counts")
    look = Call(reader, read.input, "explore", f"{member} of a {parent.name}", subject=parent, made=around)

    def count(wanted: int | None) -> int | None:
        """Read the number, and read it again while it is not the wanted one, as it may come from a cache."""
        found: int | None = None
        for seconds in (0.0, *REMOVAL_WAITS_S):
            if seconds:
                trial.ask(Sleep(seconds, quiet=True))
            answer = trial.ask(replace(look, again=bool(seconds)))
            found = member_named(at_path(read, answer), member) if answer.success else None
            if found is None or wanted in (None, found):
                break
        return found

    unshown = f"no answer shows {member}"
    first = count(None)
    if first is None:
        raise Untested(unshown)
    body = _make_inside(nested, home, around)
    made = count(first + 1)
    if made is None:
        raise Untested(unshown)
    if made != first + 1 and parent.inferred:  # it may count the published ones
        raise Untested(f"{member} of a {parent.name} does not count a new {resource.name}")
    if made != first + 1:
        conclude(
            trial.broken(f"{member} {first + 1}, one more than before", f"{member} is {{made}}", made=made)
        )
        return
    remover = resource.undone_by
    if remover is None or not resource.removed_for_good:
        conclude(trial.kept())
        return
    endpoint = trial.setting.find_lead(str(remover.action.name))
    assert endpoint is not None
    why, bind = f"a {resource.name} is removed", {parent.name: around}
    gone = trial.ask(Call(endpoint, remover.input, "valid", why, subject=resource, made=body, bind=bind))
    if not gone.success:
        raise Untested(f"the {resource.name} could not be removed: {gone.outcome}")
    left = count(first)
    if left is None or (left != first and gone.status == ACCEPTED):
        raise Untested(unshown if left is None else f"the {resource.name} may be removed later")
    expected = f"{member} {first} again, as the {resource.name} was removed"
    conclude(trial.judge(expected, "" if left == first else f"{member} is {{left}}", left=left))


def _try_removal_elsewhere(trial: Trial, part: _Part, listed: ActionCall, lister: Endpoint) -> None:
    setting, resource, parent, what = trial.setting, part.resource, part.parent, part.resource.name
    home, around = make_one(parent, part.parent_maker, f"a {parent.name} with a {what}")
    body = _make_inside(part, home, around)
    other, beside = make_one(parent, part.parent_maker, f"another {parent.name}")
    if resource.id_of(_make_inside(part, other, beside)) == resource.id_of(body):  # each order counts its own
        raise Untested(f"each {parent.name} may have a {what} with this id")
    why = f"what a {parent.name} has"
    bound = {parent.name: around}
    look = Call(lister, listed.input, "explore", why, subject=resource, made=body, bind=bound)
    seen = trial.ask(look)
    if not is_listed(resource, listed, seen, body):
        raise Untested(f"its {parent.name} does not list it: {seen.outcome}")
    arguments = {
        **_name_parents(part, part.remover, other, beside),
        **resource.values_for(part.remover.params, body),
    }
    answer = trial.ask(call_with_ids(setting, part.remover, arguments, f"a {what} of another {parent.name}"))
    if answer.void:
        raise Untested(answer.moot or answer.outcome)
    after = trial.ask(replace(look, again=True))
    if isinstance(at_path(listed, after), list) and not is_listed(resource, listed, after, body):
        expected = f"a {what} of another {parent.name} stays"
        conclude(trial.broken(expected, f"{answer.outcome}, and the {what} of another {parent.name} is gone"))
    else:
        conclude(trial.kept() if after.success else trial.untested(after.outcome))


def _try_tally(trial: Trial, part: _Part, read: ActionCall, reader: Endpoint, names: tuple[str, ...]) -> None:
    """Read the numbers of a new parent: with one instance, without it, and with an equal one."""
    resource, parent = part.resource, part.parent
    trial.ask(InstanceRef(resource.name))  # the first of a kind is made twice, to tell their ids apart
    home, around = make_one(parent, part.parent_maker, f"a {parent.name} whose numbers are read")
    look = Call(reader, read.input, "explore", f"numbers of a {parent.name}", subject=parent, made=around)

    def numbers_in(answer: Exchange) -> dict[str, float]:
        shown = at_path(read, answer) if answer.success else None
        found = {n: shown.get(n) for n in names} if isinstance(shown, Mapping) else {}
        return {n: v for n, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)}

    sent = (p for p in part.maker.action.params if p.place == "body" and not p.refers_to)
    sizes = (p for p in sent if _is_number(trial.setting, p.schema))
    chosen = {str(p.name): choose_other(trial.setting, part.maker, p, 0) for p in sizes}
    # a line for 0 euros adds nothing to a total
    given = {name: size for name, size in chosen.items() if size is not None}
    empty = numbers_in(demand(trial.ask(look)))
    body = _make_inside(part, home, around, given)
    full = numbers_in(demand(trial.ask(replace(look, again=True))))
    moved = [n for n, value in full.items() if n in empty and empty[n] != value]
    if not moved:
        raise Untested(f"no number of a {parent.name} changes with a {resource.name}", excused=True)
    undone_by = resource.undone_by
    assert undone_by is not None
    bound, why = {parent.name: around}, f"a {resource.name} is removed"
    gone = trial.ask(
        Call(part.remover, undone_by.input, "valid", why, subject=resource, made=body, bind=bound)
    )
    if not gone.success or gone.status == ACCEPTED:
        raise Untested(f"the {resource.name} was not removed, or not yet: {gone.outcome}")

    def list_stale(answer: Exchange) -> list[str]:
        return [n for n in moved if numbers_in(answer).get(n) == full[n]]

    answer, _ = ask_until(replace(look, again=True), lambda one: not list_stale(one), REMOVAL_WAITS_S)
    left = numbers_in(answer)
    if not list_stale(answer):
        back = all(left.get(n) == empty[n] for n in moved)
        conclude(trial.kept() if back else trial.untested(f"{', '.join(moved)} may be about more than that"))
        return
    _make_inside(part, home, around, given)
    last = demand(trial.ask(replace(look, again=True)))
    stale = [n for n in list_stale(answer) if n in list_stale(last)]
    if not stale:
        raise Untested(f"{', '.join(moved)} may count what ever was", excused=True)
    name = stale[0]
    expected = f"{name} {empty[name]} again, as the {resource.name} was removed"
    conclude(trial.broken(expected, f"{name} is still {{left}} without the {resource.name}", left=left[name]))


def _is_number(setting: Setting, schema: Any) -> bool:
    kinds = {*types_of(setting.resolve_schema(schema))} - {"null"}
    return bool(kinds) and kinds <= {"integer", "number"}


def _make_inside(
    nested: _Nested | _Part,
    home: Exchange,
    around: Mapping[str, Any],
    given: Mapping[str, Any] = MappingProxyType({}),
) -> Mapping[str, Any]:
    """Make an instance in the parent that `home` has made; return its body."""
    resource, parent = nested.resource, nested.parent
    arguments = {**_name_parents(nested, nested.maker, home, around), **given}
    why = f"a {resource.name} of a new {parent.name}"
    _, body = make_one(resource, nested.maker, why, arguments, bind={parent.name: around})
    return body


def _judge(
    trial: Trial,
    nested: _Nested,
    answer: Exchange,
    what: str,
    body: Mapping[str, Any] | None,
    before: Exchange | None = None,
    home: Any = None,
) -> Judgement:
    """Judge an answer about an instance that must not be there.

    A read may return another instance with the same id, as SQLite gives a removed row's: not one that is in
    every member as it was `before`, nor one that still names the removed parent, whose id is `home`. `body`
    is None if no other instance can have the id.
    """
    if answer.void:
        return trial.untested(answer.moot or answer.outcome)
    if not answer.success:
        return trial.kept() if answer.refused else trial.untested(answer.outcome)
    shown = at_path(nested.read, answer)
    if isinstance(shown, Mapping) and is_gone(nested.resource, shown):
        return trial.kept()
    whole = isinstance(shown, Mapping) and len(shown) > len(nested.resource.ids)
    same = before is not None and whole and shown == at_path(nested.read, before)
    names_home = isinstance(home, str) and not home.isdecimal() and whole and home in shown.values()
    if body is not None and not (
        same or names_home or has_random_id(nested.resource, body) or _shows(body, shown)
    ):
        why = f"nothing shows if it is the same {nested.resource.name}"
        return trial.untested(f"{why}: {answer.outcome}")
    endpoint = answer.call.endpoint
    codes = nested.list_codes(endpoint.action) if endpoint is not None else []
    expected = f"{what} is answered {' or '.join(map(describe_code, codes)) or '404'}"
    return trial.broken(expected, answer.outcome)


def _shows(body: Mapping[str, Any], shown: Any) -> bool:
    """True if an answer contains a mark that this run wrote into the instance."""
    return any(occurs_in(mark, shown) for mark in find_marks(dict(body)))


CHECK = make_check("nesting", __doc__, cases, rank=Rank.WRONG)
