"""The parts of a sandbox for a domain, and the pages that it serves beside the actions.

A page is a module in `sandbox/pages/`, or behind an entry point of the group PAGES. Pages do not import
each other. A page has

- `paths(model) -> Mapping[str, tuple[str, ...]]`: the methods of each of its paths. A path may have
  placeholders (`/r/{code}`). Empty where this catalogue has no such page.
- `answer(request, visit) -> Response | None`: the answer; None means the API's 404, for an unknown code say.
- optionally `cross_origin(model) -> frozenset[str]`: the paths that a page of another origin may call.

The front does the rest: 405 for other methods, 413, the limit of calls without a key, request id, constant
headers, HEAD. A page holds the store's lock while it answers, and opens `visit.setting.store.transaction()`
before it writes.
"""

from __future__ import annotations

import hashlib
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.base.registry import collect
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.call import Clock
from pgagents.sandbox.keys import Keyring
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.routes import fit
from pgagents.sandbox.store import Store

# -- retention


EVERY_S = 60.0

Task = Callable[[float], None]
"""A function that deletes records older than a moment (epoch seconds). It is called inside a transaction."""


class Retention:
    """The deletion tasks with their ages in seconds."""

    def __init__(self, rules: Mapping[str, Any] | None) -> None:
        self._after_s = {name: float(rule.after_s) for name, rule in (rules or {}).items()}
        self._tasks: list[tuple[float, Task]] = []
        self._next_at = 0.0

    def add(self, name: str, task: Task) -> None:
        """Add a task for a kind of data. Data of a kind that the catalogue does not name is kept forever."""
        if name in self._after_s:
            self._tasks.append((self._after_s[name], task))

    def always(self, after_s: float, task: Task) -> None:
        """Add a task that deletes at this age, independently of the catalogue."""
        self._tasks.append((after_s, task))

    def run(self, now: float) -> None:
        """Delete the due records, at most once a minute. Call it inside a transaction."""
        if now < self._next_at:
            return
        for after_s, task in self._tasks:
            task(now - after_s)
        self._next_at = now + EVERY_S


@dataclass(slots=True)
class Address:
    """The sandbox's base URL for callers. Until the sandbox listens, it is the catalogue's server."""

    url: str


@dataclass(frozen=True, slots=True)
class Setting:
    """The parts of a sandbox for a domain.

    `seed` is the seed of the synthetic data. `stripe_secret` signs payment events.
    """

    model: Model
    store: Store
    clock: Clock
    rng: random.Random
    keyring: Keyring
    seed: int
    stripe_secret: str
    address: Address
    outbox: Outbox
    retention: Retention
    target_problem: Callable[[str], str]
    """A function that returns why a URL may not be a webhook's target; empty if it may."""


# -- pages


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


# -- hosted documents


_TYPES = {
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_AI_CATALOG = "application/ai-catalog+json"
_FOUND = {
    "web/ai-catalog.json": _AI_CATALOG,
    "web/ard.json": _AI_CATALOG,
    "web/api-catalog.json": 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    "mcp/server-card.json": "application/mcp-server-card+json",
    "web/agent-skills.json": "application/json",
    "web/llms.txt": "text/plain; charset=utf-8",
}
"""Media types of the documents by which agents find the API."""
_RELATIONS = {"web/ai-catalog.json": "ai-catalog", "web/api-catalog.json": "api-catalog"}
"""Link relations from pages of the host to a document."""
_FRESH = ("Cache-Control", "public, max-age=3600")
"""The time for which a document may be cached, unless the catalogue declares another one."""
_OPEN = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Link"))


def list_links(model: Model) -> list[tuple[str, str, str]]:
    """Return the path, the relation and the media type of each document that pages of the host point to."""
    return [
        (str(model.api.hosted[file]), relation, _FOUND[file].partition(";")[0])
        for file, relation in _RELATIONS.items()
        if file in model.api.hosted
    ]


class Hosted:
    """Hosted documents by path; public, without a key."""

    def __init__(self, model: Model, log: Callable[[str], None]) -> None:
        self._model = model
        self._log = log
        self._files = {path: file for file, path in model.api.hosted.items()}
        self._bytes: dict[str, bytes] | None = None

    def has(self, path: str) -> bool:
        """Return whether a document is hosted at a path."""
        return path in self._files and self._files[path] in self._render()

    def answer(self, request: Request) -> Response:
        """Return the document at the request's path, or 304 if the caller has the same bytes."""
        file = self._files[request.path]
        body = self._render()[file]
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        kept = [("ETag", tag)]
        if not any(h.name == "Cache-Control" and "all" in h.on for h in self._model.headers):
            kept.append(_FRESH)
        if file in _FOUND:
            kept += _OPEN
        if file == "web/api-catalog.json":
            kept.append(("Link", f'<{request.path}>; rel="api-catalog"'))
        if tag in _read_tags(request.header("if-none-match") or ""):
            return Response(304, tuple(kept))
        kind = _FOUND.get(file) or _TYPES.get(PurePosixPath(file).suffix, "application/octet-stream")
        return Response(200, (("Content-Type", kind), *kept), body)

    def _render(self) -> dict[str, bytes]:
        if self._bytes is None:
            self._bytes = documents(self._model, frozenset(self._files.values()), self._log)
        return self._bytes


def _read_tags(header: str) -> list[str]:
    """Return the tags of an If-None-Match header, compared weakly (RFC 9110, 13.1.2)."""
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


# -- rendered documents


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
