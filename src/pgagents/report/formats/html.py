"""The report as one HTML page without external resources; it also works without JavaScript.

Texts of the server under test are never markup: Jinja escapes every value, and unprintable characters are
escaped. A Content-Security-Policy allows only this page's own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pgagents.base.http import Silence, read_json
from pgagents.base.places import Source
from pgagents.base.writing import disable_commands, printable
from pgagents.report.contract import Rank, Verdict, surface_of
from pgagents.report.curl import HABITS, MASK, describe_no_request, find_call, of_finding, variable
from pgagents.report.layout import around, is_elsewhere, list_printed
from pgagents.report.presentation import (
    conclude,
    describe_alarm,
    describe_promise,
    make_headline,
    mark_body,
    name_answer,
    name_place,
    order_findings,
)
from pgagents.report.report import BOUGHT, Finding, RecordedExchange, Report, Result
from pgagents.report.verdicts import (
    NOT_ASKED_FOR,
    SurfaceVerdict,
    by_surface,
    count_selected,
    describe_evidence,
    describe_withheld,
    is_asked_for,
    matrix,
    name_check,
    name_surface,
    news,
)

MAX_BODY = 20_000
FLAT = 120
"""Longest body in bytes that stays on one line."""
MAX_IDS = 2_000
"""Most contracts of one check that the page lists. The JSON report has all."""
_HERE = Path(__file__).parent
PAGE_STYLE = _HERE / "page.css"
"""The style of the page of a run, behind the common one of all pages."""
_TONES = {
    "ok": "good",
    "fails": "bad",
    "blocked": "bad",
    "known": "odd",
    "odd": "plain",
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
    """Return the text with unprintable characters (controls, bidirectional marks) escaped, and with the
    commands disabled that a job's log would obey.
    """
    return "\n".join(map(disable_commands, printable(text, "\n\t").split("\n")))


def hash_source(text: str) -> str:
    """Return the hash with which a Content-Security-Policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def read_style(*files: Path) -> str:
    """Return the style of a page: the common one of all pages, and these files behind it."""
    return "".join(file.read_text(encoding="utf-8") for file in (_HERE / "base.css", *files))


def _context(report: Report, source: Source) -> dict[str, Any]:
    surfaces = by_surface(report)
    code = report.exit_code
    tone, sign = _SIGNS[
        3 if code == 0 and report.findings else code
    ]  # accepted findings alone do not make a run plainly good
    return {
        "style": read_style(PAGE_STYLE),
        "script": (_HERE / "page.js").read_text(encoding="utf-8"),
        "header": report.header,
        "footer": report.footer,
        "conclusion": conclude(report),
        "tone": tone,
        "sign": sign,
        "surfaces": surfaces,
        "groups": _group_surfaces(surfaces),
        "ranks": [rank.value for rank in Rank if any(f.rank is rank for f in report.findings)],
        "has_odd": any(f.is_mild for f in report.findings),
        "has_firm": any(not f.is_mild for f in report.findings),
        "tones": _TONES,
        "has_known": any(f.known for f in report.findings),
        "findings": [_finding(f, report, source) for f in order_findings(report.findings)],
        "matrices": [_matrix(report, "check", "Promise"), _matrix(report, "action", "Action")],
        "left_out": _list_left_out(report),
        "lists": [
            (title, lines)
            for title, lines in (
                ("Older rows changed", describe_alarm(report)),
                ("Kept, but examined in part", _list_half_seen(report)),
                ("Stale lines of the baseline", report.stale),
                ("Left behind on the server", report.footer.left_behind),
                ("May have been made by this run", report.footer.may_exist),
                ("Made, and cannot be undone", report.footer.lasting),
                ("Not called", describe_withheld(report.footer.withheld)),
                (BOUGHT, report.footer.purchases),
                ("Notes", (*_describe_workers(report), *report.footer.pace, *report.footer.notes)),
                ("A catalogue would add", report.footer.gains),
            )
            if lines
        ],
        "contracts": _contracts(report, source),
    }


def _describe_workers(report: Report) -> list[str]:
    """Return a line on the requests beside which nothing else ran; none for a run of one worker."""
    alone = report.footer.alone
    if report.footer.workers <= 1:
        return []
    by_check = ", ".join(f"{name_check(check)} {count:,}" for check, count in alone.items())
    return [f"{sum(alone.values()):,} requests ran alone{f': {by_check}' if by_check else ''}"]


def _group_surfaces(surfaces: list[SurfaceVerdict]) -> list[dict[str, Any]]:
    """Return the surfaces that share a verdict and its reason as one group each, the worst first."""
    order = ["fails", "blocked", "untested", "known", "odd", "ok", "not tried"]
    groups: dict[tuple[str, str], list[SurfaceVerdict]] = {}
    for one in surfaces:
        groups.setdefault((one.says, one.because), []).append(one)
    return [
        {
            "names": ", ".join(name_surface(one.surface) for one in several),
            "word": several[0].word,
            "says": says if several[0].word != "fails" or len(several) == 1 else "fail",
            "because": because,
            "kept": sum(one.counts[Verdict.KEPT] for one in several),
            "tried": sum(count_selected(one.counts) for one in several),
        }
        for (says, because), several in sorted(groups.items(), key=lambda g: order.index(g[1][0].word))
    ]


