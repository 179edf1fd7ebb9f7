"""Report keys without any effect, each with what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgagents.catalogue.checks.checker import Checker, children
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Schema
from pgagents.source.source import Pointer

_PROVES = ("ai_plugin", "copilot", "copilot_mcp")
"""Surfaces whose manifests state how a vendor authenticates."""
_VAULT = {"None": (), "ApiKeyPluginVault": ("reference_id",), "OAuthPluginVault": ("reference_id",)}
_OF_TYPE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "copilot": _VAULT,
    "copilot_mcp": _VAULT,
    "ai_plugin": {
        "none": (),
        "user_http": ("authorization_type",),
        "service_http": ("authorization_type",),
        "oauth": ("client_url", "scope", "authorization_url", "authorization_content_type"),
    },
}
"""The allowed keys for each `type` of a surface's `auth`."""


def run(checker: Checker) -> None:
    """Record binary formats, and `auth` on surfaces whose documents do not contain it."""
    for name, schema in checker.written.schemas.items():
        for pointer, part in _inside(("schemas", name), schema):
            _bytes(checker, pointer, part)
    for base, actions in checker.blocks():
        for action_name, action in actions.items():
            _action(checker, (*base, action_name), action)
    for name, surface in checker.written.surfaces.items():
        if surface.auth and name not in _PROVES:
            message = (
                f"`auth` does nothing on the surface `{name}`: no manifest of it says how a vendor "
                "proves who calls"
            )
            help = (
                f"leave it out; it is read on {', '.join(_PROVES)}, and `auth` at the top says what a "
                "call carries"
            )
            checker.report(("surfaces", name, "auth"), "idle", message, help, at_value=False)
        elif surface.auth:
            _surface_auth(checker, name, surface.auth)


def _surface_auth(checker: Checker, name: str, auth: Mapping[str, str]) -> None:
    """Record keys that the type of a surface's `auth` does not have.

    The vendor's schema checks the type itself.
    """
    taken = _OF_TYPE[name].get(auth.get("type", ""))
    for key in auth if taken is not None else ():
        if key not in ("type", "instructions", *(taken or ())) and not key.startswith("x-"):
            message = f"`{key}` does nothing for `type: {auth['type']}`"
            help = f"leave it out; this type takes {', '.join(taken)}" if taken else "leave it out"
            checker.report(("surfaces", name, "auth", key), "idle", message, help, at_value=False)


def _action(checker: Checker, pointer: Pointer, action: Action) -> None:
    for name, param in action.input.items():
        at = (*pointer, "input", name)
        for part_at, part in _inside(at, param):
            _bytes(checker, part_at, part)
    for status, output in action.output.items():
        if output is not None:
            for part_at, part in _inside((*pointer, "output", status), output):
                _bytes(checker, part_at, part)


def _bytes(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    if schema.format == "binary":
        message = "`format: binary` does nothing here: JSON holds no bytes"
        checker.report(
            (*pointer, "format"),
            "idle",
            message,
            "leave it out; for bytes in a text write `format: byte` (base64)",
        )


def _inside(pointer: Pointer, schema: Schema) -> Iterator[tuple[Pointer, Schema]]:
    """Yield every schema inside a schema, with its pointer."""
    stack = [(pointer, schema)]
    while stack:
        at, here = stack.pop()
        for key, child in children(here):
            yield (*at, *key), child
            stack.append(((*at, *key), child))
