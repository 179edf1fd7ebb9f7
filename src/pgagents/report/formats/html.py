"""The report as one HTML page without external resources; it also works without JavaScript.

Texts of the server under test are never markup: Jinja escapes every value, and unprintable characters are
escaped. A Content-Security-Policy allows only this page's own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pgagents.base.http import Silence, read_json
from pgagents.base.places import Source
from pgagents.base.writing import printable
from pgagents.report.contract import Verdict, surface_of
from pgagents.report.curl import MASK, describe_no_request, of_finding, variable
from pgagents.report.layout import around, list_printed
from pgagents.report.report import BOUGHT, Finding, RecordedExchange, Report, Result
from pgagents.report.verdicts import (
    SurfaceVerdict,
    actual,
    by_surface,
    conclusion,
    count_selected,
    describe_evidence,
    describe_withheld,
    matrix,
    news,
)

MAX_BODY = 20_000
FLAT = 120
"""Longest body in bytes that stays on one line."""
MAX_IDS = 2_000
"""Most contracts of one check that the page lists. The JSON report has all."""
_HERE = Path(__file__).parent
_TONES = {
    "ok": "good",
    "fails": "bad",
    "blocked": "bad",
    "known": "odd",
    "untested": "odd",
    "not tried": "plain",
}
_VERDICT_TONES = {Verdict.KEPT: "good", Verdict.BROKEN: "bad", Verdict.ODD: "odd", Verdict.UNTESTED: "odd"}
_SIGNS = {0: ("good", "✔"), 1: ("bad", "✘"), 3: ("odd", "!")}


def render(report: Report, source: Source) -> bytes:
    """Return the whole page; `source` is the catalogue's, for places and lines."""
    text: str = _template().render(**_context(report, source))
    return text.encode("utf-8", "replace")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {
        "shown": escape_unprintable,
        "raw": Markup,
        "sha256": hash_source,
        "selected": lambda one: count_selected(one.counts),
    }
    return page.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))


def escape_unprintable(text: str) -> str:
    """Return the text with unprintable characters (controls, bidirectional marks) escaped."""
    return printable(text, "\n\t")


