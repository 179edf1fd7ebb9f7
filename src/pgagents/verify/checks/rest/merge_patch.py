"""A merge patch changes only the members that it contains, and null removes a member (RFC 7396).

This applies to each write whose body is `application/merge-patch+json`, and to each member that its call may
set to null and that a read shows. A member with a default shows its default when it is removed, as
Kubernetes gives it: the declared one, or what a create without the member has made. Where a create sends the
member, another value than the removed one may be a default that nobody declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.instance_changes import may_send_back
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import at_path, members_of, say_none_made
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MERGE_PATCH = "application/merge-patch+json"
EMPTY: tuple[Any, ...] = (None, [], {}, "")
"""The values that reads may show for a removed member: Go's JSON has an empty text, Jackson's null."""


@dataclass(frozen=True, slots=True)
class _Patch:
    """A member of a resource that a patch may remove, and the call that reads it."""

    resource: Resource
    endpoint: Endpoint
    id: Param
    member: Param
    read: ActionCall
    reader: Endpoint
    defaults: tuple[Any, ...]
    """The declared defaults of the member; 0 too, if a read cannot show null."""

    def show(self, answer: Exchange) -> Any:
        """Return the member in the answer of a read; None if it is null or missing."""
        instance = at_path(self.read, answer) if answer.success else None
        return instance.get(self.member.wire) if isinstance(instance, Mapping) else None


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield for each member that a patch may set to null that null removes it, and that leaving it out keeps
    it. One probe sets the member, patches another one if there is any, and sets the member to null.
    """
    del roles
    for patch in _list_patches(setting):
        name, action = patch.member.name, patch.endpoint.action
        attempt = Attempt(
            together=partial(_try, patch=patch),
            stage=4,
            cost=8,
            writes=True,
            endpoints=(patch.endpoint, patch.reader),
            probe=f"merge_patch/{name}/{patch.endpoint.place}",
        )
        for detail, says in (
            ("removes", f"null for {name} in {action.name} removes it"),
            ("keeps", f"{action.name} without {name} leaves it as it is"),
        ):
            yield Case(patch.endpoint, says, patch.member.origin, attempt, f"{detail}/{name}")


def _list_patches(setting: Setting) -> Iterator[_Patch]:
    for resource in setting.model.resources.values():
        # what is changed must be our own, named by one argument
        if resource.made_by is None or not resource.read_by or len(resource.ids) != 1:
            continue
        read = resource.read_by[0]
        reader = next((e for e in setting.list_calling(read.action) if e.on_rest), None)
        if reader is None:
            continue
        shown = members_of(setting, read)
        for endpoint in setting.list_naming(resource.name):
            action = endpoint.action
            id = next((p for p in action.params if p.refers_to == resource.name and not p.in_body), None)
            # a tool's arguments are not a merge patch, whatever its REST call is
            if not endpoint.on_rest or action.content_type != MERGE_PATCH or id is None:
                continue
            for member in action.params:
                nullable = "null" in types_of(setting.resolve_schema(member.schema))
                if member.place == "body" and nullable and not member.required and member.wire in shown:
                    defaults = tuple(_list_defaults(setting, resource, member, shown[member.wire]))
                    yield _Patch(resource, endpoint, id, member, read, reader, defaults)


def _list_defaults(
    setting: Setting, resource: Resource, member: Param, shown: Mapping[str, Any]
) -> Iterator[Any]:
    """Yield the defaults that the patch, the create or the read declares for a member, or implies."""
    made_by = resource.made_by
    sent = (p for p in made_by.action.params if p.wire == member.wire) if made_by is not None else ()
    for schema in (member.schema, *(p.schema for p in sent), shown):
        resolved = setting.resolve_schema(schema)
        if resolved.get("default") is not None:
            yield resolved["default"]
    if "null" not in types_of(setting.resolve_schema(shown)):  # a number of Go's is 0 where nothing is
        yield 0


def _choose_value(setting: Setting, member: Param, defaults: Sequence[Any]) -> Any:
    """Return a value of the member that is neither null nor empty, and if possible no default."""
    schema = setting.resolve_schema(member.schema)
    if "array" in types_of(schema) and isinstance(schema.get("items"), Mapping):  # its least is [], empty
        return [low(schema["items"], setting.model.schemas)]
    schemas = setting.model.schemas
    least = low(member.schema, schemas)
    values = [v for v in (least, high(member.schema, schemas), *schema.get("enum", ())) if v not in EMPTY]
    return next((value for value in values if value not in defaults), least)


