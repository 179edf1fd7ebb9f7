"""Tell which paths a GET or HEAD may not be sent to, because an action behind them writes or costs money."""

from __future__ import annotations

import re
from functools import cached_property
from urllib.parse import urlsplit

from pgagents.http import Request
from pgagents.model.action import Action
from pgagents.model.model import Model

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


class GuardedPaths:
    """The paths of a model's actions behind a GET that write or cost money."""

    def __init__(self, model: Model) -> None:
        self._gets = [a for a in model.actions if a.method == "GET"]

    def find(self, request: Request) -> Action | None:
        """Return the action that a GET or HEAD of this path may call, if it writes or costs money; else None.

        A server may answer a HEAD by what it does for a GET. A path without placeholders is its action's own,
        also where a placeholder of another action fits it.
        """
        path = urlsplit(request.target).path
        if request.method == "OPTIONS" or path in self._reading:
            return None
        return next((action for action, pattern in self._patterns if pattern.fullmatch(path)), None)

    @cached_property
    def _patterns(self) -> list[tuple[Action, re.Pattern[str]]]:
        """The actions that write or cost money, each with a pattern of its paths."""
        return [
            (a, re.compile("[^/]+".join(map(re.escape, _PLACEHOLDER.split(str(a.path)))) + "/?"))
            for a in self._gets
            if not a.only_reads
        ]

    @cached_property
    def _reading(self) -> frozenset[str]:
        """The paths without placeholders whose GET only reads."""
        return frozenset(str(a.path) for a in self._gets if a.only_reads and "{" not in str(a.path))
