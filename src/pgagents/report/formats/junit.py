"""The report as JUnit XML for CI systems: each contract is a test case."""

from __future__ import annotations

import re
import xml.etree.ElementTree as xml
from collections.abc import Sequence, Set

from pgagents.base.places import Source
from pgagents.base.writing import disable_commands, printable
from pgagents.report.contract import Verdict
from pgagents.report.curl import of_finding
from pgagents.report.layout import is_elsewhere
from pgagents.report.presentation import describe_alarm, describe_break, make_headline
from pgagents.report.report import BOUGHT, Finding, Report, Result

# characters that XML 1.0 (section 2.2) excludes, even as references
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, source: Source) -> bytes:
    """Return one suite for each check; broken is a failure, untested an error, left out or known is
    skipped.
    """
    findings = {id: f for f in report.findings for id in (f.contract.id, *f.also)}
    suites: dict[str, list[Result]] = {}
    for result in report.results:
        suites.setdefault(result.contract.check, []).append(result)
    known = {id for id, finding in findings.items() if finding.known}
    counts = _counts(report.results, known)
    root = xml.Element(
        "testsuites", {"name": "pgagents verify", **counts, "time": f"{report.footer.seconds:.3f}"}
    )
    if report.footer.purchases:
        said = _text(f"{BOUGHT.lower()}: {', '.join(report.footer.purchases)}")
        xml.SubElement(xml.SubElement(root, "properties"), "property", name="bought", value=said)
    for check, results in suites.items():
        suite = xml.SubElement(root, "testsuite", {"name": _text(check), **_counts(results, known)})
        suite.set("timestamp", _text(report.header.started_at))
        for result in results:
            _case(suite, result, findings.get(result.contract.id), report, source)
    if not report.footer.complete:
        _of_the_run(root, "complete", ["the run was cut short"], "incomplete")
    if alarm := describe_alarm(report):
        _of_the_run(root, "older rows", alarm, "changed")
    if report.stale:
        _of_the_run(root, "baseline", report.stale, "stale")
    xml.indent(root)
    return (
        b'<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode").encode() + b"\n"
    )


def _of_the_run(root: xml.Element, name: str, messages: Sequence[str], kind: str) -> None:
    """Add a suite with one case for a problem of the run itself."""
    suite = xml.SubElement(root, "testsuite", name="run", tests="1", failures="0", errors="1", skipped="0")
    case = xml.SubElement(suite, "testcase", classname="run", name=name)
    xml.SubElement(case, "error", message=_text("; ".join(messages)), type=kind)


def _counts(results: Sequence[Result], known: Set[str]) -> dict[str, str]:
    verdicts = [r.verdict for r in results]
    accepted = sum(r.contract.id in known for r in results)
    skipped = (Verdict.ODD, Verdict.NOT_SELECTED, Verdict.NOT_APPLICABLE)
    left_out = sum(verdict in skipped for verdict in verdicts)
    excused = sum(r.verdict is Verdict.UNTESTED and r.excused for r in results)
    return {
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count(Verdict.BROKEN) - accepted),
        "errors": str(verdicts.count(Verdict.UNTESTED) - excused),
        "skipped": str(left_out + accepted + excused),
    }


def _case(
    suite: xml.Element, result: Result, finding: Finding | None, report: Report, source: Source
) -> None:
    contract = result.contract
    span = source.locate(contract.origin)
    case = xml.SubElement(
        suite, "testcase", classname=_text(f"{contract.check}.{contract.surface}"), name=_text(contract.id)
    )
    case.set("file", _text(span.file))
    if is_elsewhere(span, source):
        case.set("pointer", _text(span.pointer))
    else:
        case.set("line", str(span.line))
    if finding is not None and finding.known:
        xml.SubElement(case, "skipped", message=_text(f"known: {finding.known}"))
    elif result.verdict is Verdict.ODD:
        xml.SubElement(case, "skipped", message=_text(f"odd: {_message(result, finding)}"), type="odd")
    elif result.verdict is Verdict.BROKEN:
        message = _message(result, finding)
        failure = xml.SubElement(
            case, "failure", message=_text(message), type=finding.rank.value if finding else "wrong"
        )
        failure.text = _text(_details(result, finding, report, source))
    elif result.verdict is Verdict.UNTESTED and not result.excused:
        xml.SubElement(case, "error", message=_text(result.reason or "not reached"), type="untested")
    elif result.verdict is not Verdict.KEPT:
        xml.SubElement(case, "skipped", message=_text(f"{result.verdict.value}: {result.reason}"))


def _message(result: Result, finding: Finding | None) -> str:
    """Return the request and what came back, then what was expected, on the one line that a CI shows."""
    if finding is None:
        return result.reason.rstrip(": ") or result.contract.says
    if finding.contract.id != result.contract.id:
        return f"{make_headline(finding)}: the same cause broke {result.contract.id}"
    return describe_break(finding)


def _details(result: Result, finding: Finding | None, report: Report, source: Source) -> str:
    span = source.locate(result.contract.origin)
    place = f"{span.file}{span.suffix}" if is_elsewhere(span, source) else str(span)
    lines = [f"promised: {result.contract.says}", f"at: {place}"]
    if result.contract.cite:
        lines.append(f"requirement: {', '.join(result.contract.cite)}")
    if finding and finding.contract.id != result.contract.id:
        lines.append(f"same cause as {finding.contract.id}")
    elif finding:
        lines += [f"same cause as {finding.shown_by}"] if finding.shown_by else []
        lines += [line] if (line := of_finding(finding, report.header.url)) else []
    return "\n".join(lines)


def _text(text: str) -> str:
    """Return the text with characters that XML cannot contain, and unprintable ones, escaped, and no CI
    command.
    """
    clean = printable(_NOT_XML.sub(lambda m: f"\\u{ord(m.group()):04x}", text), "\t\r\n")
    return "\n".join(map(disable_commands, clean.split("\n")))
