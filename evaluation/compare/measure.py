"""Runs pgagents and schemathesis on the notes app, right and with one bug at a time, and prints a table.

`python -m evaluation.compare.measure [--seeds N] [--write]` starts a fresh app for each run. A tool
finds a bug if it reports something on the app with the bug that it does not report on the right one. Both
runs have the same seed. Both tools have their default options, the app's document and one key of its user;
pgagents has `--allow-writes` too, without which it only reads. With `--write` the figures are kept in
measured.json, and the table is renewed in README.md and docs/index.md. A test holds both to the file.
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
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import click

from evaluation.compare.notes_app import BUGS, OWN

ROOT = Path(__file__).resolve().parents[2]
START_S, RUN_S = 300.0, 3600.0  # a busy machine is slow, and no figure here is a time
MEASURED = Path(__file__).with_name("measured.json")
PAGES = (ROOT / "README.md", ROOT / "docs/index.md")
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
    span = f"{low:,}" if low == high else f"{low:,}-{high:,}"
    return span if most is None else f"{span} of {most}"


def _describe_finds(new: list[list[str]]) -> str:
    """Return with how many seeds a bug was found."""
    count = sum(map(bool, new))
    if count == len(new):
        return "found"
    return f"{count} of {len(new)} seeds" if count else "not found"


def measure(seeds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Run each tool on the right app and on each bug with `seeds` seeds.

    Returns what `measured.json` holds: the day, the number of seeds, and two members for each tool. `right`
    has its runs on the right app, one for each seed. `new` has, for each bug and seed, its complaints that it
    has not about the right app.
    """
    tools = []
    for tool in TOOLS:
        right = [_run(tool, "", seed) for seed in range(seeds)]
        for run in right:
            say(f"{tool.name}: right app, {run.state}, {run.seconds:.1f} s, {sorted(run.complaints)}")
        new = {}
        for bug in BUGS:
            new[bug] = [
                sorted(_run(tool, bug, seed).complaints - right[seed].complaints) for seed in range(seeds)
            ]
            say(f"{tool.name}: {bug}, {new[bug]}")
        runs = [{**run.state, "complaints": sorted(run.complaints)} for run in right]
        tools.append({"tool": tool.name, "right": runs, "new": new})
    today = datetime.now(UTC).date().isoformat()
    return {"measured": today, "seeds": seeds, "tools": tools}


def render(data: Mapping[str, Any]) -> str:
    """Return the table of what `measure` returned, and when that was, as Markdown."""
    tools = data["tools"]
    rows: dict[str, list[str]] = {}
    for what, key, most in (
        ("requests", "requests", None),
        ("paid calls made", "paid", None),
        ("the user's own notes intact", "intact", len(OWN)),
        ("notes left behind", "left", None),
    ):
        rows[what] = [_describe([run[key] for run in tool["right"]], most) for tool in tools]
    rows["complaints about the right app"] = [
        _describe([len(run["complaints"]) for run in tool["right"]]) for tool in tools
    ]
    for bug, sentence in BUGS.items():
        rows[sentence] = [_describe_finds(tool["new"][bug]) for tool in tools]
    head = f"| | {' | '.join(tool['tool'] for tool in tools)} |\n|---|{'---|' * len(tools)}\n"
    body = "".join(f"| {what} | {' | '.join(cells)} |\n" for what, cells in rows.items())
    seeds = "one seed" if data["seeds"] == 1 else f"{data['seeds']} seeds"
    return f"{head}{body}\nMeasured on {data['measured']} with {seeds}.\n"


def read_table(page: Path) -> str:
    """Return the table that a page shows between its two markers."""
    match = TABLE.search(page.read_text("utf-8"))
    if match is None:
        raise SystemExit(f"{page.name} has no place for the table: <!-- compare --> and <!-- /compare -->")
    return match[0]


def write_table(data: Mapping[str, Any]) -> None:
    """Put the table of what was measured into each page that shows it."""
    for page in PAGES:
        read_table(page)
        page.write_text(TABLE.sub(lambda _: render(data), page.read_text("utf-8")), "utf-8")


@click.command()
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 20), help="Runs of each kind.")
@click.option("--write", is_flag=True, help="Also keep the figures, and renew the table in each page.")
@click.option(
    "--again", is_flag=True, help="Measure nothing: renew the pages from the figures that are kept."
)
def main(seeds: int, write: bool, again: bool) -> None:
    """Compare pgagents with schemathesis on one small app; it takes a quarter of an hour."""
    if again:
        write_table(json.loads(MEASURED.read_text("utf-8")))
        return
    data = measure(seeds, lambda line: click.echo(line, err=True))
    click.echo(render(data), nl=False)
    if write:
        MEASURED.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
        write_table(data)


if __name__ == "__main__":
    main()
