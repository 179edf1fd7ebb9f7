"""Measure what verify, and schemathesis beside it, find on the sealed server from its document alone.

`python -m evaluation.sealed.measure` runs both against the right server, and against it with one bug at a
time, in normal mode. A bug counts as found if a tool says something that it does not say of the right server.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from evaluation.sealed.bugs import BUGS

HERE = Path(__file__).parent
DOCUMENT = HERE / "openapi.yaml"
KEY, SECOND = "pk-meadow-4c1f7a", "pk-harbour-e92b03"
SAID = ("broken", "odd")
MOST_S = 600


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a tool against the server with one bug, or without any; `said` are its findings."""

    tool: str
    bug: str
    said: tuple[str, ...]
    requests: int
    seconds: float
    untested: int = 0
    selected: int = 0


@contextmanager
def serving(bug: str) -> Iterator[str]:
    """Start the server with a bug, or right if it is empty; yield its address."""
    words = [sys.executable, "-m", "evaluation.sealed.app", "--port", "0", *(["--bug", bug] if bug else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()


def verify(bug: str, program: str = "pgagents", *, second: bool = False) -> Run:
    """Run `pgagents verify` with the document, the address and the key of one tenant, or of both."""
    with serving(bug) as url, tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "v.json"
        words = [program, "verify", "--openapi", str(DOCUMENT), "--url", url, "--allow-writes"]
        words += ["--identity", "second"] if second else []
        keys = {"PGAGENTS_TOKEN": KEY, "PGAGENTS_TOKEN_SECOND": SECOND}
        begun = time.perf_counter()
        done = subprocess.run(
            [*words, "--report", str(report)],
            env={**keys, "PATH": str(Path(sys.executable).parent)},
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
        seconds = time.perf_counter() - begun
        if not report.exists():
            raise SystemExit(f"verify wrote no report\n{done.stdout}\n{done.stderr}")
        data = json.loads(report.read_text(encoding="utf-8"))
    said = tuple(r["contract"] for r in data["results"] if r["verdict"] in SAID)
    counts = {v: sum(r["verdict"] == v for r in data["results"]) for v in (*SAID, "kept", "untested")}
    return Run(
        "verify", bug, said, data["footer"]["requests"], seconds, counts["untested"], sum(counts.values())
    )


def schemathesis(bug: str, examples: int) -> Run:
    """Run `schemathesis run` with the same, and so many examples an operation; 0 leaves its default."""
    with serving(bug) as url, tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "st.json"
        words = [sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENT), "--url", url, "--seed", "1"]
        words += ["-H", f"X-API-Key: {KEY}", "--generation-database", "none", "--no-color"]
        words += ["--report", "json", "--report-json-path", str(report)]
        words += ["--max-examples", str(examples)] if examples else []
        begun = time.perf_counter()
        subprocess.run(words, cwd=folder, capture_output=True, timeout=MOST_S, check=False)
        seconds = time.perf_counter() - begun
        data = json.loads(report.read_text(encoding="utf-8"))
    said = {f"{f['code']} {o}" for f in data.get("failures", ()) for o in f["operations"]}
    calls = data.get("test_cases", {}).get("generated", 0)
    tool = f"schemathesis, {examples} examples" if examples else "schemathesis"
    return Run(tool, bug, tuple(sorted(said)), calls, seconds)


@click.command()
@click.argument("bugs", nargs=-1)
@click.option("--program", default="pgagents", show_default=True, help="The pgagents that is measured.")
@click.option("--second", is_flag=True, help="Give verify the other tenant's key, too.")
@click.option("--peer", is_flag=True, help="Run schemathesis instead.")
@click.option("--examples", default=0, help="So many examples an operation for schemathesis.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the runs as JSON.")
def main(
    bugs: Sequence[str], *, program: str, second: bool, peer: bool, examples: int, record: Path | None
) -> None:
    """Print one line for each run, and how many of the BUGS were found; all twelve if none is named."""
    runs: list[Run] = []
    for bug in ("", *(bugs or BUGS)):
        runs.append(schemathesis(bug, examples) if peer else verify(bug, program, second=second))
        one, right = runs[-1], runs[0]
        new = sorted(set(one.said) - set(right.said))
        share = f", {one.untested} of {one.selected} untested" if one.selected else ""
        found = f"{len(new)} new: {', '.join(new[:4])}" if bug else f"said {len(one.said)}"
        print(f"{bug or '(right)'}: {found}{share}, {one.requests} requests, {one.seconds:.0f} s", flush=True)
        for id in () if bug else one.said:
            print(f"    {id}", flush=True)
    seen = [one.bug for one in runs[1:] if set(one.said) - set(runs[0].said)]
    print(f"{runs[0].tool}: {len(seen)} of {len(runs) - 1} found: {', '.join(seen)}")
    if record is not None:
        record.write_text(json.dumps([asdict(one) for one in runs], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
