"""`pgagents verify` beside `schemathesis run`: the same sandboxes over loopback, one fault at a time, the
same key.

`python -m evaluation.bench.schemathesis_run pace [ROUNDS]` only compares their pace on the plain sandbox,
turn about (default 3 rounds). `python -m evaluation.bench.schemathesis_run [STRIDE]` tries every
STRIDE-th fault of the sandbox by name, and prints what each tool found. The default 6 takes most of an
hour where other things run beside it. A fault counts as found by a tool that says something it does not
say of the plain sandbox.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.bench.served import CATALOGUE, run_sandbox
from pgagents.sandbox import fault_registry

STRIDE = 6
DOCUMENT = Path("generated/openapi/openapi.yaml")
MOST_S, MORE_S = 150.0, 20.0
"""Seconds that one run may take, and then to write down what it has found so far."""
PEERS = ("main", "second")
RUN = "from pgagents.cli.main import run; run()"


@dataclass(frozen=True, slots=True)
class Run:
    """The outcome of one run: each complaint as what and where, and the seconds in all, and from its first
    request to its last. `cut` if it did not end by itself.
    """

    said: frozenset[str]
    requests: int
    seconds: float
    span_s: float
    cpu_s: float
    cut: bool = False

    @property
    def per_s(self) -> float:
        """Requests a second, from the first to the last."""
        return self.requests / self.span_s if self.span_s else 0.0

    @property
    def per_s_in_all(self) -> float:
        """Requests a second, its start and its report counted."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Compared:
    """A tool's runs: that of the plain sandbox, and those of each fault."""

    tool: str
    plain: Run
    faulty: Mapping[str, Run]

    @property
    def found(self) -> list[str]:
        """The faults of which it said something new."""
        return [fault for fault, run in self.faulty.items() if run.said - self.plain.said]

    def mean(self, what: str) -> float:
        """The mean of a figure over all its runs."""
        runs = (self.plain, *self.faulty.values())
        return statistics.fmean(getattr(run, what) for run in runs)


Words = Callable[[Path, Mapping[str, Any]], tuple[list[str], dict[str, str]]]


def sample(stride: int = STRIDE) -> list[str]:
    """Every so manieth fault by its name; faults of one kind stand together there, so each kind has its
    share.
    """
    return fault_registry.list_names("faults")[::stride]


def compare(faults: Sequence[str], said: Callable[[str], None] = lambda _: None) -> Iterator[Compared]:
    """Each tool over the plain sandbox and every fault, turn about, so that a busy machine slows all."""
    runs: dict[str, dict[str, Run]] = {tool: {} for tool in TOOLS}
    for fault in ("", *faults):
        for tool, (words, heard) in TOOLS.items():
            one = runs[tool][fault] = _run(words, heard, (fault,) if fault else ())
            new = len(one.said - runs[tool][""].said) if fault else len(one.said)
            said(
                f"{fault or 'plain'}, {tool}: {new} in {one.requests:,} requests, {one.seconds:.1f} "
                f"s{', cut' if one.cut else ''}"
            )
    for tool, several in runs.items():
        yield Compared(tool, several.pop(""), several)


def _run(words: Words, heard: Callable[[Path], frozenset[str]], faults: Sequence[str]) -> Run:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with run_sandbox(folder, *faults) as server:
            command, env = words(folder, server.facts)
            begun = time.perf_counter()
            child = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **env},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            cpu_s, cut = _wait_for_exit(child)
            seconds = time.perf_counter() - begun
        return Run(heard(folder), server.requests, seconds, server.span_s, cpu_s, cut)


def _wait_for_exit(child: subprocess.Popen[bytes]) -> tuple[float, bool]:
    """Wait for a tool, then interrupt it, then kill it; return its CPU seconds and whether it was stopped."""
    for number, patience_s in ((None, MOST_S), (signal.SIGINT, MORE_S), (signal.SIGKILL, MORE_S)):
        if number is not None:
            child.send_signal(number)
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                return usage.ru_utime + usage.ru_stime, number is not None
            time.sleep(0.02)
    raise SystemExit("a tool does not end")


def paces(rounds: int = 3) -> Iterator[Mapping[str, Run]]:
    """The two tools with their defaults over the plain sandbox."""
    for _ in range(rounds):
        yield {tool: _run(*TOOLS[tool], ()) for tool in ("schemathesis run", "pgagents verify")}


# schemathesis


