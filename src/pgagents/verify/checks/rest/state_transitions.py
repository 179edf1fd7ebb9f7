"""An action moves an instance from the declared states to the declared state, and is refused in all other
states.

An instance is brought to each state, the action is called, and the instance is read again. A refused call
changes nothing. What only some states allow, such as a new part, is refused in the others, and without the
instances that it needs. A move that is only accepted (202) may come later (RFC 9110, 15.3.3), and
`moves_by_time` may have moved the instance on. A transition that an import guessed accuses nobody by itself:
one of its calls must have worked as guessed, and a second one been refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.base.text import list_said_of_thing
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Move, Need, Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import change, differing, find_resource
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import input_of_move, template_of
from pgagents.verify.fixtures.target import list_needs
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

_GUESSED = "the transition is a guess, and the server has another"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each resource, state and endpoint of an action with a transition.

    A probe brings an instance to a state, calls the action, and reads it again. Resources that one action
    makes share instances.
    """
    del roles
    every = list(_list_transitions(setting))
    alike: dict[tuple[str, str, str], list[tuple[Resource, Move]]] = {}
    for resource, move, state, endpoint in every:
        alike.setdefault(_key(resource, state, endpoint), []).append((resource, move))
    attempts: dict[tuple[str, str, str], Attempt] = {}
    refused: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for key, moves in alike.items():
        maker, state, place = key
        if state in _choose(moves)[1].origin_states:
            # a dispatcher has the same transition, which costs an instance for each state
            stage = 3 if setting.by_place[place].leads else 6
            attempts[key] = Attempt(together=_carry_out, stage=stage, cost=3, writes=True)
        else:
            refused.setdefault((maker, state), []).append(key)
    for keys in refused.values():
        attempt = Attempt(together=_refuse_together, stage=3, cost=len(keys) + 3, writes=True, order=1)
        attempts.update(dict.fromkeys(keys, attempt))
    for resource, move, state, endpoint in every:
        legal = state in move.origin_states
        refused_with = "" if legal or move.otherwise is None else move.otherwise.name
        ends = f"is refused with {refused_with}" if refused_with else f"leaves it {move.to}"
        says = f"{endpoint.action.name} of a {resource.name} that is {state} {ends}"
        attempt = attempts[_key(resource, state, endpoint)]
        detail, cite, about = f"{resource.name}/{state}", resource.cite or None, (resource, move, state)
        yield Case(endpoint, says, move.origin, attempt, detail, cite, about=about)
    yield from _list_needs(setting)


def _list_needs(setting: Setting) -> Iterator[Case]:
    """Yield a case for each state, and for each missing part, in which an instance does not allow an action
    that does not move it.
    """
    for resource in setting.model.resources.values():
        for need in resource.needs if resource.made_by is not None else ():
            name = str(resource.name)
            subject = resource if need.input else template_of(setting.model, need.action).subject
            reached = _list_reached(setting, resource, subject)
            refused = [
                (f"is {state}", f"{name}/{state}", InstanceRef(name, (state,), fresh=True), need.otherwise)
                for state in (() if need.moves else reached)  # what moves has a case for each state above
                if state not in need.states and need.otherwise is not None
            ]
            for part, code in need.parts:
                without = InstanceRef(name, need.states, fresh=True, parts=((part, False),))
                refused.append((f"has no {part}", f"{name}/no_{part}", without, code))
            for endpoint in setting.list_calling(need.action):
                for which, detail, wanted, code in refused:
                    says = f"{need.action.name} is refused with {code.name} while the {name} {which}"
                    run = partial(_refuse_need, wanted, resource, need, code)
                    attempt = Attempt(run, stage=3, cost=3, writes=True)
                    yield Case(endpoint, says, need.origin, attempt, detail, resource.cite or None)


def _list_reached(setting: Setting, resource: Resource, part: Resource | None) -> list[str]:
    """Return the states of a resource in which it can have a part that exists; all if no part is given."""
    if part is None or part is resource or part.made_by is None:
        return list(resource.states)
    allowed = [
        need.states for owner, need in list_needs(setting.model, part.made_by.action) if owner is resource
    ]
    reached = list(dict.fromkeys(state for states in allowed for state in states)) or list(resource.states)
    for state in reached:
        ways = [move.to for move in resource.moves if state in move.origin_states]
        ways += [move.to for move in resource.moves_by_time if move.origin_state == state]
        reached += [to for to in dict.fromkeys(ways) if to not in reached]
    return reached


