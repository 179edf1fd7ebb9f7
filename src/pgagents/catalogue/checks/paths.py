"""Check methods, paths, placeholders and operation ids: each call must reach exactly one action."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import PLACEHOLDER, Checker
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.placeholders import match_placeholders, split


def camel(name: str) -> str:
    """Convert a name to camelCase: `find_book` becomes `findBook`."""
    head, *tail = [part for part in name.split("_") if part] or [name]
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def run(checker: Checker) -> None:
    """Record placeholders without arguments, duplicate routes, one path with two names of a placeholder,
    unreachable literal paths, duplicate operation ids.
    """
    routes: dict[tuple[str, str], tuple[str, Pointer]] = {}
    operations: dict[str, Pointer] = {}
    entries: list[tuple[str, str, str, Pointer]] = []
    unclear: set[Pointer] = set()
    for base, actions in checker.blocks():
        for name, action in actions.items():
            pointer = (*base, name)
            if action.http is None:
                continue
            method, path = action.http.split(" ", 1)
            entries.append((name, method, path, (*pointer, "http")))
            may = {n for n, p in action.input.items() if p.in_ in (None, "path")}
            if not may.issuperset(PLACEHOLDER.findall(path)):
                unclear.add((*pointer, "http"))
            _placeholders(
                checker, pointer, path, may, {n for n, p in action.input.items() if p.in_ == "path"}
            )
            _operation(checker, operations, action.operation_id or camel(name), (*pointer, "operation_id"))
    for name, surface in checker.written.surfaces.items():
        if surface.http:
            method, path = surface.http.split(" ", 1)
            entries.append((name, method, path, ("surfaces", name, "http")))
            _operation(
                checker, operations, surface.operation_id or camel(name), ("surfaces", name, "operation_id")
            )
    met: list[tuple[str, str, Pointer]] = []
    for name, method, path, pointer in entries:
        key = (method, PLACEHOLDER.sub("{}", path))
        if key in routes:
            other, at = routes[key]
            checker.report(
                pointer,
                "same-route",
                f"`{name}` has the same method and path as `{other}` (line {checker.source.locate(at).line})",
                "change one of the two",
            )
        else:
            routes[key] = (name, pointer)
            met.append((name, path, pointer))
    _check_names(checker, [one for one in met if one[2][0] != "operator" and one[2] not in unclear])
    _hidden(checker, entries)


def _check_names(checker: Checker, entries: list[tuple[str, str, Pointer]]) -> None:
    """Record paths that differ only in the names of their placeholders.

    In OpenAPI they are one path, which a document must not have twice. No document has an operator's actions.
    """
    first: dict[str, tuple[str, str, Pointer]] = {}
    for name, path, pointer in entries:
        other, written, at = first.setdefault(PLACEHOLDER.sub("{}", path), (name, path, pointer))
        if path == written:
            continue
        names = zip(PLACEHOLDER.findall(path), PLACEHOLDER.findall(written), strict=True)
        own, theirs = next((own, theirs) for own, theirs in names if own != theirs)
        checker.report(
            pointer,
            "same-path",
            (
                f"`{name}` calls a placeholder `{{{brief(own)}}}` that `{other}` "
                f"(line {checker.source.locate(at).line}) calls `{{{brief(theirs)}}}`"
            ),
            f"rename the placeholder and its argument: write {brief(written)} in both",
        )


def _operation(checker: Checker, operations: dict[str, Pointer], id: str, pointer: Pointer) -> None:
    if id.lower() in operations:
        line = checker.source.locate(operations[id.lower()]).line
        checker.report(
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
        checker.report((*pointer, "http"), "path", "the braces of the path do not pair")
    for name in names:
        if names.count(name) > 1:
            checker.report(
                (*pointer, "http"), "path", f"placeholder `{{{brief(name)}}}` stands in the path twice"
            )
        if (
            name not in may
            and checker.sound((*pointer, "input"))
            and not checker.is_incomplete((*pointer, "input"))
        ):
            message = f"the path has `{{{brief(name)}}}`, but no argument has that name"
            checker.report((*pointer, "http"), "path", message, f"add `{brief(name)}` under `input`")
    for name in sorted(must - set(names)) if (*pointer, "http") not in checker.dropped else ():
        checker.report(
            (*pointer, "input", name),
            "path",
            f"argument `{name}` travels in the path, but the path does not name it",
            at_value=False,
        )


def _hidden(checker: Checker, entries: list[tuple[str, str, str, Pointer]]) -> None:
    """Record literal paths that a template of the same method matches, unless the server prefers literal
    paths.
    """
    if checker.written.behaviour.literal_path == "wins":
        return
    tree = _Tree()
    for name, method, path, _ in entries:
        if "{" in path:
            tree.add((method, *path.split("/")), (name, path))
    for name, method, path, pointer in entries:
        match = None if "{" in path else tree.find((method, *path.split("/")))
        if match:
            other, template = match
            checker.report(
                pointer,
                "hidden-path",
                f"`{name}` at {brief(path)} is hidden by `{other}` at {brief(template)}",
                (
                    "change the path, or set `behaviour: {literal_path: wins}` if the server tries literal "
                    "paths first"
                ),
            )


class _Tree:
    """Path templates as a tree of segments, so that a path is compared with few of them."""

    def __init__(self) -> None:
        self.literal: dict[str, _Tree] = {}
        self.pattern: dict[tuple[str, ...], _Tree] = {}
        self.end: tuple[str, str] | None = None

    def add(self, segments: tuple[str, ...], what: tuple[str, str]) -> None:
        node = self
        for segment in segments:
            if "{" not in segment:
                node = node.literal.setdefault(segment, _Tree())
                continue
            node = node.pattern.setdefault(tuple(split(segment)[0]), _Tree())
        node.end = node.end or what

    def find(self, segments: tuple[str, ...]) -> tuple[str, str] | None:
        """Return the name and path of the first template that the path matches, or None."""
        nodes = [self]
        for segment in segments:
            after = [node.literal[segment] for node in nodes if segment in node.literal]
            after += [
                child
                for node in nodes
                for literals, child in node.pattern.items()
                if match_placeholders(literals, segment) is not None
            ]
            nodes = after
        return next((node.end for node in nodes if node.end), None)
