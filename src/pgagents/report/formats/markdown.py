"""The report as Markdown: a summary for a pull request or a job's page (`>> "$GITHUB_STEP_SUMMARY"`).

A job's page allows 1 MiB for each step (docs.github.com, "Workflow commands for GitHub Actions", read
2026-11-20); this stays below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.base.http import Silence
from pgagents.base.places import Source
from pgagents.base.writing import disable_commands, printable
from pgagents.report.contract import Verdict
from pgagents.report.curl import describe_no_request, of_finding
from pgagents.report.layout import list_printed
from pgagents.report.presentation import (
    conclude,
    describe_alarm,
    describe_promise,
    make_headline,
    name_place,
    order_findings,
)
from pgagents.report.report import BOUGHT, Finding, RecordedExchange, Report
from pgagents.report.verdicts import (
    by_surface,
    count_selected,
    describe_evidence,
    describe_withheld,
    matrix,
    name_check,
    name_surface,
    news,
)

MAX_FINDINGS = 50
MAX_TEXT = 2_000
MAX_BODY = 4_000
MAX_ROWS = 200
FEW = 3
MAX_SIZE = 700_000
"""Most characters of all findings together."""
_SIGNS = {
    "ok": "✅",
    "fails": "❌",
    "blocked": "❌",
    "known": "🟡",
    "odd": "🟡",
    "untested": "⚠️",
    "not tried": "–",
}


def render(report: Report, source: Source) -> bytes:
    """Return the whole summary."""
    return ("\n".join(_lines(report, source)) + "\n").encode("utf-8", "replace")


def _lines(report: Report, source: Source) -> Iterator[str]:
    header, footer = report.header, report.footer
    sign = {0: "✅", 1: "❌"}.get(report.exit_code, "⚠️")
    yield f"## {sign} {md(conclude(report))}"
    yield ""
    yield (
        f"{code(header.url)} tested against {code(header.catalogue)} (sha256 "
        f"{code(header.catalogue_sha256[:12])}) by {md(header.tool)} "
        f"{md(header.version)}: profile {md(header.profile)}, seed {header.seed}, {footer.requests:,} "
        f"requests in {footer.seconds:.1f} s"
    )
    if not footer.complete:
        yield "\n**The run was cut short: this report is not complete.**"
    yield from _list("Older rows changed", describe_alarm(report))
    yield from _findings(report, source)
    yield from _surfaces(report)
    yield from _list("Stale lines of the baseline", list(report.stale))
    yield from _list("Left behind on the server", list(footer.left_behind))
    yield from _list("May have been made by this run", list(footer.may_exist))
    yield from _list("Made, and cannot be undone", list(footer.lasting))
    yield from _list("Not called", describe_withheld(footer.withheld))
    yield from _list(BOUGHT, list(footer.purchases))
    yield from _list("Notes", [*footer.pace, *footer.notes])
    yield from _list("A catalogue would add", list(footer.gains))
    yield from _checks(report)


def _surfaces(report: Report) -> Iterator[str]:
    yield "\n| surface | verdict | kept | broken | not tried | because |"
    yield "|---|---|--:|--:|--:|---|"
    for verdict in by_surface(report)[:MAX_ROWS]:
        cells = [f"{verdict.counts[v] or ''}" for v in (Verdict.KEPT, Verdict.BROKEN, Verdict.UNTESTED)]
        name = md(name_surface(verdict.surface))
        yield (
            f"| {name} | {_SIGNS[verdict.word]} {md(verdict.says)} | {' | '.join(cells)} | "
            f"{md(verdict.because)} |"
        )


def _checks(report: Report) -> Iterator[str]:
    surfaces, rows = matrix(report)
    used = [s for s in surfaces if any(count_selected(row[s]) for row in rows.values() if s in row)][:20]
    if not used:
        return
    yield "\n<details><summary>Promises by surface: kept of those tried</summary>\n"
    yield f"| promise | {' | '.join(md(name_surface(s)) for s in used)} |"
    yield "|---" * (len(used) + 1) + "|"
    for check, row in list(rows.items())[:MAX_ROWS]:
        cells = [
            f"{row[s][Verdict.KEPT]}/{count_selected(row[s])}" if s in row and count_selected(row[s]) else ""
            for s in used
        ]
        if any(cells):
            yield f"| {md(name_check(check))} | {' | '.join(cells)} |"
    yield "\n</details>"


def _findings(report: Report, source: Source) -> Iterator[str]:
    """Yield the findings, as many as a job's page can show."""
    size = 0
    for number, finding in enumerate(order_findings(report.findings), 1):
        lines = list(_finding(number, finding, report, source))
        size += sum(map(len, lines))
        if number > MAX_FINDINGS or size > MAX_SIZE:
            yield (
                f"\n… and {len(report.findings) - number + 1:,} more findings, in the other formats of "
                "this report."
            )
            return
        yield from lines


