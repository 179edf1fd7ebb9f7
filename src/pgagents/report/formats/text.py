"""The report as text: each finding with its catalogue line, then what was proved and what was left out.

With `colour` the verdicts have ANSI colours. Only lines that are meant to be copied exceed `width`: ids,
addresses, requests, bodies and commands.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from pgagents.base.errors import Diagnostic, show
from pgagents.base.http import Silence
from pgagents.base.places import Source
from pgagents.base.writing import disable_commands, printable
from pgagents.report.contract import Verdict
from pgagents.report.curl import MASK, describe_no_request, of_finding, variable
from pgagents.report.layout import excerpt, list_printed, table
from pgagents.report.report import BOUGHT, Finding, Footer, RecordedExchange, Report, Result
from pgagents.report.verdicts import (
    WITHHELD,
    actual,
    by_surface,
    describe_evidence,
    describe_left_out,
    describe_untried,
    describe_withheld,
    format_count,
    news,
)

Paint = Callable[[str, str], str]

WIDTH = 100
MAX_BODY = 600
MAX_NOTES = 6
MAX_LEFT = 50
MAX_STEP = 200
"""Longest part of each answer before the relevant one, in characters."""
MAX_REST = 300
"""Longest part of an answer without a member that the finding names, in characters."""
_HANGING = " " * 12
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RED, _GREEN, _YELLOW = "31;1", "32;1", "33;1"
STOPPED = 130
"""The exit code of a program ended by Ctrl-C. A stopped run returns it instead of its report's exit code."""
_MEANING = {
    0: "nothing found",
    1: "something found",
    3: "not everything that this run should have tried could be tried",
    STOPPED: "stopped before the end",
}
_OF_OTHERS = " (`also_curl` in the JSON report has each one's curl line)"


def render(
    report: Report,
    source: Source,
    *,
    colour: bool = False,
    again: str = "",
    stopped: bool = False,
    width: int = WIDTH,
    verbose: bool = False,
) -> str:
    """Return the whole report, ending in a newline.

    `again` is the command line that repeats the run, without seed and contract. `stopped` means that a signal
    ended the run. `verbose` adds how many contracts each exchange was judged for, and where nobody looked.
    """
    paint = _paint if colour else _leave
    again = again or report.header.again or f"pgagents verify --url {report.header.url}"
    blocks = [
        _head(report, width),
        *(_finding(n, f, report, source, paint, again, width) for n, f in enumerate(report.findings, 1)),
        _by_vendor(report, width),
        tabulate_verdicts(report.results, width),
        _list_left_out(report, width, verbose=verbose),
        _foot(report, paint, stopped, width, verbose),
    ]
    return "\n\n".join("\n".join(map(disable_commands, block)) for block in blocks if block) + "\n"


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _leave(text: str, code: str) -> str:  # noqa: ARG001  # stands in for _paint
    return text


def _head(report: Report, width: int) -> list[str]:
    h = report.header
    shard = f", shard {h.shard[0]} of {h.shard[1]}" if h.shard else ""
    return [
        _line(f"{h.tool} {h.version}: {h.url}"),
        *_wrap(
            f"catalogue {h.catalogue} (sha256 {h.catalogue_sha256[:12]}), "
            f"{format_count(h.contracts, 'contract')}, profile {h.profile}, "
            f"seed {h.seed}{shard}",
            "",
            "  ",
            width,
        ),
    ]


