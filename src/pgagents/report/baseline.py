"""Accepted findings: a file of contracts, each with a reason and a last day.

```yaml
- contract: law/payout/end_session@rest      # this contract, or all whose id begins with it
  reason: rounding is fixed in the next release, ticket 4711
  until: 2026-12-31
```

A line that no longer holds fails the run: its contracts are kept again, it names no contract, or its day has
passed. So the file never contains outdated lines.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pgagents.base.errors import Diagnostic, InputError, PgagentsError, in_order
from pgagents.base.places import Pointer, Source, Span
from pgagents.base.reading import read, read_bytes
from pgagents.base.text import brief, did_you_mean
from pgagents.report.contract import Rank, Verdict
from pgagents.report.report import Finding, Report, Result

KEYS = ("contract", "reason", "until")
_BEGIN = 200
"""Bytes of a file that show whether it is a JSON report."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a baseline; `contract` is an id or the beginning of several."""

    contract: str
    reason: str
    until: datetime.date
    span: Span

    def covers(self, id: str) -> bool:
        """Return whether the line covers this contract."""
        return id.startswith(self.contract)


def read_baseline(path: Path) -> tuple[Line, ...]:
    """Return the lines of a file.

    Raises InputError with every problem of it, and PgagentsError if it cannot be read.
    """
    try:
        source = read(path, max_bytes=1_000_000)
    except OSError as error:
        raise PgagentsError(
            f"cannot read --baseline {path}: {error.strerror}", "give the path of a YAML file"
        ) from None
    if path.suffix == ".json" and _is_report(path):
        raise PgagentsError(
            f"--baseline {path} is a report, and no list of accepted findings",
            "write a list of `- {contract: ID, reason: WHY, until: DAY}`, or compare two reports with "
            "`pgagents report diff`",
        )
    found = [Diagnostic(f.span, f"baseline/{f.id}", "error", f.message, f.help) for f in source.problems]
    lines: list[Line] = []
    if not found:
        if isinstance(source.data, list):
            lines = [
                line
                for i, item in enumerate(source.data)
                if (line := _line(source, i, item, found)) is not None
            ]
        elif source.data is not None:
            found.append(
                _problem(source, (), "type", "a baseline is a list", "begin each line with `- contract: ID`")
            )
    if found:
        raise InputError(in_order(found), source)
    return tuple(lines)


def _is_report(path: Path) -> bool:
    """Return whether a file begins as a JSON report of a run does."""
    try:
        begin = read_bytes(path, _BEGIN).decode("utf-8", "replace")
    except OSError:
        return False
    return begin.startswith("{") and '"header"' in begin


def apply(report: Report, lines: Sequence[Line], today: datetime.date) -> Report:
    """Return the report with accepted findings marked as known, and with the stale lines.

    A stale line marks nothing. A line is not stale only because this run left its contracts out.
    """
    verdicts = {r.contract.id: r.verdict for r in report.results}
    stale = tuple(
        f"{line.span.file}:{line.span.line}: {why}"
        for line in lines
        if (why := _stale(line, verdicts, today))
    )
    good = [line for line in lines if not _stale(line, verdicts, today)]
    findings = tuple(part for finding in report.findings for part in _split_finding(finding, good, report))
    return replace(report, findings=findings, stale=stale)


def _stale(line: Line, verdicts: Mapping[str, Verdict], today: datetime.date) -> str:
    """Return why a line no longer holds; empty if it holds."""
    covered = {verdict for id, verdict in verdicts.items() if line.covers(id)}
    if not covered:
        hint = did_you_mean(line.contract, verdicts)
        return f"no contract's id is or begins with {line.contract}" + (f"; {hint}" if hint else "")
    if line.until < today:
        return f"{line.contract} was to be fixed by {line.until.isoformat()}"
    if Verdict.KEPT in covered and covered <= {Verdict.KEPT, Verdict.NOT_APPLICABLE}:
        return f"{line.contract} is kept now: take the line out"
    return ""


def _split_finding(finding: Finding, lines: Iterable[Line], report: Report) -> list[Finding]:
    """Return the finding. If only some of its contracts are accepted, it is split in two, new ones first.

    Its exchanges are of its first contract, so one of the two parts says that they are another's.
    """
    ids = (finding.contract.id, *finding.also)
    known = {id: line for id in ids for line in lines if line.covers(id)}
    if not known:
        return [finding]
    reasons = dict.fromkeys(f"{line.reason} (until {line.until.isoformat()})" for line in known.values())
    said = "; ".join(reasons)
    new = [id for id in ids if id not in known]
    if not new:
        return [replace(finding, known=said)]
    results = {r.contract.id: r for r in report.results}
    parts = [_take_contracts(finding, part, results) for part in (new, list(known))]
    return [parts[0], replace(parts[1], known=said)]


def _take_contracts(finding: Finding, ids: Sequence[str], results: Mapping[str, Result]) -> Finding:
    """Return a finding with only these of its contracts.

    The report has what came back for a further contract, and its curl line. It has neither the expected
    answer nor the exchanges of one.
    """
    first, also = results[ids[0]], tuple(ids[1:])
    if all(results[id].verdict is Verdict.ODD for id in ids):
        finding = replace(finding, rank=Rank.ODD)
    if first.contract.id == finding.contract.id:
        return replace(finding, also=also)
    return replace(
        finding,
        contract=first.contract,
        expected="",
        actual=first.reason,
        stable=None,
        also=also,
        shown_by=finding.shown_by or finding.contract.id,
        own_curl=finding.also_curl.get(first.contract.id, ""),
    )


def _line(source: Source, index: int, item: Any, found: list[Diagnostic]) -> Line | None:
    if not isinstance(item, dict):
        found.append(
            _problem(source, (index,), "type", "a line of a baseline is a mapping", f"give {', '.join(KEYS)}")
        )
        return None
    if problems := [*_list_key_problems(source, index, item)]:
        found += problems
        return None
    try:
        until = datetime.date.fromisoformat(item["until"].strip())
    except ValueError:
        found.append(
            _problem(
                source,
                (index, "until"),
                "date",
                f"`{brief(item['until'])}` is not a date",
                "write it as 2026-12-31",
            )
        )
        return None
    return Line(item["contract"].strip(), item["reason"].strip(), until, source.locate((index,)))


def _list_key_problems(source: Source, index: int, item: Mapping[Any, Any]) -> Iterator[Diagnostic]:
    """Yield unknown keys, and keys that are missing or no text."""
    for key in item:
        if key not in KEYS:
            yield _problem(
                source,
                (index, key),
                "unknown-key",
                f"unknown key `{brief(str(key))}`",
                did_you_mean(str(key), KEYS),
            )
    for key in KEYS:
        if not isinstance(item.get(key), str) or not str(item[key]).strip():
            example = {
                "contract": "law/payout/end_session@rest",
                "reason": "why it is accepted",
                "until": "2026-12-31",
            }[key]
            yield _problem(
                source,
                (index, key),
                "missing",
                f"`{key}` is text and must be there",
                f"write `{key}: {example}`",
            )


def _problem(source: Source, pointer: Pointer, id: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(source.locate(pointer), f"baseline/{id}", "error", message, help)
