"""Renders the documents of `pgagents build` that an API hosts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pgagents.errors import PgagentsError
from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class _Rendered:
    """The hosted documents of a model, and why some could not be made."""

    model: Model
    files: Mapping[str, bytes]
    problems: tuple[str, ...]


MOST_KEPT = 4
_KEPT: OrderedDict[tuple[int, frozenset[str]], _Rendered] = OrderedDict()
"""The last rendered documents, by the identity of their model.

They keep the model alive. One process opens many sandboxes of one catalogue.
"""


def documents(model: Model, wanted: frozenset[str], log: Callable[[str], None]) -> dict[str, bytes]:
    """Return the wanted files' bytes by their paths in the output folder.

    A file that cannot be made is logged and left out.
    """
    if not wanted:
        return {}
    key = (id(model), wanted)
    kept = _KEPT.get(key)
    if kept is None:
        kept = _KEPT[key] = _render(model, wanted)
        if len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    for problem in kept.problems:
        log(problem)
    return dict(kept.files)


def _render(model: Model, wanted: frozenset[str]) -> _Rendered:
    from pgagents.generate.build import document  # heavy (jinja2), and only for hosted documents

    found: dict[str, bytes] = {}
    problems: list[str] = []
    for path in sorted(wanted):
        try:
            made = document(model, path, traced=False).artifacts()
            found.update({a.path: a.data for a in made if a.path == path})
        except PgagentsError as error:
            problems.append(f"{path} is not hosted: {error.message}")
    return _Rendered(model, found, tuple(problems))