def _finding(
    number: int, finding: Finding, report: Report, source: Source, paint: Paint, again: str, width: int
) -> list[str]:
    """Return the lines of a finding: contract, expected and actual, catalogue line, exchanges, commands
    that repeat it.
    """
    contract = finding.contract
    notes = []
    if contract.cite:
        notes.append(f"requirement: {', '.join(contract.cite)}")
    diagnostic = Diagnostic(source.locate(contract.origin), contract.id, "error", "", notes=tuple(notes))
    place = show(diagnostic, source, width=width).splitlines()[1:]
    colour = _RED if finding.severity == "error" and not finding.known else _YELLOW
    lines = [
        paint(f"{'known' if finding.known else finding.severity}[{contract.id}]", colour)
        + f" {number} of {len(report.findings)}"
    ]
    lines += _wrap(f"promised  {contract.says}", "  ", _HANGING, width)
    if expected := news(finding):
        lines += _wrap(f"expected  {expected}", "  ", _HANGING, width)
    lines += _wrap(f"actual    {actual(finding)}", "  ", _HANGING, width)
    lines += [*place, *_remarks(finding, width)]
    words = frozenset(_WORD.findall(f"{finding.expected} {finding.actual}"))
    for exchange in finding.exchanges:
        last = exchange is finding.exchanges[-1]
        lines += _exchange(exchange, words, MAX_BODY if last else MAX_STEP, width)
    lines.append(f"   again: {again} {report.repeat(finding)}")
    if shown := of_finding(finding, report.header.url):
        lines.append("   " + shown)
    else:
        lines += _wrap(f"= {describe_no_request(finding)}", "   ", "     ", width)
    return lines


def _remarks(finding: Finding, width: int) -> list[str]:
    """Return the lines that say whether a finding is known, happened again, and broke other contracts.

    Another line says whose exchanges follow, if they are another contract's.
    """
    lines = []
    if finding.known:
        lines += _wrap(f"= known: {finding.known}", "   ", "     ", width)
    if finding.stable is False:
        lines += _wrap(
            "= it did not happen again when the same requests were repeated", "   ", "     ", width
        )
    if finding.also:
        lines += _wrap(
            f"= the same cause broke {len(finding.also):,} more: {_some(finding.also)}{_OF_OTHERS}",
            "   ",
            "     ",
            width,
        )
    if evidence := describe_evidence(finding):
        lines += _wrap(f"= {evidence}", "   ", "     ", width)
    return lines


def _exchange(exchange: RecordedExchange, words: frozenset[str], most: int, width: int) -> Iterator[str]:
    request, answer = exchange.request, exchange.answer
    yield from _wrap(f"#{exchange.number} {_line(exchange.why)} ({_key(exchange)})", "   ", "     ", width)
    yield f"   > {_line(request.method)} {_line(request.target, 300)}"
    if request.body:
        yield f"   > {_text(request.body, MAX_BODY)}"
    if isinstance(answer, Silence):
        yield f"   < no complete answer: {answer.kind}" + (
            f" ({_line(answer.detail)})" if answer.detail else ""
        )
        yield from _list_printed(exchange, width)
        return
    kind = answer.header("content-type") or "no content type"
    size = format_count(len(answer.body), "byte")
    yield from _wrap(
        f"< {answer.status} {_line(kind)}, {size}, {exchange.seconds * 1000:.0f} ms", "   ", "     ", width
    )
    if answer.body:
        yield f"   < {excerpt(answer.body, words, most) or _text(answer.body, min(most, MAX_REST))}"
    yield from _list_printed(exchange, width)


def _list_printed(exchange: RecordedExchange, width: int) -> Iterator[str]:
    """Return what the server's process printed meanwhile, if the run started it."""
    if exchange.printed:
        yield "   the app printed:"
    for line in list_printed(exchange.printed):
        yield f"   | {_line(line, width - len('   | '))}"


def _key(exchange: RecordedExchange) -> str:
    """Return the variable of the request's key. A made-up key has none."""
    carried = "\n".join(
        [exchange.request.target, *(f"{n}: {v}" for n, v in exchange.request.headers)]
    ).lower()
    header = f"{exchange.key_header.lower()}: "
    if "[key of " in carried or (exchange.role and f"{header}{MASK}" in carried):
        return f"${variable(exchange.role)}"
    return "a made-up key" if header in carried else "no key"