def hash_source(text: str) -> str:
    """Return the hash with which a Content-Security-Policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _context(report: Report, source: Source) -> dict[str, Any]:
    surfaces = by_surface(report)
    code = report.exit_code
    tone, sign = _SIGNS[
        3 if code == 0 and report.findings else code
    ]  # accepted findings alone do not make a run plainly good
    return {
        "style": (_HERE / "page.css").read_text(encoding="utf-8"),
        "script": (_HERE / "page.js").read_text(encoding="utf-8"),
        "header": report.header,
        "footer": report.footer,
        "conclusion": conclusion(report),
        "tone": tone,
        "sign": sign,
        "surfaces": _worst_first(surfaces),
        "tones": _TONES,
        "has_known": any(f.known for f in report.findings),
        "findings": [
            _finding(f, report, source) for f in sorted(report.findings, key=lambda f: bool(f.known))
        ],
        "matrices": [_matrix(report, "check", "Promise"), _matrix(report, "action", "Action")],
        "left_out": _list_left_out(report),
        "lists": [
            (title, lines)
            for title, lines in (
                ("Kept, but examined in part", _list_half_seen(report)),
                ("Stale lines of the baseline", report.stale),
                ("Left behind on the server", report.footer.left_behind),
                ("May have been made by calls that got no answer, or a 5xx", report.footer.may_exist),
                ("Made, and cannot be undone", report.footer.lasting),
                ("Not called", describe_withheld(report.footer.withheld)),
                (BOUGHT, report.footer.purchases),
                ("Notes", (*report.footer.pace, *report.footer.notes)),
                ("A catalogue would add", report.footer.gains),
            )
            if lines
        ],
        "contracts": _contracts(report, source),
    }


def _worst_first(surfaces: list[SurfaceVerdict]) -> list[SurfaceVerdict]:
    order = ["fails", "blocked", "untested", "known", "ok", "not tried"]
    return sorted(surfaces, key=lambda one: order.index(one.word))


def _finding(finding: Finding, report: Report, source: Source) -> dict[str, Any]:
    contract, header = finding.contract, report.header
    span = source.locate(contract.origin)
    first, lines = around(source, span.line)
    again = header.again or f"pgagents verify --url {header.url}"
    return {
        "id": contract.id,
        "says": contract.says,
        "expected": news(finding),
        "actual": actual(finding),
        "cite": contract.cite,
        "known": finding.known,
        "severity": finding.severity,
        "stable": finding.stable,
        "also": [(id, finding.also_curl.get(id, "")) for id in finding.also],
        "surfaces": sorted({surface_of(id) for id in (contract.id, *finding.also)}),
        "place": str(replace(span, file=header.in_repository or span.file)),
        "lines": [(number, text, number == span.line) for number, text in enumerate(lines, first)],
        "exchanges": [_exchange(e) for e in finding.exchanges],
        "curl": of_finding(finding, header.url),
        "no_request": describe_no_request(finding),
        "evidence": describe_evidence(finding),
        "again": f"{again} {report.repeat(finding)}",
    }


def _exchange(exchange: RecordedExchange) -> dict[str, Any]:
    request, answer = exchange.request, exchange.answer
    if isinstance(answer, Silence):
        got = f"no complete answer: {answer.kind}" + (f" ({answer.detail})" if answer.detail else "")
    else:
        got = _message(
            f"{answer.status}, {len(answer.body):,} bytes, {exchange.seconds * 1000:.0f} ms",
            answer.headers,
            answer.body,
        )
    sent = _message(f"{request.method} {request.target}", request.headers, request.body)
    return {
        "number": exchange.number,
        "why": exchange.why,
        "key": _key(exchange),
        "request": sent,
        "answer": got,
        "printed": "\n".join(list_printed(exchange.printed)),
    }


def _message(first: str, headers: tuple[tuple[str, str], ...], body: bytes) -> str:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    if body:
        cut = f"\n… and {len(body) - MAX_BODY:,} bytes more" if len(body) > MAX_BODY else ""
        lines += ["", _laid_out(body) or body[:MAX_BODY].decode("utf-8", "backslashreplace") + cut]
    return "\n".join(lines)


def _laid_out(body: bytes) -> str:
    """Return a large JSON body with one member a line; empty for anything else, which is shown unchanged."""
    read = read_json(body) if FLAT < len(body) <= MAX_BODY else None
    return json.dumps(read.value, ensure_ascii=False, indent=1) if read and not read.problem else ""


def _key(exchange: RecordedExchange) -> str:
    given = exchange.request.header(exchange.key_header)
    if given is None or not exchange.role:
        return "no key" if given is None else "a made-up key"
    return f"${variable(exchange.role)}" if "[key of " in given or given.endswith(MASK) else "a made-up key"


def _matrix(report: Report, by: Literal["check", "action"], title: str) -> dict[str, Any]:
    """Return a table of kept contracts by surface, without empty rows and columns."""
    every, cells = matrix(report, by)
    columns = [
        surface
        for surface in every
        if any(count_selected(row[surface]) for row in cells.values() if surface in row)
    ]
    rows = [
        {
            "name": name.replace("_", " ") if by == "check" else name or "any",
            "about": report.checks.get(name, "").strip().partition("\n")[0] if by == "check" else "",
            "cells": [_cell(row.get(surface, Counter())) for surface in columns],
        }
        for name, row in cells.items()
        if any(map(count_selected, row.values()))
    ]
    return {"title": title, "columns": columns, "rows": rows}


def _cell(counts: Counter[Verdict]) -> dict[str, str]:
    count = count_selected(counts)
    if not count:
        return {"text": "–" if counts else "", "tone": ""}
    tone = "bad" if counts[Verdict.BROKEN] else "odd" if counts[Verdict.UNTESTED] else ""
    return {"text": f"{counts[Verdict.KEPT]:,}/{count:,}", "tone": tone}


def _list_left_out(report: Report) -> list[dict[str, Any]]:
    """Return contracts without a verdict by reason: untested first, then the most frequent."""
    groups: dict[tuple[Verdict, str], list[str]] = {}
    for result in report.results:
        if result.verdict in (Verdict.UNTESTED, Verdict.NOT_SELECTED, Verdict.NOT_APPLICABLE):
            groups.setdefault((result.verdict, result.reason or "no reason given"), []).append(
                result.contract.id
            )
    order = list(Verdict)
    found = sorted(groups.items(), key=lambda group: (order.index(group[0][0]), -len(group[1]), group[0][1]))
    return [
        {
            "verdict": v.value.replace("_", " "),
            "tone": _VERDICT_TONES.get(v, "plain"),
            "reason": reason,
            "ids": ids[:MAX_IDS],
        }
        for (v, reason), ids in found
    ]


def _list_half_seen(report: Report) -> list[str]:
    """Return a line for each reason why a part was not examined, with the contracts that are kept."""
    groups: dict[str, list[str]] = {}
    for result in report.results:
        if result.verdict is Verdict.KEPT and result.reason:
            groups.setdefault(result.reason, []).append(result.contract.id)
    return [f"{reason}: {', '.join(ids[:MAX_IDS])}" for reason, ids in groups.items()]


def _contracts(report: Report, source: Source) -> list[dict[str, Any]]:
    groups: dict[str, list[Result]] = {}
    for result in report.results:
        groups.setdefault(result.contract.check, []).append(result)
    return [
        {
            "check": check.replace("_", " "),
            "about": " ".join(report.checks.get(check, "").split()),
            "kept": f"{sum(r.verdict is Verdict.KEPT for r in results):,}",
            "all": f"{len(results):,}",
            "contracts": [_line(r, source) for r in results[:MAX_IDS]],
        }
        for check, results in groups.items()
    ]


def _line(result: Result, source: Source) -> tuple[str, str, str, int]:
    tone = _VERDICT_TONES.get(result.verdict, "quiet") if result.verdict is not Verdict.KEPT else ""
    return (
        result.contract.id,
        result.verdict.value.replace("_", " "),
        tone,
        source.locate(result.contract.origin).line,
    )
