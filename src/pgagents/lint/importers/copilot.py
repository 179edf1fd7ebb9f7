"""Copilot's messages as findings, with our help, and the functions that it could call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pgagents.base.errors import Diagnostic
from pgagents.base.places import Source
from pgagents.lint.document import Judged
from pgagents.lint.facts import ImporterMessage, data, read_date
from pgagents.lint.importers.copilot_document import list_messages, loading
from pgagents.lint.importers.copilot_operations import Walked, operations
from pgagents.lint.importers.copilot_references import References

MOST_BYTES = 102_400
MANY = 10
_VARIABLE = re.compile(r"\$\{\{|\\[uUx]")
"""Matches a variable in the file's text, unescaped or with an escape in it."""
NO_SERVER = "no-server-information"
SERVER = (NO_SERVER, "relative-server-url-not-supported", "url-protocol-not-supported")
"""Messages reported once at the server, and not for each operation that uses it."""
_STAGES = {
    "parser": "said by: @microsoft/m365-spec-parser 0.3.2",
    "generator": "said by: @microsoft/m365-spec-parser 0.3.2, when it makes the manifest",
    "service": "said by: Copilot's documents or service; the parser lets it pass",
}
_EFFECTS = {
    "blocks": "no plugin is made",
    "fails": "no plugin is made of a choice that holds the operation",
    "drops operation": "the operation cannot be called",
    "warning": "the plugin is made all the same",
}


def judge(source: Source) -> Judged:
    """Simulate the import of a document and return its findings."""
    data = source.data if isinstance(source.data, dict) else {}
    size = len(source.text.encode("utf-8", "replace"))
    said, walked = _simulate_import(data, may_hold_variables=bool(_VARIABLE.search(source.text)))
    if size > MOST_BYTES:
        said.append(
            ImporterMessage(
                "too-large", f"the document has {size:,} bytes; at most {MOST_BYTES:,} are provisioned", ()
            )
        )
    if len(walked.functions) > MANY:
        said.append(
            ImporterMessage(
                "many-functions",
                f"{len(walked.functions)} functions; Copilot chooses well among {MANY}",
                ("paths",),
            )
        )
    found = tuple(dict.fromkeys(_diagnostic(one, source) for one in said))
    return Judged(
        source,
        "copilot",
        "Microsoft 365 Copilot",
        found,
        tuple(_lines(walked, found, size)),
        _details(walked, size),
    )


def _simulate_import(
    data: dict[str, Any], *, may_hold_variables: bool
) -> tuple[list[ImporterMessage], Walked]:
    """Return the messages about the document and the results for its operations.

    Swagger documents are not checked further.
    """
    if "swagger" in data:
        return [
            ImporterMessage(
                "convert-swagger-to-openapi", "the document is Swagger 2.0, not OpenAPI 3.0", ("swagger",)
            )
        ], Walked()
    references = References(data)
    said = list(loading(data, references, may_hold_variables=may_hold_variables))
    if said:
        return said, Walked()
    written = data.get("paths")
    paths = (
        {path: references.follow(item) for path, item in written.items()} if isinstance(written, dict) else {}
    )
    said += list_messages(data, references, paths)
    walked = operations(references, paths)
    there = {one.id for one in said}
    said += [
        one for one in walked.said if one.id not in SERVER or (one.id == NO_SERVER and NO_SERVER not in there)
    ]
    if not any(not one.reasons for one in walked.verdicts) and not any(
        one.id == "spec-not-valid" for one in said
    ):
        said.append(
            ImporterMessage("no-supported-api", "Copilot can call no operation of this document", ("paths",))
        )
    return said, walked


def _diagnostic(said: ImporterMessage, source: Source) -> Diagnostic:
    template = templates()[said.id]
    notes = (
        f"effect: {_EFFECTS[template.effect]}",
        _STAGES[template.stage],
        f"source: {template.source}, read {read_date(IMPORTER)}",
    )
    severity: Any = "warning" if template.effect == "warning" else "error"
    return Diagnostic(
        source.locate(said.pointer), f"copilot-import/{said.id}", severity, said.text, template.help, notes
    )


def _lines(walked: Walked, found: tuple[Diagnostic, ...], size: int) -> Iterator[str]:
    ids = {d.id.partition("/")[2] for d in found}
    if "convert-swagger-to-openapi" in ids:
        yield (
            "Microsoft's toolkit converts Swagger 2.0 before it reads it; "
            "what it makes of that is not judged here"
        )
        return
    yield _outcome(walked, blocked=any(templates()[id].effect == "blocks" for id in ids))
    yield f"{len(walked.functions)} of {walked.count} operations could be called"
    yield from (f"  not {what}: {why}" for what, why in walked.dropped)
    yield from (f"  {name}: {' '.join(text.split())}" for name, text in walked.functions)
    yield f"{size:,} bytes, of at most {MOST_BYTES:,}"


def _outcome(walked: Walked, *, blocked: bool) -> str:
    failing = sum(one.refused is not None for one in walked.verdicts)
    made = len(walked.functions) - failing
    if blocked:
        return "No plugin is made until the blocking messages are gone"
    if not failing:
        return "A plugin would be made"
    if not made:
        return "No plugin is made: the generator fails on every operation"
    return (
        f"A plugin would be made of {made} operations; the generator fails where one of the other "
        f"{failing} is chosen"
    )


def _details(walked: Walked, size: int) -> dict[str, Any]:
    return {
        "operations": walked.count,
        "size_bytes": size,
        "functions": [{"name": name, "description": text} for name, text in walked.functions],
        "left_out": [{"operation": what, "reason": why} for what, why in walked.dropped],
        "verdicts": [
            {
                "operation": one.operation,
                "reasons": list(one.reasons),
                "refused": one.refused,
                "warnings": list(one.warnings),
            }
            for one in walked.verdicts
        ],
    }


# -- the messages of schemas/importers/copilot.json.
#
# The parser gives only names of errors, so we wrote the texts.


IMPORTER = "copilot"


@dataclass(frozen=True, slots=True)
class Template:
    """One message: the stage that it comes from, its effect, its source."""

    id: str
    stage: Literal["parser", "generator", "service"]
    effect: Literal["blocks", "fails", "drops operation", "warning"]
    source: str
    help: str


@cache
def templates() -> dict[str, Template]:
    """Return every message by its id."""
    return {row["id"]: Template(**row) for row in data(IMPORTER)["messages"]}