def _by_vendor(report: Report, width: int) -> list[str]:
    """Return a line for all surfaces that are not ok for the same reason, and one line for all others."""
    wrong: dict[tuple[str, str], list[str]] = {}
    fine = []
    for one in by_surface(report):
        if one.word == "ok":
            fine.append(one.surface or "(any)")
        elif one.word != "not tried":
            wrong.setdefault((one.says, one.because), []).append(one.surface or "(any)")
    lines = []
    for (says, because), names in wrong.items():
        said = "fail" if says == "fails" and len(names) > 1 else says
        lines += _wrap(f"{', '.join(names)} {said}: {because}", "", "  ", width)
    return [*lines, *(_wrap(f"ok: {', '.join(fine)}", "", "  ", width) if fine else [])]


def _list_left_out(report: Report, width: int, *, verbose: bool) -> list[str]:
    """Return contracts without a verdict by reason, untested ones first.

    Kept contracts that were not fully examined come last: their number, and with `verbose` the reasons.
    """
    groups: dict[tuple[Verdict, str], list[str]] = {}
    for result in report.results:
        left_out = result.verdict in (Verdict.UNTESTED, Verdict.NOT_SELECTED, Verdict.NOT_APPLICABLE)
        if left_out or (result.verdict is Verdict.KEPT and result.reason):
            withheld = left_out and report.footer.withheld.left_out(result.contract)
            reason = WITHHELD if withheld else result.reason or "no reason given"
            groups.setdefault((result.verdict, reason), []).append(result.contract.id)
    order = [*(v for v in Verdict if v is not Verdict.KEPT), Verdict.KEPT]
    lines = []
    half = [key for key in groups if key[0] is Verdict.KEPT and not verbose]
    unseen = sum(len(groups.pop(key)) for key in half)
    for (verdict, reason), ids in sorted(
        groups.items(), key=lambda g: (order.index(g[0][0]), -len(g[1]), g[0][1])
    ):
        lines += _wrap(f"{verdict.value.replace('_', ' ')} {len(ids):,}: {reason}", "", None, width)
        lines += _wrap(_some(ids), "    ", None, width)
    if unseen:
        lines.append(f"kept {unseen:,}: examined in part; --verbose says which part was not, and why")
    return lines


def _foot(report: Report, paint: Paint, stopped: bool, width: int, verbose: bool) -> list[str]:
    footer = report.footer
    counts = footer.by_verdict
    tried = sum(counts.get(v, 0) for v in (Verdict.KEPT, Verdict.BROKEN, Verdict.ODD))
    requests = format_count(footer.requests, "request")
    lines = [f"{requests} in {footer.seconds:.1f} s judged {format_count(tried, 'contract')}"]
    if footer.workers > 1:
        alone = sum(footer.alone.values())
        lines.append(f"  by {footer.workers} workers; {format_count(alone, 'request')} ran alone")
    lines += [line for said in footer.pace for line in _wrap(said, "  ", "    ", width)]
    if footer.served and verbose:
        each = sum(footer.served.values()) / max(1, footer.requests)
        served = ", ".join(f"{count:,} on {name}" for name, count in footer.served.items())
        lines += _wrap(
            f"each exchange was judged for {each:.0f} contracts on average: {served} in all",
            "  ",
            None,
            width,
        )
    lines += [line for note in footer.notes[:MAX_NOTES] for line in _wrap(f"note: {note}", "", "  ", width)]
    if len(footer.notes) > MAX_NOTES:
        lines.append(f"note: and {len(footer.notes) - MAX_NOTES:,} more, all in the JSON report")
    for line in describe_withheld(footer.withheld):
        lines += _wrap(line, "", "  ", width)
    for line in report.stale:
        lines += _wrap(f"stale line of the baseline: {line}", "", "  ", width)
    lines += _list_remains(footer, width)
    if not footer.complete:
        lines.append(paint("the run was cut short: this report is not complete", _YELLOW))
    return [*lines, *_conclude(report, paint, stopped, width)]


