"""Ids that nobody has, however leniently a server reads them.

Some servers read an id by its leading digits: JavaScript's `parseInt`, PHP's `(int)`, Ruby's `to_i` and MySQL
where it compares a number with a text. Others trim it, fold its case or normalise its letters. So a text for
nobody's id begins with a letter, and a changed id of one's own has no other number at its beginning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from pgagents.base.text import singular, split_words
from pgagents.catalogue.model.model import Model

NOBODY = "kz7f3c9a1e5b2d8064"
"""Sixty-four random bits, drawn once, behind letters that no reader of numbers knows."""
NOBODYS_NUMBER = 0x7F3C9A1E5B2D8064
"""The same bits as a number: far from ids that lists show, also in 32 and 31 bits and as a float."""
BEYOND = 2**63
"""A whole number above every id: no column of whole numbers holds one so large."""

_LEADING = re.compile(r"[+-]?\s*(\d[\d_]*)")
_DECIMAL = re.compile(r"[+-]?\s*(\d*\.?\d+(?:e[+-]?\d{1,3})?)")
_BASED = re.compile(r"[+-]?\s*0(x[0-9a-f]+|o[0-7]+|b[01]+|[0-7]+)")
_BASES = {"x": 16, "o": 8, "b": 2}
_INVISIBLE = "\0\ufeff\u200b\u200e\u2060"


def list_numbers(value: Any) -> frozenset[int]:
    """Return the whole numbers that lenient readers take a value for, without their sign.

    `false` and a text that begins with a letter are zero to some, which no table numbers a row with.
    """
    if isinstance(value, bool):
        return frozenset((1,)) if value else frozenset()
    if isinstance(value, int):
        return frozenset((abs(value),))
    if isinstance(value, float):
        return frozenset((abs(int(value)), abs(round(value)))) if math.isfinite(value) else frozenset()
    if isinstance(value, list):
        return frozenset(number for item in value for number in list_numbers(item))
    if not isinstance(value, str):
        return frozenset()
    decoded = unquote(value)
    forms = {value, decoded, normalize("NFKC", value), normalize("NFKC", decoded)}
    return frozenset(number for form in forms for number in _read(form.strip().strip(_INVISIBLE).strip()))


def _read(text: str) -> Iterable[int]:
    text = text.lstrip("'\"([{#").casefold()
    if found := _LEADING.match(text):
        yield int(found[1].replace("_", "")[:400])
        yield int(found[1].partition("_")[0][:400])
    if found := _DECIMAL.match(text):
        number = float(found[1])
        yield from (int(number), round(number)) if math.isfinite(number) else ()
    if found := _BASED.match(text):
        digits = found[1]
        base = _BASES.get(digits[0], 8)
        yield int(digits[1:] if digits[0] in _BASES else digits, base)


def reads_as_others(value: Any, own: Iterable[Any]) -> bool:
    """True if a lenient reader takes a value for a number that is none of one's own ids."""
    return not list_numbers(value) <= {number for id in own for number in list_numbers(id)}


def list_like(value: str) -> list[str]:
    """Return texts that resemble a text and hold NOBODY, and that no reader of numbers takes for an id."""
    half = len(value) // 2
    tried = (
        f"{value}{NOBODY}",
        f"{NOBODY}{value}",
        f"{value[:half]}{NOBODY}{value[half:]}",
        f"{NOBODY}{value[len(NOBODY) :]}",
    )
    return [text for text in tried if not list_numbers(text)]


# -- arguments of a write that name other things: by an id, a noun of the API or a role

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
