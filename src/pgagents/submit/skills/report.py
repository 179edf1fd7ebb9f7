"""Show what became of the claims of skills: a table with its reasons for people, and data for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.report.layout import table
from pgagents.submit.listing_report import cut, fit_line, name_some
from pgagents.submit.skills.files import Outcome, Verdict

FORMAT = 1
ORDER: tuple[Verdict, ...] = ("broken", "odd", "untested", "kept", "unclaimed")
"""The verdicts, the worst first. A skill of which nothing was shown is worse than one that is kept."""
COLUMNS: tuple[Verdict, ...] = ("kept", "untested", "unclaimed", "odd", "broken")
WORDS: Mapping[Verdict, str] = {
    "broken": "broken",
    "odd": "odd",
    "untested": "not tried",
    "kept": "kept",
    "unclaimed": "not claimed",
}
"""The verdicts as people read them."""
MOST_SHOWN = 30
"""Most claims of one skill that people are shown; the data has all."""


@dataclass(frozen=True, slots=True)
class SkillsReport:
    """The outcomes of all claims, and what else the run says.

    `named` is what was given, `server` what it was held to. `files` has every SKILL.md and index. `called` is
    true if a server was called. `notes` say why the run is not complete, and `left` what it could not remove.
    """

    named: str
    server: str
    files: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    called: bool = False
    requests: int = 0
    complete: bool = True
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def find_code(self, *, strict: bool) -> int:
        """Return the exit code: 1 for a claim that is broken, or odd if that counts.

        Else 3 if the run was cut short or no claim was shown at all, and 0.
        """
        verdicts = {outcome.verdict for outcome in self.outcomes}
        if "broken" in verdicts or (strict and "odd" in verdicts):
            return 1
        return 0 if self.complete and self.called and "kept" in verdicts else 3

    def list_of(self, file: str) -> list[Outcome]:
        """Return the outcomes of one file, the worst first, then by line."""
        own = [outcome for outcome in self.outcomes if outcome.file == file]
        return sorted(own, key=lambda outcome: (ORDER.index(outcome.verdict), outcome.line))

    def find_verdict(self, file: str) -> Verdict:
        """Return a file's verdict: kept if anything was shown and nothing is wrong."""
        verdicts = {outcome.verdict for outcome in self.outcomes if outcome.file == file}
        wrong = next((verdict for verdict in ORDER[:2] if verdict in verdicts), None)
        return wrong or ("kept" if "kept" in verdicts or "untested" not in verdicts else "untested")


def render_text(report: SkillsReport) -> str:
    """Return the table of skills, the worst first, and below it what is wrong; at most 100 columns."""
    files = sorted(report.files, key=lambda file: (ORDER.index(report.find_verdict(file)), file))
    head = ("skill", "outcome", *(WORDS[verdict] for verdict in COLUMNS))
    rows = [_make_row(report, file) for file in files]
    lines = [f"skills: {report.named}", f"held against {report.server}", "", *table(head, rows)]
    for file in files:
        details = list(_list_details(report.list_of(file)))
        if details:
            lines += ["", file, *details]
    untried = [outcome for outcome in report.outcomes if outcome.verdict == "untested"]
    lines += ["", "not tried"] if untried else []
    for why, subjects in _group(untried).items():
        lines.append(f"  {name_some(subjects)}: {why}")
    unclaimed = [outcome for outcome in report.outcomes if outcome.verdict == "unclaimed"]
    lines += ["", "not claimed: words in code that are not a tool or argument for sure"] if unclaimed else []
    for file in dict.fromkeys(outcome.file for outcome in unclaimed):
        words = [
            f"`{outcome.subject}` (line {outcome.line})" for outcome in unclaimed if outcome.file == file
        ]
        lines.append(f"  {file}: {name_some(words)}")
    lines += ["", *(f"note: {note}" for note in report.notes)] if report.notes else []
    return "\n".join(part for line in lines for part in fit_line(line)) + "\n"


def _make_row(report: SkillsReport, file: str) -> tuple[str, ...]:
    outcomes = report.list_of(file)
    counts = (sum(outcome.verdict == verdict for outcome in outcomes) for verdict in COLUMNS)
    shown = file if len(file) <= 44 else f"…{file[-43:]}"
    return (shown, WORDS[report.find_verdict(file)], *(str(count) if count else "–" for count in counts))


def _list_details(outcomes: Sequence[Outcome]) -> Iterator[str]:
    wrong = [outcome for outcome in outcomes if outcome.verdict in ("broken", "odd")]
    for outcome in wrong[:MOST_SHOWN]:
        member = f" ({outcome.member})" if outcome.member else ""
        by = "" if outcome.call else ", no call needed"
        yield (
            f"  line {outcome.line}: {cut(outcome.subject, 120)}{member}: {outcome.message} "
            f"[{WORDS[outcome.verdict]}, {outcome.id}{by}]"
        )
        for label, text in (("call", outcome.call), ("answer", outcome.answer)):
            if text:
                yield f"    {label} {text}"
    if len(wrong) > MOST_SHOWN:
        yield f"  and {len(wrong) - MOST_SHOWN} more; --json has all"


def _group(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    """Return the subjects of untried claims by their reason, each once."""
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        name = f"{outcome.subject} ({outcome.member})" if outcome.member else outcome.subject
        subjects = groups.setdefault(outcome.message, [])
        if name not in subjects:
            subjects.append(cut(name, 60))
    return groups


def make_data(report: SkillsReport) -> dict[str, Any]:
    """Return the outcomes for programs."""
    return {
        "format": FORMAT,
        "skills": report.named,
        "server": report.server,
        "outcome": min((report.find_verdict(f) for f in report.files), key=ORDER.index, default="kept"),
        "complete": report.complete,
        "requests": report.requests,
        "files": [
            {
                "file": file,
                "outcome": report.find_verdict(file),
                "claims": [_to_dict(outcome) for outcome in report.list_of(file)],
            }
            for file in report.files
        ],
        "notes": list(report.notes),
        "left_behind": list(report.left),
    }


def _to_dict(outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome.verdict,
        "kind": outcome.kind,
        "id": outcome.id,
        "line": outcome.line,
        "subject": outcome.subject,
        "member": outcome.member,
        "message": outcome.message,
        "call": outcome.call,
        "answer": outcome.answer,
    }
