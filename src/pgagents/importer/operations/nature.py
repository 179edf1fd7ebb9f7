"""Decide if an action changes anything, and write the question that a person must confirm before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from pgagents.importer.reading.names import snake
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation, Parameter
from pgagents.source.source import Pointer
from pgagents.text.acting import ACTING_VERBS, NOTHING, Acting, begins_with_reading, is_of_actions, why_acts
from pgagents.text.brief import brief
from pgagents.text.spending import why_spends

_READING = re.compile(
    r"(?:^|_)(search|query|find|list|lookup|get|filter|preview|estimate|validate|count|read|fetch)(?:_|$)"
)
_ACTING_ARGUMENTS = frozenset((
    "delete", "remove", "purge", "destroy", "reset", "revoke", "send", "resend", "trigger", "execute",
    "recheck", "restart", "unsubscribe", "logout",
))  # fmt: skip
"""Words at the beginning of an optional argument's name that suggest a change by a GET.

`start` is not among these, because it may begin a range.
"""
_CHOOSING = frozenset(("action", "cmd", "command", "method", "switchcmd"))
"""Names of arguments that choose what a call does. An optional `action` or `method` is often a filter."""
_COMMANDING = frozenset(("cmd", "command", "switchcmd", "toggle", "turn"))
"""Names of optional arguments that say what to do, whatever their value: `turn` of a relay."""


@dataclass(frozen=True, slots=True)
class ActingGets:
    """By label, such as `GET /logout`, why GETs of a document are taken for calls that act.

    `total` counts all its GETs. `of_actions` is true if so many act that only sure reads are trusted.
    """

    why: Mapping[str, Acting]
    total: int
    of_actions: bool


def find_acting(every: Sequence[Operation], reads: Set[str], acts: Set[str]) -> ActingGets:
    """Return which GETs of a document act. `reads` and `acts` are labels for which the author decided."""
    gets = [op for op in every if op.method == "GET"]
    why = {op.label: acting for op in gets if (acting := _why_acts(op))}
    of_actions = is_of_actions(len(why), len(gets))
    if of_actions:
        why = {op.label: acting for op in gets if (acting := _why_acts(op, strict=True))}
    why = {label: acting for label, acting in why.items() if label not in reads}
    return ActingGets(why | {label: Acting("--acts", "caller") for label in acts}, len(gets), of_actions)


def _why_acts(op: Operation, *, strict: bool = False) -> Acting:
    """Return why a GET acts: by its words, its author's mark or an argument that chooses its action."""
    if op.whole.value.get("x-openai-isConsequential") is True:
        return Acting("x-openai-isConsequential", "mark")
    summary = op.whole.text("summary").strip() or op.whole.text("description").strip()
    if acting := why_acts(op.id, op.path, summary, strict=strict):
        return acting
    required = (p for p in op.parameters if p.place == "query" and p.required and p.name.lower() in _CHOOSING)
    chooser = next(required, None)
    if chooser is None or begins_with_reading(op.id or op.path.rpartition("/")[2]):
        return NOTHING
    return Acting(brief(chooser.name), "argument")


def suggests_change(op: Operation, p: Parameter, schema: Mapping[str, Any]) -> bool:
    """True if an optional argument of a GET suggests that it changes something: by its name, or by a value
    that its schema offers.
    """
    if op.method != "GET" or p.place != "query" or p.required:
        return False
    name = p.name.lower()
    if name in _COMMANDING or _ACTING_ARGUMENTS & set(_list_first_words(p.name)):
        return True
    offered = [
        *_listed(schema.get("enum")),
        schema.get("default"),
        schema.get("example"),
        p.whole.value.get("example"),
    ]
    return name in _CHOOSING and any(
        snake(str(value)).split("_")[0] in ACTING_VERBS for value in offered if value
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


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
        notes.decide(at, f"does this GET act? {acting.reason}; if it only reads: `effect: read`")
    elif op.method == "POST" and (word := _READING.search(words)):
        notes.decide(at, f"does it only read, as `{word[1]}` says? then `effect: read`, without `confirm`")
    else:
        _add_price(op, action, at, notes)


def _add_price(op: Operation, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    """Add why a call may move money or send something to people, and ask the author whether it does."""
    text = f"{op.whole.text('summary')}\n{op.whole.text('description')}"
    if not (spending := why_spends(op.method, op.id, op.path, text)):
        return
    key, verb = ("costs", "move money") if spending.kind == "costs" else ("sends", "send something to people")
    reason = f"its {spending.place} says `{spending.words}`"
    action["may_cost" if key == "costs" else "may_send"] = reason
    notes.decide(at, f"does it {verb}? {reason}; write `{key}: true` or `{key}: false`")


def _confirm(op: Operation, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    undone = " This may be impossible to undo." if op.method == "DELETE" else ""
    action["confirm"] = {"body": f"Go ahead with “{action['title'].rstrip(' .?!')}”?{undone}"}
    notes.infer((*at, "confirm"), "from the title, as no call that writes goes out unasked")


def _list_first_words(name: str) -> tuple[str, str]:
    """Return the first word of a name, and its first two words as one: `sign` and `signout` of `sign-out`."""
    first, _, rest = snake(name).partition("_")
    return first, first + rest.partition("_")[0]
