"""Measure verify, and `schemathesis run` beside it, on real servers: `make zoo`, `python -m evaluation.bench
zoo NAME`.

Each run gets a server that was newly started and filled. `--only KIND` takes one kind of run (`read`,
`write`, `edited`, `peer`, `peer-as-many`), and `--table` prints what is kept. Figures are kept in
evaluation/zoo/measured.json, what verify broke in evaluation/zoo/judged beside a reviewer's word. Nothing
here fails: who reads it judges.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evaluation.zoo.judging import UNJUDGED, WORDS, count_words, read_judged
from evaluation.zoo.toolbox import TOOLS, load_tools, tools
from evaluation.zoo.zoo import HERE, NAMES, ZOO, Running, load, serving
from pgagents.report.contract import Rank

MEASURED = HERE / "measured.json"
EDITS = HERE / "edits"
REPORTS = ZOO / "reports"
"""Reports of the last runs, for a reviewer."""
MOST_S, MORE_S = 1_200.0, 30.0
"""Seconds that one run may take, and then to write down what it has found."""
EDITED_S = 1_800.0
"""Seconds of a run with an edited catalogue: it shows what can be tested, and sends more requests."""
OURS = re.compile(rf"(?:{'|'.join(rank.value for rank in Rank)})\[")
"""A finding of verify: its line on stderr while the run goes on."""
THEIRS = re.compile("_____|❌|- ")
SELECTED = ("kept", "broken", "odd", "untested")
"""The verdicts of contracts that a run set out to test."""
RUN = "from pgagents.cli.main import run; run()"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a tool: what it took, what it said, and what of the older things it changed.

    `words` counts the findings by the reviewer's word; `said` are their contracts, or keys of schemathesis.
    `left` counts what the report of verify says it left. `grown` is by how much the lists of the server are
    longer afterwards; it is None where they were not counted.
    """

    server: str
    kind: str
    first_s: float | None
    seconds: float
    requests: int
    exit: int
    verdicts: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    processor_s: float | None = None
    left: int = 0
    grown: int | None = None
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a tool: exit code, seconds, those of its processor, those to its first finding, and its
    printed text.
    """

    exit: int
    seconds: float
    processor_s: float
    first_s: float | None
    printed: str


def main(words: Sequence[str]) -> None:
    """Measure the named servers, or all; print a line for each run, and the table at the end."""
    asked = _read_arguments(words)
    names = asked.names or [*NAMES, *TOOLS]
    kinds = [kind for kind in KINDS if kind in (asked.only or KINDS)]
    for name, kind in () if asked.table else ((name, kind) for name in names for kind in kinds):
        if name not in TOOLS:
            measured = measure(name, kind, KINDS[kind])
        else:
            measured = _measure_tools(name) if kind == "read" else None
        if measured is not None:
            _keep(measured)
    print(table([Measured(**row) for _, row in sorted(_read_measured().items())]))


def _read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return the names, kinds and options; a name or a kind that is unknown ends the program."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.bench zoo",
        description="Run verify, and schemathesis beside it, on real servers, each newly started and filled. "
        "Without a name all are measured, which takes an hour.",
        epilog="read: verify without --allow-writes. write: with it, which is its normal mode. edited: the "
        "imported catalogue with a reviewer's lines. peer: schemathesis with its defaults. peer-as-many: "
        "with at least as many requests as verify sent in its last run of kind write.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*NAMES, *TOOLS]))
    parser.add_argument("--only", choices=KINDS, action="append", help="take this kind of run, repeatable")
    parser.add_argument("--table", action="store_true", help="measure nothing and print what is kept")
    asked = parser.parse_args(words)
    if unknown := sorted(set(asked.names) - {*NAMES, *TOOLS}):
        parser.error(f"no such server: {', '.join(unknown)}; there are {', '.join([*NAMES, *TOOLS])}")
    return asked


def _read_measured() -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else []
    return {(one["server"], one["kind"]): one for one in rows}


def _keep(one: Measured) -> None:
    """Write a run down beside the others, and print its line."""
    kept = {**_read_measured(), (one.server, one.kind): asdict(one)}
    text = json.dumps([kept[k] for k in sorted(kept)], indent=1) + "\n"
    MEASURED.write_text(text, encoding="utf-8")
    print(_line(one), flush=True)


def _measure_tools(name: str) -> Measured:
    """Verify an MCP server without a catalogue, by the tools that read; look at its files."""
    with tempfile.TemporaryDirectory(prefix="zoo-run-") as folder, tools(load_tools(name)) as server:
        before = server.look()
        one = _verify(name, "read", Path(folder), ["--mcp-stdio", server.command], "")
        after = server.look()
    changed = tuple(thing for thing, value in before.items() if after.get(thing) != value)
    return Measured(**{**asdict(one), "changed": changed})


def measure(name: str, kind: str, run: Callable[[Running, Path, int], Measured | None]) -> Measured | None:
    """Run one tool against a new server, and look at what was there before and after."""
    ours = int(_read_measured().get((name, "write"), {}).get("requests", 0))
    with tempfile.TemporaryDirectory(prefix="zoo-run-") as folder, serving(load(name)) as server:
        before, rows = server.look(), server.count_rows()
        one = run(server, Path(folder), ours)
        if one is None:
            return None
        after, rows_after = server.look(), server.count_rows()
    changed = tuple(thing for thing, value in before.items() if after.get(thing) != value)
    grown = None if rows is None or rows_after is None else rows_after - rows
    return Measured(**{**asdict(one), "kind": kind, "changed": changed, "grown": grown})


def _wait(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    finding: re.Pattern[str],
    most_s: float = MOST_S,
) -> Ended:
    """Run a tool to its end, or interrupt it; note when it prints the first line of a finding."""
    begun, used_s = time.perf_counter(), _used_s()
    times, printed = list[float](), list[str]()
    child = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", stdin=subprocess.DEVNULL,
    )  # fmt: skip

    def read() -> None:
        for line in child.stdout or ():
            printed.append(line)
            if finding.match(line):
                times.append(time.perf_counter() - begun)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    for number, patience_s in ((signal.SIGINT, most_s), (signal.SIGKILL, MORE_S)):
        try:
            child.wait(patience_s)
            break
        except subprocess.TimeoutExpired:
            child.send_signal(number)
    code, seconds = child.wait(), time.perf_counter() - begun
    reader.join(MORE_S)
    return Ended(code, seconds, _used_s() - used_s, times[0] if times else None, "".join(printed))


def _used_s() -> float:
    """Return the processor seconds of all tools that have ended; a server that still runs is not in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _verify(name: str, kind: str, folder: Path, given: Sequence[str], key: str) -> Measured:
    REPORTS.mkdir(exist_ok=True)
    report, text = REPORTS / f"{name}-{kind}.json", REPORTS / f"{name}-{kind}.txt"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-c", RUN, "verify", *given, "--report", str(report), "--report", str(text)]
    env = {"PGAGENTS_TOKEN": key, "XDG_CACHE_HOME": str(folder / "cache")}
    ended = _wait(command, folder, env, OURS, EDITED_S if kind == "edited" else MOST_S)
    if not report.exists():
        raise SystemExit(f"{name}: verify wrote no report\n{ended.printed[-2000:]}")
    data = json.loads(report.read_text(encoding="utf-8"))
    verdicts = Counter(result["verdict"] for result in data["results"])
    findings = [f["contract"] for f in data["findings"]]
    words, footer = count_words(findings, read_judged(name)), data["footer"]
    left = len(footer.get("left_behind", ())) + len(footer.get("may_exist", ()))
    return Measured(
        name, kind, _rounded(ended.first_s), round(ended.seconds, 1), footer["requests"], ended.exit,
        dict(verdicts), dict(words), processor_s=round(ended.processor_s, 1), left=left, said=tuple(findings),
    )  # fmt: skip


