"""Methods, paths, placeholders and operation ids: each call must lead to one action."""

from __future__ import annotations

import re

from pgagents.catalogue.check import PLACEHOLDER, Checker
from pgagents.source import Pointer


def camel(name: str) -> str:
    """`search_parking` as `searchParking`."""
    head, *tail = [part for part in name.split("_") if part] or [name]
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def run(checker: Checker) -> None:
    """Note placeholders without argument, two actions on one route, hidden literal paths, operation ids twice."""
    routes: dict[tuple[str, str], tuple[str, Pointer]] = {}
    operations: dict[str, Pointer] = {}
    entries: list[tuple[str, str, str, Pointer]] = []
    for base, actions in checker.blocks():
        for name, action in actions.items():
            pointer = (*base, name)
            method, path = action.http.split(" ", 1)
            entries.append((name, method, path, (*pointer, "http")))
            _placeholders(
                checker,
                pointer,
                path,
                {n for n, p in action.input.items() if p.in_ in (None, "path")},
                {n for n, p in action.input.items() if p.in_ == "path"},
            )
            _operation(checker, operations, action.operation_id or camel(name), (*pointer, "operation_id"))
    for name, surface in checker.written.surfaces.items():
        if surface.http:
            method, path = surface.http.split(" ", 1)
            entries.append((name, method, path, ("surfaces", name, "http")))
            _operation(checker, operations, surface.operation_id or camel(name), ("surfaces", name, "operation_id"))
    for name, method, path, pointer in entries:
        key = (method, PLACEHOLDER.sub("{}", path))
        if key in routes:
            other, at = routes[key]
            checker.fault(
                pointer,
                "same-route",
                f"`{name}` has the same method and path as `{other}` (line {checker.source.locate(at).line})",
                "change one of the two",
            )
        else:
            routes[key] = (name, pointer)
    _hidden(checker, entries)


def _operation(checker: Checker, operations: dict[str, Pointer], id: str, pointer: Pointer) -> None:
    if id.lower() in operations:
        line = checker.source.locate(operations[id.lower()]).line
        checker.fault(
            pointer,
            "same-operation",
            f"operation id `{id}` is also that of line {line}; ids must differ in more than case",
            "set `operation_id`",
            at_value=False,
        )
    else:
        operations[id.lower()] = pointer


def _placeholders(checker: Checker, pointer: Pointer, path: str, may: set[str], must: set[str]) -> None:
    names = PLACEHOLDER.findall(path)
    if path.count("{") != len(names) or path.count("}") != len(names):
        checker.fault((*pointer, "http"), "path", "the braces of the path do not pair")
    for name in names:
        if names.count(name) > 1:
            checker.fault((*pointer, "http"), "path", f"placeholder `{{{name}}}` stands in the path twice")
        if name not in may:
            checker.fault(
                (*pointer, "http"), "path", f"the path has `{{{name}}}`, but no argument has that name", f"add `{name}` under `input`"
            )
    for name in sorted(must - set(names)):
        checker.fault(
            (*pointer, "input", name), "path", f"argument `{name}` travels in the path, but the path does not name it", at_value=False
        )


def _hidden(checker: Checker, entries: list[tuple[str, str, str, Pointer]]) -> None:
    """A literal path that a template of the same method matches is reachable only where literal paths win."""
    if checker.written.points.literal_path == "wins":
        return
    templates = [
        (n, m, re.compile("[^/]+".join(map(re.escape, PLACEHOLDER.split(p)[::2])) + r"\Z"), p) for n, m, p, _ in entries if "{" in p
    ]
    literals: dict[str, list[tuple[str, str, Pointer]]] = {}
    for name, method, path, pointer in entries:
        if "{" not in path:
            literals.setdefault(method, []).append((name, path, pointer))
    by_length: dict[tuple[str, int], list[tuple[str, re.Pattern[str], str]]] = {}
    for name, method, pattern, path in templates:
        by_length.setdefault((method, path.count("/")), []).append((name, pattern, path))
    for method, items in literals.items():
        for name, path, pointer in items:
            for other, pattern, template in by_length.get((method, path.count("/")), []):
                if pattern.match(path):
                    checker.fault(
                        pointer,
                        "hidden-path",
                        f"`{name}` at {path} is hidden by `{other}` at {template}",
                        "change the path, or set `points: {literal_path: wins}` if the server tries literal paths first",
                    )
                    break
