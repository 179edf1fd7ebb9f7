"""Failures that the operator provokes by the catalogue's codes: the next call of an action fails."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.cel.expression import Expression, member_of
from pgagents.model.action import ActionCall
from pgagents.model.answers.error_code import Code
from pgagents.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.mock.rows import Rows


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A failure for the next call of `action`; if it has an id, for a call about that instance."""

    action: str
    code: Code
    id: str | None


class Provoked:
    """The failures that have not occurred yet."""

    def __init__(self, model: Model, rows: Rows) -> None:
        self._model = model
        self._rows = rows
        self._waiting: list[_Waiting] = []

    def note(self, call: AcceptedCall) -> None:
        """Store the failures that an operator's call provokes."""
        for code in self._model.codes.values():
            for action, provoke in code.provoked_by.items():
                if provoke.action is call.action:
                    self._waiting += [_Waiting(action, code, id) for id in self._find_ids(provoke, call)]

    def refuse(self, call: AcceptedCall) -> Refusal | None:
        """Return the failure for a call, once; None without one."""
        given = {str(value) for value in call.input.values()}
        for one in self._waiting:
            if one.action == call.action.name and (one.id is None or one.id in given):
                self._waiting.remove(one)
                return Refusal(one.code.name, str(one.code.meaning))
        return None

    def _find_ids(self, provoke: ActionCall, call: AcceptedCall) -> list[str | None]:
        """Return the ids of the instances that a call means; None for any.

        It is empty if the call means no such failure.
        """
        plain = {k: v for k, v in provoke.input.items() if not isinstance(v, Expression)}
        if any(call.input.get(name) != value for name, value in plain.items()):
            return []
        members = {k: v for k, v in provoke.input.items() if isinstance(v, Expression)}
        if not members:
            return [None]
        return [
            key.id
            for name in self._model.resources
            for key, row in self._rows.every(name)
            for argument, value in members.items()
            if (member := member_of(value, (name,))) and str(row.get(member)) == str(call.input.get(argument))
        ]
