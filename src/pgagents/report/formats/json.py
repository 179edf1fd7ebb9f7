"""The report as JSON, valid under schemas/report.schema.json: for scripts and CI. `report.read` reads it
back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pgagents.base.http import Response, Silence
from pgagents.base.places import Source
from pgagents.base.writing import json_text
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.report.curl import curl, of_finding
from pgagents.report.layout import around
from pgagents.report.lines import explain, group_untried, list_proved
from pgagents.report.presentation import describe_alarm
from pgagents.report.report import Alarm, Finding, Header, RecordedExchange, Report, Result, Withheld

FORMAT = 1
MAX_BODY = 100_000


def render(report: Report, source: Source) -> bytes:
    """Return the whole report; `source` is the catalogue's, for the places."""
    text = json.dumps(document(report, source), ensure_ascii=False, indent=2, allow_nan=False)
    return f"{json_text(text)}\n".encode("utf-8", "replace")


def document(report: Report, source: Source) -> dict[str, Any]:
    """Return the report as plain JSON data."""
    footer = report.footer
    return {
        "header": _header(report.header),
        "checks": dict(report.checks),
        "carried": {surface: list(places) for surface, places in report.carried.items()},
        "findings": [_finding(f, report, source) for f in report.findings],
        "results": [_result(r, source) for r in report.results],
        "untried": [asdict(group) for group in group_untried(report, source)],
        "yours": [asdict(line) for line in list_proved(report, source)],
        "footer": {
            "requests": footer.requests,
            "seconds": round(footer.seconds, 3),
            **{v.value: footer.by_verdict.get(v, 0) for v in Verdict},
            "known": sum(1 + len(f.also) for f in report.findings if f.known),
            "stale": list(report.stale),
            "complete": footer.complete,
            "exit_code": report.exit_code,
            "served": dict(footer.served),
            "left_behind": list(footer.left_behind),
            "may_exist": list(footer.may_exist),
            "lasting": list(footer.lasting),
            "bought": {name: list(numbers) for name, numbers in footer.bought.items()},
            "notes": list(footer.notes),
            **(
                {"withheld": withheld(footer.withheld)}
                if footer.withheld.calls or footer.withheld.arguments
                else {}
            ),
            **({"gains": list(footer.gains)} if footer.gains else {}),
            **({"lifts": [asdict(lift) for lift in footer.lifts]} if footer.lifts else {}),
            "seconds_generating": round(footer.seconds_generating, 3),
            "seconds_drawing": round(footer.seconds_drawing, 3),
            "seconds_sending": round(footer.seconds_sending, 3),
            "seconds_judging": round(footer.seconds_judging, 3),
            "workers": footer.workers,
            "alone": dict(footer.alone),
            "random_calls": {"operations": footer.drawn[0], "of": footer.drawn[1]},
            **({"lease_ended": True} if footer.lease_ended else {}),
            **({"alarm": _alarm(footer.alarm, report)} if footer.alarm is not None else {}),
            "waits": {name: round(seconds, 3) for name, seconds in footer.waits.items()},
        },
    }


def _alarm(alarm: Alarm, report: Report) -> dict[str, Any]:
    return {
        "verdict": alarm.verdict,
        "rows": [asdict(row) for row in alarm.rows],
        "count": alarm.count,
        "calls": [{**exchange(call), "curl": curl(call, report.header.url)} for call in alarm.calls],
        "writes": alarm.writes,
        "others": alarm.others,
        "says": describe_alarm(report),
    }


def withheld(those: Withheld) -> dict[str, Any]:
    """Return the calls that a run does not make because they act by their words, and arguments that it
    withholds.
    """
    calls, arguments = ([asdict(one) for one in many] for many in (those.calls, those.arguments))
    more = {"arguments": arguments} if arguments else {}
    return {"calls": calls, "of": those.total, "of_actions": those.of_actions, **more}


def contract(one: Contract, source: Source) -> dict[str, Any]:
    """Return a contract with its place in the catalogue and its requirements."""
    span = source.locate(one.origin)
    return {
        "contract": one.id,
        "check": one.check,
        "action": one.action,
        "surface": one.surface,
        "says": one.says,
        "requirement": list(one.cite),
        "source": {
            "file": span.file,
            "line": span.line,
            "column": span.column,
            **({"pointer": span.pointer} if span.pointer else {}),
        },
    }


