"""Writes and members that change who may do what, or what is the default, the owner or the current one.

Servers often write these elsewhere too: into a list of administrators, or into the row that was the default
before. So what a document alone suggests is not written. An author's word in a catalogue counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.base.text import singular, split_words
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.values import POWERS

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
    words = [
        singular(word) for word in split_words(name) if word not in ("id", "ids", "is", "set", "make", "as")
    ]
    return next((word for word in (*words[-1:], *words[:1]) if word in WORDS and len(words) < 3), "")


def why_withheld(model: Model, action: Action) -> str:
    """Return why an action may change rights or defaults beyond the instance that it names; empty if nothing
    says so, or if an author describes its resource.
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


def find_gift(action: Action, values: Mapping[str, Any]) -> str:
    """Return how a write's values would give rights or make a default, such as `role: admin`; else nothing.

    What an example of the action gives is its author's word.
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
