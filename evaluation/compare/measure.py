"""Runs pgagents and schemathesis on the notes app, right and with one bug at a time, and prints a table.

`python -m evaluation.compare.measure [--seeds N] [--write]` starts a fresh app for each run. A tool
finds a bug if it reports something on the app with the bug that it does not report on the right one. Both
runs have the same seed. With `--write` the table also replaces the one in README.md.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click

from evaluation.compare.notes_app import BUGS, OWN

ROOT = Path(__file__).resolve().parents[2]
START_S, RUN_S = 30.0, 600.0
TABLE = re.compile(r"(?<=<!-- compare -->\n).*?(?=<!-- /compare -->)", re.DOTALL)
KEY = "nk_test_main"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a tool: what it said, and what the app counted."""

    complaints: frozenset[str]
    state: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its command for an address, a seed and a folder, and how its complaints are read there."""

    name: str
    command: Callable[[str, int, Path], list[str]]
    read: Callable[[Path], frozenset[str]]
    env: Mapping[str, str] = field(default_factory=dict)


def _verify(address: str, seed: int, folder: Path) -> list[str]:
    document = f"{address}/openapi.json"
    report = str(folder / "report.json")
    options = ["--allow-writes", "--seed", str(seed), "--report", report]
    return [sys.executable, "-m", "pgagents", "verify", "--openapi", document, "--url", address, *options]


def _read_verify(folder: Path) -> frozenset[str]:
    """Return the contracts that are broken or odd."""
    results = json.loads((folder / "report.json").read_text("utf-8"))["results"]
    return frozenset(result["contract"] for result in results if result["verdict"] in ("broken", "odd"))


def _schemathesis(address: str, seed: int, folder: Path) -> list[str]:
    report = ["--report", "json", "--report-json-path", str(folder / "report.json")]
    options = ["--seed", str(seed), "--generation-database", "none", "--no-color"]
    main = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"]
    return [*main, "--header", f"X-API-Key: {KEY}", *options, *report]


def _read_schemathesis(folder: Path) -> frozenset[str]:
    """Return the kinds of failure, each with its operation."""
    failures = json.loads((folder / "report.json").read_text("utf-8")).get("failures", ())
    return frozenset(
        f"{failure['code']} {operation}" for failure in failures for operation in failure["operations"]
    )


TOOLS = (
    Tool("`pgagents verify`", _verify, _read_verify, {"PGAGENTS_TOKEN": KEY}),
    Tool(f"`schemathesis run` {version('schemathesis')}", _schemathesis, _read_schemathesis),
)


def _find_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _serve(bug: str) -> Iterator[str]:
    """Start the app with a bug, or with none; yield its address."""
    port = _find_port()
    command = [sys.executable, "-m", "uvicorn", "evaluation.compare.notes_app:app", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--log-level", "critical"],
        cwd=ROOT,
        env={**os.environ, "NOTES_BUGS": bug},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, address)
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            _read_state(address)
        except URLError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the notes app does not start") from None
            time.sleep(0.05)
        else:
            return


def _read_state(address: str) -> dict[str, int]:
    with urlopen(f"{address}/_state", timeout=10) as answer:
        state: dict[str, int] = json.load(answer)
        return state


def _run(tool: Tool, bug: str, seed: int) -> Run:
    with tempfile.TemporaryDirectory() as name, _serve(bug) as address:
        folder = Path(name)
        environment = {**os.environ, **tool.env, "XDG_CACHE_HOME": name, "PYTHONPATH": str(ROOT / "src")}
        begun = time.monotonic()
        done = subprocess.run(
            tool.command(address, seed, folder),
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=RUN_S,
            check=False,
        )
        seconds = time.monotonic() - begun
        if not (folder / "report.json").exists():
            raise SystemExit(f"{tool.name} wrote no report: {done.stderr.decode()[-500:]}")
        return Run(tool.read(folder), _read_state(address), seconds)


def _describe(numbers: list[int], most: int | None = None) -> str:
    """Return a figure, or its range over all seeds."""
    low, high = min(numbers), max(numbers)
    span = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return span if most is None else f"{span} of {most}"


def measure(seeds: int, say: Callable[[str], None]) -> str:
    """Run each tool on the right app and on each bug with `seeds` seeds; return the table as Markdown."""
    rows: dict[str, list[str]] = {
        what: []
        for what in (
            "requests",
            "paid calls made",
            "the user's own notes intact",
            "notes left behind",
            "complaints about the right app",
            *BUGS.values(),
        )
    }
    for tool in TOOLS:
        right = [_run(tool, "", seed) for seed in range(seeds)]
        for run in right:
            say(f"{tool.name}: right app, {run.state}, {run.seconds:.1f} s, {sorted(run.complaints)}")
        for what, key, most in (
            ("requests", "requests", None),
            ("paid calls made", "paid", None),
            ("the user's own notes intact", "intact", len(OWN)),
            ("notes left behind", "left", None),
        ):
            rows[what].append(_describe([run.state[key] for run in right], most))
        rows["complaints about the right app"].append(_describe([len(run.complaints) for run in right]))
        for bug, sentence in BUGS.items():
            new = [_run(tool, bug, seed).complaints - right[seed].complaints for seed in range(seeds)]
            say(f"{tool.name}: {bug}, {[sorted(complaints) for complaints in new]}")
            count = sum(map(bool, new))
            rows[sentence].append(
                "found"
                if count == seeds
                else f"found with {count} of {seeds} seeds"
                if count
                else "not found"
            )
    head = f"| | {' | '.join(tool.name for tool in TOOLS)} |\n|---|{'---|' * len(TOOLS)}\n"
    return head + "".join(f"| {what} | {' | '.join(cells)} |\n" for what, cells in rows.items())


@click.command()
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 20), help="Runs of each kind.")
@click.option("--write", is_flag=True, help="Also replace the table in README.md.")
def main(seeds: int, write: bool) -> None:
    """Compare pgagents with schemathesis on one small app; it takes some minutes."""
    table = measure(seeds, lambda line: click.echo(line, err=True))
    click.echo(table, nl=False)
    if write:
        readme = ROOT / "README.md"
        readme.write_text(TABLE.sub(lambda _: table, readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
