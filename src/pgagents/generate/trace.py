"""Trace a member of a generated document back to the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.generate.render import Rendered
from pgagents.source.source import Pointer, Source
from pgagents.text.nearest import did_you_mean


def read_pointer(text: str, data: Any) -> Pointer:
    """Resolve a JSON Pointer (RFC 6901) in `data` into keys and indices.

    Raises PgagentsError if the pointer is malformed or `data` has no such member.
    """
    if text and not text.startswith("/"):
        raise PgagentsError(f"`{text}` is no JSON Pointer", f"it begins with a slash: `/{text}`")
    here = data
    pointer: list[str | int] = []
    for raw in text.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        inside = "/" + "/".join(raw_step(s) for s in pointer) if pointer else "the document's root"
        if isinstance(here, dict):
            if step not in here:
                help = did_you_mean(step, list(here)) or "it is empty"
                raise PgagentsError(f"there is no member `{step}` in {inside}", help)
            pointer.append(step)
            here = here[step]
        elif isinstance(here, list):
            if not (step.isascii() and step.isdigit()) or int(step) >= len(here):
                raise PgagentsError(
                    f"there is no item `{step}` in {inside}", f"it has {len(here)} items, counted from 0"
                )
            pointer.append(int(step))
            here = here[int(step)]
        else:
            raise PgagentsError(f"there is nothing inside {inside}: it is a plain value")
    return tuple(pointer)


def raw_step(step: str | int) -> str:
    """Return a key escaped for a JSON Pointer."""
    return str(step).replace("~", "~0").replace("/", "~1")


def origin(rendered: Rendered, pointer: Pointer, source: Source) -> Pointer:
    """Return the most specific known part of the catalogue that a member comes from; () means the whole
    catalogue.

    A member without an origin is looked up by its path below the origin of its nearest ancestor. Failing
    that, its origin is the common prefix of the origins inside it, then its ancestor's origin.
    """
    marks = rendered.origins
    if pointer in marks:
        return marks[pointer]
    around: Pointer | None = None
    for cut in range(len(pointer) - 1, -1, -1):
        if pointer[:cut] in marks:
            around = marks[pointer[:cut]]
            if source.has((*around, *pointer[cut:])):
                return (*around, *pointer[cut:])
            break
    inside = _common(marks, pointer)
    if inside and (around is None or inside[: len(around)] == around):
        return inside
    if around is not None:
        return around
    for cut in range(len(pointer) - 1, -1, -1):
        if found := _common(marks, pointer[:cut]):
            return found
    return ()


def _common(marks: Mapping[Pointer, Pointer], pointer: Pointer) -> Pointer:
    """Return the common prefix of the origins of everything inside a member."""
    depth = len(pointer)
    common: Pointer | None = None
    for inside, found in marks.items():
        if inside[:depth] != pointer:
            continue
        if common is None:
            common = found
        while common and found[: len(common)] != common:
            common = common[:-1]
        if not common:
            break
    return common or ()
