"""Renders the documents of `pgagents build` that an API hosts."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.errors import PgagentsError
from pgagents.model.model import Model


def documents(model: Model, wanted: frozenset[str], log: Callable[[str], None]) -> dict[str, bytes]:
    """Return the wanted files' bytes by their paths in the output folder; a file that cannot be made is
    logged and left out.
    """
    if not wanted:
        return {}
    from pgagents.generate.build import document  # heavy (jinja2), and only for hosted documents

    found = {}
    for path in sorted(wanted):
        try:
            made = document(model, path, traced=False).artifacts()
            found.update({a.path: a.data for a in made if a.path == path})
        except PgagentsError as error:
            log(f"{path} is not hosted: {error.message}")
    return found
