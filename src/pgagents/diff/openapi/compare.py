"""Compare two editions of an OpenAPI document."""

from __future__ import annotations

from pgagents.diff.change import Change, in_order
from pgagents.diff.openapi import operations
from pgagents.diff.openapi.both import Both, together
from pgagents.diff.openapi.tree import Edition

_SHOWN = ("title", "summary", "description", "termsOfService", "contact", "license")
WEBHOOKS = ("webhooks", "x-webhooks")


def compare(old: Edition, new: Edition) -> list[Change]:
    """Return all changes, the most severe first. A change that cannot be decided may be breaking."""
    both = Both(old, new)
    _document(both)
    operations.compare(both)
    for key in WEBHOOKS:
        operations.events(both, old.open(old.root, key), new.open(new.root, key))
    both.compare_named()
    return in_order(together(both.changes))


def _document(both: Both) -> None:
    a, b = both.old.mapping(both.old.root), both.new.mapping(both.new.root)
    before, after = both.old.root.at("info"), both.new.root.at("info")
    changed = [key for key in _SHOWN if both.old.mapping(before).get(key) != both.new.mapping(after).get(key)]
    if changed:
        both.tell("document-text", "info", f"{', '.join(changed)} changed", before, after)
    for key in ("tags", "externalDocs"):
        if a.get(key) != b.get(key):
            both.tell("document-text", key, "changed", both.old.root.at(key), both.new.root.at(key))
    if a.get("jsonSchemaDialect") != b.get("jsonSchemaDialect"):
        both.tell(
            "dialect",
            "jsonSchemaDialect",
            f"is {b.get('jsonSchemaDialect')} now",
            both.old.root,
            both.new.root,
        )
