"""Print the shape of the house beside what it was and what it should be: `python evaluation/shape.py`.

It finds modules by what they define, not by their path, so that it outlives a move of them. `--root FOLDER`
measures another checkout with this interpreter, and `--json` prints the figures for machines. The two figures
of the gates take minutes and are not measured here: the table has the command of each.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import io
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent.parent
PACKAGE = "pgagents"
DOCUMENT = Path("generated/openapi/openapi.yaml")
"""The plan that is measured is of an OpenAPI document, which needs the importer as well."""
TRACED = Path("tests/catalogues/shop.yaml")
"""The run between whose sends files are counted: a short one, which enters about as many as others."""
OTHER_SIDE = ("sandbox", "park_graph")
"""Boxes that answer what verify sends. Their files are no part of verify's way."""
FIRST = 5
"""So many sends at the beginning are left out: they fetch the time and what is served beside the API."""
PARTS = ("plan", "trace")
"""Figures that need a process of their own, which imports the package that is measured."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. `key` is its name in JSON; `before` is of 2026-11-25, commit 450be25d."""

    key: str
    label: str
    before: str
    aim: str
    command: str = ""


ROWS = (
    Row("modules", "modules without __init__", "1,217", "<= 520"),
    Row("median_lines", "median lines a file", "86", ">= 180"),
    Row("files_an_exchange", "files entered between two sends (median)", "112", "<= 45"),
    Row("modules_of_plan", "modules imported by `verify --plan`", "852", "<= 350"),
    Row("statements", "statements", "92,766", "<= 80,000"),
    Row("check_lines", "lines of verify's checks", "20,910", ""),
    Row("lines_of_checks_alone", "  and of what only they import", "7,000", "both <= 20,000"),
    Row("complexity", "mean complexity of a function", "5.1", "<= 4.5"),
    Row("contributing_bytes", "bytes of CONTRIBUTING.md", "45,748", "<= 12,000"),
    Row("architecture_bytes", "bytes of ARCHITECTURE.md", "none", "one page"),
    Row("gate_s", "`make test`, processor seconds", "635 to 665", "<= 240", "time make test"),
    Row("ci_min", "`.ci/run`, minutes on two cores", "36 to 52", "<= 20", "time .ci/run"),
)


