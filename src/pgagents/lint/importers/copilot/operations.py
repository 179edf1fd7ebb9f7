"""Decide for each operation whether Copilot can call it, and why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pgagents.lint.importers.copilot.flat import troubles
from pgagents.lint.importers.copilot.generator import Generator
from pgagents.lint.importers.copilot.references import References
from pgagents.lint.importers.copilot.security import (
    Wanted,
    lacks_sign_in,
    list_requirements,
    schemes_of,
    several_at_once,
)
from pgagents.lint.importers.copilot.servers import METHODS, of_operation
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

OTHERS = ("head", "options", "trace")
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}", re.A)
_SPECIAL = re.compile(r"[^A-Za-z0-9_]")
_MOST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of Microsoft's package on one operation.

    `reasons` are why the parser omits it, `refused` is why the generator fails, `warnings` are the
    generator's.
    """

    operation: str
    reasons: tuple[str, ...]
    refused: str | None
    warnings: tuple[str, ...]


@dataclass(slots=True)
class Walked:
    """The results for all operations. `functions` are names and descriptions of those that Copilot can
    call.
    """

    said: list[ImporterMessage] = field(default_factory=list)
    functions: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    count: int = 0


def operations(references: References, paths: dict[str, Any]) -> Walked:
    """Check every operation in the document's order. In `paths`, references to whole paths are already
    replaced.
    """
    return _Walk(references).walk(paths)


class _Walk:
    def __init__(self, references: References) -> None:
        self.references = references
        self.data = references.data
        self.generator = Generator(references)
        self.schemes = schemes_of(references)
        self.ids: set[str] = set()
        self.made = Walked()

    def walk(self, paths: dict[str, Any]) -> Walked:
        for path, item in paths.items():
            for method, written in item.items() if isinstance(item, dict) else ():
                operation = self.references.follow(written)
                if method in (*METHODS, *OTHERS) and isinstance(operation, dict):
                    self.made.count += 1
                    self._operation(("paths", path, method), item, operation)
        return self.made

    def _operation(self, at: Pointer, item: dict[str, Any], operation: dict[str, Any]) -> None:
        _, path, method = at
        shown = f"{str(method).upper()} {path}"
        required = list_requirements(self.references, operation, self.schemes)
        listed = method in METHODS
        dropped = (
            list(self._reasons(at, item, operation, required)) if listed else [_report_unlisted(at, shown)]
        )
        self.made.said += dropped
        self.made.said += [*_texts(operation, shown, at), *self._same_id(operation, at)]
        warned: list[ImporterMessage] = []
        refused = None
        if listed and not dropped:
            refused = self.generator.find_failure(at, operation, required)
            warned = (
                []
                if refused
                else list(
                    _list_warnings(operation, self.generator.resolve_security(operation, required), shown, at)
                )
            )
            self.made.said += [
                *([refused] if refused else ()),
                *warned,
                *self._of_service(operation, required, refused, at),
            ]
        if listed:
            verdict = Verdict(
                shown,
                tuple(s.id for s in dropped),
                refused.id if refused else None,
                tuple(s.id for s in warned),
            )
            self.made.verdicts.append(verdict)
        if dropped:
            self.made.dropped.append((shown, ", ".join(s.id for s in dropped)))
        else:
            text = str(operation.get("description") or operation.get("summary") or "")
            self.made.functions.append((str(operation["operationId"]), text))

    def _reasons(
        self, at: Pointer, item: dict[str, Any], operation: dict[str, Any], required: Wanted
    ) -> Iterator[ImporterMessage]:
        """Yield the parser's reasons to leave the operation out, in the parser's order."""
        shown = f"{str(at[2]).upper()} {at[1]}"
        if several_at_once(required):
            names = " and ".join(name for name, _ in required[0])
            yield ImporterMessage("multiple-auth-not-supported", f"{shown} asks for {names} together", at)
        if not operation.get("operationId"):
            yield ImporterMessage("missing-operation-id", f"{shown} has no operationId", at)
        if trouble := of_operation(self.data, item, operation):
            yield ImporterMessage(trouble, f"{shown} has no server that can be called", at)

    def _same_id(self, operation: dict[str, Any], at: Pointer) -> Iterator[ImporterMessage]:
        id = operation.get("operationId")
        if not isinstance(id, str) or not id:
            return
        if id in self.ids:
            yield ImporterMessage(
                "duplicate-operation-id", f"operationId `{id[:80]}` stands here again", (*at, "operationId")
            )
        self.ids.add(id)
        if not _NAME.fullmatch(id):
            yield ImporterMessage(
                "function-name",
                f"`{id[:80]}` is no name that the manifest takes for a function",
                (*at, "operationId"),
            )

    def _of_service(
        self, operation: dict[str, Any], required: Wanted, refused: ImporterMessage | None, at: Pointer
    ) -> Iterator[ImporterMessage]:
        """Yield messages about parts that the generator accepts although Copilot's documents forbid them."""
        for one in required:
            for name, scheme in one:
                if (
                    isinstance(scheme, dict)
                    and scheme.get("type") == "apiKey"
                    and scheme.get("in") == "cookie"
                ):
                    place = ("components", "securitySchemes", name)
                    yield ImporterMessage(
                        "cookie-key", f"`{name}` travels in a cookie, which Copilot does not send", place
                    )
        if refused is None or at[2] == "get":
            yield from troubles(self.references, operation, at)


def _report_unlisted(at: Pointer, shown: str) -> ImporterMessage:
    return ImporterMessage(
        "unlisted-method", f"{shown}: the parser does not list it, so Copilot does not call it", at
    )


def _list_warnings(
    operation: dict[str, Any], required: Wanted, shown: str, at: Pointer
) -> Iterator[ImporterMessage]:
    """Yield those warnings of the generator that concern the document."""
    id = str(operation["operationId"])
    if _SPECIAL.search(id):
        yield ImporterMessage(
            "operationid-contains-special-characters", f"`{id[:80]}` is renamed", (*at, "operationId")
        )
    if lacks_sign_in(required):
        names = ", ".join(dict.fromkeys(name for one in required for name, _ in one))
        yield ImporterMessage(
            "unsupported-auth-type", f"{shown} asks for {names[:120]}, which the generator leaves out", at
        )


def _texts(operation: dict[str, Any], shown: str, at: Pointer) -> Iterator[ImporterMessage]:
    text = operation.get("description")
    if not isinstance(text, str) or not text.strip():
        yield ImporterMessage("no-description", f"{shown} has no description", at)
    elif len(text) > _MOST_TEXT:
        said = f"the description of {shown} has {len(text):,} characters; Copilot reads {_MOST_TEXT:,}"
        yield ImporterMessage("long-description", said, (*at, "description"))
    if at[-1] in ("post", "put", "patch", "delete") and operation.get("x-openai-isConsequential") is False:
        yield ImporterMessage(
            "harmless-write", f"{shown} writes, but is marked as harmless", (*at, "x-openai-isConsequential")
        )
