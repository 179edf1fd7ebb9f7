"""References: arguments of a write that name other things, by an id, a noun of the API or a role."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from pgagents.base.text import singular, split_words
from pgagents.catalogue.harmless.ids import list_numbers
from pgagents.catalogue.model.model import Model

IDS = frozenset(("id", "ids", "uuid", "uuids", "guid", "guids", "pk", "pks", "fk", "ref", "refs", "nr"))
ROLES = frozenset((
    "account", "after", "ancestor", "approver", "assignee", "author", "before", "beneficiary", "child",
    "contact", "customer", "destination", "duplicate", "follower", "from", "group", "into", "leader",
    "manager", "master", "member", "neighbor", "neighbour", "next", "onto", "original", "other", "owner",
    "parent",
    "partner", "payee", "payer", "predecessor", "previous", "prev", "receiver", "recipient", "related",
    "replace", "reporter", "reviewer", "root", "sender", "sibling", "source", "subject", "successor",
    "supersede", "supervisor", "target", "team", "tenant", "to", "under", "user", "watcher", "with",
))  # fmt: skip
"""Words, in the singular, of what a thing is to another."""
_BESIDE = frozenset(("by", "for", "of", "under", "in"))
_TIMES = frozenset((
    "date", "date-time", "time", "duration", "email", "idn-email", "uri", "url", "uri-reference", "hostname",
    "ipv4", "ipv6", "byte", "binary",
))  # fmt: skip
"""Formats of texts that are no ids."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def list_nouns(model: Model) -> frozenset[str]:
    """Return the nouns of an API, in the singular: the last words of its resources and its paths' steps."""
    steps = (step for action in model.actions for step in _PLACEHOLDER.sub("", str(action.path)).split("/"))
    words = (split_words(text)[-1:] for text in (*model.resources, *steps))
    return frozenset(singular(word[0]) for word in words if word)


def is_reference(
    name: str, schema: Mapping[str, Any], types: Collection[str], nouns: Collection[str]
) -> bool:
    """True if an argument names other things: by its name, and by a type that ids have."""
    if not set(types) & {"integer", "number", "string"} or "enum" in schema or schema.get("format") in _TIMES:
        return False
    words = split_words(name)
    if not words:
        return False
    last = singular(words[-1]) if words[-1] not in IDS else words[-1]
    if last in IDS:
        return True
    known = last in ROLES or last in nouns or (len(words) > 1 and words[-1] in _BESIDE)
    return known or words[0] in ("into", "onto")


def may_be_others(value: Any, own: Collection[Any], *, named_id: bool, shown: bool) -> bool:
    """True if a value in the place of a reference may name somebody else's thing.

    `own` are ids of the run. An argument that is named as an id does not take what the document shows.
    """
    if isinstance(value, list):
        return any(may_be_others(item, own, named_id=named_id, shown=shown) for item in value)
    if value in own and not isinstance(value, bool):
        return False
    return bool(list_numbers(value)) or (named_id and shown and value not in (None, "", 0, False))
