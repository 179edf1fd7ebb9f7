"""What `pgagents build` would write, for the paths that are hosted."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.errors import PgagentsError
from pgagents.model.model import Model


def documents(model: Model, wanted: frozenset[str], log: Callable[[str], None]) -> dict[str, bytes]:
    """Bytes by the file's path in the output folder; what cannot be made is told and left out."""
    if not wanted:
        return {}
    from pgagents.generate.build import document  # heavy (jinja2), and only for hosted documents

    found = {}
    for path in sorted(wanted):
        try:
            found.update({a.path: a.data for a in document(model, path).artifacts() if a.path == path})
        except PgagentsError as error:
            log(f"{path} is not hosted: {error.message}")
    return found
