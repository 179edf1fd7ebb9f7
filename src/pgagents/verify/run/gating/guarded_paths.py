"""Tell which paths get no request but ordinary calls, because a GET there writes, acts or costs money."""

from __future__ import annotations

import re
from functools import cached_property
from urllib.parse import unquote, urlsplit

from pgagents.http import Request
from pgagents.model.action import Action, WithheldGet
from pgagents.model.model import Model

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_SLASHES = re.compile(r"/{2,}")


class GuardedPaths:
    """The paths of a model behind whose GET something writes, acts or costs money.

    A path without placeholders is its action's own, also where a placeholder of another action fits it.
    """

    def __init__(self, model: Model) -> None:
        self._gets = [a for a in model.actions if a.method == "GET"]
        self._gets_withheld = model.withheld.gets

    def find(self, request: Request) -> Action | None:
        """Return the action that a GET or HEAD of this path may call, if it writes or costs money; else None.

        A server may answer a HEAD, and some an OPTIONS, by what it does for a GET.
        """
        path = plain_path(request.target)
        if path in self._reading:
            return None
        return next((action for action, pattern in self._guarded if pattern.fullmatch(path)), None)

    def find_withheld(self, request: Request) -> WithheldGet | None:
        """Return the GET of this path that acts by its words, so that nothing is sent to it; else None."""
        path = plain_path(request.target)
        if path in self._reading:
            return None
        return next((get for get, pattern in self._withheld if pattern.fullmatch(path)), None)

    @cached_property
    def _guarded(self) -> list[tuple[Action, re.Pattern[str]]]:
        return [(a, _pattern_of(str(a.path))) for a in self._gets if not a.only_reads]

    @cached_property
    def _withheld(self) -> list[tuple[WithheldGet, re.Pattern[str]]]:
        """The GETs that act. A path that goes on in a query is left out: others may share its beginning."""
        return [
            (get, _pattern_of(get.path)) for get in self._gets_withheld if not re.search(r"[?#]", get.path)
        ]

    @cached_property
    def _reading(self) -> frozenset[str]:
        """The paths without placeholders whose GET only reads."""
        return frozenset(
            plain_path(str(a.path)) for a in self._gets if a.only_reads and "{" not in str(a.path)
        )


def plain_path(target: str) -> str:
    """Return the path of a request as a lenient server reads it: decoded, without needless slashes."""
    path = re.split(r"[?#]", target, maxsplit=1)[0] if target.startswith("/") else urlsplit(target).path
    return _SLASHES.sub("/", unquote(path)).rstrip("/")


def _pattern_of(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, _PLACEHOLDER.split(path.rstrip("/")))))
