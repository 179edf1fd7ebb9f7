"""Options: arguments of a write that may widen what a call does, such as `replace_all` or `overwrite`.

Nothing but its name tells what a flag, a choice or a number does. So it keeps its default, unless the
document shows a value. A value that the instance of the call stores may be sent too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.jsonschema.schema import resolve
from pgagents.base.text import singular, split_words
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.values import POWERS

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


def list_needed(
    schema: Mapping[str, Any], model: Model, path: tuple[str, ...] = (), depth: int = DEEPEST
) -> Iterator[tuple[str, ...]]:
    """Yield the path of a value and of each member that it must have, also in one of its alternatives."""
    if depth == 0 or not isinstance(schema, Mapping):
        return
    yield path
    here = resolve(schema, model.schemas)
    for part in (part for key in ("allOf", "anyOf", "oneOf") for part in _list_parts(here.get(key))):
        yield from list_needed(part, model, path, depth - 1)
    members = here.get("properties")
    for name in here.get("required") or ():
        if isinstance(members, Mapping) and name in members:
            yield from list_needed(members[name], model, (*path, str(name)), depth - 1)


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


# -- writes and members that change who may do what, or what is the default, the owner or the current one

WORDS = frozenset((
    "access", "acl", "active", "admin", "administrator", "authority", "current", "default", "demote",
    "entitlement", "grant", "membership", "moderator", "owner", "ownership", "permission", "permit",
    "preferred", "primary", "privilege", "promote", "quota", "right", "role", "root", "scope", "setting",
    "staff", "sudo", "superadmin", "superuser",
))  # fmt: skip
"""Words, in the singular, of what is written elsewhere too."""
_AROUND = ("as", "id", "ids", "is", "make", "set")


def find_right(name: str) -> str:
    """Return the word of a name by which it changes rights or a default: `admin` of `is_admin`; else nothing.

    Such a word is the first or the last one: `roles`, `role_id`, `set-default`, and not `scope_note_text`.
    """
    words = [singular(word) for word in split_words(name) if word not in _AROUND]
    return next((word for word in (*words[-1:], *words[:1]) if word in WORDS and len(words) < 3), "")


def why_withheld(model: Model, action: Action) -> str:
    """Return why an action may change rights or defaults beyond the instance that it names.

    Empty if nothing says so, or if an author describes its resource.
    """
    if action.effect != "write" or action.path is None:
        return ""
    named = [model.resources.get(p.refers_to or "") for p in action.params if p.place == "path"]
    if not any(resource is not None and resource.inferred for resource in named):
        return ""
    authored = (m.action is action for r in model.resources.values() for m in r.moves if not m.inferred)
    if any(authored):
        return ""
    _, _, behind = str(action.path).partition("}")
    parts = (part for part in behind.split("/") if part and "{" not in part)
    word = next((word for part in parts if (word := find_right(part))), "")
    return f"its path says `{word}`" if word else ""


def may_give(model: Model, action: Action) -> bool:
    """True if made-up values of a write may give rights or make a default, and no author describes it."""
    about = [r for r in model.resources.values() if r.made_by is not None and r.made_by.action is action]
    about += [r for p in action.params if (r := model.resources.get(p.refers_to or "")) is not None]
    return any(resource.inferred for resource in about) and any(map(_offers_gift, action.params))


def _offers_gift(param: Param) -> bool:
    name, listed = str(param.name), param.schema.get("enum")
    choices = listed if isinstance(listed, list | tuple) else (param.schema.get("type") == "boolean",)
    return any(_find_gift(name, one) for one in choices)


def find_gift(action: Action, values: Mapping[str, Any]) -> str:
    """Return how a write's values would give rights or make a default, such as `role: admin`; else nothing.

    The values of an example of the action are its author's word.
    """
    shown = [example.input for example in action.examples]
    for name, value in values.items():
        if not any(name in one and one[name] == value for one in shown) and (
            found := _find_gift(name, value)
        ):
            return found
    return ""


def _find_gift(name: str, value: Any, depth: int = 4) -> str:
    if isinstance(value, Mapping) and depth:
        return next((f for k, v in value.items() if (f := _find_gift(str(k), v, depth - 1))), "")
    if isinstance(value, list) and depth:
        return next((f for item in value if (f := _find_gift(name, item, depth - 1))), "")
    gives = value is True or (isinstance(value, str) and not POWERS.isdisjoint(split_words(value[:100])))
    return f"`{name}: {str(value).lower()[:40]}`" if gives and find_right(name) else ""
