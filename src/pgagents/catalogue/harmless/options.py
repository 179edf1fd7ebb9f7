"""Options: arguments of a write that may widen what a call does, such as `replace_all` or `overwrite`.

Nothing but its name tells what a flag, a choice or a number does. So it keeps its default unless the document
shows a value, or the value is stored in a member of what the call makes or changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.jsonschema.schema import resolve
from pgagents.base.text import split_words
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model

REACHING = frozenset((
    "absorb", "activate", "all", "any", "apply", "archive", "array", "atomic", "auto", "before", "broadcast",
    "bulk", "cascade", "cascading", "children", "clean", "cleanup", "clear", "close", "commit", "confirm",
    "copy", "deactivate", "default", "delete", "deleted", "descendants", "destroy", "disable", "discard",
    "drop", "dry", "email", "empty", "erase", "every", "everyone", "everything", "exclusive", "execute",
    "existing", "expire", "exclude", "flush", "force", "forced", "global", "hard", "ignore", "immediate",
    "immediately", "import", "inherit", "invalidate", "kill", "lock", "logout", "merge", "migrate", "move",
    "notify", "older", "only", "others", "overwrite", "permanent", "permanently", "previous", "primary",
    "propagate", "prune", "public", "publish", "purge", "rebuild", "recalculate", "recursive",
    "recursively", "reindex", "remove", "reorder", "replace", "replaces", "reset", "restart", "revoke",
    "rotate", "run", "save", "send", "share", "shared", "shutdown", "siblings", "silent", "skip", "sms",
    "strict", "supersede", "supersedes", "swap", "sync", "synchronize", "terminate", "transfer", "trim",
    "truncate", "unassign", "unlink", "unpublish", "unset", "update", "upsert", "wipe", "within",
))  # fmt: skip
"""Words by which a flag, a choice or a number may reach beyond the thing that a call makes or changes."""
DEEPEST = 8
MOST_MEMBERS = 2_000


def list_leaves(
    schema: Mapping[str, Any], model: Model, path: tuple[str, ...] = (), depth: int = DEEPEST
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the path and the schema of each member without members, and of each alternative of one.

    An item of a list has the path of the list.
    """
    if depth == 0 or not isinstance(schema, Mapping):
        return
    here = resolve(schema, model.schemas)
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in _list_parts(here.get(key))]
    for part in parts:
        yield from list_leaves(part, model, path, depth - 1)
    items = here.get("items")
    if isinstance(items, Mapping):
        yield from list_leaves(items, model, path, depth - 1)
    members = here.get("properties")
    for name, member in members.items() if isinstance(members, Mapping) else ():
        yield from list_leaves(member, model, (*path, str(name)), depth - 1)
    if not members and not isinstance(items, Mapping):
        yield path, here


def _list_parts(parts: Any) -> Sequence[Any]:
    return parts if isinstance(parts, list) else ()


def list_stored(model: Model, action: Action) -> frozenset[str]:
    """Return the members of what a call makes or changes, each as a dotted path of its answers."""
    named = {param.refers_to for param in action.params if param.refers_to}
    calls = [
        call
        for r in model.resources.values()
        if r.name in named or (r.made_by is not None and r.made_by.action is action)
        for call in (*r.read_by, *r.listed_by)
    ]
    answers = [output for one in (action, *(call.action for call in calls)) for output in one.outputs]
    found: set[str] = set()
    for output in answers:
        if 200 <= output.status < 300 and output.schema is not None:
            for number, (path, _) in enumerate(list_leaves(output.schema, model)):
                if number == MOST_MEMBERS:
                    break
                found.update(".".join(path[start:]) for start in range(min(2, len(path))))
    return frozenset(found)


def is_option(schema: Mapping[str, Any], types: Collection[str]) -> bool:
    """True for a flag, a choice, or a number."""
    return "enum" in schema or bool(set(types) & {"boolean", "integer", "number"})


def reaches(path: Sequence[str]) -> bool:
    """True if a word of an argument's name, or of its member's, says that it may reach beyond one thing."""
    return any(word in REACHING for step in path for word in split_words(step))
