"""The parts of a finding that a reader sees first: a headline, the place of the promise, and the answer cut
around the wrong member.

Every format that people read makes its texts of these values.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pgagents.base.http import Response, Silence, read_json
from pgagents.base.places import Source
from pgagents.base.writing import printable
from pgagents.report.contract import Rank, Verdict
from pgagents.report.curl import curl, find_call
from pgagents.report.layout import name_file
from pgagents.report.report import Alarm, Finding, RecordedExchange, Report
from pgagents.report.verdicts import format_count, list_untried

MCP = "mcp"
_BEGIN, _END, _GAP = "\x02", "\x03", "…"
"""Marks around the wrong member while an answer is written. JSON escapes both, so no answer contains one."""
MOST_READ = 200_000
"""Bytes of an answer in which the wrong member is looked for."""
MOST_TARGET = 60
MOST_VALUE = 60
MOST_FIRST = 40
"""Characters of an object's first member, which usually identifies it, with which it is still shown."""
_COMMON = frozenset(["a", "an", "and", "answer", "body", "in", "is", "it", "no", "not", "of", "the", "to"])
"""Words of any sentence, which name no member."""
NOUNS = {
    Rank.EXPOSED: ("exposure", "exposures"),
    Rank.CRASH: ("crash", "crashes"),
    Rank.WRONG: ("wrong answer", "wrong answers"),
    Rank.UNDOCUMENTED: ("undocumented answer", "undocumented answers"),
    Rank.LAX: ("lax input", "lax inputs"),
    Rank.DOCUMENTED: ("documented 500", "documented 500s"),
    Rank.COERCED: ("coerced", "coerced"),
    Rank.ODD: ("odd", "odd"),
}
"""The words for a number of findings of each rank, for one and for several."""


def describe_ranks(counts: Mapping[Rank, int]) -> str:
    """Return counts of findings by rank, the worst first, such as `1 crash, 2 wrong answers`."""
    return ", ".join(f"{count:,} {NOUNS[rank][count > 1]}" for rank in Rank if (count := counts.get(rank, 0)))


def count_ranks(findings: Iterable[Finding]) -> Counter[Rank]:
    """Return how many findings have each rank."""
    return Counter(finding.rank for finding in findings)


def order_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with the worst first, a framework's habits and accepted ones last, and otherwise in the
    order of their calls.
    """

    def place(finding: Finding) -> tuple[bool, bool, int, int]:
        # an odd one may be a bug of the app; what its framework converts is none
        return bool(finding.known), finding.rank is Rank.COERCED, finding.rank.place, _number(finding)

    return tuple(sorted(findings, key=place))


def _number(finding: Finding) -> int:
    return finding.exchanges[-1].number if finding.exchanges else 0


def make_headline(finding: Finding) -> str:
    """Return the finding in one sentence: the request, and what came back."""
    call, last = find_call(finding), finding.exchanges[-1] if finding.exchanges else None
    actual = " ".join(finding.actual.rstrip(": ").split())
    if call is None or last is None or finding.shown_by:
        subject = finding.contract.action or finding.contract.surface or finding.contract.check
        return f"{subject}: {actual}"
    where = name_request(call)
    status = str(last.answer.status) if isinstance(last.answer, Response) else ""
    if call is last and status and actual.partition(" ")[0] == status:
        why = f" when {finding.when}" if finding.when else f" ({call.why})" if call.why else ""
        return f"{where} answers {actual}{why}"
    return f"{where}: {actual}" + (f" when {finding.when}" if finding.when and call is last else "")


def describe_break(finding: Finding) -> str:
    """Return the request and what came back, then what was expected, on the one line that a CI shows."""
    expected = f"; expected {finding.expected}" if finding.expected else ""
    return f"{make_headline(finding)}{expected}"


def name_request(exchange: RecordedExchange) -> str:
    """Return method and path of a request, such as `GET /notes/4`; of a tool's call, the tool's name."""
    if exchange.surface == MCP and exchange.action:
        return f"tool {exchange.action}"
    path = exchange.request.target.partition("?")[0]
    return f"{exchange.request.method} {path if len(path) <= MOST_TARGET else path[:MOST_TARGET] + _GAP}"


def name_answer(answer: Response | Silence) -> str:
    """Return status and reason phrase of an answer, or why there is none."""
    if isinstance(answer, Silence):
        return f"no complete answer: {answer.kind}" + (f" ({answer.detail})" if answer.detail else "")
    try:
        return f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        return str(answer.status)


def name_place(finding: Finding, source: Source, file: str = "") -> str:
    """Return where the promise stands: file and JSON Pointer in a document, file and line in a catalogue.

    `file` is the path of the source's own file in its repository, if that is known.
    """
    span = source.locate(finding.contract.origin)
    file = printable(name_file(span, source, file))
    if span.pointer:
        return f"{file}#{printable(span.pointer)}"
    return file if (span.line, span.column) == (1, 1) else f"{file}:{span.line}"


_SHOWN = 60
_LONG_WORD = re.compile(rf"\S{{{2 * _SHOWN},}}")
"""Characters without a blank that no reader wants whole, such as a text as long as its schema allows."""


def describe_promise(finding: Finding) -> str:
    """Return what was promised: what this call should have shown, or else the contract's sentence."""
    words = " ".join((finding.expected or finding.contract.says).split())
    return _LONG_WORD.sub(lambda found: f"{found[0][:_SHOWN]}…", words)


