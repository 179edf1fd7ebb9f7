"""From a member of a generated document back to the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.generate.render import Rendered
from pgagents.source.source import Pointer, Source
from pgagents.text.nearest import did_you_mean


def read_pointer(text: str, data: Any) -> Pointer:
    """A JSON Pointer (RFC 6901) as the keys and indices of a value that `data` has. Raises PgagentsError where it has none."""
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
                raise PgagentsError(f"there is no item `{step}` in {inside}", f"it has {len(here)} items, counted from 0")
            pointer.append(int(step))
            here = here[int(step)]
        else:
            raise PgagentsError(f"there is nothing inside {inside}: it is a plain value")
    return tuple(pointer)


def raw_step(step: str | int) -> str:
    """A key as a JSON Pointer writes it."""
    return str(step).replace("~", "~0").replace("/", "~1")


def origin(rendered: Rendered, pointer: Pointer, source: Source) -> Pointer:
    """The part of the catalogue that a member comes from: as near as is known, () for the whole of it.

    A member that does not remember where it came from is looked for under the origin of what it stands in; failing
    that, it comes from what its own members have in common, or what it stands in.
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
    """What the origins of everything inside a member have in common."""
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
