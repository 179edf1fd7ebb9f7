"""The stores that a package can be submitted to, one for each module under `stores`, and what a submission
lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pgagents.base.errors import Diagnostic, PgagentsError
from pgagents.base.places import Pointer, Source
from pgagents.base.text import did_you_mean

OTHER_NAMES = MappingProxyType({"claude": "anthropic", "chatgpt": "openai"})
"""Other names of stores, each with the surface that has the listing."""
Subject = Literal[
    "hint", "case", "example", "tools", "sign_in", "challenge", "page", "address", "discovery", "run"
]
"""The subjects of a missing requirement, besides the package itself."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store's demands on a package and on the server behind it.

    `judge` is the package judge of the store; empty if there is none. `hints` are those that the store reads.
    `codes` are the store's own codes by subject. `pages` are members of the listing whose pages a reviewer
    opens. `host_only` lists facts that neither this machine nor a public address can show.
    """

    title: str
    judge: str
    hints: tuple[str, ...]
    codes: Mapping[Subject, str]
    pages: tuple[str, ...]
    host_only: tuple[str, ...]
    hosted: bool = False
    """True if the store connects to a hosted server only."""
    keys: bool = True
    """True if the store can connect with a key instead of OAuth."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The store's codes for problems that one of our lint rules finds too, each with the rule's id."""
    challenge: str = ""
    """The path of the file that proves ownership of the domain; empty if the store demands none."""


STORES: Mapping[str, Store] = MappingProxyType(
    {
        # https://code.claude.com/docs/en/plugins-reference, read 2026-11-21
        "anthropic": Store(
            "Claude's directory",
            "claude-directory",
            ("read_only", "destructive"),
            {"hint": "claude-directory/annotations", "page": "claude-directory/privacy"},
            ("website", "support", "privacy"),
            ("the directory's safety scan, and its review by people",),
        ),
        # https://geminicli.com/docs/extensions/reference, read 2026-11-21
        "gemini": Store(
            "Gemini CLI's extensions",
            "",
            ("read_only", "destructive", "idempotent", "open_world"),
            {},
            (),
            ("the listing in the gallery, which follows a public repository",),
        ),
        # https://developers.openai.com/plugins/deploy/submission.md, read 2026-11-21
        "openai": Store(
            "ChatGPT's plugin directory",
            "openai-portal",
            ("read_only", "destructive", "open_world"),
            {
                "hint": "openai-portal/annotations_required",
                "case": "openai-portal/rule-test-case",
                "tools": "openai-portal/scan_required",
                "challenge": "openai-portal/domain_verification_required",
                "page": "openai-portal/rule-listing-url",
                "address": "openai-portal/rule-mcp-url",
            },
            ("website", "support", "privacy", "terms"),
            (
                "the portal's own scan of the tools",
                "the verified identity, and the attestations of the submission's form",
                "a reviewer's account that works at once, without a second factor, with sample data",
            ),
            hosted=True,
            keys=False,
            rules={"rule-raw-location": "openai/raw-location"},
            challenge="/.well-known/openai-apps-challenge",
        ),
    }
)
"""Every store by the surface with its listing."""


def find_store(name: str) -> tuple[str, Store]:
    """Return the surface and the store of a name. Raises PgagentsError for an unknown one."""
    surface = OTHER_NAMES.get(name, name)
    if surface not in STORES:
        raise PgagentsError(
            f"there is no store `{name}`",
            did_you_mean(name, [*STORES, *OTHER_NAMES]) or f"there are {', '.join(STORES)}",
        )
    return surface, STORES[surface]


# -- missing requirements


OURS: Mapping[Subject, str] = {
    "hint": "submit/hint",
    "case": "submit/case",
    "example": "submit/example",
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
