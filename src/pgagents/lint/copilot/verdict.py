"""Copilot's messages as findings, with our help, and the functions that it could call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.diagnostics import Diagnostic
from pgagents.lint.copilot.messages import IMPORTER, templates
from pgagents.lint.copilot.operations import Walked, operations
from pgagents.lint.copilot.parser import parser
from pgagents.lint.judged import Judged
from pgagents.lint.said import Said, read_date
from pgagents.source import Source

MOST_BYTES = 102_400
MANY = 10
_NO_SERVER = {"no-server-information", "relative-server-url-not-supported", "url-protocol-not-supported"}
_STAGES = {
    "parser": "said by: @microsoft/m365-spec-parser 0.3.2",
    "generator": "said by: @microsoft/m365-spec-parser 0.3.2, when it makes the manifest",
    "service": "said by: Copilot's documents or service; the parser lets it pass",
}
_EFFECTS = {
    "blocks": "no plugin is made",
    "drops operation": "the operation cannot be called",
    "warning": "the plugin is made all the same",
}


def judge(source: Source) -> Judged:
    """Import the document and say what came of it."""
    data = source.data if isinstance(source.data, dict) else {}
    said = list(parser(data))
    walked = operations(data)
    said += walked.said
    if not walked.functions or {one.id for one in said} & _NO_SERVER:
        said.append(Said("no-supported-api", "Copilot can call no operation of this document", ("paths",)))
    size = len(source.text.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        said.append(Said("too-large", f"the document has {size:,} bytes; at most {MOST_BYTES:,} are provisioned", ()))
    if len(walked.functions) > MANY:
        said.append(Said("many-functions", f"{len(walked.functions)} functions; Copilot chooses well among {MANY}", ("paths",)))
    found = tuple(dict.fromkeys(_diagnostic(one, source) for one in said))
    return Judged(source, "copilot", "Microsoft 365 Copilot", found, tuple(_lines(walked, found, size)), _details(walked, size))


def _diagnostic(said: Said, source: Source) -> Diagnostic:
    template = templates()[said.id]
    notes = (f"effect: {_EFFECTS[template.effect]}", _STAGES[template.stage], f"source: {template.source}, read {read_date(IMPORTER)}")
    severity: Any = "warning" if template.effect == "warning" else "error"
    return Diagnostic(source.locate(said.pointer), f"copilot-import/{said.id}", severity, said.text, template.help, notes)


def _lines(walked: Walked, found: tuple[Diagnostic, ...], size: int) -> Iterator[str]:
    blocked = any(templates()[d.id.partition("/")[2]].effect == "blocks" for d in found)
    yield "No plugin is made until the blocking messages are gone" if blocked else "A plugin would be made"
    yield f"{len(walked.functions)} of {walked.count} operations could be called"
    yield from (f"  not {what}: {why}" for what, why in walked.dropped)
    yield from (f"  {name}: {' '.join(text.split())}" for name, text in walked.functions)
    yield f"{size:,} bytes, of at most {MOST_BYTES:,}"


def _details(walked: Walked, size: int) -> dict[str, Any]:
    return {
        "operations": walked.count,
        "size_bytes": size,
        "functions": [{"name": name, "description": text} for name, text in walked.functions],
        "left_out": [{"operation": what, "reason": why} for what, why in walked.dropped],
    }