def _document(server: Running) -> list[str]:
    return ["--openapi", server.document, *server.server.auth, "--url", server.url]


def _read_only(server: Running, folder: Path, _: int) -> Measured:
    return _verify(server.server.name, "read", folder, _document(server), server.key)


def _writing(server: Running, folder: Path, _: int) -> Measured:
    given = [*_document(server), "--allow-writes"]
    return _verify(server.server.name, "write", folder, given, server.key)


def _edited(server: Running, folder: Path, _: int) -> Measured | None:
    """Verify the imported catalogue with a reviewer's lines in it; None where there are none."""
    edits = EDITS / f"{server.server.name}.diff"
    if not edits.exists():
        return None
    options = (*server.server.auth, *server.server.imported)
    words = ["import", "--full", server.document, *options, "--out", "catalogue.yaml"]
    command = [sys.executable, "-c", RUN, *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    subprocess.run(["patch", "-s", "catalogue.yaml", str(edits)], cwd=folder, check=True)
    home = str(folder / "catalogue.yaml")
    given = [home, "--allow-writes", "--url", server.url, *server.server.edited]
    return _verify(server.server.name, "edited", folder, given, server.key)


def _peer(server: Running, folder: Path, requests: int) -> Measured:
    """Run schemathesis with its defaults, or with about as many requests as verify if a number is given."""
    report = folder / "st.json"
    headers = [w for n, v in server.api.headers.items() for w in ("--header", f"{n}: {v}")]
    command = [sys.executable, "-m", "schemathesis.cli", "run", server.document, "--url", server.peer_url]
    command += ["--seed", "1", "--generation-database", "none", "--no-color", *headers]
    command += ["--report", "json", "--report-json-path", str(report)]
    if requests:
        command += ["--max-examples", str(requests), *server.server.peer]
    ended = _wait(command, folder, {}, THEIRS)
    data = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    failures = [(f["code"], operation) for f in data.get("failures", ()) for operation in f["operations"]]
    calls = int(data.get("test_cases", {}).get("generated", 0))
    said = tuple(sorted({f"{code} {operation}" for code, operation in failures}))
    return Measured(
        server.server.name, "", _rounded(ended.first_s), round(ended.seconds, 1), calls, ended.exit,
        {"failures": len(said)}, processor_s=round(ended.processor_s, 1), said=said,
    )  # fmt: skip


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _peer_by_default(server: Running, folder: Path, _: int) -> Measured:
    return _peer(server, folder, 0)


def _peer_with_as_many(server: Running, folder: Path, ours: int) -> Measured | None:
    """Give schemathesis so many examples an operation that it sends about as many requests as verify."""
    return _peer(server, folder, max(1, ours // max(1, server.operations))) if ours else None


KINDS: Mapping[str, Callable[[Running, Path, int], Measured | None]] = {
    "read": _read_only,
    "write": _writing,
    "edited": _edited,
    "peer": _peer_by_default,
    "peer-as-many": _peer_with_as_many,
}


def _line(one: Measured) -> str:
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(one.verdicts.items()))
    words = ", ".join(f"{count} {word}" for word, count in sorted(one.words.items()))
    changed = f"; CHANGED {', '.join(one.changed)}" if one.changed else ""
    return (
        f"{one.server}, {one.kind}: {one.seconds} s (first {one.first_s} s), {one.requests} requests, "
        f"{verdicts}; findings: {words or len(one.said)}{changed}"
    )


def table(measured: Sequence[Measured]) -> str:
    """Return the rows of docs/figures.md."""
    head = (
        "| server | run | first finding | end | processor | requests | kept | broken | odd | untested "
        "| findings | true | pedantic | false | unclear | changed | left |"
    )
    rows = [head, "|" + "---|" * 17]
    for one in measured:
        ours = not one.kind.startswith("peer")
        first, processor = (
            "–" if seconds is None else f"{seconds} s" for seconds in (one.first_s, one.processor_s)
        )
        counts = [str(one.verdicts.get(v, 0)) if ours else "" for v in ("kept", "broken", "odd")]
        words = [str(one.words.get(w, 0)) if ours else "" for w in WORDS]
        if one.words.get(UNJUDGED):
            words[0] += f" (+{one.words[UNJUDGED]} {UNJUDGED})"
        cells = [one.server, one.kind, first, f"{one.seconds} s", processor]
        cells += [f"{one.requests:,}", *counts]
        cells += [_share(one) if ours else "", str(len(one.said)), *words, str(len(one.changed)), _left(one)]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _share(one: Measured) -> str:
    """Return the number of untested contracts, and their share of those that were selected."""
    untested = one.verdicts.get("untested", 0)
    selected = sum(one.verdicts.get(verdict, 0) for verdict in SELECTED)
    return f"{untested} ({100 * untested / max(1, selected):.0f} %)"


def _left(one: Measured) -> str:
    """Return what stayed by the server's own lists, or else by the report of verify."""
    if one.grown is None:
        return "–" if one.kind.startswith("peer") else str(one.left)
    return str(one.grown)
