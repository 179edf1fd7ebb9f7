"""Print a table of what judges from PyPI and npm say of our files: `python -m evaluation.judges [MODULE…]`.

Each judge is a module of `tests/interop`. Its tests give it files that it must accept, and broken copies that
it must refuse. Without words the quick judges of formats run; `all` runs every module there.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "tests" / "interop"
QUICK = ("overlay_output", "mcpscore", "protocol_clients", "fastmcp", "copilot_plugin")
FAILURES = ("failure", "error")


@dataclass
class Row:
    """The verdicts of one judge."""

    title: str
    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    skipped: int = 0

    def write(self) -> str:
        """Return the row of a Markdown table."""
        wrong = f"**wrong: {', '.join(self.wrong)}**" if self.wrong else "as expected"
        said = f"not run: {self.skipped}" if self.skipped else wrong
        accepted = f"{len(self.accepted)}: {', '.join(self.accepted)}" if self.accepted else "–"
        return f"| {self.title} | {accepted} | {self.refused or '–'} | {said} |"


def read_rows(report: Path) -> list[Row]:
    """Return a row for each judge of a JUnit report."""
    rows: dict[str, Row] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        module = case.get("classname", "").rpartition(".")[2]
        name = case.get("name", "")
        test, _, words = name.rstrip("]").partition("[")
        row = rows.setdefault(module, Row(read_title(module)))
        if case.find("skipped") is not None:
            row.skipped += 1
        elif any(case.find(tag) is not None for tag in FAILURES):
            row.wrong.append(name)
        elif "refuse" in test:
            row.refused += 1
        else:
            row.accepted.append(f"`{words or test.removeprefix('test_')}`")
    return list(rows.values())


def read_title(module: str) -> str:
    """Return the first sentence of a module of tests."""
    tree = ast.parse((MODULES / f"{module}.py").read_text(encoding="utf-8"))
    return (
        " ".join((ast.get_docstring(tree) or module).split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
    )


def main(words: Sequence[str]) -> int:
    """Run the judges and print the table. Return 1 if one says what it should not."""
    chosen = [f"test_{name}.py" for name in words or QUICK]
    if "all" in words:
        chosen = [""]
    if unknown := [name for name in chosen if not (MODULES / name).exists()]:
        known = ", ".join(sorted(path.stem.removeprefix("test_") for path in MODULES.glob("test_*.py")))
        print(f"there is no judge {', '.join(unknown)}; known are: {known}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        files = [str(MODULES / name) for name in chosen]
        command = [sys.executable, "-m", "pytest", "-q", "-m", "interop", f"--junitxml={report}", *files]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        if not report.exists():
            print("pytest wrote no report: run `make interop` to see why", file=sys.stderr)
            return 2
        rows = read_rows(report)
    print("| judge | accepts | broken copies refused | |")
    print("|---|---|---:|---|")
    for row in rows:
        print(row.write())
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
