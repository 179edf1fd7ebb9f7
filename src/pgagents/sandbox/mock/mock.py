"""A domain made from a catalogue alone.

Answers come from examples and schemas, state from resources and their transitions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pgagents.cel.reading import bounds_of_size
from pgagents.model.action import Action, ActionCall
from pgagents.model.answers.error_reader import value_at
from pgagents.model.resource import Resource, member_at
from pgagents.sandbox.call import AcceptedCall, Domain, NotModified, Other, Refusal
from pgagents.sandbox.clock import rfc3339
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.answer_headers import headers_of_answer
from pgagents.sandbox.mock.answers.bodies import MERGE_PATCH
from pgagents.sandbox.mock.conditions import is_known, refuse_stale
from pgagents.sandbox.mock.declared_refusals import refuse_by_condition
from pgagents.sandbox.mock.events import Events
from pgagents.sandbox.mock.instances.files import Files, StoredFile
from pgagents.sandbox.mock.instances.finding import Finding
from pgagents.sandbox.mock.instances.seeding import Seeding
from pgagents.sandbox.mock.laws.listing import choose
from pgagents.sandbox.mock.laws.repair import Lawful
from pgagents.sandbox.mock.lifecycle import Lifecycle
from pgagents.sandbox.mock.makers import makes
from pgagents.sandbox.mock.naming import Naming, id_in, tenant_of
from pgagents.sandbox.mock.paging import page
from pgagents.sandbox.mock.platform.attribution import stamp
from pgagents.sandbox.mock.platform.audit_log import AuditLog
from pgagents.sandbox.mock.platform.provoked import Provoked
from pgagents.sandbox.mock.resumed_stream import resume
from pgagents.sandbox.mock.rows import RowKey, Rows
from pgagents.sandbox.mock.sample import with_required
from pgagents.sandbox.mock.signed_calls import refuse_unsigned
from pgagents.sandbox.setting import Setting
from pgagents.source.origin import plain

REPLACED, CONFLICT = 200, 409
LEAST_EPOCH_S = 900_000_000
"""Larger numbers are times in seconds since 1970."""


def domain(setting: Setting) -> Domain:
    """Return the domain of a catalogue that names no domain."""
    return Mock(setting).act


class Mock(Finding, Seeding):
    """A catalogue's resources, stored as rows."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.model = setting.model
        self.rows = Rows(setting.store)
        self.resources = list(self.model.resources.values())
        self.naming = Naming(self.model)
        self.laws = Lawful(self.model)
        self.lifecycle = Lifecycle(self.model, self.rows, self.laws)
        self.events = Events(setting, self.rows)
        self.lifecycle.note_end = self.events.note_end
        self.log = AuditLog(setting, self.rows)
        self.provoked = Provoked(self.model, self.rows)
        self.files = Files(self.model, setting.store, self.rows, self.naming, self._path_in)
        with setting.store.transaction():
            self._seed()

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
        refusal = refusal or self.provoked.refuse(call)
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

    # effects of an action on a resource; each method returns whether it applies, and the answer

    def _make(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        made_by = resource.made_by
        if (
            made_by is None
            or not makes(self.model, resource, call.action)
            or self._moves_another(call.action)
        ):
            return False, None
        answer, path = self._base(call), places.place(made_by.at)
        if path is None:
            return True, answer
        row = self._overlaid(self._object(answer, path), call, fresh=resource.id.partition(".")[0])
        row = with_required(row, page.schema_at(self.model, call.action, path), self.model.schemas, call.now)
        row = stamp(self.model, call, row)
        chosen = self.naming.chosen(resource, call)
        if len(chosen) == len(resource.ids):
            key = self._home(resource, call, chosen)
            there = self.rows.get(key)
            if there is not None:
                return True, self._put_again(resource, call, answer, key, there)
        elif resource.id not in chosen:
            chosen[resource.id] = self._fresh_id(resource, call, member_at(row, resource.id))
        for member, value in chosen.items():
            row = places.put(row, places.steps_to(member), value)
        if resource.state and resource.initial:
            row[resource.state] = resource.initial
        row = self.lifecycle.postpone(resource, row, page.schema_at(self.model, call.action, path), call.now)
        answer = self.laws.repair(call, places.put(answer, path, row))
        row, tenant = self._object(answer, path), tenant_of(resource, call)
        place = self.naming.home(resource, call.action.params, call.input)
        taken = self.lifecycle.find_repeated(resource, tenant, place, row)
        if taken is not None:
            return True, Refusal(taken.otherwise.name, f"There is one with the same {taken.members[0]}")
        used = self.lifecycle.find_used(resource, self.naming, call, row)
        if isinstance(used, Refusal):
            return True, used
        if used is not None:
            self.rows.remove(used)
        elif not self.lifecycle.count(resource, tenant, None, row):
            code = next((c for c in call.action.errors if c.status == 409), None)
            return True, Refusal(code.name, "Nothing is left of it") if code else self._missing(
                resource, call
            )
        self.rows.add(self._home(resource, call, row), row)
        if call.action.job is not None:
            self.lifecycle.begin(resource, id_in(resource, row), call.now)
            call.headers.extend(_tell_job(resource, call.action, row))
        return True, answer

    def _put_again(
        self, resource: Resource, call: AcceptedCall, answer: Any, key: RowKey, there: dict[str, Any]
    ) -> Any:
        """Replace the members of an existing instance whose id the caller chose.

        A POST is refused if the action lists a conflict.
        """
        conflict = next((c for c in call.action.errors if c.status == CONFLICT), None)
        if conflict is not None and call.action.method == "POST":
            return Refusal(conflict.name, f"There is such a {resource.name.replace('_', ' ')} already")
        made_by = resource.made_by
        path = (places.place(made_by.at) if made_by is not None else None) or ()
        after = self._overlaid(dict(there), call, keep=(*resource.ids, *resource.fixed))
        answer = self.laws.repair(call, places.put(answer, path, after), there)
        self.rows.change(key, self._object(answer, path))
        other = next((o for o in call.action.outputs if o.status == REPLACED), None)
        return answer if other is None else Other(other, answer)

    def _home(self, resource: Resource, call: AcceptedCall, row: Mapping[str, Any]) -> RowKey:
        """Return the key of an instance that a call makes; `row` has its id."""
        place = self.naming.home(resource, call.action.params, call.input)
        members = (row.get(member, member_at(row, member)) for member in resource.ids)
        id = "/".join(map(str, members))
        return RowKey(resource.name, id, tenant_of(resource, call), place)

    def _move(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        move = next((m for m in resource.moves if m.action is call.action), None)
        if move is None:
            return False, None
        key, row = self._find_instance(resource, call, places.names_of(move.input))
        if key is None or row is None:
            return True, self._missing(resource, call)
        if resource.state and row.get(resource.state) not in move.origin_states:
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

    def _list(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        sources = [
            c for c in (*resource.listed_by, resource.found_by) if c is not None and c.action is call.action
        ]
        path = places.place(sources[0].at) if sources else None
        if path is None:
            return False, None
        place = resource.place_in(call.action.params, call.input)
        rows = self.rows.all(resource.name, tenant_of(resource, call), place)
        if resource.removes:
            rows = [row for row in rows if not self.lifecycle.is_gone(resource, row)]
        paging = (call.action.pages.argument, call.action.pages.size) if call.action.pages else ()
        rows = [
            r
            for r in rows
            if all(
                r[k] == v
                for k, v in call.input.items()
                if k in r and k in call.given and k not in paging and not isinstance(v, dict | list)
            )
        ]
        rows = choose(self.laws, call, self._base(call), path, rows)
        if call.action.pages is not None:
            return True, self.laws.repair(call, self._page(resource, call, rows))
        bounds = _bounds(call.action)
        most = [
            v
            for k, v in call.input.items()
            if isinstance(v, int) and not isinstance(v, bool) and (k in bounds or _counts(k))
        ]
        answer = places.put(self._base(call), path, rows[: min(most)] if most else rows)
        return True, self.laws.repair(call, answer)

    def _page(self, resource: Resource, call: AcceptedCall, rows: list[dict[str, Any]]) -> Any:
        """Return one page of a list, and add the headers that announce the next page."""
        ids = [member_at(row, resource.id) for row in rows]
        shown = page.show_page(self.model, self.setting.address.url, call, self._base(call), rows, ids)
        if isinstance(shown, Refusal):
            return shown
        call.headers.extend(shown.headers)
        return _with_total(shown.answer, len(rows))

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
        after = self._overlaid(
            dict(row), call, keep=(resource.id.partition(".")[0], str(param.name), *resource.fixed)
        )
        if path is not None:
            base = self._object(answer, path)
            if call.action.content_type == MERGE_PATCH:  # a member that null removed must stay removed
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

    def _moves_another(self, action: Action) -> bool:
        """Return whether an action is a transition of some resource, which counts before making an
        instance.
        """
        return any(m.action is action for r in self.resources for m in r.moves)


def _may_repeat(resource: Resource, action: Action) -> bool:
    """Return True if a law describes the answer to a second removal.

    The law's condition must read a member of `before` that `gone_when` reads on the instance.
    """
    marks = set(resource.gone_when.paths.get("resource", ())) if resource.gone_when is not None else set()
    conditions = (law.when for law in action.laws if law.when is not None)
    return any(marks & set(when.paths.get("before", ())) for when in conditions)


def _with_total(answer: Any, total: int) -> Any:
    """Return the answer with the total number of rows in a member with a name for it."""
    if not isinstance(answer, dict):
        return answer
    counts = {name for name, value in answer.items() if "total" in name.lower() and type(value) is int}
    return {**answer, **dict.fromkeys(counts, total)}


def _bounds(action: Action) -> set[str]:
    """Return the arguments that bound the size of a list in the answer, according to the action's laws."""
    return {argument for law in action.laws for argument in bounds_of_size(law.that.tree)}


def _counts(name: str) -> bool:
    """Return whether an argument's name looks like a bound on the number of items."""
    return bool(re.search(r"limit|count|size|top|max|per_?page|^first$|^take$", name, re.I))


def _at(now: float, shown: Any) -> Any:
    """Return the time in the example's form if that is a time in seconds; otherwise the example."""
    return type(shown)(now) if isinstance(shown, int | float) and shown > LEAST_EPOCH_S else shown


def _tell_job(resource: Resource, action: Action, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headers of an answer that starts a job: where its state is, and when to ask.

    Headers that the catalogue lists for the answer are made elsewhere.
    """
    read = resource.read_by[0]
    path, argued = str(read.action.path), places.id_argument(read, resource)
    for param in read.action.params:
        value = row.get(argued.get(str(param.name), ""))
        path = path.replace(f"{{{param.wire}}}", quote(str(value), safe="")) if value is not None else path
    where = [] if "{" in path or not read.action.on_rest else [("Location", path)]
    told = [*where, ("Retry-After", "1")] if action.success.status == ACCEPTED else where
    listed = {header.name.lower() for header in action.success.headers}
    return [(name, value) for name, value in told if name.lower() not in listed]


ACCEPTED = 202
