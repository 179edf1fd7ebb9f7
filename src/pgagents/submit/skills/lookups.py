"""Try what a skill says of a call whose answer was lost: the look-up before a repeat, and the key.

The write is sent, and then the read that the skill names. It must show what the write did. A call with a key
is sent twice, and must act once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import member_at
from pgagents.submit.skills.callers import WHY, ActionCaller, Caller, Reading, holds_value
from pgagents.submit.skills.claims import Claim
from pgagents.submit.skills.files import Outcome, Verdict
from pgagents.verify.answers.hints import (
    HintedCall,
    add_key,
    counts_made,
    find_hinted_call,
    find_made,
    list_sent,
    make_first,
)
from pgagents.verify.answers.observation import (
    MOST_SETTLING,
    SETTLING_S,
    Body,
    Observation,
    drop_restless,
    list_differences,
    name_instance,
    observe,
    tell,
)
from pgagents.verify.cases.removed_instances import find_page
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef, Sleep
from pgagents.verify.wire.exchange import Exchange

COST = 12
"""Requests of one look-up, with those that make what it needs."""
UNSHOWN = "no read shows what the call did"
NO_ID = "the answer to the call has no id that could be looked for"
ASKS_FOR_ANSWER = "it needs `{}`, which only the lost answer has"


def try_look_up(setting: Setting, claim: Claim, caller: Caller, look: Caller) -> Outcome | str:
    """Send the write, call the look-up, and say if it shows what the write did."""
    if not isinstance(caller, ActionCaller) or not isinstance(look, ActionCaller):
        return _compare_tools(claim, caller, look)
    spared = _find_spared(setting, caller)
    hinted = spared or find_hinted_call(setting, caller.endpoint, widely=True)
    if isinstance(hinted, str):
        return f"not shown: {hinted}"
    trial = _LookUp(setting, claim, hinted, look, caller.firm and not hinted.resource.is_seen_by_guess)
    if hinted.makes:
        return trial.try_made()
    return trial.try_changed()


def _find_spared(setting: Setting, caller: ActionCaller) -> str:
    name = str(caller.endpoint.action.name)
    return (
        f"{name} costs money or sends something: --allow {name} would try it"
        if name in setting.spared
        else ""
    )


@dataclass(frozen=True, slots=True)
class _LookUp:
    """One look-up of a catalogue's server. `firm` is false if a part of the catalogue was inferred."""

    setting: Setting
    claim: Claim
    hinted: HintedCall
    look: ActionCaller
    firm: bool

    def _list_calls(self) -> list[ActionCall]:
        """Return the catalogue's calls by which the look-up shows such an instance, lists first."""
        resource, action = self.hinted.resource, self.look.endpoint.action
        return [call for call in (*resource.listed_by, *resource.read_by) if call.action is action]

    def _blame(self, why: str, id: str, seen: Exchange | None = None) -> Outcome:
        verdict: Verdict = "broken" if self.firm else "odd"
        reading = self.look.read(seen) if seen is not None else Reading("taken")
        answer = reading.answer or (f"HTTP {seen.status}" if seen is not None else "")
        return self.claim.conclude(verdict, why, id, call=reading.call, answer=answer)

    def _say_blind(self, seen: Exchange) -> Outcome:
        does = "made" if self.hinted.makes else "changed"
        why = f"`{self.claim.member}` does not show what `{self.claim.subject}` {does}"
        return self._blame(why, "look-up-blind", seen)

    # -- a call that makes an instance

    def try_made(self) -> Outcome | str:
        """Look for the instance that a call makes."""
        calls = self._list_calls()
        before: Exchange | None = None
        first = make_first(self.setting, self.hinted, None, WHY)
        if not calls:
            names = [
                p
                for p in self.look.endpoint.params
                if p.required and p.refers_to == self.hinted.resource.name
            ]
            if names:
                return self._blame(ASKS_FOR_ANSWER.format(names[0].name), "look-up-needs-answer")
            before = ask(self._look_alone())
            if not before.success:
                return f"the look-up alone is not taken: {before.outcome}"
            first = self._share(first, before)
        made = ask(first)
        body = find_made(self.hinted, made)
        if body is None:
            return NO_ID if made.success else f"the call is not taken: {made.outcome}"
        if before is not None:
            return self._compare(before, body)
        known = [call for call in calls if not _list_untold(call, made, body)]
        if not known:
            return self._blame(
                ASKS_FOR_ANSWER.format(_list_untold(calls[0], made, body)[0]), "look-up-needs-answer"
            )
        return self._find(known, body)

    def _look_alone(self) -> Call:
        endpoint = self.look.endpoint
        return Call(endpoint, template_of(self.setting.model, endpoint.action).input, "explore", WHY)

    def _share(self, first: Call, before: Exchange) -> Call:
        """Return the write with the instances that the look-up named, as far as both name one."""
        params = self.look.endpoint.params
        shown = {str(p.refers_to): before.input.get(str(p.name)) for p in params if p.refers_to}
        own = {str(p.name): shown.get(str(p.refers_to)) for p in self.hinted.endpoint.params}
        own = {name: value for name, value in own.items() if value is not None}
        return replace(first, input={**first.input, **own})

    def _find(self, calls: list[ActionCall], body: Body) -> Outcome | str:
        """Look for an instance on the pages of a list, until lists have had time to show it."""
        resource, endpoint = self.hinted.resource, self.look.endpoint
        seen: Exchange | None = None
        for _ in range(MOST_SETTLING):
            for call in calls:
                if call in resource.read_by:
                    seen = ask(Call(endpoint, call.input, "explore", WHY, subject=resource, made=body))
                    found = seen.success
                else:
                    seen, page = find_page(
                        self.setting, resource, (call, endpoint), body, "whose answer was lost"
                    )
                    found = page is not None
                if found:
                    return self.claim.conclude("kept")
            if seen is not None and (seen.void or seen.status >= 500):
                return f"the look-up was not answered: {seen.outcome}"
            ask(Sleep(SETTLING_S, quiet=True))
        assert seen is not None
        return self._say_blind(seen)

    def _compare(self, before: Exchange, body: Body) -> Outcome | str:
        """Compare a read that the catalogue does not name for this resource before and after the write."""
        id = self.hinted.resource.id_of(body)
        for _ in range(MOST_SETTLING):
            after = ask(Call(self.look.endpoint, dict(before.input), "explore", WHY))
            if not after.success:
                return f"the look-up was not answered: {after.outcome}"
            if after.body != before.body or holds_value(after.body, id):
                return self.claim.conclude("kept")
            ask(Sleep(SETTLING_S, quiet=True))
        return self._say_blind(after)

    # -- a call that changes an instance

    def try_changed(self) -> Outcome | str:
        """Compare the look-up before and after a change that another read shows."""
        hinted, resource = self.hinted, self.hinted.resource
        body: Body = ask(InstanceRef(resource.name, hinted.states, fresh=True, new=True))
        before = ask(self._look_at(body))
        was = observe(hinted.sources, [body], WHY)
        if not before.success or was is None:
            return f"the look-up alone is not taken: {before.outcome}"
        moves = any(move.action is hinted.endpoint.action for move in resource.moves)
        changed = ask(make_first(self.setting, hinted, body, WHY, other=not moves))
        if not changed.success:
            return f"the call is not taken: {changed.outcome}"
        for _ in range(MOST_SETTLING):
            after = ask(self._look_at(body))
            if after.void or after.status >= 500:
                return f"the look-up was not answered: {after.outcome}"
            if after.body != before.body:
                return self.claim.conclude("kept")
            ask(Sleep(SETTLING_S, quiet=True))
        now = observe(hinted.sources, [body], WHY)
        return self._say_blind(after) if now is not None and list_differences(was, now) else UNSHOWN

    def _look_at(self, body: Body) -> Call:
        endpoint, resource = self.look.endpoint, self.hinted.resource
        given = next(
            (c.input for c in self._list_calls()), template_of(self.setting.model, endpoint.action).input
        )
        return Call(
            endpoint,
            name_instance(resource, endpoint, body, given),
            "explore",
            WHY,
            subject=resource,
            made=body,
        )


