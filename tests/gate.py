"""Choose the tests of `make test`: every cheap one, the costly ones that a change can touch, and a share.

`costs.json` beside this file has the processor seconds of costly tests; `make costs` records it. A test that
it does not name is cheap. `make matrix` runs the tests that `make test` may leave out.
"""

from __future__ import annotations

import ast
import json
import re
import resource
import subprocess
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
COSTS = Path(__file__).with_name("costs.json")
SOURCE = "src/pgagents"
FAULTS = "tests/faults/"
"""Modules that a registry finds, as it finds checks."""
COSTLY_S = 0.05
"""A test of so many processor seconds is costly."""
SHARE = 32
"""One in so many is tried of the costly tests that a change cannot touch. The next commit tries others."""
TOUCHED_S = 40.0
"""So many processor seconds are spent on tests that a change can touch, the nearest first."""
UNKNOWN_S = 2.0
"""A guess for a test marked `matrix`, which nobody measured."""
OF_MATRIX = " (matrix)"
"""Ends the name of a row about the cases of a function that `make matrix` alone has: the costly ones."""
FAR = 2
"""The distance of a test that imports what changed; one that carries its id is nearer."""


# ---- what changed


def git(root: Path, *words: str) -> str | None:
    """Return the output of a git command; None where it fails or git is missing."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def turn(root: Path = ROOT) -> int:
    """Return a number that the next commit raises by one; a shallow clone takes the commit's hash."""
    shallow = (git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    count = git(root, "rev-list", "--count", "HEAD")
    if count is None:
        return 0
    return int((git(root, "rev-parse", "HEAD") or "0")[:8], 16) if shallow else int(count)


def find_base(root: Path, since: str) -> str | None:
    """Return the commit with which the files are compared; None where there is no earlier one."""
    if since and (base := git(root, "merge-base", "HEAD", since)):
        return base.strip()
    return (git(root, "rev-parse", "--verify", "--quiet", "HEAD~1") or "").strip() or None


def list_changed(root: Path, base: str | None) -> set[str]:
    """Return the files that differ from a commit, also those that nobody committed yet."""
    changed = git(root, "diff", "--name-only", "--no-renames", base or "HEAD") or ""
    new = git(root, "ls-files", "--others", "--exclude-standard") or ""
    return set((changed + new).splitlines())


def list_changed_lines(root: Path, base: str | None, path: str) -> set[int] | None:
    """Return the numbers of a file's lines that differ from a commit; None where all do."""
    difference = git(root, "diff", "--unified=0", "--no-renames", base, "--", path) if base else None
    lines: set[int] = set()
    for first, count in re.findall(r"^@@ \S+ \+(\d+)(?:,(\d+))? @@", difference or "", re.M):
        lines.update(range(int(first), int(first) + max(int(count or 1), 1)))
    return lines or None


# ---- what a change can touch


@dataclass
class Reach:
    """Distances of test files, and of ids that tests carry, from a change. Others are untouched."""

    ids: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    matrix_ids: list[str] = field(default_factory=list)
    """Ids of changed files themselves. Tests that `make matrix` alone has are run for these too."""

    def add_id(self, id: str, distance: int) -> None:
        id = normal(id)
        self.ids[id] = min(distance, self.ids.get(id, distance))

    def add_file(self, path: str, distance: int) -> None:
        self.files[path] = min(distance, self.files.get(path, distance))


def normal(id: str) -> str:
    """Return an id in the spelling in which ids are compared: modules have `_` where users write `-`."""
    return id.lower().replace("_", "-")


def find_reach(root: Path, changed: Iterable[str], base: str | None) -> Reach:
    """Return what changed files touch.

    A static graph of imports has no edge to a module that a registry finds by its path. Such a module, as
    well as a template, a YAML file and a generated one, touches the tests that carry its id.
    """
    reach = Reach()
    modules: dict[str, int] = {}
    tests = imports_of_tests(root)
    for path in changed:
        if path.startswith((f"{SOURCE}/", FAULTS)) and path.endswith(".py"):
            modules[module_name(path)] = 0
            for id in ids_of_module(root, base, path):
                reach.add_id(id, 0)
                reach.matrix_ids.append(normal(id))
        elif path.endswith(".py"):
            add_test_files(reach, tests, path)
        else:
            add_data(reach, modules, tests, root, path)
    add_importers(reach, modules, tests)
    add_relatives(reach, root)
    return reach


def module_name(path: str) -> str:
    """Return the dotted name of a file below `src`."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def ids_of_module(root: Path, base: str | None, path: str) -> Iterator[str]:
    """Yield the ids by which a registry may know a module that nobody imports, or its changed functions."""
    name = module_name(path)
    if name in imports().modules and name not in imported_by_none():
        return
    yield from ids_of_path(path)
    file = root / path
    if not file.exists():
        return
    lines = list_changed_lines(root, base, path)
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
            inside = range(node.decorator_list[0].lineno, (node.end_lineno or node.lineno) + 1)
            if lines is None or not lines.isdisjoint(inside):
                yield node.name


def ids_of_path(path: str) -> Iterator[str]:
    """Yield a file's stem, and its folder's name with the stem: `functions`, `gemini/functions`."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    yield f"{folder.rpartition('/')[2]}/{stem}"
    yield stem


@cache
def imports() -> Any:
    """Return the graph of the imports inside the package."""
    import grimp

    return grimp.build_graph("pgagents", cache_dir=None)


@cache
def imported_by_none() -> frozenset[str]:
    """Return the modules that a registry or a person finds by path, for no module imports them."""
    graph = imports()
    return frozenset(name for name in graph.modules if not graph.find_modules_that_directly_import(name))


@cache
def imports_of_tests(root: Path) -> Mapping[str, frozenset[str]]:
    """Return, for each Python file outside `src`, the names that it imports."""
    listed = git(root, "ls-files", "--cached", "--others", "--exclude-standard", "*.py")
    paths = (
        listed.splitlines()
        if listed is not None
        else [str(path.relative_to(root)) for path in (root / "tests").rglob("*.py")]
    )
    outside = [path for path in paths if not path.startswith(("src/", FAULTS)) and (root / path).is_file()]
    return {path: frozenset(imported_names(root / path)) for path in outside}


IMPORT = re.compile(r"^\s*(?:from ([\w.]+) import (\([^)]*\)|[^\n]*)|import ([\w., ]+))", re.M)


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, also inside functions, and the last word of each."""
    for module, names, several in IMPORT.findall(path.read_text(encoding="utf-8")):
        words = re.findall(r"\w+", names)
        for name in (module, *(f"{module}.{word}" for word in words)) if module else several.split(","):
            whole = name.split()[0]
            yield from {whole, whole.rpartition(".")[2]}


def add_test_files(reach: Reach, tests: Mapping[str, frozenset[str]], path: str, distance: int = 0) -> None:
    """Add a Python file outside `src`, and the files that import it, directly or not."""
    reach.add_file(path, distance)
    new = [path]
    while new:
        distance += 1
        stems = {Path(each).stem for each in new}
        new = [
            other
            for other, names in tests.items()
            if other not in reach.files and not stems.isdisjoint(names)
        ]
        for other in new:
            reach.add_file(other, distance)


def add_data(
    reach: Reach, modules: dict[str, int], tests: Mapping[str, frozenset[str]], root: Path, path: str
) -> None:
    """Add a file that is not a code: the ids in its path, and the code that has its name as a text."""
    first, _, rest = path.partition("/")
    own, stem = ids_of_path(path)
    if first in ("templates", "schemas", "generated", "catalogue"):
        reach.add_id(own, 0)
        reach.matrix_ids.append(normal(own))
        inner = rest.removeprefix("vendor/").removeprefix("requirements/")
        reach.add_id(inner.partition("/")[0].partition(".")[0], 1)
    else:
        reach.add_id(stem, 1)
    name = path.rpartition("/")[2]
    for other in tests:
        if name in (root / other).read_text(encoding="utf-8"):
            add_test_files(reach, tests, other, 1)
    for file in (root / SOURCE).rglob("*.py"):
        if name in file.read_text(encoding="utf-8"):
            modules.setdefault(module_name(str(file.relative_to(root))), 1)


def add_importers(reach: Reach, modules: Mapping[str, int], tests: Mapping[str, frozenset[str]]) -> None:
    """Add what imports changed modules, directly or not: test files, and modules that have ids."""
    known = imports().modules
    distances = {name: distance for name, distance in modules.items() if name in known}
    new = list(distances)
    while new:
        nearest, new = new, []
        for name in nearest:
            for importer in imports().find_modules_that_directly_import(name):
                if importer not in distances:
                    distances[importer] = distances[name] + 1
                    new.append(importer)
    for name, distance in distances.items():
        if distance and name in imported_by_none():
            for id in ids_of_path(name.replace(".", "/")):
                reach.add_id(id, distance)
    gone = modules.keys() - known
    for path, names in tests.items():
        found = [distances[name] for name in names if name in distances] + [0 for name in names & gone]
        if found:
            add_test_files(reach, tests, path, FAR + min(found))


def add_relatives(reach: Reach, root: Path) -> None:
    """Add the faults that break a check that was reached, and the rows of the language that name it."""
    faults = json.loads((root / "tests/data/fault_contracts.json").read_text(encoding="utf-8"))
    broken = [
        (fault, {normal(contract.partition("/")[0]) for contract in contracts})
        for kind in faults.values()
        for fault, contracts in kind.items()
    ]
    language = (root / "tests/language.yaml").read_text(encoding="utf-8")
    blocks = re.findall(r"^  ([\w-]+):\n((?:    .*\n|\n)+)", language, re.M)
    rows = [
        (row, set(map(normal, re.findall(r"[\w-]+(?=/)|(?<=name: )[\w-]+", text)))) for row, text in blocks
    ]
    for relative, ids in (*broken, *rows):
        near = [reach.ids[id] for id in ids & reach.ids.keys()]
        if near:
            reach.add_id(relative, min(near) + 1)


# ---- what is chosen


@dataclass(frozen=True)
class Case:
    """The facts about a test that decide whether it is chosen."""

    id: str
    costs: float
    matrix: bool = False
    shared: tuple[str, ...] = ()
    """Costly results that it shares with other tests of its file."""
    always: bool = False

    @property
    def costly(self) -> bool:
        """True if the gate may leave it out."""
        return not self.always and (self.matrix or self.costs >= COSTLY_S)

    @property
    def unit(self) -> str:
        """Tests of one unit are chosen together, so that what they share is made once."""
        return f"{self.id.partition('::')[0]} {self.shared}" if self.shared else self.id


def distance_of(case: Case, reach: Reach, near: Mapping[str, re.Pattern[str]]) -> int | None:
    """Return how far a test is from a change; None where the change does not touch it."""
    file = case.id.partition("::")[0]
    id = normal(case.id)
    found = [reach.ids[name] for name, pattern in near.items() if name in id and pattern.search(id)]
    if case.matrix:
        parameters = id.partition("[")[2]
        own = [name for name in reach.matrix_ids if name in parameters and near[name].search(parameters)]
        return 0 if own or reach.files.get(file) == 0 else None
    if file in reach.files:
        found.append(reach.files[file])
    return min(found, default=None)


@dataclass
class Choice:
    """The tests of a run, and how many of each kind there are."""

    ids: set[str] = field(default_factory=set)
    cheap: int = 0
    touched: int = 0
    by_turn: int = 0
    left: int = 0


def choose(cases: Sequence[Case], reach: Reach, number: int) -> Choice:
    """Choose what `make test` runs of all tests but interop's. `number` says whose turn it is."""
    choice = Choice()
    near = {id: re.compile(rf"(?<![a-z0-9]){re.escape(id)}(?![a-z0-9])") for id in reach.ids}
    units: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.costly:
            units[case.unit].append(case)
        else:
            choice.cheap += 1
            choice.ids.add(case.id)
    touched = []
    for unit, members in units.items():
        distances = [distance for case in members if (distance := distance_of(case, reach, near)) is not None]
        if distances:
            touched.append((min(distances), spread(f"{number} {unit}"), unit))
    spent = 0.0
    for _, _, unit in sorted(touched):
        costs = sum(case.costs for case in units[unit])
        if spent + costs <= TOUCHED_S:
            spent += costs
            members = units.pop(unit)
            choice.touched += len(members)
            choice.ids.update(case.id for case in members)
    by_turn = choose_share(cases, number) - choice.ids
    choice.by_turn = len(by_turn)
    choice.ids |= by_turn
    choice.left = len(cases) - len(choice.ids)
    return choice


def spread(text: str) -> int:
    """Return a number that is the same on every machine and differs from text to text."""
    return zlib.crc32(text.encode())


def choose_share(cases: Sequence[Case], number: int) -> set[str]:
    """Choose the costly tests that `make test` runs whatever the change is."""
    costly = (case for case in cases if case.costly and not case.matrix)
    return {case.id for case in costly if spread(case.unit) % SHARE == number % SHARE}


def choose_part(cases: Sequence[Case], part: int, parts: int) -> set[str]:
    """Choose one part of the tests that `make test` may leave out. Each is in exactly one part."""
    return {case.id for case in cases if case.costly and spread(case.unit) % parts == part % parts}


def choose_left(cases: Sequence[Case], number: int, parts: int) -> set[str]:
    """Choose the part whose turn it is, without the share that `make test` has of the same commit."""
    return choose_part(cases, number, parts) - choose_share(cases, number)


# ---- pytest's side


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gate", "which tests run")
    group.addoption("--gate", action="store_true", help="what make test runs")
    group.addoption(
        "--matrix",
        metavar="PART",
        help="what make test may leave out: all or 1/4, or what it left out: turn/4",
    )
    group.addoption("--since", default="", metavar="REV", help="the last commit that is known to be green")
    group.addoption("--changed", action="append", metavar="FILE", help="take this file as changed, not git's")
    group.addoption("--record-costs", metavar="FILE", help="write the processor seconds of costly tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--gate"):
        config.pluginmanager.register(Gate(config), "gate-of-tests")
    if config.getoption("--matrix"):
        config.pluginmanager.register(Matrix(config), "matrix-of-tests")
    if config.getoption("--record-costs"):
        config.pluginmanager.register(Recorder(Path(config.getoption("--record-costs"))), "costs-of-tests")


def read_cases(items: Sequence[pytest.Item]) -> list[Case]:
    """Return what is known of each collected test, in the same order."""
    costs: dict[str, float] = json.loads(COSTS.read_text(encoding="utf-8"))
    return [read_case(item, costs) for item in items]


def read_case(item: pytest.Item, costs: Mapping[str, float]) -> Case:
    stem = item.path.stem
    matrix = item.get_closest_marker("matrix") is not None
    fixtures = getattr(item, "_fixtureinfo", None)  # pytest tells the scope of a fixture nowhere else
    shared = tuple(
        f"{stem}::{name}"
        for name, definitions in (fixtures.name2fixturedefs if fixtures else {}).items()
        if f"{stem}::{name}" in costs and definitions[-1].scope != "function"
    )
    name = getattr(item, "originalname", item.name)
    own = costs.get(f"{stem}::{name}", UNKNOWN_S if matrix else 0.0)
    if matrix:
        own = costs.get(f"{stem}::{name}{OF_MATRIX}", own)
    whole = own + sum(costs[fixture] for fixture in shared)
    return Case(item.nodeid, whole, matrix, shared, item.get_closest_marker("always") is not None)


def keep(config: pytest.Config, items: list[pytest.Item], ids: set[str]) -> None:
    """Leave only these tests in the run."""
    left = [item for item in items if item.nodeid not in ids]
    items[:] = [item for item in items if item.nodeid in ids]
    config.hook.pytest_deselected(items=left)


def without_interop(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if item.get_closest_marker("interop") is None]


def list_costly_stems() -> frozenset[str]:
    """Return the names of the files of which `costs.json` has a row."""
    return frozenset(row.partition("::")[0] for row in json.loads(COSTS.read_text(encoding="utf-8")))


def may_be_costly(path: Path, stems: Collection[str]) -> bool:
    """True unless all tests of a file are cheap."""
    return path.stem in stems or "matrix" in path.read_text(encoding="utf-8")


class Gate:
    """Chooses the tests of `make test`. With xdist, the workers take the controller's view of the change."""

    def __init__(self, config: pytest.Config) -> None:
        given = getattr(config, "workerinput", {}).get("change")
        self.base, self.number, self.reach = json.loads(given) if given else self.look(config)
        if isinstance(self.reach, dict):
            self.reach = Reach(**self.reach)
        self.said = ""

    def look(self, config: pytest.Config) -> tuple[str, int, Reach]:
        changed = config.getoption("--changed")
        if changed is not None:
            return ", ".join(changed), turn(), find_reach(ROOT, changed, None)
        base = find_base(ROOT, config.getoption("--since"))
        files = list_changed(ROOT, base)
        name = f"{len(files)} files since {base[:8]}" if base else "no earlier commit here"
        return name, turn(), find_reach(ROOT, files, base)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["change"] = json.dumps([self.base, self.number, asdict(self.reach)])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        choice = choose(read_cases(without_interop(items)), self.reach, self.number)
        keep(config, items, choice.ids)
        self.said = (
            f"{choice.cheap} cheap tests, {choice.touched} costly ones that the change touches "
            f"({self.base}), {choice.by_turn} by turn (1 of {SHARE}); "
            f"{choice.left} left to the matrix: make matrix"
        )
        if hasattr(config, "workeroutput"):
            config.workeroutput["said"] = self.said

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.said = getattr(node, "workeroutput", {}).get("said", self.said)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(f"gate: {self.said}")


class Matrix:
    """Chooses the tests that `make test` may leave out, or one part of them."""

    def __init__(self, config: pytest.Config) -> None:
        text = config.getoption("--matrix")
        match = re.fullmatch(r"all|(turn|\d+)/(\d+)", text)
        if match is None or (match[2] is not None and int(match[2]) < 1):
            raise pytest.UsageError(f"--matrix {text}: say all, a part such as 1/4, or turn/4")
        self.parts = int(match[2] or 1)
        self.part = turn() if match[1] == "turn" else int(match[1] or 0)
        self.choose = choose_left if match[1] == "turn" else choose_part
        self.costly = list_costly_stems()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        if collection_path.suffix != ".py" or may_be_costly(collection_path, self.costly):
            return None
        return True  # to collect tests that are left costs time, too

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        keep(config, items, self.choose(read_cases(without_interop(items)), self.part, self.parts))
        # these wait for servers of others: as the last ones they would leave processors idle for minutes
        items.sort(key=lambda item: "evaluation" not in item.path.parts)

    def pytest_report_header(self) -> str:
        return f"matrix: part {self.part % self.parts} of {self.parts}"


class Recorder:
    """Writes the mean processor seconds of each costly test function, and of each result that tests share.

    The rows of tests that a run leaves out stay; those of tests that are gone go. With xdist, the controller
    writes what its workers measured.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.shared = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: pytest.FixtureRequest) -> Iterator[None]:
        start = used()
        result = yield
        if fixturedef.scope != "function":
            costs = used() - start
            self.shared += costs
            stem = request._pyfuncitem.path.stem  # a request of a session's fixture has no path
            self.seconds[f"{stem}::{fixturedef.argname}"].append(costs)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        start, self.shared = used(), 0.0
        result = yield
        name = f"{item.path.stem}::{getattr(item, 'originalname', item.name)}"
        name += OF_MATRIX if item.get_closest_marker("matrix") else ""
        self.seconds[name].append(used() - start - self.shared)
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for name, costs in getattr(node, "workeroutput", {}).get("costs", {}).items():
            self.seconds[name] += costs

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["costs"] = dict(self.seconds)
            return
        means = {name: sum(costs) / len(costs) for name, costs in self.seconds.items()}
        known = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        functions = list_functions()
        rows = {
            name: seconds
            for name, seconds in known.items()
            if name not in means and name.removesuffix(OF_MATRIX) in functions
        }
        rows |= {
            name: round(mean, 2)
            for name, mean in means.items()
            if mean >= COSTLY_S or name.endswith(OF_MATRIX)  # without a row it would be a guess
        }
        self.path.write_text(json.dumps(dict(sorted(rows.items())), indent=0) + "\n", encoding="utf-8")


def list_functions() -> set[str]:
    """Return the names that rows of `costs.json` may have: every function of a file of tests."""
    return {
        f"{file.stem}::{name}"
        for folder in ("tests", "evaluation")
        for file in (ROOT / folder).rglob("test_*.py")
        if "node_modules" not in file.parts
        for name in re.findall(r"def (\w+)", file.read_text(encoding="utf-8"))
    }


def used() -> float:
    """Return the processor seconds of this process and of those that it waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + _elsewhere[0]


_elsewhere = [0.0]


def add_used(seconds: float) -> None:
    """Count what a process used for which another one waited."""
    _elsewhere[0] += seconds
