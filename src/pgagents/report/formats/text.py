"""The report as text for a terminal: each finding, the worst first, then what was proved and what was not.

A finding takes at most a screen: what came back, what was promised, the answer around its wrong member,
and the lines that repeat it. Tables of all promises come with `verbose`, the reasons and ids of what was not
tried with `why`. With `colour` the ranks have ANSI colours. Only lines that are meant to be copied exceed
`width`: requests, bodies and commands.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain

from pgagents.base.http import Response, Silence, read_json
from pgagents.base.places import Source
from pgagents.base.text import brief
from pgagents.base.writing import disable_commands, printable
from pgagents.report.contract import Rank, Verdict
from pgagents.report.curl import MASK, describe_no_request, find_call, of_finding, variable
from pgagents.report.layout import list_printed, table
from pgagents.report.lines import list_permissions, say_yours
from pgagents.report.presentation import (
    cut_body,
    describe_alarm,
    describe_findings,
    describe_promise,
    make_headline,
    name_answer,
    name_place,
    name_request,
    order_findings,
)
from pgagents.report.report import BOUGHT, Finding, Footer, RecordedExchange, Report, Result
from pgagents.report.verdicts import (
    NOT_ASKED_FOR,
    WITHHELD,
    describe_blocked,
    describe_evidence,
    describe_not_tried,
    describe_withheld,
    format_count,
    is_asked_for,
    name_check,
    name_surface,
)

Paint = Callable[[str, str], str]

WIDTH = 100
MAX_BODY = 600
MAX_NOTES = 6
MAX_LEFT = 12
MAX_BRIEF = 10
"""Most kinds of mild findings that are shown in two or three lines each."""
MAX_LASTING = 150
"""Characters of what is said of one kind that stays, with its first ids: 38 lessons filled half a screen."""
_SORT = re.compile(r"\S+ ((?:is|has|of|beyond) .+)")
"""Matches the purpose of a call with one odd value, behind the argument's name."""
_USUAL = "an ordinary call"
MAX_NAME = 800
"""Most characters of what is left behind: an id of 500, and the reason."""
MAX_STEP = 200
"""Longest body of an exchange before the relevant one, in characters."""
MAX_STEPS = 3
"""Most exchanges of a finding that are shown beside the call at fault, a line each."""
MAX_REASONS = 5
MAX_OPTIONS = 40
"""The most options of the line to copy. None is cut."""
MIN_BODY = 20
"""Least characters in which a body is worth a place."""
INDENT = " " * 8
_HANGING = " " * 18
_RED, _GREEN, _YELLOW = "31;1", "32;1", "33;1"
UNTRIED = 3
STOPPED = 130
"""The exit code of a program ended by Ctrl-C. A stopped run returns it instead of its report's exit code."""


@dataclass(frozen=True, slots=True)
class View:
    """The choice of what is shown of a report, and how."""

    again: str
    """The command line that repeats the run, without seed and contract."""
    width: int
    paint: Paint
    verbose: bool = False
    """True for tables, sentences of contracts, and every exchange."""
    odd: bool = False
    """True to show mild findings whole."""
    why: bool = False
    """True for every reason of what was not tried, with ids."""
    stopped: bool = False
    """True if a signal ended the run."""


def render(
    report: Report,
    source: Source,
    *,
    colour: bool = False,
    again: str = "",
    stopped: bool = False,
    width: int = WIDTH,
    verbose: bool = False,
    odd: bool = False,
    why: bool = False,
) -> str:
    """Return the whole report, ending in a newline.

    `again` is the command line that repeats the run, without seed and contract. `stopped` means that a signal
    ended the run. `verbose` adds the tables of promises and every exchange of a finding. `odd` shows mild
    findings whole, and `why` lists what was not tried by its reason.
    """
    again = again or report.header.again or f"pgagents verify --url {report.header.url}"
    view = View(again, width, _paint if colour else _leave, verbose, odd, why, stopped)
    ordered = order_findings(report.findings)
    shown = [f for f in ordered if odd or not f.is_mild or report.counts(f)]
    short = [f for f in ordered if f not in shown and not f.known]
    blocks = [
        _head(report, view),
        _tell_alarm(report, view),
        *(_finding(n, len(shown), finding, report, source, view) for n, finding in enumerate(shown, 1)),
        _list_brief(short, report, view),
        _list_habits(short, view),
        *([tabulate_verdicts(report, width)] if verbose else []),
        _list_reasons(report, source, view) if why else [],
        _foot(report, view),
        _conclude(report, source, view),
    ]
    return "\n\n".join("\n".join(map(disable_commands, block)) for block in blocks if block) + "\n"


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _leave(text: str, code: str) -> str:  # noqa: ARG001  # stands in for _paint
    return text


