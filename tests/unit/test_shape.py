"""No module is too long to read, none imports another in a ring, and each package's docstring is its map."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp
import pytest

import pgagents

pytestmark = pytest.mark.always  # they hold the whole source, whatever a change touches
ROOT = Path(pgagents.__file__).parent
MOST_LINES = 800


def measure_modules() -> dict[str, int]:
    """Return the lines of each module, without the docstrings of packages."""
    paths = (path for path in ROOT.rglob("*.py") if not path.name.startswith("__"))
    return {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path.read_bytes().count(b"\n")
        for path in paths
    }


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("pgagents", cache_dir=None, exclude_type_checking_imports=True)


def list_rings(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes of which each reaches each other."""
    reached = {node: _reach(node, edges) for node in edges}
    rings = {
        frozenset(other for other in reached[node] if node in reached.get(other, ()))
        for node in edges
        if node in reached[node]
    }
    return sorted(sorted(ring) for ring in rings)


def _reach(node: str, edges: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    new = set(edges[node])
    while new:
        reached |= new
        new = {other for each in new for other in edges.get(each, ())} - reached
    return reached


def list_rings_of_siblings(graph: grimp.ImportGraph) -> list[list[str]]:
    """Return the rings among the children of each package, where a child imports by any module in it."""
    siblings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            left, right = importer.split("."), imported.split(".")
            same = next(
                (n for n, pair in enumerate(zip(left, right, strict=False)) if len(set(pair)) > 1), None
            )
            if same is not None:
                parent = ".".join(left[:same])
                siblings[parent][".".join(left[: same + 1])].add(".".join(right[: same + 1]))
    return [ring for edges in siblings.values() for ring in list_rings(edges)]


def test_no_module_is_too_long() -> None:
    long = {name: count for name, count in measure_modules().items() if count > MOST_LINES}
    assert long == {}, f"cut it where two questions meet; {MOST_LINES} lines are the most"


def test_no_package_has_a_ring(imports: grimp.ImportGraph) -> None:
    rings = list_rings_of_siblings(imports)
    assert rings == [], "\n".join(
        ["move what both need into the lower of them, or a module below both:", *map(" ".join, rings)]
    )


def test_a_ring_is_seen() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert list_rings(edges) == [["b", "c"]]
    assert list_rings({"a": {"b"}, "b": set()}) == []


def list_unnamed(docstring: str, names: Iterable[str]) -> list[str]:
    """Return the names that the docstring of their package has nowhere in backquotes."""
    quoted = {word for text in re.findall(r"`([^`]+)`", docstring) for word in re.split(r"\W+", text)}
    return sorted(set(names) - quoted)


def list_children(package: Path) -> list[Path]:
    """Return the modules and packages directly in a package."""
    modules = [p for p in package.glob("*.py") if not p.name.startswith("__")]
    return sorted(modules + [p.parent for p in package.glob("*/__init__.py")])


def is_registry(package: Path, graph: grimp.ImportGraph) -> bool:
    """True if its modules are found by their paths: no module imports them by name, but for a few."""
    children = list_children(package)
    found = [
        is_registry(child, graph)
        if child.is_dir()
        else not graph.find_modules_that_directly_import(dotted(child))
        for child in children
    ]
    return sum(found) * 2 > len(children)


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)


def test_docstring_of_each_package_names_its_modules(imports: grimp.ImportGraph) -> None:
    """Who looks for a module reads the package's docstring, so a module without a word there is not found."""
    packages = [path.parent for path in sorted(ROOT.rglob("__init__.py"))]
    maps = [package for package in packages if not is_registry(package, imports)]
    assert len(maps) >= 20
    unnamed = {}
    for package in maps:
        text = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
        if missing := list_unnamed(text or "", [child.stem for child in list_children(package)]):
            unnamed[package.relative_to(ROOT.parent).as_posix()] = missing
    assert unnamed == {}, (
        "say in __init__.py which question each of these answers, as src/pgagents/verify/run/__init__.py does"
    )


def test_module_without_a_word_in_the_map_is_seen(imports: grimp.ImportGraph) -> None:
    text = "`gate` decides, `wire/pace.py` waits, and send does not."
    assert list_unnamed(text, ["gate", "wire", "pace", "send"]) == ["send"]
    assert list_unnamed("", ["gate"]) == ["gate"]
    assert is_registry(ROOT / "verify/checks", imports)
    assert not is_registry(ROOT / "verify/run", imports)
