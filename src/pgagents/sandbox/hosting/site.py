"""The sandbox's own pages, which it serves without a key beside the actions.

A page is a module in `sandbox/pages/`, or behind an entry point of the group PAGES. Pages do not import each
other. A page has

- `paths(model) -> Mapping[str, tuple[str, ...]]`: the methods of each of its paths. A path may have
  placeholders (`/r/{code}`). Empty where this catalogue has no such page.
- `answer(request, visit) -> Response | None`: the answer; None means the API's 404, for an unknown code say.
- optionally `cross_origin(model) -> frozenset[str]`: the paths that a page of another origin may call.

The front does the rest: 405 for other methods, 413, the limit of calls without a key, request id, constant
headers, HEAD. A page holds the store's lock while it answers, and opens `visit.setting.store.transaction()`
before it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from pgagents.http import Request, Response
from pgagents.model.model import Model
from pgagents.registry import collect
from pgagents.sandbox.routes import fit
from pgagents.sandbox.setting import Setting

PAGES = "pgagents.sandbox.pages"


@dataclass(frozen=True, slots=True)
class Visit:
    """One call of a page: its placeholders' decoded `values`, and `now` in epoch seconds of the sandbox's
    clock.
    """

    setting: Setting
    values: Mapping[str, str]
    now: float


@dataclass(frozen=True, slots=True)
class Page:
    """The page at a path: its module, its methods, and the values of its placeholders.

    `open` means that pages of other origins may call it.
    """

    module: ModuleType
    methods: tuple[str, ...]
    values: Mapping[str, str]
    open: bool


class Site:
    """All pages of a sandbox. An action's path wins over a page's."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._pages = _pages(setting.model)
        self._open = {
            path
            for module, _ in self._pages.values()
            for path in getattr(module, "cross_origin", _none)(setting.model)
        }

    def page(self, path: str) -> Page | None:
        """Return the page at a path as sent, or None; a literal path wins over one with placeholders."""
        for template, (module, methods) in self._pages.items():
            values = fit(template, path)
            if values is not None:
                return Page(module, methods, values, template in self._open)
        return None

    def answer(self, page: Page, request: Request, now: float) -> Response | None:
        """Return the page's answer, or None for a 404."""
        found: Response | None = page.module.answer(request, Visit(self.setting, page.values, now))
        return found


def _none(_: Model) -> frozenset[str]:
    return frozenset()


@cache
def _modules() -> tuple[ModuleType, ...]:
    """Return the modules of the sandbox's own pages and of those that belong to a domain."""
    return (
        *collect("pgagents.sandbox.pages").values(),
        *(entry.load() for entry in entry_points(group=PAGES)),
    )


def _pages(model: Model) -> dict[str, tuple[ModuleType, tuple[str, ...]]]:
    found = {
        path: (module, methods) for module in _modules() for path, methods in module.paths(model).items()
    }
    return dict(sorted(found.items(), key=lambda item: ("{" in item[0], item[0])))