def _finding(finding: Finding, report: Report, source: Source) -> dict[str, Any]:
    contract, header = finding.contract, report.header
    span = source.locate(contract.origin)
    first, lines = around(source, span) if not span.pointer else (span.line, [])
    open_ones = (*finding.exchanges[-1:], find_call(finding))
    return {
        "id": contract.id,
        "headline": make_headline(finding),
        "promised": describe_promise(finding),
        "says": contract.says if news(finding) else "",
        "cite": contract.cite,
        "known": finding.known,
        "rank": finding.rank.value,
        "stable": finding.stable,
        "also": [(id, finding.also_curl.get(id, "")) for id in finding.also],
        "surfaces": sorted({surface_of(id) for id in (contract.id, *finding.also)}),
        "place": name_place(finding, source, header.in_repository),
        "lines": [(number, text, number == span.line) for number, text in enumerate(lines, first)],
        "exchanges": [_exchange(e, finding) | {"open": e in open_ones} for e in finding.exchanges],
        "curl": of_finding(finding, header.url),
        "no_request": describe_no_request(finding),
        "evidence": describe_evidence(finding),
        "again": report.say_command(finding),
    }


def _exchange(exchange: RecordedExchange, finding: Finding) -> dict[str, Any]:
    """Return an exchange. `member` is the wrong member of the last answer, and `rest` is what follows it.

    A finding that happened again without the headers in which clients differ is shown without them.
    """
    request, answer = exchange.request, exchange.answer
    sent = request.headers
    if finding.plain:
        sent = tuple((name, value) for name, value in sent if name.lower() not in HABITS)
    member = rest = ""
    if isinstance(answer, Silence):
        got = name_answer(answer)
    else:
        first = f"{name_answer(answer)}, {len(answer.body):,} bytes, {exchange.seconds * 1000:.0f} ms"
        before = ""
        if exchange is finding.exchanges[-1] and len(answer.body) <= MAX_BODY:
            before, member, rest = mark_body(finding, answer.body)
        if member:
            got = f"{_message(first, answer.headers, b'')}\n\n{before}"
        else:
            got = _message(first, answer.headers, answer.body)
    return {
        "number": exchange.number,
        "why": exchange.why,
        "key": _key(exchange),
        "request": _message(f"{request.method} {request.target}", sent, request.body),
        "answer": got,
        "member": member,
        "rest": rest,
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
    if "[key of " not in given and not given.endswith(MASK):
        return "a made-up key"
    return f"${variable(exchange.role, exchange.variables)}"


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
            "name": name_check(name) if by == "check" else name or "any",
            "about": report.checks.get(name, "").strip().partition("\n")[0] if by == "check" else "",
            "cells": [_cell(row.get(surface, Counter())) for surface in columns],
        }
        for name, row in cells.items()
        if any(map(count_selected, row.values()))
    ]
    return {"title": title, "columns": [name_surface(name) for name in columns], "rows": rows}


def _cell(counts: Counter[Verdict]) -> dict[str, str]:
    count = count_selected(counts)
    if not count:
        return {"text": "–" if counts else "", "tone": ""}
    tone = "bad" if counts[Verdict.BROKEN] else "odd" if counts[Verdict.UNTESTED] else ""
    return {"text": f"{counts[Verdict.KEPT]:,}/{count:,}", "tone": tone}


_STATES = {
    Verdict.UNTESTED: "not tried",
    Verdict.NOT_SELECTED: "not tried",
    Verdict.NOT_APPLICABLE: "not applicable",
}
"""The names that people give to the states of a contract without a verdict."""


def _list_left_out(report: Report) -> list[dict[str, Any]]:
    """Return contracts without a verdict by reason: first what the run should have tried."""
    groups: dict[tuple[int, str, str], list[str]] = {}
    for result in report.results:
        state = _STATES.get(result.verdict)
        if state is not None:
            owed = result.verdict is Verdict.UNTESTED and not result.excused
            place = 0 if owed else 2 if result.verdict is Verdict.NOT_APPLICABLE else 1
            reason = result.reason or "no reason is known"
            if not is_asked_for(report, result):
                place, state = 3, NOT_ASKED_FOR
            groups.setdefault((place, state, reason), []).append(result.contract.id)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]), group[0][2]))
    return [
        {"verdict": state, "tone": "odd" if place == 0 else "plain", "reason": reason, "ids": ids[:MAX_IDS]}
        for (place, state, reason), ids in ordered
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
            "check": name_check(check),
            "about": " ".join(report.checks.get(check, "").split()),
            "kept": f"{sum(r.verdict is Verdict.KEPT for r in results):,}",
            "all": f"{len(results):,}",
            "contracts": [_line(r, source) for r in results[:MAX_IDS]],
        }
        for check, results in groups.items()
    ]


def _line(result: Result, source: Source) -> tuple[str, str, str, str]:
    span = source.locate(result.contract.origin)
    tone = _VERDICT_TONES.get(result.verdict, "quiet") if result.verdict is not Verdict.KEPT else ""
    return (
        result.contract.id,
        _STATES.get(result.verdict, result.verdict.value),
        tone,
        f"{span.file}:{span.line}" if is_elsewhere(span, source) else f"line {span.line}",
    )
