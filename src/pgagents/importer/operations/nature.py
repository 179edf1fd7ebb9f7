"""Decide if an action changes anything, and write the question that a person must confirm before."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from pgagents.importer.reading.names import snake
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation, Parameter
from pgagents.source.source import Pointer

_READING = re.compile(
    r"(?:^|_)(search|query|find|list|lookup|get|filter|preview|estimate|validate|count|read|fetch)(?:_|$)"
)
_PAYING = re.compile(
    r"(?:^|_)(pay|payments?|charges?|purchases?|buy|checkout|refunds?|payouts?|transfers?|withdraw(?:als?)?)"
    r"(?:_|$)"
)
_ACTING_WORDS = frozenset((
    "logout", "logoff", "signout", "signoff",
    "delete", "remove", "send", "resend", "run", "reset", "revoke", "confirm",
    "unsubscribe", "subscribe", "callback",
    "cancel", "activate", "deactivate", "approve", "reject", "trigger", "execute", "purge", "destroy", "stop",
    "start", "restart",
))  # fmt: skip
"""Words in the name of a GET that suggest a change, although HTTP defines every GET as safe.

`_ACTING_ARGUMENTS` has those of its arguments.
"""
_ACTING_ARGUMENTS = frozenset((
    "delete", "remove", "purge", "destroy", "reset", "revoke", "send", "resend", "trigger", "execute",
    "recheck", "restart", "unsubscribe", "logout",
))  # fmt: skip
"""Words at the beginning of an argument's name that suggest a change by a GET.

`_ACTING_WORDS` has those of its own name. `start` is not among these, because it may begin a range.
"""


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
) -> None:
    """Add effect, destructiveness and the question for a person.

    A document states none of these. A GET reads, unless its name suggests a change; all else writes. If the
    name suggests the contrary, the author is asked (`TODO`). Without `confirmed`, no question for a person is
    written. `reads` is the author's word that the operation changes nothing.
    """
    acting = _find_acting_word(op) if op.method == "GET" else ""
    action["effect"] = "read" if reads or (op.method == "GET" and not acting) else "write"
    if op.method == "DELETE":
        action["destructive"] = True
    if action["effect"] == "read":
        return
    if confirmed:
        _confirm(op, action, at, notes)
    words = f"{name}_{snake(op.path.rpartition('/')[2])}"
    if acting:
        notes.decide(
            at, f"does a GET that is called `{acting}` change anything? if it only reads: `effect: read`"
        )
    elif op.method == "POST" and (word := _READING.search(words)):
        notes.decide(at, f"does it only read, as `{word[1]}` says? then `effect: read`, without `confirm`")
    elif op.method == "POST" and (word := _PAYING.search(words)):
        notes.decide(at, f"does it move money, as `{word[1]}` suggests? then `costs: true`")


def _confirm(op: Operation, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    undone = " This may be impossible to undo." if op.method == "DELETE" else ""
    action["confirm"] = {"body": f"Go ahead with “{action['title'].rstrip(' .?!')}”?{undone}"}
    notes.infer((*at, "confirm"), "from the title, as no call that writes goes out unasked")


def _find_acting_word(op: Operation) -> str:
    """Return the acting word that begins the operationId, the last part of the path or its verb.

    Return nothing without one. A word is no verb where it names a collection of the path: `run_search` of
    `/runs/search` searches runs.
    """
    texts = (op.id or "", _find_last_part(op.path), _find_verb(op.path))
    words = [word for text in texts for word in _list_first_words(text)]
    return next((w for w in words if w in _ACTING_WORDS and not _names_collection(w, op.path)), "")


def _find_last_part(path: str) -> str:
    """Return the last part of a path that is no placeholder: `disable` of `/users/{id}/disable`."""
    return next((part for part in reversed(path.split("/")) if part and not part.startswith("{")), "")


def _find_verb(path: str) -> str:
    """Return the verb behind a colon in the last part of a path: `cancel` of `/jobs/{id}:cancel`."""
    last = re.sub(r"\{[^}]*\}", "", path).rpartition("/")[2]
    return last.rpartition(":")[2] if ":" in last else ""


def _list_first_words(name: str) -> tuple[str, str]:
    """Return the first word of a name, and its first two words as one: `sign` and `signout` of `sign-out`."""
    first, _, rest = snake(name).partition("_")
    return first, first + rest.partition("_")[0]


def _names_collection(word: str, path: str) -> bool:
    """True if a word names a collection of the path, as `run` does in `/runs/search`.

    A further part that begins with the word says what the call does: `/runs/{id}/run` runs something. It
    does not if the part before it reads: `/runs/search/run` searches for runs.
    """
    parts = [snake(part) if part else "" for part in re.sub(r"\{[^}]*\}", "", path).split("/")]
    return f"{word}s" in parts and all(
        part.partition("_")[0] != word or _READING.search(before) for before, part in pairwise(parts)
    )