def _head(report: Report, view: View) -> list[str]:
    """Return what was verified, and with how many requests."""
    header, footer = report.header, report.footer
    run = f"{format_count(footer.requests, 'request')}, {footer.seconds:.1f} s, seed {header.seed}"
    run += f", profile {header.profile}" if header.profile != "standard" else ""
    run += f", shard {header.shard[0]} of {header.shard[1]}" if header.shard else ""
    lines = _wrap(f"{header.title or header.catalogue}   {header.url}   {run}", "", "  ", view.width)
    if view.verbose:
        lines += _wrap(
            f"{header.tool} {header.version}, catalogue {header.catalogue} (sha256 "
            f"{header.catalogue_sha256[:12]}), {format_count(header.contracts, 'contract')}",
            "",
            "  ",
            view.width,
        )
    return lines


def _tell_alarm(report: Report, view: View) -> list[str]:
    """Return what stopped the run's writing. A curl line stays whole."""
    head, *lines = describe_alarm(report) or [""]
    if not head:
        return []
    colour = _RED if report.exit_code == 1 else _YELLOW
    found = [view.paint(line, colour) for line in _wrap(head, "", INDENT, view.width)]
    for line in lines:
        said = line.lstrip()
        whole = len(line) - len(said) >= len(INDENT)
        found += [INDENT + " " + said] if whole else _wrap(line, INDENT, _HANGING, view.width)
    return found


def _finding(
    number: int, count: int, finding: Finding, report: Report, source: Source, view: View
) -> list[str]:
    """Return the lines of a finding: headline, promise, answer, and the commands that repeat it."""
    begin = f"{number} of {count}  {'KNOWN' if finding.known else finding.rank.value.upper()}  "
    counts = report.counts(finding)
    lines = _wrap(begin + make_headline(finding), "", INDENT, view.width)
    lines[0] = view.paint(begin, _RED if counts else _YELLOW) + lines[0].removeprefix(begin)
    lines += _promised(finding, report, source, view)
    if finding.contract.cite:
        lines += _wrap(f"rule      {', '.join(finding.contract.cite)}", INDENT, _HANGING, view.width)
    if view.verbose:
        if finding.expected and " ".join(finding.expected.split()) not in finding.contract.says:
            lines += _wrap(f"says      {finding.contract.says}", INDENT, _HANGING, view.width)
        for exchange in finding.exchanges:
            last = exchange is finding.exchanges[-1]
            lines += _exchange(exchange, MAX_BODY if last else MAX_STEP, view.width)
    else:
        lines += _steps(finding, view)
    lines += _remarks(finding, view)
    if shown := of_finding(finding, report.header.url):
        lines.append(INDENT + shown)
    else:
        lines += _wrap(describe_no_request(finding), INDENT, None, view.width)
    more = f" and {len(finding.also):,} more" if finding.also else ""
    lines += _wrap(f"{finding.contract.id}{more}", INDENT, None, view.width)
    if view.verbose and finding.also:
        lines += _wrap(", ".join(finding.also), INDENT + "  ", None, view.width)
    return [*lines, f"{INDENT}{view.again} {report.repeat(finding)}"]