# -- an answer's body, cut around the wrong member


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A body on one line. The wrong member is `text[begin:end]`; both are 0 if none is known."""

    text: str
    begin: int = 0
    end: int = 0


def cut_body(finding: Finding, body: bytes, most: int) -> Excerpt:
    """Return an answer's body on one line of at most `most` characters, with the place of the wrong member.

    The member is the one that the finding names, or else the first one whose name stands in the finding's
    sentence. A body that is not JSON is cut at its end.
    """
    read = read_json(body) if 0 < len(body) <= MOST_READ else None
    if read is None or read.problem or not isinstance(read.value, dict | list):
        text = printable(" ".join(body[: 4 * most].decode("utf-8", "backslashreplace").split()))
        return Excerpt(text if len(text) <= most else text[: most - 1] + _GAP)
    path = find_member(finding, read.value)
    whole = _write(read.value, path, brief=False)
    return _fit(whole if len(whole) <= most + 2 else _write(read.value, path, brief=True), most)


def find_member(finding: Finding, value: Any) -> tuple[str | int, ...]:
    """Return the steps to the wrong member of an answer's JSON; empty if it is not known."""
    if not finding.member:
        return _find_named(value, _list_words(finding.actual))
    steps = finding.member.split(".")
    return _follow(value, steps) or _find_named(value, frozenset(steps[-1:]))


def _follow(value: Any, steps: Sequence[str]) -> tuple[str | int, ...]:
    """Return the steps as far as the value has them. A step into a list is a number, or means its first."""
    path: list[str | int] = []
    for step in steps:
        if isinstance(value, list):
            index = int(step) if step.isdigit() else 0
            if index >= len(value):
                break
            path.append(index)
            value = value[index]
            if step.isdigit():
                continue
        if not isinstance(value, dict) or step not in value:
            break
        path.append(step)
        value = value[step]
    return tuple(path)


def _list_words(sentence: str) -> frozenset[str]:
    """Return the names that a sentence may mean. Its articles and verbs are members of few answers."""
    words = "".join(c if c.isalnum() or c == "_" else " " for c in sentence).split()
    return frozenset(words) - {
        "a",
        "an",
        "and",
        "answer",
        "body",
        "in",
        "is",
        "it",
        "no",
        "not",
        "of",
        "the",
        "to",
    }


