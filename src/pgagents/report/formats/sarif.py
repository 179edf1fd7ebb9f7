"""The report as SARIF 2.1.0 for code scanning: one result for each broken contract, at its line of the
catalogue.

OASIS Standard of 2020-03-27. GitHub identifies alerts by rule, path and `primaryLocationLineHash`
(docs.github.com, "SARIF support for code scanning", read 2026-11-20). That hash is made of the contract's id,
which stays the same when lines move.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from pgagents.base.http import Silence
from pgagents.base.places import Source
from pgagents.base.writing import json_text, printable
from pgagents.report.contract import Rank, Verdict
from pgagents.report.curl import of_finding
from pgagents.report.layout import is_elsewhere, name_file
from pgagents.report.presentation import describe_alarm, describe_break
from pgagents.report.report import BOUGHT, Finding, RecordedExchange, Report, Result
from pgagents.report.verdicts import actual_of, describe_withheld, format_count

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_BODY = 4_000
OLDER_ROWS = "older_rows"
OLDER_ROWS_HELP = """Nothing that was there before a run is gone or changed after it.

The run stopped writing when it saw that, because one of its own calls may be the reason.
"""
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_LEVELS = {
    Rank.EXPOSED: "error",
    Rank.CRASH: "error",
    Rank.WRONG: "error",
    Rank.UNDOCUMENTED: "warning",
    Rank.LAX: "warning",
    Rank.DOCUMENTED: "note",
    Rank.COERCED: "note",
    Rank.ODD: "note",
}


def _find_rank(result: Result, finding: Finding) -> Rank:
    return Rank.ODD if result.verdict is Verdict.ODD and not finding.is_mild else finding.rank


def render(report: Report, source: Source) -> bytes:
    """Return the whole log; `source` is the catalogue's, for the places."""
    text = json.dumps(document(report, source), ensure_ascii=False, indent=2, allow_nan=False)
    return f"{json_text(text)}\n".encode("utf-8", "replace")


def document(report: Report, source: Source) -> dict[str, Any]:
    """Return the log as plain JSON data."""
    header = report.header
    alarm = describe_alarm(report)
    checks = sorted(
        {
            r.contract.check
            for r in report.results
            if r.verdict in (Verdict.BROKEN, Verdict.ODD, Verdict.KEPT, Verdict.UNTESTED)
        }
    )
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": header.tool,
                "version": header.version,
                "shortDescription": {
                    "text": "Tests a running server against every promise of its action catalogue"
                },
                "rules": [
                    *(_rule(name, report.checks.get(name, "")) for name in checks),
                    *([_rule(OLDER_ROWS, OLDER_ROWS_HELP)] if alarm else []),
                ],
            }
        },
        "invocations": [_invocation(report)],
        "automationDetails": {"id": f"{header.tool}/{header.profile}/"},
        "columnKind": "unicodeCodePoints",
        "results": [
            *([_alarm(alarm, report, source, len(checks))] if alarm else []),
            *(
                _result(result, finding, report, source, checks)
                for finding in report.findings
                for result in _list_results(finding, report)
            ),
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, says: str) -> dict[str, Any]:
    """Return a check as a rule: its first line as the description, its whole docstring as help."""
    first, _, rest = says.strip().partition("\n")
    first = first or name.replace("_", " ")
    whole = " ".join(f"{first} {rest}".split())
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("_")),
        "shortDescription": {"text": first},
        "fullDescription": {"text": whole},
        "help": {
            "text": (
                f"{whole}\nThe result points at the promise in the catalogue: fix the server, or the promise."
            )
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["conformance"], "precision": "very-high", "problem.severity": "error"},
    }


def _invocation(report: Report) -> dict[str, Any]:
    untested = Counter(r.reason or "not reached" for r in report.results if r.verdict is Verdict.UNTESTED)
    told = [
        f"{format_count(count, 'contract')} untested: {reason}" for reason, count in untested.most_common()
    ]
    told += [f"stale line of the baseline: {line}" for line in report.stale] + list(report.footer.notes)
    told += describe_withheld(report.footer.withheld)
    told += [f"{BOUGHT.lower()}: {line}" for line in report.footer.purchases]
    started = report.header.started_at
    return {
        "executionSuccessful": report.footer.complete,
        **({"startTimeUtc": started} if _UTC.fullmatch(started) else {}),
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": _plain(text)}} for text in told
        ],
    }


