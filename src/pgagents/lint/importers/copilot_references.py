"""Resolve references and security requirements as m365-spec-parser does: missing, external, circular ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from pgagents.base.places import Pointer, read_step

Link = tuple[Any, Any] | None
"""A place as a linked list, `(link of the parent, last step)`: one tuple per place, at any depth."""
MISSING = object()
"""The target of a reference to a place that does not exist."""


class References:
    """The references of one document. `written` are all of them in order, with their places."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.written: list[tuple[Link, dict[str, Any]]] = []
        self._found: dict[str, Any] = {}
        self._collect()

    def _collect(self) -> None:
        stack: list[tuple[Link, Any]] = [(None, self.data)]
        while stack:
            link, value = stack.pop()
            if isinstance(value, dict):
                if "$ref" in value and is_reference(value):
                    self.written.append((link, value))
                stack.extend(
                    [((link, key), part) for key, part in value.items() if isinstance(part, dict | list)][
                        ::-1
                    ]
                )
            elif isinstance(value, list):
                stack.extend(
                    [((link, n), part) for n, part in enumerate(value) if isinstance(part, dict | list)][::-1]
                )

    def outside(self) -> Iterator[tuple[Pointer, str]]:
        """Yield references to other files and hosts."""
        return (
            (pointer(link), value["$ref"])
            for link, value in self.written
            if not value["$ref"].startswith("#")
        )

    def nowhere(self) -> Iterator[tuple[Pointer, str]]:
        """Yield references into this document that lead to nothing."""
        return (
            (pointer(link), value["$ref"])
            for link, value in self.written
            if self.target(value["$ref"]) is MISSING
        )

    def target(self, ref: str) -> Any:
        """Return the target of a reference, or MISSING. External references are never followed: None."""
        if not ref.startswith("#"):
            return None
        if ref not in self._found:
            self._found[ref] = MISSING  # a reference that needs itself to be resolved leads nowhere
            self._found[ref] = self._resolve_path(steps(ref))
        return self._found[ref]

    def _resolve_path(self, path: list[str]) -> Any:
        value, n = self.data, 0
        while n < len(path):
            value = self.follow(value)
            part, taken = _member(value, path[n:])
            if part is MISSING or (part is None and n + taken == len(path)):
                return MISSING
            value, n = part, n + taken
        return value

    def follow(self, value: Any) -> Any:
        """Return the value behind a chain of references. Siblings of a `$ref` override members of its
        target.
        """
        over: list[dict[str, Any]] = []
        seen: set[int] = set()
        while is_reference(value) and id(value) not in seen:
            seen.add(id(value))
            if len(value) > 1:
                over.append(value)
            value = self.target(value["$ref"])
        if not over or not isinstance(value, dict):
            return None if value is MISSING else value
        merged = dict(value)
        for one in reversed(over):
            merged |= {key: part for key, part in one.items() if key != "$ref"}
        return merged

    def circular(self) -> bool:
        """True if some value would contain itself after references are replaced."""
        return bool(self._endless)

    def holds_itself(self, value: Any) -> bool:
        """True if a value, or one inside it, would contain itself after references are replaced."""
        return any(id(self.target(ref)) in self._endless for ref in refs_in(value))

    @cached_property
    def _endless(self) -> set[int]:
        """The ids (`id()`) of targets from which references lead into a cycle."""
        targets = [self.target(ref) for ref in dict.fromkeys(value["$ref"] for _, value in self.written)]
        leads = {
            id(t): [id(self.target(ref)) for ref in dict.fromkeys(refs_in(t))]
            for t in targets
            if isinstance(t, dict | list)
        }
        open_, done = 1, 2
        endless: set[int] = set()
        state: dict[int, int] = {}
        for start in leads:
            stack = [] if start in state else [(start, iter(leads[start]))]
            state.setdefault(start, open_)
            while stack:
                here, more = stack[-1]
                there = next(more, None)
                if there is None:
                    state[here] = done
                    stack.pop()
                elif state.get(there) == open_ or there in endless:
                    endless.update(one for one, _ in stack)
                elif there in leads and there not in state:
                    state[there] = open_
                    stack.append((there, iter(leads[there])))
        return endless


