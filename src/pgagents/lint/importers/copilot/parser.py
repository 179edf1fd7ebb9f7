"""Simulate m365-spec-parser's checks of a whole document: version, validity, servers, external references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.lint.importers.copilot.references import References
from pgagents.lint.importers.copilot.servers import servers
from pgagents.lint.importers.copilot.validity import MOST, invalid
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

OLDER = ("3.0.0", "3.0.1", "3.0.2", "3.0.3", "3.0.4")
NEWER = ("3.1.0", "3.1.1")
_VARIABLE = re.compile(r"\$\{\{[ \xa0]*[a-zA-Z_][a-zA-Z0-9_]*[ \xa0]*\}\}")


def loading(
    data: dict[str, Any], references: References, *, may_hold_variables: bool
) -> Iterator[ImporterMessage]:
    """Yield the problems that keep the parser from reading the document. Then it lists no operations.

    A `${{name}}` variable is reported, because it is unknown if the environment replaces it.
    """
    yield from _head(data)
    for number, (place, text) in enumerate(_variables(data) if may_hold_variables else ()):
        if number < MOST:
            yield ImporterMessage(
                "spec-not-valid", f"`{text[:60]}` holds a variable that nothing has filled in", place
            )
    for number, (place, ref) in enumerate(references.nowhere()):
        if number < MOST:
            yield ImporterMessage("spec-not-valid", f"`{ref[:120]}` leads to nothing in the document", place)
    for number, (place, ref) in enumerate(references.outside()):
        if number < MOST:
            yield ImporterMessage(
                "spec-not-valid",
                f"`{ref[:120]}` leads out of the document; the parser tries to download it",
                place,
            )


def list_messages(
    data: dict[str, Any], references: References, paths: dict[str, Any]
) -> Iterator[ImporterMessage]:
    """Yield the parser's messages about a document that it could read. Recursive documents are not
    validated.
    """
    if data["openapi"] in OLDER and not references.circular():
        said = [ImporterMessage("spec-not-valid", message, place) for place, message in invalid(references)]
        if said:
            yield from said
            return
    if data["openapi"] in NEWER:
        yield ImporterMessage(
            "spec-version-not-supported",
            f"the document is OpenAPI {data['openapi']}; please use version 3.0.x",
            ("openapi",),
        )
    yield from servers(data, paths)


def _head(data: dict[str, Any]) -> Iterator[ImporterMessage]:
    """Yield a message if the top of the document does not look like OpenAPI."""
    version, info = data.get("openapi"), data.get("info")
    at: Pointer = ("openapi",) if "openapi" in data else ()
    if "openapi" not in data or "info" not in data:
        yield ImporterMessage(
            "spec-not-valid", "`openapi` or `info` is missing at the top of the document", ()
        )
    elif "paths" not in data and not (version in NEWER and "webhooks" in data):
        yield ImporterMessage("spec-not-valid", "`paths` is missing at the top of the document", ())
    elif version not in (*OLDER, *NEWER):
        yield ImporterMessage(
            "spec-not-valid",
            f"the version is `{str(version)[:20]}`, and the parser accepts {', '.join((*OLDER, *NEWER))}",
            at,
        )
    elif not isinstance(info, dict) or isinstance(info.get("version"), int | float):
        yield ImporterMessage(
            "spec-not-valid", "`info.version` is a number, and must be a text in quotes", ("info", "version")
        )


def _variables(data: Any) -> Iterator[tuple[Pointer, str]]:
    """Yield every text or key of the document that contains `${{name}}`."""
    stack: list[tuple[Pointer, Any]] = [((), data)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*place, key), part) for key, part in reversed(value.items()))
            yield from (((*place, key), key) for key in value if "${{" in key and _VARIABLE.search(key))
        elif isinstance(value, list):
            stack.extend(((*place, n), part) for n, part in reversed(list(enumerate(value))))
        elif isinstance(value, str) and "${{" in value and _VARIABLE.search(value):
            yield place, value