def _list_remains(footer: Footer, width: int) -> list[str]:
    """Return lines about instances that the run made and that are, or may be, still on the server."""
    lines = []
    if footer.left_behind:
        lines.append(f"left behind on the server: {len(footer.left_behind):,}")
        lines += _list_instances(footer.left_behind, width)
    if len(footer.left_behind) > MAX_LEFT:
        lines.append(f"  and {len(footer.left_behind) - MAX_LEFT:,} more, all in the JSON report")
    if footer.may_exist:
        lines.append(f"may have been made by calls that got no answer, or a 5xx: {len(footer.may_exist):,}")
        lines += _list_instances(footer.may_exist, width)
    if footer.lasting:
        lines += _wrap(f"made, and cannot be undone: {', '.join(footer.lasting)}", "", "  ", width=width)
    if footer.purchases:
        lines += _wrap(f"{BOUGHT.lower()}: {', '.join(footer.purchases)}", "", "  ", width=width)
    return lines


def _list_instances(names: Sequence[str], width: int) -> list[str]:
    """Return the first names with their reasons, each on a line of its own, and wrapped if it is long."""
    return [line for name in names[:MAX_LEFT] for line in _wrap(_line(name), "  ", "      ", width)]


def _conclude(report: Report, paint: Paint, stopped: bool, width: int) -> list[str]:
    """Return the last lines: the number of contracts by verdict, and the exit code with its meaning."""
    footer, counts = report.footer, report.footer.by_verdict
    code = report.exit_code
    known = sum(1 + len(f.also) for f in report.findings if f.known)
    of_these = {Verdict.BROKEN: f" ({known:,} of them known)"} if known else {}
    every = ", ".join(
        f"{counts.get(v, 0):,} {v.value.replace('_', ' ')}{of_these.get(v, '')}"
        for v in Verdict
        if v is not Verdict.ODD or counts.get(v, 0)
    )
    colour = _GREEN if code == 0 else _RED if code == 1 else _YELLOW
    lines = [paint(line, colour) for line in _wrap(every, "", "  ", width)]
    nothing = "nothing that was selected could be tried: the lines above say what each contract needs"
    code = STOPPED if stopped else code
    said = nothing if report.proves_nothing and not stopped else _MEANING[code]
    if code == 0 and (left := describe_left_out(report)):
        lines += [paint(line, _YELLOW) for line in _wrap(left, "", "  ", width)]
    if code == 0 and (untried := describe_untried(report)):
        lines += [paint(line, _YELLOW) for line in _wrap(untried, "", "  ", width)]
    if footer.gains:
        lines.append("a catalogue would add:")
        lines += [line for gain in footer.gains[:-1] for line in _wrap(gain, "  ", "    ", width)]
        lines.append(f"  {_line(footer.gains[-1])}")
    return [*lines, *_wrap(f"exit {code}: {said}", "", "  ", width)]


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


def tabulate_verdicts(results: Iterable[Result], width: int) -> list[str]:
    """Return a table of verdicts by check; untested checks and empty columns are left out."""
    counts: dict[str, Counter[Verdict]] = {}
    for result in results:
        counts.setdefault(result.contract.check, Counter())[result.verdict] += 1
    used = [v for v in Verdict if any(c[v] for c in counts.values())]
    if not counts:
        return []
    rows = [
        [check.replace("_", " "), *(str(c[v] or "") for v in used)]
        for check, c in counts.items()
        if _count_selected(c)
    ]
    total: Counter[Verdict] = sum(counts.values(), Counter())
    head = ["promise", *(v.value.replace("_", " ") for v in used)]
    return [
        *table(head, rows, ["all", *(str(total[v]) for v in used)], width=width),
        "",
        *_by_surface(list(results), width),
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
    head = ["action", *(s or "(any)" for s in surfaces)]
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
