"""Check the form of a dispatcher's messages."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.surfaces import Surface
from pgagents.source.source import Pointer

JSON_RPC = "json_rpc"
_FIXED = {"selector": "method", "arguments": "params"}


def run(checker: Checker, pointer: Pointer, surface: Surface) -> None:
    """Record a message form on a surface without a dispatcher, and member names that JSON-RPC fixes."""
    if surface.form is not None and not surface.http:
        message = "`form` does nothing here: the surface is no dispatcher"
        checker.report((*pointer, "form"), "idle", message, "add `http`, or leave it out", at_value=False)
        return
    for key, member in _FIXED.items() if surface.form == JSON_RPC else ():
        if getattr(surface, key) is not None:
            message = f"`{key}` does nothing here: JSON-RPC calls it `{member}`"
            checker.report((*pointer, key), "idle", message, "leave it out", at_value=False)
    if surface.page is not None and surface.page.dispatcher in _list_rpc(checker):
        message = "a page cannot call a JSON-RPC dispatcher"
        help = "name a dispatcher with `selector` and `arguments`"
        checker.report((*pointer, "page", "dispatcher"), "surface", message, help)


def _list_rpc(checker: Checker) -> list[str]:
    return [name for name, surface in checker.written.surfaces.items() if surface.form == JSON_RPC]