def _list_brief(findings: Sequence[Finding], report: Report, view: View) -> list[str]:
    """Return the lines of each kind of mild findings: what came back, why it was refused, and the request.

    Documented 500s leave room for odd ones: 45 of them, 26 by one number, hid that a server shows the parts
    of others (Superset 6.1.0, 2026-11-29).
    """
    kinds: dict[object, list[Finding]] = {}
    for finding in findings:
        if finding.rank is not Rank.COERCED:
            kinds.setdefault(_name_kind(finding), []).append(finding)
    ranked = sorted(kinds.values(), key=_order_mild)
    odd = [several for several in ranked if several[0].rank is Rank.ODD]
    others = [several for several in ranked if several[0].rank is not Rank.ODD]
    kept = others[: max(MAX_BRIEF // 2, MAX_BRIEF - len(odd))]
    lines, rest = [], sum(map(len, kinds.values()))
    for several in (*kept, *odd[: MAX_BRIEF - len(kept)]):
        finding, *more = several
        rest -= len(several)
        says = f"{finding.rank.value}  {make_headline(finding)}"
        lines += _wrap(f"{says}; so do {len(more):,} more" if more else says, "", INDENT, view.width)
        lines += _quote_refusal(finding, view)
        lines.append(INDENT + (of_finding(finding, report.header.url) or describe_no_request(finding)))
    return [*lines, f"and {rest:,} more such: --odd shows them"] if rest > 0 else lines


def _quote_refusal(finding: Finding, view: View) -> list[str]:
    """Return the line of what a refusal says of itself: the innermost object that has a sentence."""
    answer = finding.exchanges[-1].answer if finding.exchanges else None
    if not isinstance(answer, Response) or not 400 <= answer.status < 500:
        return []
    parts, said = [read_json(answer.body).value], None
    for part in parts:  # which grows
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and any(isinstance(text, str) and " " in text for text in part.values()):
            said = part
    if said is None:
        return []
    return [brief(f"{INDENT}answered  {json.dumps(said, ensure_ascii=False)}", view.width)]


def _name_kind(finding: Finding) -> object:
    """Return one key for what is switched off (501, 503), and for documented 500s by values of one sort."""
    last = finding.exchanges[-1] if finding.exchanges else None
    if last is None or not isinstance(last.answer, Response):
        return id(finding)
    if last.answer.status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return last.answer.status
    sort = _SORT.fullmatch(last.why) if finding.rank is Rank.DOCUMENTED else None
    return sort[1] if sort is not None else id(finding)


def _order_mild(several: Sequence[Finding]) -> tuple[bool, bool, bool, bool, int]:
    """Return the order of a kind, the likeliest first: a wrong success says more than a refusal of what only
    a document allows, and a 500 to an ordinary call more than one to an odd value.
    """
    finding = several[0]
    last = finding.exchanges[-1] if finding.exchanges else None
    failed = last is not None and isinstance(last.answer, Response) and last.answer.status >= 400
    unusual = last is None or not last.why.startswith(_USUAL)
    size = sum(1 + len(one.also) for one in several)
    return failed, finding.stable is not True, bool(finding.confirm), unusual, -size


def _list_habits(findings: Sequence[Finding], view: View) -> list[str]:
    """Return a line for each kind of what frameworks do by themselves, with a count and a remedy."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.rank is Rank.COERCED:
            kinds.setdefault(finding.contract.check, []).append(finding)
    lines = []
    for check, several in kinds.items():
        count = sum(1 + len(finding.also) for finding in several)
        says, remedy = _HABITS.get(check, ("a framework's habit", "--odd shows it"))
        said = f"coerced  {count:,} × {says}, such as {make_headline(several[0])}: {remedy}"
        lines += _wrap(said, "", INDENT, view.width)
    return lines


_HABITS = {
    "framework": ("a 405 names no methods", "add `Allow`, as RFC 9110, 15.5.6 says"),
    "key_authentication": (
        "the scheme is read in one letter case",
        "compare it in lower case, as RFC 9110 says",
    ),
    "invalid_input": (
        "a value of another type, or in the other case, is converted",
        "FastAPI: `strict=True`; Jackson: ALLOW_COERCION_OF_SCALARS off",
    ),
    "look_alike_input": ("true or NaN is taken for a number", "FastAPI: `strict=True`"),
    "documented_status": (
        "a broken body is refused with a status that is not listed",
        "list it; FastAPI: `responses={400: …}`",
    ),
}
"""What a check finds of frameworks' habits, and what changes it."""


def _promised(finding: Finding, report: Report, source: Source, view: View) -> list[str]:
    """Return the promise, with its place at the end of the line or on a line of its own."""
    promise, place = (
        f"promised  {describe_promise(finding)}",
        name_place(finding, source, report.header.in_repository),
    )
    lines = _wrap(promise, INDENT, _HANGING, view.width)
    if len(lines) == 1 and len(lines[0]) + 2 + len(place) <= view.width:
        return [lines[0] + place.rjust(view.width - len(lines[0]))]
    return [*lines, f"{_HANGING}{place}"]


def _steps(finding: Finding, view: View) -> Iterator[str]:
    """Yield the answer to the call at fault, and a line for each other exchange that leads to it."""
    call, last = find_call(finding), finding.exchanges[-1] if finding.exchanges else None
    if call is None or last is None:
        return
    at = next(n for n, exchange in enumerate(finding.exchanges) if exchange is call)
    earlier = [e for e in finding.exchanges[:at] if e.request.body or e.action == call.action]
    for exchange in earlier[-MAX_STEPS:]:
        yield from _step("before", exchange, finding, view)
    yield from _answer("answered", call, finding, view)
    for exchange in finding.exchanges[at + 1 : -1][:MAX_STEPS]:
        yield from _step("then", exchange, finding, view)
    if call is not last:
        yield from _answer("then", last, finding, view)
    yield from _list_printed(last, view.width)


def _step(label: str, exchange: RecordedExchange, finding: Finding, view: View) -> Iterator[str]:
    """Yield one line: a request with its body, and the status of its answer."""
    status = "no answer" if isinstance(exchange.answer, Silence) else str(exchange.answer.status)
    query = exchange.request.target.partition("?")[2]  # pages of one list differ by it alone
    named = _line(name_request(exchange)) + (f"?{_line(query)}" if query else "")
    begin = f"{INDENT}{label:<10}{brief(named, view.width - 20)}: {status}"
    room = view.width - len(begin) - len(" to ")
    body = cut_body(finding, exchange.request.body, room).text if room > MIN_BODY else ""
    yield f"{begin} to {body}" if body else begin


def _answer(label: str, exchange: RecordedExchange, finding: Finding, view: View) -> Iterator[str]:
    """Yield the answer with its body on one line, and below it a mark under the wrong member."""
    answer = exchange.answer
    request = f"{name_request(exchange)}: " if label != "answered" else ""
    begin = f"{INDENT}{label:<10}{_line(request + name_answer(answer))}"
    if isinstance(answer, Silence) or not answer.body:
        yield from textwrap.wrap(begin, view.width, subsequent_indent=_HANGING, drop_whitespace=False)
        return
    room = view.width - len(begin) - 2
    if room < MIN_BODY:
        yield begin
        begin, room = _HANGING, view.width - len(_HANGING)
    else:
        begin += "  "
    cut = cut_body(finding, answer.body, room)
    if name_answer(answer).endswith(f" {cut.text}"):  # a server without a body of its own repeats the reason
        yield begin.rstrip()
        return
    yield f"{begin}{cut.text}"
    if exchange is finding.exchanges[-1] and cut.begin < cut.end:
        yield view.paint(" " * (len(begin) + cut.begin) + "^" * (cut.end - cut.begin), _YELLOW)


def _remarks(finding: Finding, view: View) -> list[str]:
    """Return the lines that say whether a finding is known, happened again, and whose exchanges it shows."""
    remarks = [f"known     {finding.known}"] if finding.known else []
    if finding.stable is False:
        remarks.append("note      it did not happen again when the same requests were repeated")
    if evidence := describe_evidence(finding):
        remarks.append(f"note      {evidence}")
    if finding.confirm:
        remarks.append(f"firm      if the guess is right, a short catalogue says so: {finding.confirm}")
    return [line for remark in remarks for line in _wrap(remark, INDENT, _HANGING, view.width)]


def _exchange(exchange: RecordedExchange, most: int, width: int) -> Iterator[str]:
    request, answer = exchange.request, exchange.answer
    yield from _wrap(
        f"#{exchange.number} {_line(exchange.why)} ({_key(exchange)})", INDENT, f"{INDENT}  ", width
    )
    yield f"{INDENT}> {_line(request.method)} {_line(request.target, 300)}"
    if request.body:
        yield f"{INDENT}> {_text(request.body, MAX_BODY)}"
    if isinstance(answer, Silence):
        yield from _wrap(f"< {name_answer(answer)}", INDENT, f"{INDENT}  ", width)
        yield from _list_printed(exchange, width)
        return
    kind = answer.header("content-type") or "no content type"
    size = format_count(len(answer.body), "byte")
    yield from _wrap(
        f"< {answer.status} {_line(kind)}, {size}, {exchange.seconds * 1000:.0f} ms",
        INDENT,
        f"{INDENT}  ",
        width,
    )
    if answer.body:
        yield f"{INDENT}< {_text(answer.body, most)}"
    yield from _list_printed(exchange, width)


def _list_printed(exchange: RecordedExchange, width: int) -> Iterator[str]:
    """Return what the server's process printed meanwhile, if the run started it."""
    if exchange.printed:
        yield f"{INDENT}the app printed:"
    for line in list_printed(exchange.printed):
        yield f"{INDENT}| {_line(line, width - len(INDENT) - 2)}"


def _key(exchange: RecordedExchange) -> str:
    """Return the variable of the request's key. A made-up key has none."""
    carried = "\n".join(
        [exchange.request.target, *(f"{n}: {v}" for n, v in exchange.request.headers)]
    ).lower()
    header = f"{exchange.key_header.lower()}: "
    if "[key of " in carried or (exchange.role and f"{header}{MASK}" in carried):
        return f"${variable(exchange.role, exchange.variables)}"
    return "a made-up key" if header in carried else "no key"


# -- what was not tried


def _list_reasons(report: Report, source: Source, view: View) -> list[str]:
    """Return what has no verdict, by its reason and with ids: first what this run should have tried.

    Promises that were kept without being examined whole come late, and those of vendors for whom nobody
    asked come last.
    """
    groups: dict[tuple[int, str, str], list[Result]] = {}
    for result in report.results:
        named = _name_state(result)
        if named is None:
            continue
        if not is_asked_for(report, result):
            named = (4, NOT_ASKED_FOR)
        withheld = report.footer.withheld.left_out(result.contract) and result.verdict is not Verdict.KEPT
        reason = WITHHELD if withheld else result.reason or "no reason is known"
        groups.setdefault((*named, reason), []).append(result)
    lines = []
    for (_, state, reason), those in sorted(groups.items(), key=lambda g: (g[0][0], -len(g[1]), g[0][2])):
        ids = [r.contract.id for r in those]
        yours = say_yours(those, source) if state != NOT_ASKED_FOR else ""
        lines += _wrap(f"{state} {len(ids):,}{yours}: {reason}", "", "  ", view.width)
        lines += _wrap(", ".join(ids) if view.verbose else _some(ids), "    ", None, view.width)
    idle = sorted(report.checks.keys() - {r.contract.check for r in report.results})
    if idle:
        says = "without a contract here (pgagents explain CHECK says what makes one)"
        lines += _wrap(f"{format_count(len(idle), 'check')} {says}:", "", "  ", view.width)
        lines += _wrap(", ".join(idle), "    ", None, view.width)
    return lines


def _name_state(result: Result) -> tuple[int, str] | None:
    """Return the place in the list and the words for a contract without a whole verdict; None for others."""
    if result.verdict is Verdict.UNTESTED:
        return (1, "not tried") if result.excused else (0, "not tried, though this run should have")
    if result.verdict is Verdict.NOT_SELECTED:
        return 1, "not tried"
    if result.verdict is Verdict.NOT_APPLICABLE:
        return 2, "not applicable"
    in_part = result.verdict is Verdict.KEPT and result.reason
    return (3, "kept, in the part that was examined") if in_part else None


# -- the end of the report


def _foot(report: Report, view: View) -> list[str]:
    """Return notes on the run: what it could not do, and what it left on the server."""
    footer, width = report.footer, view.width
    lines: list[str] = []
    if view.verbose:
        if footer.workers > 1:
            alone = sum(footer.alone.values())
            lines.append(f"{footer.workers} workers; {format_count(alone, 'request')} ran alone")
        if footer.served:
            each = sum(footer.served.values()) / max(1, footer.requests)
            served = ", ".join(f"{count:,} on {name}" for name, count in footer.served.items())
            sentence = f"each exchange was judged for {each:.0f} contracts on average: {served} in all"
            lines += _wrap(sentence, "", "  ", width)
    drawn, able = footer.drawn
    complete = drawn == able and not view.verbose
    for sentence in footer.pace[1:] if able and complete else footer.pace:
        lines += _wrap(sentence, "", "  ", width)
    lines += [line for note in footer.notes[:MAX_NOTES] for line in _wrap(f"note: {note}", "", "  ", width)]
    if len(footer.notes) > MAX_NOTES:
        lines.append(f"note: and {len(footer.notes) - MAX_NOTES:,} more, all in the JSON report")
    for line in describe_withheld(footer.withheld):
        lines += _wrap(line, "", "  ", width)
    for line in report.stale:
        lines += _wrap(f"stale line of the baseline: {line}", "", "  ", width)
    lines += _list_remains(footer, width)
    if footer.gains and view.verbose:
        lines.append("a catalogue would add:")
        lines += [line for gain in footer.gains[:-1] for line in _wrap(gain, "  ", "    ", width)]
    if not footer.complete:
        lines.append(view.paint("the run was cut short: this report is not complete", _YELLOW))
    return lines


def _list_remains(footer: Footer, width: int) -> list[str]:
    """Return lines about instances that the run made and that are, or may be, still on the server."""
    lines = []
    if footer.left_behind:
        lines.append(f"left behind on the server: {len(footer.left_behind):,}")
        lines += _list_instances(footer.left_behind, width)
    if footer.may_exist:
        lines.append(f"may have been made by this run: {len(footer.may_exist):,}")
        lines += _list_instances(footer.may_exist, width)
    if footer.lasting:
        few = [
            f"{made[:MAX_LASTING].rpartition(', ')[0]}, …)" if len(made) > MAX_LASTING else made
            for made in footer.lasting
        ]
        rest = "" if few == [*footer.lasting] else "; the JSON report has all ids"
        lines += _wrap(f"made, and cannot be undone: {', '.join(few)}{rest}", "", "  ", width=width)
    if footer.purchases:
        lines += _wrap(f"{BOUGHT.lower()}: {', '.join(footer.purchases)}", "", "  ", width=width)
    return lines


def _list_instances(names: Sequence[str], width: int) -> list[str]:
    """Return the first names with their reasons, each on a line of its own, and wrapped if it is long."""
    rest = [f"  and {len(names) - MAX_LEFT:,} more, all in the JSON report"] if len(names) > MAX_LEFT else []
    shown = [_wrap(_line(name, MAX_NAME), "  ", "      ", width) for name in names[:MAX_LEFT]]
    return [*chain.from_iterable(shown), *rest]


def _conclude(report: Report, source: Source, view: View) -> list[str]:
    """Return the last lines: the findings, the promises, the vendors that are blocked, the exit code."""
    code = STOPPED if view.stopped else report.exit_code
    colour = _GREEN if code == 0 else _RED if code == 1 else _YELLOW
    kept = f"{format_count(report.footer.by_verdict.get(Verdict.KEPT, 0), 'promise')} kept"
    in_part = sum(r.verdict is Verdict.KEPT and bool(r.reason) for r in report.results)
    kept += f", {in_part:,} of them in part" if in_part else ""
    untried = describe_not_tried(report)
    hint = " (--why)" if untried and not view.why else ""
    shown = describe_findings(report, hint="" if view.odd else " (--odd)")
    lines = [view.paint(line, colour) for line in _wrap(shown, "", "  ", view.width)]
    lines += _wrap("; ".join(filter(None, (kept, untried + hint))), "", "  ", view.width)
    if code == UNTRIED:
        lines += _list_owed(report, source, view)
    if blocked := describe_blocked(report):
        lines += _wrap(f"blocked by these: {blocked}", "", "  ", view.width)
    for lift in report.footer.lifts:
        tries = f"{format_count(lift.contracts, 'contract')} of {lift.resource} would be tried"
        lines += _wrap(f"{tries} with a line in a short catalogue: {lift.line}", "", "  ", view.width)
    waiting, options = list_permissions(report)
    if waiting:
        hint = "" if view.why else ", and --why says what each does"
        told = [option for option in options if len(option) <= MAX_STEP][:MAX_OPTIONS]
        left = len(options) - len(told)
        more = f"; {format_count(left, 'more option')} in a JSON report" if left else ""
        lines += [
            f"to try {waiting:,} of them, where you may{hint}{more}:",
            f"  {printable(' '.join(told))}",
        ]
    if report.footer.gains:
        lines.append(f"next: {_line(report.footer.gains[-1])}")
    return [*lines, *_wrap(f"exit {code}: {_explain(code, report)}", "", "  ", view.width)]


def _list_owed(report: Report, source: Source, view: View) -> list[str]:
    """Return the reasons why contracts that this run should have tried have no verdict."""
    owed: dict[str, list[Result]] = {}
    for result in report.results:
        if result.verdict is Verdict.UNTESTED and not result.excused:
            owed.setdefault(result.reason, []).append(result)
    lines = []
    for reason, results in sorted(owed.items(), key=lambda one: -len(one[1]))[:MAX_REASONS]:
        count = f"{len(results):,}{say_yours(results, source)}"
        lines += _wrap(f"{count} should have been tried: {reason}", "  ", "    ", view.width)
    if len(owed) > MAX_REASONS:
        lines.append(f"  and {format_count(len(owed) - MAX_REASONS, 'more reason')}: --why")
    return lines


def _explain(code: int, report: Report) -> str:
    mildest = report.header.fail_on
    if code == STOPPED:
        return "stopped before the end"
    if report.footer.lease_ended:
        return "the lease ended before the run did"
    alarm = report.footer.alarm
    if alarm is not None and alarm.verdict == "missed" and code == UNTRIED:
        return "a call missed what it named, and may have reached a row of others"
    if alarm is not None and code == UNTRIED:
        return "older rows changed, so the run stopped writing"
    if alarm is not None and alarm.verdict == "caused":
        return "older rows changed after a call of this run"
    if code == UNTRIED and report.proves_nothing:
        return "nothing could be tried: --why says what each promise needs"
    if code == UNTRIED and not report.footer.complete:
        return "the run ended early"
    if code == UNTRIED:
        return "not everything that this run should have tried could be tried"
    if code:
        found = any(map(report.counts, report.findings))
        return "something found" if found else "a line of the baseline is stale"
    return "nothing found" if mildest is Rank.LAX else f"nothing found that is {mildest.value} or worse"


def _some(ids: Iterable[str], most: int = 3) -> str:
    every = list(ids)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _wrap(text: str, indent: str, further: str | None, width: int) -> list[str]:
    return textwrap.wrap(
        _line(text, 2_000),
        width,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_on_hyphens=False,
    )


def _line(text: str, most: int = 200) -> str:
    """Return the text on one line, without characters that control a terminal."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return printable(cut)


def _text(body: bytes, most: int) -> str:
    cut = body[:most]
    rest = f" … and {len(body) - most:,} bytes more" if len(body) > most else ""
    return _line(cut.decode("utf-8", "backslashreplace"), most + 100) + rest


# -- tables of verdicts, by check, and by action and surface


def tabulate_verdicts(report: Report, width: int) -> list[str]:
    """Return a table of verdicts by check; untested checks and empty columns are left out.

    A second table, by action and surface, has no column for a surface that nobody asked for.
    """
    counts: dict[str, Counter[Verdict]] = {}
    for result in report.results:
        counts.setdefault(result.contract.check, Counter())[result.verdict] += 1
    used = [v for v in Verdict if any(c[v] for c in counts.values())]
    if not counts:
        return []
    rows = [
        [name_check(check), *(str(c[v] or "") for v in used)]
        for check, c in counts.items()
        if _count_selected(c)
    ]
    total: Counter[Verdict] = sum(counts.values(), Counter())
    head = ["promise", *(v.value.replace("_", " ") for v in used)]
    return [
        *table(head, rows, ["all", *(str(total[v]) for v in used)], width=width),
        "",
        *_by_surface([r for r in report.results if r.contract.surface not in report.header.unasked], width),
    ]


def _by_surface(results: list[Result], width: int) -> list[str]:
    """Return a table of kept and tested contracts by action and surface."""
    cells: dict[str, dict[str, Counter[Verdict]]] = {}
    surfaces: dict[str, None] = {}
    for result in results:
        contract = result.contract
        surfaces[contract.surface] = None
        cells.setdefault(contract.action or "(any)", {}).setdefault(contract.surface, Counter())[
            result.verdict
        ] += 1
    head = ["action", *(name_surface(s) for s in surfaces)]
    rows = [
        [action, *(_cell(row.get(s, Counter())) for s in surfaces)]
        for action, row in cells.items()
        if any(map(_count_selected, row.values()))
    ]
    return table(head, rows, width=width) if rows else []


def _count_selected(counts: Counter[Verdict]) -> int:
    return counts[Verdict.KEPT] + counts[Verdict.BROKEN] + counts[Verdict.ODD] + counts[Verdict.UNTESTED]


def _cell(counts: Counter[Verdict]) -> str:
    tried = _count_selected(counts)
    if not tried:
        return "–" if counts else ""
    shown = (Verdict.BROKEN, Verdict.ODD, Verdict.UNTESTED)
    marks = "".join(f" {counts[verdict]} {verdict.value}" for verdict in shown if counts[verdict])
    return f"{counts[Verdict.KEPT]}/{tried}{marks}"