def _find_named(value: Any, words: frozenset[str]) -> tuple[str | int, ...]:
    """Return the steps to the first member with one of these names."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name in words:
                return (name, *_find_named(member, words))
        items: Iterable[tuple[str | int, Any]] = value.items()
    elif isinstance(value, list):
        items = enumerate(value[:50])
    else:
        return ()
    for step, member in items:
        if isinstance(member, dict | list) and (inner := _find_named(member, words)):
            return (step, *inner)
    return ()


def _write(value: Any, path: Sequence[str | int], *, brief: bool) -> str:
    """Return a value as compact JSON, with marks around the member at the path.

    With `brief`, only what leads to that member is written, beside the first member of each object.
    """
    if not path:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text if not brief or len(text) <= MOST_VALUE else text[:MOST_VALUE] + _GAP
    if isinstance(value, list):
        items = [_write_step(item, n, path, brief=brief) for n, item in enumerate(value)]
        if brief:
            at = int(path[0])
            items = [*([_GAP] if at else []), items[at], *([_GAP] if at + 1 < len(items) else [])]
        return f"[{','.join(items)}]"
    parts: list[str] = []
    for index, (name, member) in enumerate(value.items()):
        identifies = index == 0 and len(json.dumps(member, ensure_ascii=False)) <= MOST_FIRST
        if not brief or name == path[0] or identifies:
            key = json.dumps(name, ensure_ascii=False)
            parts.append(_write_step(member, name, path, brief=brief, key=f"{key}:"))
        elif not parts or parts[-1] != _GAP:
            parts.append(_GAP)
    return f"{{{','.join(parts)}}}"


def _write_step(
    member: Any, step: str | int, path: Sequence[str | int], *, brief: bool, key: str = ""
) -> str:
    if step != path[0]:
        return key + _write(member, (), brief=brief)
    inner = key + _write(member, path[1:], brief=brief)
    return inner if len(path) > 1 else f"{_BEGIN}{inner}{_END}"


def _fit(text: str, most: int) -> Excerpt:
    """Return a text with its marks taken out, cut to `most` characters around them."""
    begin, end = text.find(_BEGIN), text.find(_END) - 1
    plain = text.replace(_BEGIN, "").replace(_END, "")
    if begin < 0:
        begin = end = 0
    end = min(end, begin + most - 2)
    if len(plain) > most:
        first = max(0, min(begin - most // 3, len(plain) - most + 1))
        left, right = _GAP if first and plain[first] != _GAP else "", _GAP
        room = most - len(left) - len(right)
        if first + room >= len(plain):
            right, room = "", most - len(left)
            first = len(plain) - room
        right = "" if plain[first + room - 1] == _GAP else right
        plain = left + plain[first : first + room] + right
        begin, end = begin - first + len(left), end - first + len(left)
    end = min(end, len(plain))
    head, member, tail = printable(plain[:begin]), printable(plain[begin:end]), printable(plain[end:])
    if begin == end:
        return Excerpt(head + tail)
    return Excerpt(head + member + tail, len(head), len(head) + len(member))


_PLACEHOLDER = "\x02 the wrong member \x03"


def mark_body(finding: Finding, body: bytes) -> tuple[str, str, str]:
    """Return an answer's JSON with one member a line: what is before the wrong member, that member, the rest.

    Member and rest are empty if no wrong member is known. All three are empty for a body that is not JSON.
    """
    read = read_json(body) if 0 < len(body) <= MOST_READ else None
    if read is None or read.problem or not isinstance(read.value, dict | list):
        return "", "", ""
    path = find_member(finding, read.value)
    if not path or not isinstance(path[-1], str):
        return json.dumps(read.value, ensure_ascii=False, indent=1), "", ""
    text = json.dumps(_put(read.value, path), ensure_ascii=False, indent=1)
    member = _reach(read.value, path)
    key = f"{json.dumps(path[-1], ensure_ascii=False)}: "
    before, _, after = text.partition(key + json.dumps(_PLACEHOLDER))
    margin = before[before.rfind("\n") + 1 :]
    return before, key + json.dumps(member, ensure_ascii=False, indent=1).replace("\n", f"\n{margin}"), after


def _reach(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _put(value: Any, path: Sequence[str | int]) -> Any:
    """Return the value with the placeholder for the member at a path."""
    if not path:
        return _PLACEHOLDER
    if isinstance(value, list):
        return [_put(item, path[1:]) if n == path[0] else item for n, item in enumerate(value)]
    return {name: _put(item, path[1:]) if name == path[0] else item for name, item in value.items()}


# -- the whole report in one sentence


def describe_findings(report: Report, *, hint: str = "") -> str:
    """Return how many findings there are of each rank. Mild and accepted ones are counted apart.

    `hint` follows the number of mild ones.
    """
    new = [f for f in report.findings if not f.known and not f.is_mild]
    mild = count_ranks(f for f in report.findings if not f.known and f.is_mild)
    known = sum(bool(f.known) for f in report.findings)
    ranks = f" ({describe_ranks(count_ranks(new))})" if new else ""
    return "; ".join(
        [
            f"{format_count(len(new), 'finding')}{ranks}" if new else "no finding",
            *([f"{known:,} known"] if known else []),
            *([f"{describe_ranks(mild)}{hint}"] if mild else []),
        ]
    )


def describe_alarm(report: Report) -> list[str]:
    """Return lines on what stopped the run's writing: rows, calls, the quiet interval, and what to do next.

    The first one is a headline. There are none if nothing did.
    """
    alarm, footer = report.footer.alarm, report.footer
    if alarm is None:
        return []
    if alarm.verdict == "missed":
        return _describe_missed(alarm, report)
    caused = alarm.verdict == "caused"
    after = "AFTER THIS CALL" if alarm.writes == 1 else f"AFTER ONE OF {alarm.writes:,} CALLS"
    head = {
        "caused": f"OLDER ROWS CHANGED {after}",
        "others": "OLDER ROWS CHANGED, AND OTHERS WORK HERE",
        "unclear": f"OLDER ROWS CHANGED {after}, OR BY THEMSELVES",
    }[alarm.verdict]
    lines = [f"{head}: {format_count(alarm.count, 'row')} from before this run"]
    for row in alarm.rows:
        lines.append(
            f"changed  {row.name}: {row.before}, now {row.after}"
            if row.after
            else f"gone     {row.name}: {row.before}"
        )
    for number, call in enumerate(alarm.calls if alarm.verdict != "others" else ()):
        which = "after  " if not number else "or     "
        lines.append(f"{which}  {name_request(call)}: {name_answer(call.answer)}")
        lines.append(f"         {curl(call, report.header.url)}")
    if alarm.verdict != "others" and alarm.writes > 1:
        seen = "since the rows were last seen as before"
        lines.append(f"blame    one of {alarm.writes:,} writes {seen}; the likeliest come first")
    quiet = f"then {alarm.others}: somebody else changes rows" if alarm.others else "nothing else changed"
    alone = (
        "; nobody else uses this server, as it is on this machine or --exclusive says so" if caused else ""
    )
    unsure = "" if alarm.verdict != "unclear" else "; so nothing proves that a call of this run is the reason"
    again = "the same answer was read again without a write, and"
    lines.append(f"quiet    {again} {quiet}{alone}{unsure}")
    untried = sum(r.verdict in (Verdict.UNTESTED, Verdict.NOT_SELECTED) for r in report.results)
    goes_on = "the run only read after that" if alarm.verdict == "others" else "the run ended"
    wrote = "nothing more was written but to remove what the run had made"
    count = f"contracts without a verdict: {untried:,} (--why)"
    lines.append(f"stopped  {wrote}, and {goes_on}; {count}")
    left = "; what it left behind is named below" if footer.left_behind else ""
    step = "restore the rows, and mend that call, or leave its contracts out with --skip"
    if alarm.verdict == "others":
        step = "run it against a server that nobody else uses"
    return [*lines, f"next     {step}{left}"]


def _describe_missed(alarm: Alarm, report: Report) -> list[str]:
    """Return lines on a call that succeeded and left what it named as it was."""
    row, call = alarm.rows[0], alarm.calls[0]
    return [
        "A CALL MISSED WHAT IT NAMED, AND MAY HAVE REACHED A ROW OF OTHERS",
        f"stayed   {row.name}: {row.before}",
        f"after    {name_request(call)}: {name_answer(call.answer)}",
        f"         {curl(call, report.header.url)}",
        f"stopped  {call.action} was not called again; what it would have removed is named below",
        "next     restore the row that is gone or changed, and mend that call, or leave it out with --skip",
    ]


def conclude(report: Report) -> str:
    """Return the run in one sentence: findings, kept promises, and what was not tried."""
    counts = report.footer.by_verdict
    untried = len(list_untried(report))
    return "; ".join(
        [
            describe_findings(report),
            f"{format_count(counts.get(Verdict.KEPT, 0), 'promise')} kept",
            *([f"{untried:,} not tried"] if untried else []),
            *([f"{len(report.stale):,} stale in the baseline"] if report.stale else []),
            *([] if report.footer.complete else ["cut short"]),
        ]
    )
