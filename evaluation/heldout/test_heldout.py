"""Every held-out fault really misbehaves, and breaks what the catalogue has.

Its own calls are answered otherwise than by the plain sandbox.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from evaluation.heldout.calls import Shown
from evaluation.heldout.sets import NAMES, fault
from pgagents.base.reading import read
from sandboxes import ROOT

SAID = [name for name in NAMES if not name.startswith("first/")]
"""Those whose promise is given with its path in the catalogue."""
FLOW = "auth.schemes.oauth2.flows.authorization_code"
MOVED = {
    "auth.oauth.pkce": f"{FLOW}.pkce_binds",
    "auth.oauth.revoke": f"{FLOW}.revocation_url",
    "auth.oauth": FLOW,
}
"""Old and new places in the catalogue: promises are on record as their authors wrote them."""
pytestmark = pytest.mark.matrix


@pytest.mark.parametrize("name", NAMES)
def test_held_out_fault_answers_otherwise(name: str) -> None:
    shown = fault(name)
    assert shown.__doc__
    assert shown.CLASS
    assert shown.PROMISE
    plain = shown.shows(Shown())
    assert shown.shows(Shown()) == plain
    assert shown.shows(Shown(shown)) != plain


@pytest.mark.parametrize("name", SAID)
def test_held_out_fault_breaks_what_the_catalogue_has(name: str) -> None:
    paths, _, says = fault(name).PROMISE.partition(":: ")
    assert says
    assert fault(name).FORM in ("formal", "words")
    assert [path for path in paths.split(" + ") if not _there(_find_place(path), _catalogue())] == []


@cache
def _catalogue() -> Any:
    return read(ROOT / "catalogue/park_graph.yaml").data


def _find_place(path: str) -> str:
    """Return the place where the catalogue has today what it once had at a path."""
    for old, new in MOVED.items():
        if path == old or path.startswith(f"{old}."):
            return new + path.removeprefix(old)
    return path


def _there(path: str, node: Any) -> bool:
    """True if there is something at a path; a name may have dots in it."""
    if not path:
        return True
    if isinstance(node, list):
        first, _, rest = path.partition(".")
        return (
            _there(rest, node[int(first)])
            if first.isdigit() and int(first) < len(node)
            else path in map(str, node)
        )
    if not isinstance(node, dict):
        return path == str(node)
    inside = ((str(name), inner) for name, inner in node.items())
    return any(
        path == name or (path.startswith(f"{name}.") and _there(path[len(name) + 1 :], inner))
        for name, inner in inside
    )