def _list_untold(call: ActionCall, made: Exchange, body: Body) -> list[str]:
    """Return the members that a look-up takes from the instance and that the write did not send."""
    sent = list(made.input.values())
    paths = [".".join(path) for one in call.list_expressions() for path in one.paths.get("resource", ())]
    return [path for path in paths if not holds_value(sent, member_at(body, path))]


# -- a key that is to make a repeat safe


def try_key(setting: Setting, claim: Claim, caller: ActionCaller) -> Outcome | str:
    """Send a call twice with one key, and say if it acted once."""
    spared = _find_spared(setting, caller)
    hinted = spared or find_hinted_call(setting, caller.endpoint, widely=True)
    if isinstance(hinted, str):
        return f"not shown: {hinted}"
    resource = hinted.resource
    body: Body | None = None
    before: Observation | None = None
    if not hinted.makes:
        body = ask(InstanceRef(resource.name, hinted.states, fresh=True, new=True))
        before = observe(hinted.sources, [body], WHY, counts_alike=True)
    first = ask(add_key(setting, make_first(setting, hinted, body, WHY)))
    body = find_made(hinted, first) if hinted.makes else body
    if body is None or not first.success:
        return f"the call is not taken: {first.outcome}"
    once = observe(hinted.sources, [body], WHY, counts_alike=True)
    if before is not None and once is not None and not list_differences(before, once):
        return UNSHOWN
    again = ask(
        replace(
            first.call,
            input=list_sent(hinted.endpoint.action, first),
            intent="replay",
            fresh=False,
            subject=resource,
            made=body,
        )
    )
    later = observe(hinted.sources, [body], WHY, counts_alike=True)
    if once is None or later is None or again.void:
        return f"what the repeat did could not be read: {again.outcome}"
    differences = tell(list_differences(once, later), once, later)
    changes = drop_restless(hinted.sources, [body], later, differences)
    other = find_made(hinted, again) if hinted.makes else None
    verdict: Verdict = "broken" if caller.firm and not resource.is_seen_by_guess else "odd"
    if other is not None and resource.id_of(other) != resource.id_of(body):
        why = f"a repeat with the same `{claim.member}` makes another {resource.name}"
    elif changes is None:
        return "what the repeat did could not be read once more"
    elif changes:
        why = f"a repeat with the same `{claim.member}` acts again: {changes[min(changes)][0]}"
    elif other is None and hinted.makes and not counts_made(hinted, once):
        return f"the repeat is not taken, and no list shows that it made nothing: {again.outcome}"
    else:
        return claim.conclude("kept")
    reading = caller.read(again)
    return claim.conclude(verdict, why, "key-acts-again", call=reading.call, answer=again.outcome)


