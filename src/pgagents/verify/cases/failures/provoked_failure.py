"""Calls that the operator causes to fail with a code, as the catalogue describes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.model.action import ActionCall
from pgagents.model.answers.error_code import Code
from pgagents.model.resource import Resource
from pgagents.verify.check.check import CONFLICT
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import names_no_instance
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Call, InstanceRef, UniqueValue
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

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
