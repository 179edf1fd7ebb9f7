"""Decide if an action changes anything, and write the question that a person must confirm before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pgagents.importer.reading.names import snake
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation, Parameter
from pgagents.source.source import Pointer
from pgagents.text.acting import NOTHING, Acting, begins_with_reading, is_of_actions, why_acts

_READING = re.compile(
    r"(?:^|_)(search|query|find|list|lookup|get|filter|preview|estimate|validate|count|read|fetch)(?:_|$)"
)
_PAYING = re.compile(
    r"(?:^|_)(pay|payments?|charges?|purchases?|buy|checkout|refunds?|payouts?|transfers?|withdraw(?:als?)?)"
    r"(?:_|$)"
)
_ACTING_ARGUMENTS = frozenset((
    "delete", "remove", "purge", "destroy", "reset", "revoke", "send", "resend", "trigger", "execute",
    "recheck", "restart", "unsubscribe", "logout",
))  # fmt: skip
"""Words at the beginning of an optional argument's name that suggest a change by a GET.

`start` is not among these, because it may begin a range.
"""
_CHOOSING = frozenset(("action", "cmd", "command", "method", "switchcmd"))
"""Names of arguments that choose what a call does. An optional one is often a filter."""


def find_acting(every: Sequence[Operation]) -> dict[str, Acting]:
    """Return by label, such as `GET /logout`, why GETs of a document are taken for calls that act.

    If many do so by their words, the others are only trusted where their names or summaries surely read.
    """
    gets = [op for op in every if op.method == "GET"]
    found = {op.label: acting for op in gets if (acting := _why_acts(op))}
    if is_of_actions(len(found), len(gets)):
        found = {op.label: acting for op in gets if (acting := _why_acts(op, strict=True))}
    return found


def _why_acts(op: Operation, *, strict: bool = False) -> Acting:
    """Return why a GET acts: by its words, its author's mark or an argument that chooses its action."""
    if op.whole.value.get("x-openai-isConsequential") is True:
        return Acting("x-openai-isConsequential: true", "document")
    summary = op.whole.text("summary").strip() or op.whole.text("description").strip()
    if acting := why_acts(op.id, op.path, summary, strict=strict):
        return acting
    required = (p for p in op.parameters if p.place == "query" and p.required and p.name.lower() in _CHOOSING)
    chooser = next(required, None)
    if chooser is None or begins_with_reading(op.id):
        return NOTHING
    return Acting(f"{chooser.name}=…", "a required argument")


def suggests_change(op: Operation, p: Parameter) -> bool:
    """True if an optional argument of a GET suggests that it changes something."""
    optional = op.method == "GET" and p.place == "query" and not p.required
    return optional and bool(_ACTING_ARGUMENTS & set(_list_first_words(p.name)))


def add_nature(
    op: Operation,
    name: str,
    action: dict[str, Any],
    at: Pointer,
    notes: Notes,
    *,
    confirmed: bool = True,
    reads: bool = False,
    acting: Acting = NOTHING,
) -> None:
    """Add effect, destructiveness and the question for a person.

    A document states none of these. A GET reads, unless it is `acting`; all else writes. If a name suggests
    the contrary, the author is asked (`TODO`). Without `confirmed`, no question for a person is written.
    `reads` is the author's word that the operation changes nothing.
    """
    action["effect"] = "read" if reads or (op.method == "GET" and not acting) else "write"
    if op.method == "DELETE":
        action["destructive"] = True
    if action["effect"] == "read":
        return
    if confirmed:
        _confirm(op, action, at, notes)
    words = f"{name}_{snake(op.path.rpartition('/')[2])}"
    if acting:
        notes.decide(at, f"does this GET act? {_quote(acting)}; if it only reads: `effect: read`")
    elif op.method == "POST" and (word := _READING.search(words)):
        notes.decide(at, f"does it only read, as `{word[1]}` says? then `effect: read`, without `confirm`")
    elif op.method == "POST" and (word := _PAYING.search(words)):
        notes.decide(at, f"does it move money, as `{word[1]}` suggests? then `costs: true`")


def _confirm(op: Operation, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    undone = " This may be impossible to undo." if op.method == "DELETE" else ""
    action["confirm"] = {"body": f"Go ahead with “{action['title'].rstrip(' .?!')}”?{undone}"}
    notes.infer((*at, "confirm"), "from the title, as no call that writes goes out unasked")


def _quote(acting: Acting) -> str:
    if acting.sentence:
        return f"its summary says “{acting.sentence}”"
    return f"`{acting.word}` says so ({acting.place})"


def _list_first_words(name: str) -> tuple[str, str]:
    """Return the first word of a name, and its first two words as one: `sign` and `signout` of `sign-out`."""
    first, _, rest = snake(name).partition("_")
    return first, first + rest.partition("_")[0]
