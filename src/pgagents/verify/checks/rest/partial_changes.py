"""A PATCH or PUT changes the members that it contains (RFC 9110), and a PATCH leaves the others (RFC 5789).

An instance gets another value in every member that the call may set and a read shows. Then a PATCH sends one
member its present value, or all that it needs, so no member may change. Each member that the first call did
not change is sent once more alone, because a server may let one member decide over another, such as a `cron`
over an `interval`. Only the former value in a read breaks the contract: a server may trim, round or lower a
value, as a column `numeric(10, 2)` of PostgreSQL rounds. By a document alone it is read again for some
seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.answers.observation import VERSION
from pgagents.verify.cases.instance_changes import (
    Change,
    find_fresh,
    list_settable,
    list_unique,
    may_send_back,
    names_instance,
)
from pgagents.verify.fixtures.factory import ACCEPTED, list_waits
from pgagents.verify.fixtures.instance import find_read
from pgagents.verify.judgement import conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask, ask_until
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

LIST_OF_STEPS = "application/json-patch+json"
"""RFC 6902: its members are operations, not the instance's."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case about the members in a PATCH or PUT, and one about all others of a PATCH."""
    del roles
    for resource in setting.model.resources.values():
        found = find_read(setting, resource) if resource.made_by is not None else None
        for endpoint in setting.list_naming(resource.name) if found is not None else ():
            assert found is not None
            read, reader = found
            members = _list_members(setting, resource, endpoint, read)
            if not members:
                continue
            patch = _Patch(resource, members, read, reader)
            attempt = Attempt(together=patch.run, cost=7, endpoints=(endpoint, reader), writes=True)
            name, origin = endpoint.action.name, endpoint.action.origin
            says = f"{name} changes the members that it names"
            yield Case(endpoint, says, origin, attempt, "named")
            if patch.optional and endpoint.action.method == "PATCH":
                says = f"{name} leaves the members as they are that it does not name"
                yield Case(endpoint, says, origin, attempt, "others")


def _list_members(
    setting: Setting, resource: Resource, endpoint: Endpoint, read: ActionCall
) -> tuple[Param, ...]:
    """Return the arguments of a PATCH or PUT that a read shows under the same names; empty for other
    calls.
    """
    action = endpoint.action
    changes = action.method in ("PATCH", "PUT") and action.content_type != LIST_OF_STEPS
    # `upserts` judges a PUT that makes instances
    makes = resource.made_by is not None and resource.made_by.action is action
    if not changes or makes or action.effect != "write" or not names_instance(endpoint, resource):
        return ()
    settable = list_settable(setting, resource, endpoint, read)
    # every write moves a version on, as Kubernetes's resourceVersion
    return tuple(param for param in settable if not VERSION.search(param.wire))


