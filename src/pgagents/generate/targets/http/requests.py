"""A .http file with every documented call, for REST Client, JetBrains and Visual Studio.

https://www.jetbrains.com/help/idea/exploring-http-syntax.html and
https://github.com/Huachao/vscode-restclient, read 2026-11-20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgagents.decoding.medium import accept_of
from pgagents.generate.target import Loss, Target, View
from pgagents.http import target
from pgagents.model.action import JSON, Action, Example
from pgagents.model.model import Model
from pgagents.source.origin import plain


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """One request. `body` is None if none is sent; `headers` excludes those for the key and the content
    type.
    """

    title: str
    expected: int
    method: str
    target: str
    key: bool
    headers: tuple[tuple[str, str], ...]
    body: Any


def view(model: Model) -> View:
    """Return the examples of all actions in the catalogue's order. Actions with a signed body are left
    out.
    """
    calls = [
        _call(model, action, example)
        for action in model.actions
        if action.signed is None and (action.on_rest or model.find_dispatcher(action))
        for example in action.examples
    ]
    losses = [
        Loss(a.origin, f"requests of {a.name}", "dropped", "only the MCP server has it")
        for a in model.actions
        if not a.on_rest and model.find_dispatcher(a) is None
    ]
    losses += [
        Loss(a.origin, f"requests of {a.name}", "dropped", "a file cannot sign a body")
        for a in model.actions
        if a.signed is not None
    ]
    credential = model.credential
    return View(
        {
            "title": model.api.title,
            "server": model.api.server.rstrip("/"),
            "token": f"{model.find_key_prefix('test')}...",
            "pair": credential is not None and credential.encoded,
            "header": credential.header if credential else "",
            "value": credential.wrap("{{user}} {{password}}" if credential.encoded else "{{token}}")
            if credential
            else "",
            "calls": calls,
        },
        tuple(losses),
    )


def _call(model: Model, action: Action, example: Example) -> ExampleRequest:
    dispatcher = None if action.on_rest else model.find_dispatcher(action)
    if dispatcher is not None:
        return ExampleRequest(
            f"{action.title}: {example.title}",
            example.status,
            dispatcher.method,
            str(dispatcher.path),
            model.credential is not None,
            (),
            dispatcher.make_message(str(action.name), plain(example.input)),
        )
    in_path: dict[str, Any] = {}
    query: list[tuple[str, Any]] = []
    headers: list[tuple[str, str]] = []
    body: dict[str, Any] = {}
    has_body = any(p.place == "body" for p in action.params)
    wires = {p.name: (p.place, p.wire) for p in action.params}
    for name, value in plain(example.input).items():
        place, wire = wires.get(name, ("body" if has_body else "query", name))
        if place == "path":
            in_path[wire] = value
        elif place == "query":
            query += [(wire, item) for item in (value if isinstance(value, list) else [value])]
        elif place == "header":
            headers.append((wire, " ".join(str(value).split())))
        else:
            body[wire] = value
    if (accepted := accept_of(action)) != JSON:
        headers.insert(0, ("Accept", accepted))
    for step in action.params:  # an example may omit a path argument, which the URL needs
        if step.place == "path":
            in_path.setdefault(step.wire, "missing")
    return ExampleRequest(
        f"{action.title}: {example.title}",
        example.status,
        action.method,
        target(str(action.path), in_path, query),
        action.key,
        tuple(headers),
        body if has_body else None,
    )


TARGET = Target("Requests (.http)", ("http/requests.http",), view)