def _finding(number: int, finding: Finding, report: Report, source: Source) -> Iterator[str]:
    known = f" (known: {md(finding.known)})" if finding.known else ""
    yield f"\n### {number}. {finding.rank.value.upper()} {code(make_headline(finding))}{known}\n"
    yield f"- promised: {code(describe_promise(finding))}"
    if news(finding):
        yield f"- contract: {code(finding.contract.id)}: {md(finding.contract.says)}"
    else:
        yield f"- contract: {code(finding.contract.id)}"
    yield f"- place: {code(name_place(finding, source, report.header.in_repository))}"
    if finding.contract.cite:
        yield f"- requirement: {', '.join(map(code, finding.contract.cite))}"
    if finding.stable is False:
        yield "- it did not happen again when the same requests were repeated"
    if finding.also:
        more = " …" if len(finding.also) > FEW else ""
        yield (
            f"- the same cause broke {len(finding.also):,} more: "
            f"{', '.join(map(code, finding.also[:FEW]))}{more}"
        )
    if evidence := describe_evidence(finding):
        yield f"- {md(evidence)}"
    line = of_finding(finding, report.header.url)
    if finding.exchanges or line:
        yield "\n<details><summary>Exchanges and curl</summary>\n"
        for exchange in finding.exchanges:
            yield from fence_text(_exchange(exchange))
        if line:
            yield from fence_text(line[:MAX_BODY])
        yield "\n</details>"
    if not line:
        yield f"\n{describe_no_request(finding)}"


def _exchange(exchange: RecordedExchange) -> str:
    request, answer = exchange.request, exchange.answer
    lines = [f"#{exchange.number} {exchange.why[:200]}", f"> {request.method} {request.target[:500]}"]
    if request.body:
        lines.append(f"> {request.body[:MAX_BODY].decode('utf-8', 'backslashreplace')}")
    if isinstance(answer, Silence):
        lines.append(f"< no complete answer: {answer.kind} {answer.detail[:200]}")
    else:
        lines.append(f"< {answer.status} {answer.header('content-type') or 'no content type'}")
        lines.append(f"< {answer.body[: MAX_BODY // 2].decode('utf-8', 'backslashreplace')}")
    lines += [f"| {line[:MAX_BODY]}" for line in list_printed(exchange.printed)]
    return "\n".join(lines)


def _list(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"\n**{title}**\n"
        yield from (f"- {code(line)}" for line in lines[:MAX_FINDINGS])


def md(text: str) -> str:
    """Return one line of Markdown with every special character escaped: no emphasis, HTML, link or
    mention.
    """
    line = " ".join(_printable(text[:MAX_TEXT]).split())
    line = re.sub(r"[\\`*\[\]<>|#~!$&]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", r"\\\g<0>", line)
    return line.replace("@", "@<!-- -->")


def code(text: str) -> str:
    """Return a code span (not for a table, where a bar would need more escaping)."""
    line = " ".join(_printable(text[:MAX_TEXT]).split()) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def fence_text(text: str) -> Iterator[str]:
    """Yield a code block that no line of the text can close."""
    clean = "\n".join(disable_commands(_printable(line)) for line in text.split("\n"))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", clean)), default=0))
    yield f"{fence}text"
    yield clean
    yield fence


def _printable(text: str) -> str:
    return printable(text.replace("\n", " ").replace("\t", " "))
