"""A .http file with every documented call, for REST Client, JetBrains and Visual Studio.

https://www.jetbrains.com/help/idea/exploring-http-syntax.html and
https://github.com/Huachao/vscode-restclient, read 2026-11-20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgagents.encoding.medium import JSON, medium_of_action
from pgagents.encoding.request import encode_call
from pgagents.generate.target import Loss, Target, View
from pgagents.http import read_json
from pgagents.model.action import Action, Example
from pgagents.model.model import Model
from pgagents.source.origin import plain


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """One request. `headers` excludes those for the key and the content type."""

    title: str
    expected: int
    method: str
    target: str
    key: bool
    headers: tuple[tuple[str, str], ...]
    content_type: str
    """Empty if there is no body."""
    body: Any
    """A JSON body."""
    text: str
    """Any other body."""


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
            JSON,
            dispatcher.make_message(action, plain(example.input)),
            "",
        )
    given = dict(plain(example.input))
    for param in action.params:  # an example may omit a path argument, which the URL needs
        if param.place == "path":
            given.setdefault(str(param.name), "missing")
    parts = encode_call(action, given)
    typed = parts.body is not None and medium_of_action(action).typed
    return ExampleRequest(
        f"{action.title}: {example.title}",
        example.status,
        action.method,
        parts.target,
        action.key,
        tuple((name, " ".join(value.split())) for name, value in parts.headers),
        parts.body.content_type if parts.body is not None else "",
        read_json(parts.body.data).value if parts.body is not None and typed else None,
        parts.body.data.decode() if parts.body is not None and not typed else "",
    )


TARGET = Target("Requests (.http)", ("http/requests.http",), view)
