"""Findings as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pgagents.lint.judged import Judged
from pgagents.source.diagnostics import Diagnostic
from pgagents.text.escape import quoted_text


def render(judged: Sequence[Judged], version: str) -> str:
    """Return one object: `files`, each with its `findings` and, for an importer, with the imported result."""
    files = [
        {
            "file": one.source.file,
            "judge": one.judge,
            "ignored": one.ignored,
            "findings": [_finding(d) for d in one.found],
            **one.details,
        }
        for one in judged
    ]
    data = {"tool": "pgagents", "version": version, "files": files}
    return quoted_text(json.dumps(data, ensure_ascii=False, indent=2))


def _finding(diagnostic: Diagnostic) -> dict[str, Any]:
    d = diagnostic
    return {
        "id": d.id,
        "severity": d.severity,
        "message": d.message,
        "help": d.help,
        "notes": list(d.notes),
        "file": d.span.file,
        "line": d.span.line,
        "column": d.span.column,
        **({"pointer": d.span.pointer} if d.span.pointer else {}),
    }