def _alarm(lines: list[str], report: Report, source: Source, rule: int) -> dict[str, Any]:
    """Return what stopped the run's writing. It is of no contract, so it points at the catalogue's start."""
    print = sha256(OLDER_ROWS.encode()).hexdigest()[:16]
    span = source.locate(("actions",))
    file = quote(name_file(span, source, report.header.in_repository), errors="replace")
    return {
        "ruleId": OLDER_ROWS,
        "ruleIndex": rule,
        "level": "error" if report.exit_code == 1 else "warning",
        "message": {"text": _plain(". ".join(lines))},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": file}}}],
        "partialFingerprints": {"primaryLocationLineHash": f"{print}:1", "contract/v1": print},
    }


def _list_results(finding: Finding, report: Report) -> list[Result]:
    """Return the results of a finding's contracts, its first contract first."""
    ids = {finding.contract.id, *finding.also}
    broken = [r for r in report.results if r.contract.id in ids]
    return sorted(broken, key=lambda r: r.contract.id != finding.contract.id)


def _result(
    result: Result, finding: Finding, report: Report, source: Source, checks: list[str]
) -> dict[str, Any]:
    contract = result.contract
    first = contract.id == finding.contract.id
    other = finding.shown_by if first else finding.contract.id
    same = f" (the same cause as {other})" if other else ""
    got = f"{contract.says}. Got: {actual_of(result, finding)}{same}"
    span = source.locate(contract.origin)
    region, elsewhere = {"startLine": span.line, "startColumn": span.column}, is_elsewhere(span, source)
    print = sha256(contract.id.encode("utf-8", "replace")).hexdigest()[:16]
    found: dict[str, Any] = {
        "ruleId": contract.check,
        "ruleIndex": checks.index(contract.check),
        "level": _LEVELS[_find_rank(result, finding)],
        "message": {"text": _plain(describe_break(finding) if first and not other else got)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": quote(name_file(span, source, report.header.in_repository), errors="replace")
                    },
                    "region": region,
                },
                "logicalLocations": [
                    {"fullyQualifiedName": contract.id, "kind": "member"},
                    *([{"fullyQualifiedName": span.pointer, "kind": "member"}] if elsewhere else []),
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{print}:1", "contract/v1": print},
        "properties": {
            "action": contract.action,
            "surface": contract.surface,
            "requirement": list(contract.cite),
            "expected": _plain(finding.expected),
            "rank": _find_rank(result, finding).value,
            "stable": finding.stable,
            "seed": report.header.seed,
        },
    }
    if finding.known:
        found["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": _plain(finding.known)}
        ]
    if first and finding.exchanges and not finding.shown_by:
        found |= _exchange(finding.exchanges[-1])
    if first and (line := of_finding(finding, report.header.url)):
        found["properties"]["curl"] = line
    return found


def _exchange(exchange: RecordedExchange) -> dict[str, Any]:
    """Return the exchange that shows the finding, in SARIF's form."""
    request, answer = exchange.request, exchange.answer
    found: dict[str, Any] = {
        "webRequest": {
            "protocol": "http",
            "method": request.method,
            "target": printable(request.target),
            "headers": _headers(request.headers),
            "body": _content(request.body),
        }
    }
    if isinstance(answer, Silence):
        found["webResponse"] = {"noResponseReceived": True, "reasonPhrase": answer.kind}
    else:
        found["webResponse"] = {
            "protocol": "http",
            "statusCode": answer.status,
            "headers": _headers(answer.headers),
            "body": _content(answer.body),
        }
    return found


def _headers(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = printable(f"{found[name]}, {value}" if name in found else value)
    return found


def _content(body: bytes) -> dict[str, str]:
    cut = " …" if len(body) > MAX_BODY else ""
    return {"text": printable(body[:MAX_BODY].decode("utf-8", "backslashreplace"), "\r\n\t") + cut}


def _plain(text: str) -> str:
    """Return a plain message (section 3.11): no character of the text forms a link or a bidirectional
    mark.
    """
    return re.sub(r"\](?=\()", "] ", printable(" ".join(text.split())))