def is_reference(value: Any) -> bool:
    """True if the parser replaces the value. A `$ref` such as `#name` is left unchanged."""
    if not isinstance(value, dict):
        return False
    ref = value.get("$ref")
    return isinstance(ref, str) and (
        ref.startswith("#/") or ref == "#" or (ref != "" and not ref.startswith("#"))
    )


def refs_in(value: Any) -> Iterator[str]:
    """Yield the references inside a value, as they are written."""
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            if is_reference(here):
                yield here["$ref"]
            stack.extend(part for part in here.values() if isinstance(part, dict | list))
        elif isinstance(here, list):
            stack.extend(part for part in here if isinstance(part, dict | list))


def steps(ref: str) -> list[str]:
    """Return the decoded steps of a reference into the document."""
    return [unquote(read_step(step)) for step in ref[1:].split("/")[1:]]


def pointer(link: Link) -> Pointer:
    """Return the pointer of a link."""
    path: list[str | int] = []
    while link is not None:
        link, step = link
        path.append(step)
    return tuple(reversed(path))


def _member(value: Any, path: list[str]) -> tuple[Any, int]:
    """Return the first member that matches the path, and the number of steps in its name.

    A name may contain unescaped slashes, so it can take several steps.
    """
    if isinstance(value, list):
        step = path[0]
        return (
            (value[int(step)], 1)
            if step.isascii() and step.isdigit() and int(step) < len(value)
            else (MISSING, 1)
        )
    if not isinstance(value, dict):
        return MISSING, 1
    if path[0] in value:
        return value[path[0]], 1
    for many in range(len(path), 1, -1):
        if (name := "/".join(path[:many])) in value:
            return value[name], many
    return MISSING, 1


# -- security requirements, as m365-spec-parser resolves them


Wanted = list[list[tuple[str, Any]]]
"""Alternatives, each a list of the schemes that it requires together, by name and definition."""


def schemes_of(references: References) -> dict[str, Any] | None:
    """Return the document's security schemes by name, or None without `components.securitySchemes`."""
    components = references.follow(references.data.get("components"))
    schemes = references.follow(components.get("securitySchemes")) if isinstance(components, dict) else None
    return schemes if isinstance(schemes, dict) else None


def list_requirements(
    references: References, operation: dict[str, Any], schemes: dict[str, Any] | None
) -> Wanted:
    """Return the operation's requirements, sorted by name as in the generator. Empty requirements are left
    out.
    """
    written = operation.get("security")
    required = written if written is not None else references.data.get("security")
    if schemes is None or not isinstance(required, list):
        return []
    found = [
        [(str(name), references.follow(schemes.get(name))) for name in one]
        for one in required
        if isinstance(one, dict) and one
    ]
    return sorted(found, key=lambda one: (one[0][0].casefold(), one[0][0].swapcase()))


def several_at_once(required: Wanted) -> bool:
    """True if there are requirements and each of them needs several schemes together."""
    return bool(required) and all(len(one) > 1 for one in required)


def is_supported(scheme: Any) -> bool:
    """True if the generator can make a sign-in for the scheme."""
    if not isinstance(scheme, dict):
        return False
    kind, flows = scheme.get("type"), scheme.get("flows")
    if kind == "oauth2":
        return isinstance(flows, dict) and bool(flows.get("authorizationCode"))
    if kind == "http":
        return str(scheme.get("scheme")).lower() == "bearer"
    return kind == "apiKey" and scheme.get("in") != "cookie"


def lacks_sign_in(required: Wanted) -> bool:
    """True if the generator leaves the operation without a sign-in and warns about it."""
    return bool(required) and not any(len(one) == 1 and is_supported(one[0][1]) for one in required)


def find_undefined(required: Wanted) -> str | None:
    """Return the name of an undefined scheme that makes the generator fail, or None."""
    for one in required:
        if len(one) == 1:
            if one[0][1] is None:
                return one[0][0]
            if is_supported(one[0][1]):
                break
    return required[0][0][0] if required and required[0][0][1] is None else None
