"""A domain made from a catalogue alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.answers import value_at
from pgagents.catalogue.model.credential import schemes
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, member_at
from pgagents.sandbox import deliver
from pgagents.sandbox.call import AcceptedCall, Domain, NotModified, Refusal, rfc3339
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.answers import MERGE_PATCH, Lawful, headers_of_answer, tag_of
from pgagents.sandbox.mock.instances import Creation, Files, Seeding, StoredFile
from pgagents.sandbox.mock.lifecycle import Lifecycle
from pgagents.sandbox.mock.listing import Listing, choose
from pgagents.sandbox.mock.platform import AuditLog, Events, Provoked
from pgagents.sandbox.mock.rows import Naming, RowKey, Rows
from pgagents.sandbox.setting import Setting

LEAST_EPOCH_S = 900_000_000
"""Larger numbers are times in seconds since 1970."""


def domain(setting: Setting) -> Domain:
    """Return the domain of a catalogue that names no domain."""
    return Mock(setting).act


class Mock(Creation, Listing, Seeding):
    """A catalogue's resources, stored as rows."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.model = setting.model
        self.rows = Rows(setting.store)
        self.resources = list(self.model.resources.values())
        self.naming = Naming(self.model)
        self.forms = {}
        self.laws = Lawful(self.model, self._refer)
        self.lifecycle = Lifecycle(self.model, self.rows, self.laws)
        self.events = Events(setting, self.rows)
        self.lifecycle.note_end = self.events.note_end
        self.log = AuditLog(setting, self.rows)
        self.provoked = Provoked(self.model, self.rows)
        self.files = Files(self.model, setting.store, self.rows, self.naming, self._path_in)
        with setting.store.transaction():
            self._seed()

    def _refer(self, call: AcceptedCall) -> Mapping[str, Any]:
        """Return the instances that a call's arguments name, by argument and by resource."""
        found: dict[str, Any] = {}
        for param in call.action.params:
            resource, id = self.model.resources.get(param.refers_to or ""), call.input.get(str(param.name))
            row = self.rows.get(self.naming.key(resource, call, id)) if resource and id is not None else None
            found |= {str(param.name): row, resource.name: row} if resource and row is not None else {}
        return found

    def act(self, call: AcceptedCall) -> Any:
        """Answer a call.

        The clock advances; then an instance is made, changed, read, listed or removed. Other calls are
        answered from the examples.
        """
        if self.model.clock is not None and call.action is self.model.clock:
            return self._clock(call)
        self.lifecycle.pass_time(call.now)
        before = self.events.find_before(call)
        stale = refuse_stale(self.model, call, self._carry_out)
        answer = self._carry_out(call) if stale is None else stale
        if isinstance(answer, StoredFile):
            call.headers.extend(headers_of_answer(self.model, self.setting.address.url, call, answer.url))
            return answer.write()
        if not isinstance(answer, Refusal):
            self.files.note(call, answer)
            answer = self.events.note(call, answer, before)
            self.log.note(call, answer)
            self.provoked.note(call)
            call.headers.extend(headers_of_answer(self.model, self.setting.address.url, call, answer))
            if is_known(call, answer):
                return NotModified()
        return answer

    def _carry_out(self, call: AcceptedCall) -> Any:
        refusal = refuse_unsigned(self.setting, call) or self.events.refuse(call)
        refusal = refusal or self._check_references(call) or refuse_by_condition(call)
        refusal = refusal or self._refuse_by_state(call) or self.provoked.refuse(call)
        if refusal is not None:
            return refusal
        stored = self.files.answer(call)
        if stored is not None:
            return stored
        listed = self.log.answer(call, self._base(call))
        if listed is not None:
            return listed
        for does in (self._make, self._move, self._undo, self._read, self._list, self._change):
            for resource in self.resources:
                handled, result = does(resource, call)
                if handled:
                    return result
        return self._stateless(call)

    def _refuse_by_state(self, call: AcceptedCall) -> Refusal | None:
        """Return the refusal of a call that an instance does not allow in its state, or without a part."""
        for resource in self.resources:
            for need in resource.needs:
                params = (p for p in call.action.params if p.refers_to == resource.name)
                param = next(params, None) if need.action is call.action else None
                key = self.naming.key_of_reference(resource, call, param) if param is not None else None
                row = self.rows.get(key) if key is not None else None
                if key is None or row is None:
                    continue
                state = row.get(resource.state or "")
                if need.otherwise is not None and need.states and state not in need.states:
                    return Refusal(need.otherwise.name, f"It is {state}")
                for part, code in need.parts:
                    if not any(self.rows.list_inside(part, key)):
                        return Refusal(code.name, f"It has no {part}")
        return None

    # effects of an action on a resource; each method returns whether it applies, and the answer

    def _move(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        move = next((m for m in resource.moves if m.action is call.action), None)
        if move is None:
            return False, None
        key, row = self._find_instance(resource, call, places.names_of(move.input))
        if key is None or row is None:
            return True, self._missing(resource, call)
        if move.otherwise and resource.state and row.get(resource.state) not in move.origin_states:
            return True, Refusal(move.otherwise.name, f"It is {row.get(resource.state)}")
        answer = self._base(call)
        path = self._path_in(resource, answer)
        shown = self._object(answer, path) if path is not None else {}
        after = self._overlaid({**shown, **row}, call, keep=(resource.id.partition(".")[0], *resource.fixed))
        if resource.state:
            after[resource.state] = move.to
        if path is not None:
            answer = self.laws.repair(call, places.put(answer, path, after), row)
            after = self._object(answer, path)
        self.rows.change(key, after)
        self.lifecycle.count(resource, key.tenant, row, after)
        return True, answer

    def _undo(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        undo = resource.undone_by
        if undo is None or undo.action is not call.action:
            return False, None
        key, row = self._find_instance(resource, call, places.id_argument(undo, resource))
        if key is None or row is None:
            return True, self._missing(resource, call)
        if resource.gone_when is not None and undo.at is not None and resource.removes:
            return True, self._hide(resource, call, undo, key, row)
        self.lifecycle.remove(resource, key, row)
        return True, self.laws.repair(call, self._base(call), row)

    def _hide(
        self, resource: Resource, call: AcceptedCall, undo: ActionCall, key: RowKey, row: dict[str, Any]
    ) -> Any:
        """Mark an instance as removed, so that it can still be read, and remove its parts."""
        path = places.place(undo.at)
        assert undo.at is not None
        assert resource.gone_when is not None
        gone = self.lifecycle.is_gone(resource, row)
        if path is None or (gone and not _may_repeat(resource, call.action)):
            return self._missing(resource, call)
        answer = self._base(call)
        answer = places.put(answer, path, {**self._object(answer, path), **row})
        if gone:
            return answer
        answer = self.laws.satisfy(call, resource.gone_when, undo.at, answer)
        answer = self.laws.repair(call, answer, row)
        self.lifecycle.hide(resource, key, row, self._object(answer, path))
        return answer

    def _read(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        read = next((r for r in resource.read_by if r.action is call.action), None)
        if read is None:
            return False, None
        _, row = self._find_instance(resource, call, places.id_argument(read, resource))
        if row is None:
            return True, self._missing(resource, call)
        answer, path = self._base(call), places.place(read.at)
        if path is not None:
            answer = places.put(answer, path, {**self._object(answer, path), **row})
        return True, self.laws.repair(call, answer)

    def _change(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        """Apply the arguments of a write that is not one of the resource's declared calls.

        The write uses the resource's path, or one below it whose answer shows the resource.
        """
        if call.action.effect == "read" or call.action.success.schema is None:
            return False, None
        naming = self.naming
        param = next((p for p in call.action.params if naming.in_path(call.action, p) is resource), None)
        if param is None:
            return False, None
        if not str(call.action.path).endswith("{" + param.wire + "}") and not self._shows(resource, call):
            return False, None
        key = naming.key_in_path(resource, call)
        row = self.rows.get(key) if key is not None else None
        if key is None or row is None or (resource.removes and self.lifecycle.is_gone(resource, row)):
            return True, self._missing(resource, call)
        answer = self._base(call)
        path = self._path_in(resource, answer)
        replaces = call.action.method == "PUT"
        keep = (resource.id.partition(".")[0], str(param.name), *resource.fixed)
        after = self._overlaid(dict(row), call, keep=keep, replaces=replaces)
        if path is not None:
            base = self._object(answer, path)
            if replaces or call.action.content_type == MERGE_PATCH:  # what was removed must stay removed
                base = {name: value for name, value in base.items() if name in after}
            shown = places.put(answer, path, {**base, **after})
            answer = self.laws.repair(call, shown, row)
            after = self._object(answer, path)
        self.rows.change(key, after)
        self.lifecycle.count(resource, key.tenant, row, after)
        return True, answer

    def _shows(self, resource: Resource, call: AcceptedCall) -> bool:
        """Return whether the answer of a call shows an instance of the resource."""
        answer = self._base(call)
        path = self._path_in(resource, answer)
        return path is not None and member_at(self._object(answer, path), resource.id) is not None

    def _stateless(self, call: AcceptedCall) -> Any:
        """Answer with the refusal of an example with the same input, or else by `_base`."""
        given = {k: v for k, v in call.input.items() if k in call.given}
        for example in call.action.examples:
            if example.status >= 400 and plain(example.input) == given:
                code = self.model.error_reader.read(example.status, example.output).code
                if code is not None and code in call.action.errors:
                    message = value_at(example.output, code.message_at)
                    return Refusal(code.name, str(message or code.meaning))
        answer = self._base(call)
        if isinstance(answer, list):
            answer = choose(self.laws, call, answer, (), answer)
        return resume(call, self.laws.repair(call, answer))

    def _clock(self, call: AcceptedCall) -> Any:
        seconds = next(
            (v for v in call.input.values() if isinstance(v, int | float) and not isinstance(v, bool)), 0
        )
        try:
            now = self.setting.clock.advance(seconds)
        except ValueError:
            return Refusal(
                self.model.errors.framework.invalid,
                "The clock cannot go past the year 9998",
                str(call.action.params[0].name),
            )
        answer = self._base(call)
        if not isinstance(answer, dict):
            return answer
        return {k: rfc3339(now) if isinstance(v, str) else _at(now, v) for k, v in answer.items()}


def _may_repeat(resource: Resource, action: Action) -> bool:
    """Return True if a law describes the answer to a second removal.

    The law's condition must read a member of `before` that `gone_when` reads on the instance.
    """
    marks = set(resource.gone_when.paths.get("resource", ())) if resource.gone_when is not None else set()
    conditions = (law.when for law in action.laws if law.when is not None)
    return any(marks & set(when.paths.get("before", ())) for when in conditions)


def _at(now: float, shown: Any) -> Any:
    """Return the time in the example's form if that is a time in seconds; otherwise the example."""
    return type(shown)(now) if isinstance(shown, int | float) and shown > LEAST_EPOCH_S else shown


# -- conditional calls


def refuse_stale(
    model: Model, call: AcceptedCall, carry_out: Callable[[AcceptedCall], Any]
) -> Refusal | None:
    """Return the refusal of a write whose If-Match is missing or not the current ETag; otherwise None."""
    action, stale = call.action, call.action.stale
    if action.if_match is None or stale is None:
        return None
    wanted = call.input.get(action.if_match)
    reading = _find_read(model, action)
    if wanted is None or reading is None:
        return None
    named = {str(p.name): call.input.get(str(p.name)) for p in reading.params if p.place == "path"}
    present = carry_out(replace(call, action=reading, input=named, given=frozenset(named), headers=[]))
    if isinstance(present, Refusal):
        return None  # the instance does not exist, which the call itself reports
    tags = [part.strip() for part in str(wanted).split(",")]
    if "*" in tags or tag_of(present) in tags:
        return None
    return Refusal(stale.name, "It has changed since that version", action.if_match)


def _find_read(model: Model, action: Action) -> Action | None:
    """Return the read with an ETag at the path of a write."""
    return next((a for a in model.actions if a.etag and a.path == action.path), None)


def is_known(call: AcceptedCall, answer: Any) -> bool:
    """Return whether the caller of a read has the current version, by weak comparison."""
    given = call.request.header("if-none-match") if call.action.etag and call.surface == "rest" else None
    if given is None or call.action.method != call.request.method:
        return False
    tags = [part.strip().removeprefix("W/") for part in given.split(",")]
    return "*" in tags or tag_of(answer) in tags


# -- declared refusals


def refuse_by_condition(call: AcceptedCall) -> Refusal | None:
    """Return the refusal whose condition the call's arguments meet; None if no condition is met."""
    for code in call.action.errors:
        if code.when is None:
            continue
        try:
            applies = Scope({"input": dict(call.input)}).holds(code.when)
        except ExpressionError:
            continue  # it reads an argument that was not given
        if applies:
            return Refusal(code.name, str(code.meaning))
    return None


# -- signed calls


def refuse_unsigned(setting: Setting, call: AcceptedCall) -> Refusal | None:
    """Return a refusal if the call's action is signed and the signature is wrong."""
    signed = call.action.signed
    if signed is None:
        return None
    parts = {"header": signed.header, "time": signed.time, "id": signed.id}
    given = {part: str(call.input.get(name, "")) for part, name in parts.items() if name is not None}
    problem = deliver.find_error(
        schemes()[signed.scheme],
        given,
        call.request.body,
        setting.stripe_secret,
        call.now,
        signed.tolerance_s,
    )
    if not problem:
        return None
    code = signed.otherwise or setting.model.errors.framework.invalid
    return Refusal(code, problem[0].upper() + problem[1:])


# -- resumed streams


HEADER = "last-event-id"


def resume(call: AcceptedCall, answer: Any) -> Any:
    """Return the events after the one that the call names; all events if it names no existing one."""
    if call.action.success.events is None or not isinstance(answer, list):
        return answer
    name = next(
        (str(p.name) for p in call.action.params if p.place == "header" and p.wire.lower() == HEADER), ""
    )
    last = call.input.get(name)
    ids = [str(event.get("id", "")) if isinstance(event, Mapping) else "" for event in answer]
    return answer[ids.index(str(last)) + 1 :] if last and str(last) in ids else answer
