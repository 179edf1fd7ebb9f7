"""One line for each finding while a run goes on: where, what, and the call that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.report.baseline import Line
    from pgagents.report.report import Finding
    from pgagents.source.source import Source

MOST = 20
"""So many findings are told before the report; one sentence says that the report has the others."""
LONGEST = 300
"""Most characters of what a finding says, and of its curl line; a longer curl line is only in the report."""


class FirstLines:
    """Make the lines of new findings. Findings that a baseline accepts have none.

    `url` is the target's, for the curl lines.
    """

    def __init__(self, source: Source, url: str, baseline: Sequence[Line] = ()) -> None:
        today = datetime.now(UTC).date()
        self._source, self._url = source, url
        self._accepted = [line for line in baseline if line.until >= today]
        self._told = 0

    def __call__(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Yield a line for each finding, without control characters or commands to a CI server."""
        from pgagents.report.safe import disable_commands

        for finding in findings:
            if any(line.covers(finding.contract.id) for line in self._accepted):
                continue
            self._told += 1
            if self._told <= MOST:
                yield disable_commands(self._describe(finding))
            elif self._told == MOST + 1:
                yield "further findings are in the report"

    def _describe(self, finding: Finding) -> str:
        """Return `FILE:LINE: error[CONTRACT]: what was promised; actual: what came back; curl …`."""
        from pgagents.report.curl import curl
        from pgagents.report.verdicts import actual
        from pgagents.source.diagnostics import shorten

        contract = finding.contract
        span = self._source.locate(contract.origin)
        promised = shorten(contract.says.rstrip(". "), LONGEST)
        came = shorten(actual(finding), LONGEST)
        said = f"{span.file}:{span.line}: error[{contract.id}]: {promised}; actual: {came}"
        shown = curl(finding.exchanges[-1], self._url) if finding.exchanges else ""
        return f"{said}; {shown}" if 0 < len(shown) <= LONGEST else said
