"""Choose what a refusal reports about arguments that violate their schema."""

from __future__ import annotations

from typing import Any

from pgagents.model.action import Action

BODY = "body"
MISSING, UNKNOWN = "required", "additionalProperties"
"""The keywords for a missing and for an unknown argument."""


def choose_problem(action: Action, errors: list[Any], several: str | None) -> tuple[str, str, str, str]:
    """Choose the report about invalid arguments: field, message, keyword and argument.

    The first wrong argument in the catalogue's order counts, and a missing member counts before a wrong
    value. If the catalogue has a word for `several` wrong arguments, that word is the field, and the message
    describes each.
    """
    order = {str(p.name): i for i, p in enumerate(action.params)}
    found = []
    for error in errors:
        path = tuple(error.instance_path)
        kind = error.kind
        if kind.name == "required":
            path = (*path, kind.property)
        elif kind.name == "additionalProperties" and kind.unexpected:
            path = (*path, kind.unexpected[0])
        found.append((order.get(str(path[0]) if path else "", len(order)), len(path), path, error))
    firsts: dict[str, tuple[str, str, str, str]] = {}
    for _, _, path, error in sorted(found, key=lambda f: (f[0], f[1], [str(step) for step in f[2]])):
        field = field_path(action, path)
        message, name = f"{clean_name(field)}: {_describe_error(error)}", str(path[0]) if path else ""
        firsts.setdefault(field.partition(".")[0], (field, message, str(error.kind.name), name))
    first = next(iter(firsts.values()))
    if several is None or len(firsts) == 1:
        return first
    return several, "; ".join(message for _, message, _, _ in firsts.values()), first[2], first[3]


def _describe_error(error: Any) -> str:
    """Describe a validation error without the value, which may be secret or long."""
    name = error.kind.name
    if name == "required":
        return "is required"
    if name == "additionalProperties":
        return "is not a member here"
    value = getattr(error.kind, "value", None)
    rules = {
        "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minLength": "at least {} characters long", "maxLength": "at most {} characters long",
        "minItems": "at least {} items", "maxItems": "at most {} items",
    }  # fmt: skip
    limits = {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    }
    if name in limits:
        bound = getattr(error.kind, "limit", value)
        return "must be " + rules[name].format(bound)
    if name == "type":
        return "must be " + " or ".join(str(t) for t in getattr(error.kind, "types", ["of another type"]))
    if name == "enum":
        return "must be one of " + ", ".join(str(v) for v in getattr(error.kind, "options", []))
    if name == "pattern":
        return f"must match {getattr(error.kind, 'pattern', '')}"
    if name == "format":
        return f"must be a {getattr(error.kind, 'format', 'well-formed value')}"
    return f"does not keep `{name}`"


def field_path(action: Action, path: tuple[str | int, ...]) -> str:
    """Return the path of a value inside the arguments. Its first step is the argument's name in REST."""
    if not path:
        return BODY
    param = action.param(str(path[0]))
    first = param.wire if param else str(path[0])
    return ".".join([first, *(str(p) for p in path[1:])])


def clean_name(name: str) -> str:
    """Return the beginning of a name for a message: 80 characters, without control characters."""
    clean = "".join(c if c.isprintable() else "?" for c in name[:80])
    return clean or "the empty name"