def _try(trials: Sequence[Trial], patch: _Patch) -> None:
    removes, keeps = trials
    setting, resource, name = keeps.setting, patch.resource, str(patch.member.name)
    made_by, wire = resource.made_by, patch.member.wire
    assert made_by is not None
    made = ask(_make(setting, resource, made_by))
    body = at_path(made_by, made)
    if not made.success or not isinstance(body, Mapping) or resource.id not in body:
        raise Untested(say_none_made(resource, made))
    sent = {p.wire for p in made_by.action.params if str(p.name) in made.input}
    why = f"what {keeps.action.name} left"
    read = Call(patch.reader, patch.read.input, "valid", why, subject=resource, made=body)
    first = ask(read)  # proves that it is ours before it changes
    # what is shown of a member that the create was not given is the server's own default; the create's answer
    # may have the id alone
    shown_first = (body.get(wire), patch.show(first)) if wire not in sent else ()
    defaults = (*patch.defaults, *(shown for shown in shown_first if shown is not None))
    value = _choose_value(setting, patch.member, defaults)
    if value in EMPTY:
        raise Untested(f"no value of {name} is known that is not empty")
    needed = {str(p.name) for p in keeps.action.params if p.required}
    least = {k: v for k, v in keeps.template.input.items() if k in needed}
    least[str(patch.id.name)] = body[resource.id]

    def send(why: str, members: Mapping[str, Any]) -> Call:
        return keeps.call("valid", why, input={**least, **members}, subject=resource, made=body)

    filled = ask(send(f"{name} is set", {name: value}))
    before = ask(read)
    if not filled.success or patch.show(before) != value:
        raise Untested(f"{name} could not be set to {value!r}: {filled.outcome}")
    without = ask(send(f"{name} is left out", _choose_another(keeps, patch, before)))
    after = ask(read)
    if not without.success or not after.success:
        raise Untested(f"a patch without {name} got {without.outcome}, and the read {after.outcome}")
    shown = patch.show(after)
    conclude(_judge(keeps, shown == value, f"{name} is {value!r} still", name, shown))
    if shown != value:
        conclude(removes.untested(f"{name} was gone before null was sent"))
        return
    removed = ask(send(f"{name} is null", {name: None}))
    last = ask(read)
    shown = patch.show(last)
    # RFC 9110, 15.3.3: what is only accepted need not be done yet
    if not removed.success or removed.status == ACCEPTED or not last.success:
        conclude(removes.untested(f"null for {name} got {removed.outcome}, and the read {last.outcome}"))
    elif shown == value and value in defaults:
        conclude(removes.untested(f"{name} has no other value than its default, {value!r}"))
    elif shown in EMPTY or shown in defaults or shown == value or wire not in sent:
        gone = shown in EMPTY or shown in defaults
        conclude(_judge(removes, gone, f"no {name} any more", name, shown))
    else:
        conclude(removes.untested(f"{name} is {shown!r} then, which may be its default"))


def _choose_another(trial: Trial, patch: _Patch, answer: Exchange) -> dict[str, Any]:
    """Return another member of the patch with the value that it has, as `params.require` of Rails refuses an
    empty patch; empty if there is none to send.
    """
    shown = at_path(patch.read, answer)
    for param in trial.action.params:
        own = param is patch.member or param.required or param.refers_to or param.place != "body"
        if not own and may_send_back(trial, param, shown):
            return {str(param.name): shown[param.wire]}
    return {}


def _make(setting: Setting, resource: Resource, made_by: ActionCall) -> Call:
    maker = setting.list_calling(made_by.action)[0]
    template = template_of(setting.model, made_by.action)
    arguments = {**template.input, **made_by.input}
    why = f"a {resource.name} to patch"
    return ordinary(maker, template, "valid", why, input=arguments, fresh=True, subject=None)


def _judge(trial: Trial, holds: bool, expected: str, name: str, shown: Any) -> Judgement:
    return trial.kept() if holds else trial.broken(expected, f"{name} is {{shown!r}}", shown=shown)


CHECK = make_check("merge_patch", __doc__, cases, rank=Rank.WRONG)