def _schemathesis(folder: Path, facts: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """With its defaults."""
    key = f"Authorization: Bearer {facts['keys']['unlimited']}"
    return [*_st(folder, facts), "--header", key], {}


def _all_checks(folder: Path, facts: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """With every check it has: two users for the check of access to the other's, and the longest time an
    answer may take.
    """
    tokens = {"main": facts["keys"]["unlimited"], "second": facts["keys"]["second"]}
    users = [
        {"name": peer, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {tokens[peer]}"}]}
        for peer in PEERS
    ]
    (folder / "users.json").write_text(json.dumps({"auth": users}))
    (folder / "schemathesis.toml").write_text(
        f'[auth.wfc]\npath = "users.json"\npeers = {json.dumps(PEERS)}\n'
    )
    return [*_st(folder, facts), "--checks", "all", "--max-response-time", "10"], {}


def _st(folder: Path, facts: Mapping[str, Any]) -> list[str]:
    report = ["--report", "json", "--report-json-path", str(folder / "st.json")]
    once = ["--seed", "1", "--generation-database", "none", "--no-color"]
    return [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(DOCUMENT.absolute()),
        "--url",
        facts["url"],
        *once,
        *report,
    ]


def _st_said(folder: Path) -> frozenset[str]:
    """Its failures by code and operation."""
    report = json.loads((folder / "st.json").read_text("utf-8")) if (folder / "st.json").exists() else {}
    failures = {
        f"{failure['code']} {operation}"
        for failure in report.get("failures", ())
        for operation in failure["operations"]
    }
    return frozenset(failures | {error["title"] for error in report.get("errors", ())})


# pgagents


def _verify(*flags: str, roles: Sequence[str] = ()) -> Words:
    def words(folder: Path, facts: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
        keys = facts["keys"]
        env = {
            "PGAGENTS_TOKEN": keys["unlimited"],
            **{f"PGAGENTS_TOKEN_{role.upper()}": keys[role] for role in roles},
        }
        command = [
            sys.executable,
            "-c",
            RUN,
            "verify",
            str(CATALOGUE.absolute()),
            "--url",
            facts["url"],
            "--report",
            str(folder / "v.json"),
        ]
        return [*command, *flags], {**env, "XDG_CACHE_HOME": str(folder / "cache")}

    return words


def _verify_said(folder: Path) -> frozenset[str]:
    """The broken contracts."""
    report = json.loads((folder / "v.json").read_text("utf-8")) if (folder / "v.json").exists() else {}
    return frozenset(r["contract"] for r in report.get("results", ()) if r["verdict"] == "broken")


TOOLS: Mapping[str, tuple[Words, Callable[[Path], frozenset[str]]]] = {
    "schemathesis run": (_schemathesis, _st_said),
    "schemathesis run, all checks, two users": (_all_checks, _st_said),
    "pgagents verify --profile smoke": (_verify("--profile", "smoke"), _verify_said),
    "pgagents verify": (_verify(), _verify_said),
    "pgagents verify, two users": (_verify(roles=["second"]), _verify_said),
}


def pace(rounds: int) -> None:
    """Print the requests a second of both tools, and how many times faster we are."""
    for both in paces(rounds):
        for tool, run in both.items():
            print(
                f"{tool}: {run.requests:,} requests, {run.per_s:,.0f}/s from the first to the last, "
                f"{run.per_s_in_all:,.0f}/s in all"
            )
        theirs, ours = both.values()
        cpu = ours.requests / ours.cpu_s / (theirs.requests / theirs.cpu_s)
        print(
            f"  {ours.per_s / theirs.per_s:.1f} ×, in all {ours.per_s_in_all / theirs.per_s_in_all:.1f} "
            f"×, of the processor {cpu:.1f} ×"
        )


def main() -> None:
    """Compare and print: a line for each tool, a line for each fault."""
    if sys.argv[1:2] == ["pace"]:
        pace(int(sys.argv[2]) if sys.argv[2:] else 3)
        return
    faults = sample(int(sys.argv[1]) if sys.argv[1:] else STRIDE)
    everything = list(compare(faults, lambda line: print(line, file=sys.stderr, flush=True)))
    print(
        "| tool | faults found | requests a run | seconds a run | of the processor | said of the plain "
        "sandbox |"
    )
    print("|---|---|---|---|---|---|")
    for one in everything:
        means = f"{one.mean('requests'):,.0f} | {one.mean('seconds'):.1f} | {one.mean('cpu_s'):.1f}"
        print(f"| {one.tool} | {len(one.found)} of {len(faults)} | {means} | {len(one.plain.said)} |")
    print("\n| fault | " + " | ".join(one.tool for one in everything) + " |")
    print("|---" * (1 + len(everything)) + "|")
    for fault in faults:
        print(
            f"| `{fault}` | "
            + " | ".join("found" if fault in one.found else "–" for one in everything)
            + " |"
        )
    for one in everything:
        print(f"\n{one.tool}, of the plain sandbox: {', '.join(sorted(one.plain.said)) or 'nothing'}")


if __name__ == "__main__":
    main()