def _header(header: Header) -> dict[str, Any]:
    found: dict[str, Any] = {
        "format": FORMAT,
        "tool": header.tool,
        "version": header.version,
        "catalogue": header.catalogue,
        "catalogue_sha256": header.catalogue_sha256,
        "url": header.url,
        "seed": header.seed,
        "profile": header.profile,
        "started_at": header.started_at,
        "contracts": header.contracts,
    }
    if header.day:
        found["day"] = header.day
    if header.title:
        found["title"] = header.title
    if header.in_repository:
        found["in_repository"] = header.in_repository
    if header.again:
        found["again"] = header.again
    if header.fail_on is not Rank.LAX:
        found["fail_on"] = header.fail_on.value
    if header.unasked:
        found["unasked"] = list(header.unasked)
    if header.shard:
        found["shard"] = {"number": header.shard[0], "of": header.shard[1]}
    return found


def _result(result: Result, source: Source) -> dict[str, Any]:
    reason = {"reason": result.reason} if result.reason else {}
    excused = {"excused": True} if result.excused else {}
    return {
        **contract(result.contract, source),
        "verdict": result.verdict.value,
        **reason,
        **excused,
    }


def _finding(finding: Finding, report: Report, source: Source) -> dict[str, Any]:
    first, lines = around(source, source.locate(finding.contract.origin))
    return {
        **contract(finding.contract, source),
        "verdict": (Verdict.ODD if finding.severity == "odd" else Verdict.BROKEN).value,
        "severity": finding.severity,
        "rank": finding.rank.value,
        "expected": finding.expected,
        "actual": finding.actual,
        **({"member": finding.member} if finding.member else {}),
        **({"claim": finding.claim} if finding.claim else {}),
        **({"plain": True} if finding.plain else {}),
        **({"when": finding.when} if finding.when else {}),
        **({"confirm": finding.confirm} if finding.confirm else {}),
        "lines": list(explain(finding, source) or finding.lines),
        "stable": finding.stable,
        "also": list(finding.also),
        **({"also_curl": _list_curl_lines(finding)} if _list_curl_lines(finding) else {}),
        **({"known": finding.known} if finding.known else {}),
        **({"shown_by": finding.shown_by} if finding.shown_by else {}),
        **_causes(finding, report.header),
        "excerpt": {"line": first, "text": lines},
        "exchanges": [exchange(e) for e in finding.exchanges],
        "curl": of_finding(finding, report.header.url) or None,
        "command": report.say_command(finding),
    }


def _causes(finding: Finding, header: Header) -> dict[str, Any]:
    """Return the causes of a shard's finding, by which shards are merged; nothing for a whole run."""
    found = finding.causes
    if found is None or header.shard is None:
        return {}
    derived = {id: {"key": one.key, "claim": one.claim} for id, one in found.derived.items()}
    return {"causes": {"key": found.key, "claims": list(found.claims), "derived": derived}}


def _list_curl_lines(finding: Finding) -> dict[str, str]:
    return {id: finding.also_curl[id] for id in finding.also if id in finding.also_curl}


def exchange(exchange: RecordedExchange) -> dict[str, Any]:
    """Return one request and its answer, as a report and a log have them."""
    request, answer = exchange.request, exchange.answer
    own: dict[str, Any] = (
        {} if exchange.key_header == "Authorization" else {"key_header": exchange.key_header}
    ) | ({"arguments": list(exchange.arguments)} if exchange.arguments else {})
    own |= {"certificate": True} if exchange.certificate else {}
    own |= {"variables": dict(exchange.variables)} if exchange.variables else {}
    base = {"base": exchange.base, **own} if exchange.base else own
    return {
        "number": exchange.number,
        "why": exchange.why,
        "role": exchange.role,
        "action": exchange.action,
        "surface": exchange.surface,
        **base,
        "seconds": round(exchange.seconds, 4),
        "request": {
            "method": request.method,
            "target": request.target,
            "headers": _headers(request.headers),
            **_body(request.body),
        },
        "answer": _answer(answer),
        **({"printed": exchange.printed} if exchange.printed else {}),
    }


def _answer(answer: Response | Silence) -> dict[str, Any]:
    if isinstance(answer, Silence):
        return {"silence": answer.kind, "detail": answer.detail, **({"begun": True} if answer.begun else {})}
    return {"status": answer.status, "headers": _headers(answer.headers), **_body(answer.body)}


def _headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _body(body: bytes) -> dict[str, Any]:
    """Return the body as text, or as base64 if it is not UTF-8. A long body is cut."""
    kept = body[:MAX_BODY]
    cut = {"body_bytes": len(body)} if len(body) > MAX_BODY else {}
    try:
        return {"body": kept.decode("utf-8", "ignore" if cut else "strict"), **cut}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(kept).decode(), **cut}
