"""Find the base URL that answers where every path of the given one is unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pgagents.verify.check.memory import Setting
from pgagents.verify.run.preflight.answers import is_data, knows, refuses_key
from pgagents.verify.run.preflight.base_path import likely
from pgagents.verify.run.preflight.trouble import NOT_FOUND, Place, Tried, Trouble

MOST_BASES = 5


def explain_nowhere(setting: Setting, place: Place, tried: Sequence[Tried]) -> Trouble:
    says = f"every path answers {NOT_FOUND}"
    found = explain_elsewhere(
        setting,
        place,
        tried,
        says,
        lambda its, one: knows(its, one) or (refuses_key(its, one) and is_data(one.answer)),
    )
    own = setting.model.api.server
    help = f"is it another server, or another base path? the catalogue's own is {own}"
    return found or Trouble(f"{says} at {place.url} ({_paths(tried)})", help)


def explain_elsewhere(
    setting: Setting,
    place: Place,
    tried: Sequence[Tried],
    says: str,
    good: Callable[[Setting, Tried], bool],
) -> Trouble | None:
    """Return another base URL of the host where the first read succeeds."""
    endpoint, request = tried[0].endpoint, tried[0].request
    listed = list(likely(place.url, str(setting.model.api.server), [d.path for d in setting.endpoints]))
    for base in listed[:MOST_BASES]:
        one = Tried(endpoint, request, place.other(base)(request))
        if good(setting, one):
            where = (
                f"{says} at {place.url} ({_paths(tried)}), and {base} answers {one.status}: the base "
                "path is another"
            )
            return Trouble(where, f"give --url {base}")
    return None


def _paths(tried: Sequence[Tried]) -> str:
    return ", ".join(dict.fromkeys(one.describe for one in tried))