NOT_ITS_PART = (
    "the {part} of an ordinary call may be of another {resource}: the move's `input` would name its own one,"
    " as an expression over `resource`"
)


def _refuse_need(wanted: InstanceRef, resource: Resource, need: Need, code: Code, trial: Trial) -> None:
    """Call an action that an instance does not allow now, with everything else as usual."""
    model, usual, why = trial.setting.model, trial.template, trial.case.says
    if not need.input and usual.subject is not None:
        if usual.subject is not resource:
            wanted = InstanceRef(usual.subject.name, fresh=True, around=(replace(wanted, fresh=False),))
        call = trial.call("illegal", why, made=trial.ask(wanted))
    else:
        refs = [value.resource for value in usual.input.values() if isinstance(value, InstanceRef)]
        part = next((name for name in refs if model.resources[name].within == resource.name), None)
        if part is not None and not need.input:
            raise Untested(NOT_ITS_PART.format(part=part, resource=resource.name))
        body = trial.ask(wanted)
        given = {**usual.input, **_name(resource, trial, body), **need.input}
        call = trial.call("illegal", why, input=given, subject=resource, made=body)
    conclude(trial.refused(trial.ask(call), [code], why))


def _name(resource: Resource, trial: Trial, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that name an instance, with its ids."""
    return {
        name: resource.value_for(param, body)
        for name, value in trial.template.input.items()
        if isinstance(value, InstanceRef)
        and value.resource == resource.name
        and (param := trial.action.param(name)) is not None
    }


def _list_transitions(setting: Setting) -> Iterator[tuple[Resource, Move, str, Endpoint]]:
    for resource in setting.model.resources.values():
        if resource.made_by is None or resource.state is None:
            continue
        for move in resource.moves:
            for endpoint in setting.list_calling(move.action):
                for state in resource.states:
                    yield resource, move, state, endpoint


def _key(resource: Resource, state: str, endpoint: Endpoint) -> tuple[str, str, str]:
    """Return what resources with a common transition share: the action that makes them, state and place."""
    return str(resource.made_by.action.name) if resource.made_by else "", state, endpoint.place


def _choose(moves: Sequence[tuple[Resource, Move]]) -> tuple[Resource, Move]:
    """Return the resource whose instance is used, with its move: one whose create has a `where`, or else the
    first one, because an instance made by `where` fits both.
    """
    return max(moves, key=lambda pair: pair[0].made_by is not None and pair[0].made_by.where is not None)


def _carry_out(trials: Sequence[Trial]) -> None:
    _Transition(trials).carry_out()


@dataclass(frozen=True, slots=True)
class _Transition:
    """A call of an action on an instance in a state, which several resources may declare, each by a case."""

    trials: Sequence[Trial]

    @property
    def setting(self) -> Setting:
        """The context of the run."""
        return self.trials[0].setting

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the action."""
        return self.trials[0].endpoint

    @property
    def state(self) -> str:
        """The state of the instance before the call."""
        state: str = self.trials[0].case.about[2]
        return state

    @property
    def moves(self) -> list[tuple[Resource, Move]]:
        """The resources with this transition, each with its own declaration of it."""
        return [trial.case.about[:2] for trial in self.trials]

    @property
    def resource(self) -> Resource:
        """The resource whose instance is used: one whose create has a `where`, or else the first one."""
        return self._chosen[0]

    @property
    def move(self) -> Move:
        """The declaration of the transition by that resource."""
        return self._chosen[1]

    @property
    def _chosen(self) -> tuple[Resource, Move]:
        return _choose(self.moves)

    @property
    def why(self) -> str:
        """The purpose of the call."""
        return f"{self.endpoint.action.name} of a {self.resource.name} that is {self.state}"

    def kept(self) -> Iterator[Judgement]:
        """Yield the verdict that the transition is right, for each contract."""
        return (trial.kept() for trial in self.trials)

    def broken(self, expected: str, actual: str, **values: object) -> Iterator[Judgement]:
        """Yield the verdict that the transition is wrong, for each contract."""
        return (trial.broken(expected, actual, **values) for trial in self.trials)

    def carry_out(self) -> None:
        """Call the action from a declared state, and read the instance."""
        resource, move, state = self.resource, self.move, self.resource.state
        arguments, states = input_of_move(self.setting.model, move), (self.state,)
        call = Call(self.endpoint, arguments, "valid", self.why, subject=resource, states=states, fresh=True)
        answer = ask(call)
        if answer.is_conflict:  # an earlier call, such as a payment of a part of an invoice, may be why
            answer = ask(replace(call, standard=True))
        if answer.void or answer.unsound:
            return
        if not answer.success and move.inferred and answer.refused:
            conclude(trial.unseen(f"{_GUESSED}: {self.why} was refused") for trial in self.trials)
            return
        if not answer.success:
            conclude(self.broken(f"{self.why} is accepted", answer.outcome))
            return
        if not answer.fits:
            return
        shown = _state(resource, answer)
        if move.inferred and shown not in (None, move.to, self.state):
            conclude(trial.unseen(f"{_GUESSED}: {state} {shown}") for trial in self.trials)
            return
        if shown is not None and not _stays(resource, move.to, shown):
            conclude(self._judge_other(answer, f"{state} {move.to}", f"{state} {shown} in the answer"))
            return
        reader = _reader(self.setting, resource)
        if reader is None or answer.subject is None:
            unseen = "" if shown is not None else f"its {state}, which no answer shows"
            conclude(trial.kept(unseen) for trial in self.trials)
            return
        why = f"after {self.endpoint.action.name}"
        after = ask(_read(resource, reader, answer.subject, why))
        if after.success and after.fits and not _stays(resource, move.to, _state(resource, after)):
            actual = f"{state} {_state(resource, after)} when read again"
            conclude(self._judge_other(answer, f"{state} {move.to} when read again", actual))
        elif after.void or (shown is None and not after.success):
            conclude(trial.untested(f"it could not be read again: {after.outcome}") for trial in self.trials)
        else:
            conclude(self.kept())

    def _judge_other(self, answer: Exchange, expected: str, actual: str) -> Iterator[Judgement]:
        """Judge that a call which was answered with success did not move the instance, or not yet."""
        if answer.status == ACCEPTED:
            return (trial.untested(f"it may be done later: {answer.outcome}") for trial in self.trials)
        return self.broken(expected, actual)

    def refuse(self) -> None:
        """Call the action from another state, and read the instance, which must be as it was."""
        resource, state = self.resource, self.resource.state
        subject = ask(InstanceRef(resource.name, (self.state,), fresh=True))
        answer = ask(self.call_refused(resource, self.move, subject, self.why))
        if answer.success and self.move.inferred and not self._works_as_guessed():
            conclude(trial.unseen(f"{_GUESSED}: {self.why} was accepted") for trial in self.trials)
            return
        judged = [
            replace(one, seen_in=answer)
            for trial in self.trials
            for one in trial.refused(answer, _codes(self.move), self.why)
        ]
        reader = _reader(self.setting, resource)
        if answer.success or reader is None or answer.subject is None:
            conclude(judged)
            return
        conclude(one for one in judged if one.verdict is Verdict.BROKEN)
        after = demand(ask(_read(resource, reader, answer.subject, "after what was refused")))
        conclude(one for one in judged if one.verdict is not Verdict.BROKEN)
        if after.success and after.fits and not _stays(resource, self.state, _state(resource, after)):
            actual = f"{state} {_state(resource, after)} after a refusal"
            conclude(self.broken(f"{state} {self.state} after a refusal", actual))
        # a refused call may not change another member, either
        elif (body := find_resource(resource, after)) is not None and differing(answer.subject, body):
            changed = self.find_change(body, answer)
            if changed:
                expected = f"a {resource.name} stays as it is when {self.endpoint.action.name} is refused"
                conclude(self.broken(expected, changed))
        elif not after.success and not after.is_tainted_by("no_crashes"):
            for trial in self.trials:
                conclude(trial.untested(f"it could not be read again: {after.outcome}"))

    def _works_as_guessed(self) -> bool:
        """True if the action moves an instance in a guessed state to the guessed one, and refuses it then."""
        resource, move = self.resource, self.move
        why = f"to see that {self.endpoint.action.name} moves a {resource.name} as guessed"
        states = move.origin_states
        first = Call(self.endpoint, move.input, "valid", why, subject=resource, states=states, fresh=True)
        moved = demand(ask(first))
        if not moved.success or moved.subject is None or _state(resource, moved) != move.to:
            return False
        why = f"{self.endpoint.action.name} of a {resource.name} that is {move.to}"
        again = demand(ask(self.call_refused(resource, move, moved.subject, why)))
        refused = again.status in {code.status for code in _codes(move)}
        return refused or (again.success and self._is_said())

    def _is_said(self) -> bool:
        """True if the author's words name the states in which the action may be called."""
        move, action = self.move, self.endpoint.action
        others = (state for state in self.resource.states if state != move.to)
        said = list_said_of_thing(f"{action.title}. {action.description}", others)
        return set(said) == set(move.origin_states)

    def call_refused(self, resource: Resource, move: Move, subject: Mapping[str, Any], why: str) -> Call:
        """Return the call that must be refused."""
        arguments = input_of_move(self.setting.model, move)
        return Call(self.endpoint, arguments, "illegal", why, subject=resource, made=subject)

    def find_change(self, body: Mapping[str, Any], refused: Exchange) -> str | None:
        """Repeat the refused call right after a read; return the changes, because the known state may have
        been old.
        """
        again = ask(replace(refused.call, made=body, why=f"{refused.call.why}, once more"))
        if again.success or again.void:
            return None
        return change(self.setting, self.resource, body, "after what was refused once more")


def _codes(move: Move) -> list[Code]:
    return [move.otherwise] if move.otherwise is not None else []


def _refuse_together(trials: Sequence[Trial]) -> None:
    """Try every transition that one instance must refuse, then read it once.

    That saves a create and a read for each. They are tried alone only if the instance changed.
    """
    by_place: dict[str, list[Trial]] = {}
    for trial in trials:
        by_place.setdefault(trial.endpoint.place, []).append(trial)
    group = [_Transition(several) for several in by_place.values()]
    setting, state, common = group[0].setting, group[0].state, _common(group)
    reader = _reader(setting, common) if common is not None else None
    if len(group) == 1 or reader is None or common is None:
        for transition in group:
            transition.refuse()
        return
    subject, judged = ask(InstanceRef(common.name, (state,), fresh=True)), list[Judgement]()
    for transition in group:
        move = next(move for resource, move in transition.moves if resource is common)
        why = f"{transition.endpoint.action.name} of a {common.name} that is {state}"
        answer = ask(transition.call_refused(common, move, subject, why))
        if answer.success and move.inferred:
            break  # it is tried alone, where the guess is tried, too
        for trial in transition.trials:
            of_trial = [*trial.refused(answer, _codes(move), why)]
            conclude(one for one in of_trial if one.verdict is Verdict.BROKEN)
            judged += [one for one in of_trial if one.verdict is not Verdict.BROKEN]
    after = ask(_read(common, reader, subject, "after what was refused"))
    body = find_resource(common, after)
    if body is not None and not differing(subject, body):
        conclude(judged)
        return
    for transition in group:
        transition.refuse()


def _common(group: Sequence[_Transition]) -> Resource | None:
    """Return a resource that is common to all these transitions, or None."""
    first, *others = ([resource for resource, _ in transition.moves] for transition in group)
    return next((resource for resource in first if all(resource in other for other in others)), None)


def _reader(setting: Setting, resource: Resource) -> Endpoint | None:
    return setting.find_lead(str(resource.read_by[0].action.name)) if resource.read_by else None


def _read(resource: Resource, reader: Endpoint, body: Mapping[str, Any], why: str) -> Call:
    return Call(reader, resource.read_by[0].input, "valid", why, subject=resource, made=body)


def _stays(resource: Resource, before: str, now: str | None) -> bool:
    """True if a state is the one before, or one to which time alone may have led meanwhile."""
    timed = [move.to for move in resource.moves_by_time if move.origin_state == before]
    return now == before or now in timed


def _state(resource: Resource, exchange: Exchange) -> str | None:
    """Return the state in an answer; None without one, or if the answer has the id of another thing."""
    calls = [
        c
        for c in (*resource.read_by, resource.undone_by, resource.made_by)
        if c is not None and c.at is not None
    ]
    endpoint = exchange.call.endpoint
    ordered = sorted(calls, key=lambda c: endpoint is None or c.action is not endpoint.action)
    for call in ordered:
        body = at_path(call, exchange) if call.at else None
        state = body.get(str(resource.state)) if isinstance(body, Mapping) else None
        ids = {resource.id_of(one) for one in (body, exchange.subject)} - {None}
        if isinstance(state, str) and len(ids) < 2:  # a shipment of an order has its own status
            return state
    return None


CHECK = make_check("state_transitions", __doc__, cases, calls_correctly=True, overlap="all", rank=Rank.WRONG)
