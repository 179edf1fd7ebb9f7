"""Resolve an operation's security requirements as m365-spec-parser does, and find those it supports."""

from __future__ import annotations

from typing import Any

from pgagents.lint.importers.copilot.references import References

Wanted = list[list[tuple[str, Any]]]
"""Alternatives, each a list of the schemes that it requires together, by name and definition."""


def schemes_of(references: References) -> dict[str, Any] | None:
    """Return the document's security schemes by name, or None without `components.securitySchemes`."""
    components = references.follow(references.data.get("components"))
    schemes = references.follow(components.get("securitySchemes")) if isinstance(components, dict) else None
    return schemes if isinstance(schemes, dict) else None


def list_requirements(
    references: References, operation: dict[str, Any], schemes: dict[str, Any] | None
) -> Wanted:
    """Return the operation's requirements, sorted by name as in the generator. Empty requirements are left
    out.
    """
    written = operation.get("security")
    required = written if written is not None else references.data.get("security")
    if schemes is None or not isinstance(required, list):
        return []
    found = [
        [(str(name), references.follow(schemes.get(name))) for name in one]
        for one in required
        if isinstance(one, dict) and one
    ]
    return sorted(found, key=lambda one: (one[0][0].casefold(), one[0][0].swapcase()))


def several_at_once(required: Wanted) -> bool:
    """True if there are requirements and each of them needs several schemes together."""
    return bool(required) and all(len(one) > 1 for one in required)


def is_supported(scheme: Any) -> bool:
    """True if the generator can make a sign-in for the scheme."""
    if not isinstance(scheme, dict):
        return False
    kind, flows = scheme.get("type"), scheme.get("flows")
    if kind == "oauth2":
        return isinstance(flows, dict) and bool(flows.get("authorizationCode"))
    if kind == "http":
        return str(scheme.get("scheme")).lower() == "bearer"
    return kind == "apiKey" and scheme.get("in") != "cookie"


def lacks_sign_in(required: Wanted) -> bool:
    """True if the generator leaves the operation without a sign-in and warns about it."""
    return bool(required) and not any(len(one) == 1 and is_supported(one[0][1]) for one in required)


def find_undefined(required: Wanted) -> str | None:
    """Return the name of an undefined scheme that makes the generator fail, or None."""
    for one in required:
        if len(one) == 1:
            if one[0][1] is None:
                return one[0][0]
            if is_supported(one[0][1]):
                break
    return required[0][0][0] if required and required[0][0][1] is None else None