class _Patch(Change):
    """A PATCH or PUT of an instance."""

    @property
    def optional(self) -> tuple[Param, ...]:
        """The members that a PATCH may leave out, if it can still contain another one."""
        free = tuple(p for p in self.members if not p.required)
        return free if len(self.members) > 1 else ()

    @property
    def unique(self) -> set[str]:
        """The members of which no two instances may have the same."""
        return list_unique(self.resource)

    def run(self, trials: Sequence[Trial]) -> None:
        """Try the members in the PATCH, and then the others, if there are any."""
        named, *others = trials
        body = ask(named.refer(self.resource))
        before = ask(self.call_read(named, body))
        values = self.choose_others(named, self.members, self.shown(before))
        for param in self.members:  # else a second run is refused, as Prefect does with a queue's name
            new = find_fresh(named.setting, self.resource, param) if param.wire in self.unique else None
            if new is not None and str(param.name) in values:
                values[str(param.name)] = new
        change = self.send(named, body, values, "all members that it may set")
        changed = ask(replace(change, renews=True))  # a document does not say which values others may have
        after = ask(self.call_read(named, body))
        if not before.success or not after.success:
            for trial in trials:
                conclude(trial.untested(f"it was not read: {before.outcome}, {after.outcome}"))
            return
        if not changed.success or changed.status == ACCEPTED or not values:  # RFC 9110, 15.3.3: not done yet
            conclude(named.untested(f"the members could not be set: {changed.outcome}"))
            # where a document alone is known, a value is a guess, which the server may refuse
            for name in values if changed.refused and others else ():
                ask(self.send(named, body, {name: values[name]}, f"{name} alone"))
        else:
            self.judge_named(named, body, self.shown(before), changed, self.shown(after), values)
        for trial in others:
            self.judge_others(trial, body, self.shown(before))

    def judge_named(
        self,
        trial: Trial,
        body: Mapping[str, Any],
        before: Mapping[str, Any],
        changed: Exchange,
        after: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> None:
        """Judge the members that were sent. Each that still has its former value is sent again alone."""
        moved = False
        for param in self.members:
            name, wire = str(param.name), param.wire
            if name not in values or wire not in after or changed.input.get(name) == before.get(wire):
                continue  # a mark may have made the value the one that an earlier change of the run left
            if after[wire] != before.get(wire):
                moved = True
                continue
            rest = self.list_needed(trial, after) if trial.action.method == "PUT" else {}
            alone = demand(trial.ask(self.send(trial, body, {**rest, name: values[name]}, f"{name} alone")))
            differs = partial(self._differs, wire, before)
            waits = list_waits(trial.model, self.resource) if alone.success else ()
            answer, _ = ask_until(self.call_read(trial, body), differs, waits)
            shown = self.shown(demand(answer))
            moved = moved or (wire in shown and shown[wire] != before.get(wire))
            if alone.success and wire in shown and shown[wire] == before.get(wire):
                broken = trial.broken(
                    f"{name} {alone.input.get(name)!r}", f"{name} is still {{value!r}}", value=shown[wire]
                )
                conclude(broken.at_member(str(wire)))
                return
        conclude(trial.kept() if moved else trial.untested("no member was seen to change"))

    def _differs(self, wire: str, before: Mapping[str, Any], answer: Exchange) -> bool:
        return bool(self.shown(answer).get(wire, ...) != before.get(wire))

    def judge_others(self, trial: Trial, body: Mapping[str, Any], first: Mapping[str, Any]) -> None:
        """Send one member with its present value, and judge all others. A reset to the `first` values is seen
        only in a member that has another one.
        """
        before = trial.ask(self.call_read(trial, body))
        shown = self.shown(before)
        own = {str(p.name): shown[p.wire] for p in self.members if may_send_back(trial, p, shown)}
        sent = {str(p.name): own[str(p.name)] for p in self.members if p.required and str(p.name) in own}
        free = [str(p.name) for p in self.optional if str(p.name) in own]
        if not sent and not free:
            conclude(trial.untested("no member has a value that could be sent as it is"))
            return
        sent = sent or {free[0]: own[free[0]]}
        names = " and ".join(sent)
        done = trial.ask(self.send(trial, body, sent, f"{names} as before"))
        after = trial.ask(self.call_read(trial, body))
        if not done.success or not after.success:
            conclude(trial.untested(f"a PATCH that changes nothing was not done: {done.outcome}"))
            return
        now = self.shown(after)
        for param in self.optional:
            name, value = str(param.name), now.get(param.wire)
            if name not in sent and value != shown.get(param.wire):
                expected = f"{name} is still {shown.get(param.wire)!r} after a PATCH of {names}"
                conclude(
                    trial.broken(expected, f"{name} is {{value!r}}", value=value).at_member(str(param.wire))
                )
                return
        changed = (p for p in self.optional if str(p.name) not in sent and p.wire in shown)
        if any(shown[p.wire] != first.get(p.wire) for p in changed):
            conclude(trial.kept())
        else:
            conclude(trial.untested("each other member has its first value, which a reset would leave too"))


CHECK = make_check("partial_changes", __doc__, cases, stage=5, rank=Rank.WRONG)
