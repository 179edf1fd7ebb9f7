"""Find a base URL that answers, if every path of the given one is unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pgagents.verify.check.setting import Setting
from pgagents.verify.run.preflight.answers import is_data, knows, refuses_key
from pgagents.verify.run.preflight.base_path import USUAL, likely
from pgagents.verify.run.preflight.trouble import NOT_FOUND, Place, Tried, Trouble

MOST_BASES = 5


def explain_nowhere(setting: Setting, place: Place, tried: Sequence[Tried]) -> Trouble:
    """Return a trouble: no path is known. It names the base URL or base path that answers, if any."""
    says = f"every path answers {NOT_FOUND}"
    found = explain_elsewhere(setting, place, tried, says, _is_there)
    found = found or _find_other_base(setting, place, tried[0], f"{says} at {place.url} ({_paths(tried)})")
    document = place.document
    own = str(setting.model.api.server) if document is None else document.server
    whose = "catalogue" if document is None else "document"
    named = f" the {whose}'s own is {own}" if own else ""
    help = f"is it another server, or another base path?{named}"
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


def _find_other_base(setting: Setting, place: Place, one: Tried, says: str) -> Trouble | None:
    """Return another base path of the document at which the first read succeeds, as a trouble; None if there
    is none.

    The empty path is tried first.
    """
    if place.document is None:
        return None
    own, *others = place.document.bases
    for base in list(dict.fromkeys(("", *others, *USUAL)))[:MOST_BASES]:
        if base == own:
            continue
        request = replace(one.request, target=f"{base}{one.request.target.removeprefix(own)}")
        found = Tried(one.endpoint, request, place.send(request))
        if _is_there(setting, found):
            by = f"{says}, and {found.describe} answers {found.status}: the base path is another"
            return Trouble(by, f"add --base-path {base or '/'}")
    return None


def _is_there(setting: Setting, one: Tried) -> bool:
    """True if the API answers a read, even if it refuses the key."""
    return knows(setting, one) or (refuses_key(setting, one) and is_data(one.answer))


def _paths(tried: Sequence[Tried]) -> str:
    return ", ".join(dict.fromkeys(one.describe for one in tried))
