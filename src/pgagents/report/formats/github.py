"""The report as GitHub's workflow commands: annotations at the catalogue's lines in a pull request.

docs.github.com, "Workflow commands for GitHub Actions" (read 2026-11-20): `%`, CR and LF are percent-encoded,
in properties also `:` and `,`. A step shows ten errors and ten warnings, so each cause is one command.
"""

from __future__ import annotations

from collections import Counter

from pgagents.base.places import Source
from pgagents.base.writing import printable
from pgagents.report.contract import Verdict
from pgagents.report.layout import name_file
from pgagents.report.presentation import describe_alarm, make_headline, order_findings
from pgagents.report.report import BOUGHT, Finding, Report
from pgagents.report.verdicts import format_count, news

SHOWN = 10
"""Most annotations of a kind that GitHub shows for a step."""
MAX_MESSAGE = 2_000


def render(report: Report, source: Source) -> bytes:
    """Return the report as one command a line."""
    return "".join(f"{line}\n" for line in commands(report, source)).encode("utf-8", "replace")


def commands(report: Report, source: Source) -> list[str]:
    """Return a command for each new finding, each stale line of the baseline, and each reason of untested
    contracts.
    """
    new = [f for f in order_findings(report.findings) if not f.known]
    alarm = "\n".join(describe_alarm(report))
    lines = [command("error", {"title": "pgagents: older rows changed"}, alarm)] if alarm else []
    lines += [_finding(f, report, source) for f in new[:SHOWN]]
    if len(new) > SHOWN:
        lines.append(
            command(
                "notice",
                {"title": "pgagents"},
                f"{format_count(len(new) - SHOWN, 'more finding')} in the report",
            )
        )
    lines += [command("error", {"title": "pgagents: stale baseline"}, line) for line in report.stale[:SHOWN]]
    untested = Counter(
        r.reason or "no reason is known"
        for r in report.results
        if r.verdict is Verdict.UNTESTED and not r.excused
    )
    for reason, count in untested.most_common(SHOWN):
        lines.append(
            command(
                "warning", {"title": "pgagents: not tried"}, f"{format_count(count, 'contract')}: {reason}"
            )
        )
    if report.footer.purchases:
        said = ", ".join(report.footer.purchases)
        lines.append(command("notice", {"title": "pgagents"}, f"{BOUGHT.lower()}: {said}"))
    if not report.footer.complete:
        lines.append(
            command(
                "error", {"title": "pgagents"}, "the run was cut short: " + "; ".join(report.footer.notes[:1])
            )
        )
    return lines


def command(name: str, properties: dict[str, str | int], message: str) -> str:
    """Return one workflow command with its values escaped."""
    said = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {said}::{_data(message[:MAX_MESSAGE])}"


def _finding(finding: Finding, report: Report, source: Source) -> str:
    span = source.locate(finding.contract.origin)
    file = name_file(span, source, report.header.in_repository)
    expected = f"\nexpected: {news(finding)}" if news(finding) else ""
    message = f"{make_headline(finding)}\npromised: {finding.contract.says}{expected}"
    if finding.shown_by:
        message += f"\nthe same cause as {finding.shown_by}"
    if finding.also:
        message += f"\nthe same cause broke {len(finding.also):,} more"
    properties: dict[str, str | int] = {
        "file": file,
        "line": span.line,
        "col": span.column,
        "title": f"{finding.rank.value}: {finding.contract.id}",
    }
    kind = "notice" if finding.is_mild else "error" if report.counts(finding) else "warning"
    return command(kind, properties, message)


def _data(text: str) -> str:
    """Percent-encode a text; other unprintable characters are escaped, because some log readers break
    lines at them.
    """
    clean = printable(text, "\r\n")
    return clean.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
