"""Findings as SARIF 2.1.0, limited to what GitHub's code scanning reads.

https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support, read 2026-11-20.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from pgagents.lint.judged import Judged
from pgagents.source.diagnostics import Diagnostic
from pgagents.text.escape import quoted_text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(judged: Sequence[Judged], version: str, titles: Mapping[str, tuple[str, str]]) -> str:
    """Return a log with one run. `titles` has, for each rule id, a title and a longer explanation."""
    ids = sorted({d.id for one in judged for d in one.found})
    driver = {
        "name": "pgagents",
        "semanticVersion": version,
        "rules": [_rule(id, *titles.get(id, (id, id))) for id in ids],
    }
    results = [_result(d, one, ids.index(d.id)) for one in judged for d in one.found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    data = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return quoted_text(json.dumps(data, ensure_ascii=False, indent=2))


def _rule(id: str, title: str, text: str) -> dict[str, Any]:
    return {
        "id": id,
        "name": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": text[:1000]},
        "help": {"text": f"{text}\n\npgagents explain {id}"},
        "properties": {"tags": [id.split("/")[0]]},
    }


def _result(diagnostic: Diagnostic, one: Judged, index: int) -> dict[str, Any]:
    d = diagnostic
    place = {
        "artifactLocation": {"uri": _uri(d.span.file)},
        "region": {"startLine": d.span.line, "startColumn": d.span.column},
    }
    return {
        "ruleId": d.id,
        "ruleIndex": index,
        "level": d.severity,
        "message": {"text": d.message + (f"\n{d.help}" if d.help else "")},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"pgagents/v1": _fingerprint(d, one)},
    }


def _uri(file: str) -> str:
    if file.startswith(("http://", "https://")):
        return file
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _fingerprint(diagnostic: Diagnostic, one: Judged) -> str:
    """Return a hash that stays the same if the finding's line moves."""
    lines = re.split(r"\r\n|\r|\n", one.source_of(diagnostic).text)
    line = lines[diagnostic.span.line - 1].strip() if diagnostic.span.line <= len(lines) else ""
    return hashlib.sha256(
        f"{diagnostic.id}\n{diagnostic.message}\n{line}".encode("utf-8", "replace")
    ).hexdigest()[:32]