class Source:
    """The modules of a checkout: their trees by dotted name, and what each defines at its top level."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trees: dict[str, ast.Module] = {}
        self.lines: dict[str, int] = {}
        self.packages: set[str] = set()
        for path in sorted((root / "src" / PACKAGE).rglob("*.py")):
            parts = path.relative_to(root / "src").with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if parts[-1] == "__init__":
                self.packages.add(name)
            text = path.read_text(encoding="utf-8")
            self.trees[name] = ast.parse(text)
            self.lines[name] = len(text.splitlines())
        if not self.trees:
            raise SystemExit(f"{root / 'src' / PACKAGE} has no modules; give --root a checkout of {PACKAGE}")

    def find(self, name: str) -> str:
        """Return the module that defines a class or function. Raises SystemExit if none or several do."""
        modules = [
            module
            for module, tree in self.trees.items()
            if any(
                isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name for node in tree.body
            )
        ]
        return self._only(name, modules)

    def find_text(self, name: str) -> str:
        """Return the text that one module gives to a constant at its top level."""
        texts = {
            node.value.value
            for tree in self.trees.values()
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if [target.id for target in node.targets if isinstance(target, ast.Name)] == [name]
            if isinstance(node.value.value, str)
        }
        return self._only(name, sorted(texts))

    def _only(self, name: str, choices: Sequence[str]) -> str:
        if len(choices) != 1:
            where = ", ".join(choices) or "no module"
            raise SystemExit(f"{name} is defined by {where}; say in {Path(__file__).name} which one is meant")
        return choices[0]

    def load(self, name: str) -> Any:
        """Import what the checkout defines under a name."""
        return getattr(importlib.import_module(self.find(name)), name)


def measure_source(source: Source) -> dict[str, float]:
    """Return what can be read off the text: counts of modules, lines, statements and branches."""
    complexities = [c for tree in source.trees.values() for c in list_complexities(tree.body)]
    checks, alone = list_checks(source)
    return {
        "modules": len(source.trees) - len(source.packages),
        "median_lines": statistics.median(source.lines.values()),
        "statements": sum(isinstance(n, ast.stmt) for tree in source.trees.values() for n in ast.walk(tree)),
        "check_lines": sum(source.lines[name] for name in checks),
        "lines_of_checks_alone": sum(source.lines[name] for name in alone),
        "complexity": round(statistics.mean(complexities), 2),
    }


def list_complexities(body: Sequence[ast.stmt]) -> Iterator[int]:
    """Yield the cyclomatic complexity of each function, method and class, as radon 6 counts them.

    A function has one, and one more for each branch, loop, handler, `and`, `or`, lambda and comprehension.
    So has the `else` of a loop or a `try`. Functions inside it do not count. A class has the mean of its
    methods.
    """
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _count(node)
        elif isinstance(node, ast.ClassDef):
            methods = list(list_complexities(node.body))
            yield from methods
            whole = _count(node) + sum(methods)
            yield whole // len(methods) if methods else whole


def _count(node: ast.AST) -> int:
    return 1 + sum(_count_branches(part) for part in _walk_own(node))


def _count_branches(node: ast.AST) -> int:
    match node:
        case ast.If() | ast.IfExp() | ast.Assert() | ast.Lambda():
            return 1
        case ast.match_case():
            return 1
        case ast.For() | ast.AsyncFor() | ast.While():
            return 1 + bool(node.orelse)
        case ast.Try() | ast.TryStar():
            return len(node.handlers) + bool(node.orelse)
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.comprehension():
            return 1 + len(node.ifs)
    return 0


def _walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a function, and nothing of the functions and classes that it defines."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            yield from _walk_own(child)


def list_checks(source: Source) -> tuple[list[str], list[str]]:
    """Return the modules of verify's checks, and the modules that checks import and nothing else does.

    The registry of checks names their package.
    """
    import grimp

    package = source.find_text("CHECKS")
    checks = [name for name in source.trees if name == package or name.startswith(f"{package}.")]
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    alone = []
    for name in source.trees.keys() - source.packages - set(checks):
        importers = graph.find_modules_that_directly_import(name)
        if importers and importers <= set(checks):
            alone.append(name)
    return checks, alone


def measure_plan(_: Source) -> dict[str, float]:
    """Return how many modules a plan from a document imports: the command line runs in this process."""
    run = importlib.import_module(f"{PACKAGE}.__main__").run
    sys.argv = [PACKAGE, "verify", str(DOCUMENT), "--url", "https://127.0.0.1:1", "--plan"]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            run()
        except SystemExit as ended:
            if ended.code:
                raise SystemExit(f"`{' '.join(sys.argv)}` ended with {ended.code}") from None
    if "plan" not in printed.getvalue():
        raise SystemExit(f"`{' '.join(sys.argv)}` printed no plan")
    return {"modules_of_plan": sum(name.partition(".")[0] == PACKAGE for name in sys.modules)}


def measure_trace(source: Source) -> dict[str, float]:
    """Verify a sandbox in this process, and return in how many files functions are entered between two sends.

    That is the median over all sends. The sandbox's own functions are not counted.
    """
    verify_sandbox = source.load("verify_sandbox")
    inprocess = importlib.import_module(verify_sandbox.__module__)
    model = source.load("load_file")(TRACED)
    opened = inprocess.inside(model)
    answer = inprocess.over_tls(opened.sandbox.handler)
    base = str(source.root / "src" / PACKAGE) + os.sep
    others = tuple(base + box for box in OTHER_SIDE)
    files: set[str] = set()
    counts: list[int] = []

    def enter(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and (file := frame.f_code.co_filename).startswith(base):
            files.add(file)

    def answer_uncounted(request: Any) -> Any:
        sys.setprofile(None)
        counts.append(sum(not file.startswith(others) for file in files))
        files.clear()
        try:
            return answer(request)
        finally:
            sys.setprofile(enter)

    sys.setprofile(enter)
    try:
        verify_sandbox(model, opened, source.load("Options")(), handler=answer_uncounted)
    finally:
        sys.setprofile(None)
    if len(counts) < 100:
        raise SystemExit(f"the traced run sent {len(counts)} requests; 100 are needed to say what one enters")
    return {"files_an_exchange": statistics.median(counts[FIRST:])}


def measure_texts(root: Path) -> dict[str, float]:
    """Return the bytes of the texts for contributors that exist."""
    texts = {"contributing_bytes": "CONTRIBUTING.md", "architecture_bytes": "ARCHITECTURE.md"}
    return {key: (root / name).stat().st_size for key, name in texts.items() if (root / name).exists()}


def measure(root: Path) -> dict[str, float]:
    """Return the figures of a checkout by the keys of `ROWS`, as far as they can be measured here."""
    sys.path.insert(0, str(root / "src"))
    figures = {**measure_source(Source(root)), **measure_texts(root)}
    for part in PARTS:
        command = [sys.executable, __file__, "--root", str(root), "--part", part]
        path = {**os.environ, "PYTHONPATH": str(root / "src")}
        done = subprocess.run(command, cwd=root, env=path, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{part} could not be measured: {done.stderr.strip()[-600:]}")
        figures |= json.loads(done.stdout)
    return figures


def format_table(figures: Mapping[str, float]) -> str:
    """Return the table, in at most 100 columns."""
    lines = [f"{'':44}{'2026-11-25':>14}{'now':>12}  aim"]
    for row in ROWS:
        figure = figures.get(row.key)
        now = f"{figure:,.6g}" if figure is not None else "by hand" if row.command else "none"
        aim = f"{row.aim}   ({row.command})" if row.command else row.aim
        lines.append(f"{row.label:44}{row.before:>14}{now:>12}  {aim}".rstrip())
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Print the table, or the figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python evaluation/shape.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--root", type=Path, default=HERE, help="the checkout to measure (default: this one)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    root = options.root.resolve()
    if options.part:
        part = {"plan": measure_plan, "trace": measure_trace}[options.part]
        print(json.dumps(part(Source(root))))
        return
    figures = measure(root)
    print(json.dumps(figures, indent=1) if options.json else format_table(figures))


if __name__ == "__main__":
    main()
