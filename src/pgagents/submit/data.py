"""The evidence and the missing requirements, as data for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgagents.source.diagnostics import Diagnostic
from pgagents.submit.evidence import Evidence
from pgagents.submit.hints import NAMES

FORMAT = 1


def make_data(
    surface: str, found: Iterable[Diagnostic], evidence: Evidence | None, packed: Iterable[str]
) -> dict[str, Any]:
    """Return the result of a submission. Without evidence, the server was not tested."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "store": surface,
        "packed": list(packed),
        "lacks": [_lack(one) for one in found],
    }
    return data | (_prove(evidence) if evidence is not None else {})


def _lack(found: Diagnostic) -> dict[str, Any]:
    span = found.span
    return {
        "code": found.id,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "source": {"file": span.file, "line": span.line, "column": span.column},
        "notes": list(found.notes),
    }


def _prove(evidence: Evidence) -> dict[str, Any]:
    header, footer = evidence.report.header, evidence.report.footer
    return {
        "rung": evidence.rung,
        "package": {"id": str(evidence.listing.id), "version": str(evidence.listing.version)},
        "files": dict(evidence.files),
        "run": {
            "url": header.url,
            "mcp": evidence.mcp,
            "seed": header.seed,
            "started_at": header.started_at,
            "requests": footer.requests,
            "seconds": round(footer.seconds, 3),
            "catalogue_sha256": header.catalogue_sha256,
        },
        "tools": [
            {
                "name": tool.name,
                "hints": {
                    NAMES[one.name]: {
                        "value": one.value,
                        "outcome": one.outcome,
                        "reason": one.reason,
                        **({"why": one.why} if one.why else {}),
                        **({"contract": one.contract} if one.contract else {}),
                    }
                    for one in tool.hints
                },
            }
            for tool in evidence.tools
        ],
        "cases": [
            {
                "name": one.case.name,
                "kind": one.case.kind,
                "prompt": str(one.case.prompt),
                "outcome": one.outcome,
                **({"why": one.why} if one.why else {}),
                "calls": [{"tool": tool, "arguments": given} for tool, given in one.calls],
                "contract": one.case.contract,
            }
            for one in evidence.cases
        ],
        "shown": list(evidence.shown),
        "unshown": list(evidence.unshown),
    }
