"""Find the action of a method and a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.surface import Dispatcher
from pgagents.text.placeholders import match_placeholders, split


@dataclass(frozen=True, slots=True)
class Route:
    """The action or dispatcher at a method and path. `operator` is true if it needs the operator's key."""

    action: Action | None
    dispatcher: Dispatcher | None = None
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The routes of a path by method, and the values of its placeholders."""

    methods: Mapping[str, Route]
    values: Mapping[str, str]


class Routes:
    """All paths of a catalogue. A literal path wins over a template; a trailing slash makes another path."""

    def __init__(self, model: Model, own_tools: Dispatcher | None = None) -> None:
        """Collect the paths of a catalogue.

        `own_tools` is the path to the actions that only its MCP server offers.
        """
        self._literal: dict[tuple[str, ...], dict[str, Route]] = {}
        self._templates: dict[int, dict[tuple[str, ...], dict[str, Route]]] = {}
        self._open: dict[tuple[str, ...], dict[str, Route]] = {}
        """Templates whose last placeholder may match several segments."""
        for action in model.rest_actions:
            self._add(action.method, action.path, Route(action))
        for action in model.operator:
            self._add(action.method, action.path, Route(action, operator=True))
        for dispatcher in (*model.dispatchers, *((own_tools,) if own_tools is not None else ())):
            self._add(dispatcher.method, dispatcher.path, Route(None, dispatcher))

    def _add(self, method: str, path: str, endpoint: Route) -> None:
        parts = tuple(path.split("/"))
        if "{" in path:
            self._templates.setdefault(len(parts), {}).setdefault(parts, {})[method] = endpoint
            if endpoint.action is not None and any(
                p.reserved and p.place == "path" for p in endpoint.action.params
            ):
                self._open.setdefault(parts, {})[method] = endpoint
        else:
            self._literal.setdefault(parts, {})[method] = endpoint

    def match(self, path: str) -> Match | None:
        """Return the routes of a path as sent, or None. An encoded slash does not separate segments."""
        parts = tuple(path.split("/") if "%" not in path else map(unquote, path.split("/")))
        literal = self._literal.get(parts)
        if literal is not None:
            return Match(literal, {})
        candidates = []
        for template, methods in self._templates.get(len(parts), {}).items():
            values = _fit(template, parts)
            if values is not None:
                candidates.append((tuple("{" in part for part in template), methods, values))
        for template, methods in self._open.items() if not candidates else ():
            last = len(template) - 1
            joined = (*parts[:last], "/".join(parts[last:]))
            values = _fit(template, joined) if len(parts) > len(template) and all(parts[last:]) else None
            if values is not None:
                candidates.append((tuple("{" in part for part in template), methods, values))
        if not candidates:
            return None
        _, methods, values = min(candidates, key=lambda c: c[0])
        return Match(methods, values)


def fit(template: str, path: str) -> dict[str, str] | None:
    """Return the values of a template's placeholders in a path as sent; None if it does not match."""
    parts, given = tuple(template.split("/")), tuple(unquote(part) for part in path.split("/"))
    return _fit(parts, given) if len(parts) == len(given) else None


def _fit(template: tuple[str, ...], parts: tuple[str, ...]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for expected, given in zip(template, parts, strict=True):
        if "{" not in expected:
            if expected != given:
                return None
            continue
        literals, names = split(expected)
        found = match_placeholders(literals, given)
        if found is None:
            return None
        values.update(zip(names, found, strict=True))
    return values