# -- tools that only their server describes


def _compare_tools(claim: Claim, caller: Caller, look: Caller) -> Outcome | str:
    """Compare a tool's answer before and after a write; what it does not show is odd at most."""
    usual, asked = caller.make_usual(), look.make_usual()
    if usual is None or asked is None:
        return "no valid arguments are known: give its schema `examples`"
    first = ask(look.make_call(asked))
    before = look.read(first)
    made = ask(caller.make_call(usual))
    written = caller.read(made)
    if before.kind != "taken" or written.kind != "taken":
        return f"a call is not taken: {(before if before.kind != 'taken' else written).answer}"
    ids = list(_list_ids(written.body))
    if not ids:
        return NO_ID
    second = ask(look.make_call(asked))
    after = look.read(second)
    if after.kind != "taken":
        return f"the look-up was not answered: {after.answer}"
    if after.body != before.body or any(holds_value(after.body, id) for id in ids):
        return claim.conclude("kept")
    why = f"`{claim.member}` does not show what `{claim.subject}` made"
    return claim.conclude("odd", why, "look-up-blind", call=after.call, answer=after.answer)


def _list_ids(body: Any) -> Iterator[Any]:
    """Yield the values of members that are called like an id, at the top of an answer or just below."""
    if isinstance(body, Mapping):
        for part in (body, *(value for value in body.values() if isinstance(value, Mapping))):
            for name, value in part.items():
                if (
                    str(name).lower().endswith("id")
                    and isinstance(value, str | int)
                    and value not in ("", True, False)
                ):
                    yield value
