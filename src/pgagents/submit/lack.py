"""Missing requirements of a submission by subject, with the catalogue's line and the store's own code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Pointer, Source
from pgagents.submit.store import Store, Subject

OURS: Mapping[Subject, str] = {
    "hint": "submit/hint",
    "case": "submit/case",
    "tools": "submit/tools",
    "sign_in": "submit/sign-in",
    "challenge": "submit/challenge",
    "page": "submit/page",
    "address": "submit/address",
    "discovery": "submit/discovery",
    "run": "submit/run",
}
"""The codes for a subject if a store has none of its own."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One reason not to pack a package. `origin` is its place in the catalogue."""

    subject: Subject
    origin: Pointer
    message: str
    help: str = ""
    notes: tuple[str, ...] = ()


def describe(lack: Lack, store: Store, source: Source) -> Diagnostic:
    """Return the error for a person, with the store's code."""
    origin = lack.origin
    while not source.has(origin):
        origin = origin[:-1]
    code = store.codes.get(lack.subject, OURS[lack.subject])
    return Diagnostic(source.locate(origin), code, "error", lack.message, lack.help, lack.notes)
