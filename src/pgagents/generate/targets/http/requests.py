"""A .http file with every documented call, for REST Client, JetBrains and Visual Studio.

https://www.jetbrains.com/help/idea/exploring-http-syntax.html and
https://github.com/Huachao/vscode-restclient, read 2026-11-20.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from pgagents.base.http import read_json
from pgagents.base.places import plain
from pgagents.base.writing import http_acts
from pgagents.catalogue.decoding.medium import accept_of
from pgagents.catalogue.encoding.medium import JSON, medium_of_action, name_of, parse_url
from pgagents.catalogue.encoding.request import encode_call
from pgagents.catalogue.model.action import Action, Example
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.generate.collections import name_variables
from pgagents.generate.target import Loss, Target, View

_NO_NAME = re.compile(r"[^\w.-]")
_OWN_FILE = re.compile(r"< \./[\w.-]+")
"""The line that puts a file into a body, as `_call` writes it."""
_OWN_VARIABLE = re.compile(r"\{\{\w+\}\}")


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """One request. `proof` are the headers with keys, `proof_query` the keys of the query, as variables.

    `headers` are the others, without the content type.
    """

    title: str
    expected: int
    method: str
    target: str
    proof_query: str
    proof: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    content_type: str
    """Empty if there is no body."""
    body: Any
    """A JSON body."""
    lines: tuple[str, ...]
    """The lines of any other body."""
    server: str = "server"
    """The variable with the base URL."""

    @property
    def acts(self) -> bool:
        """True if a text of the call would act in the file, whose format has no escape for it there.

        In addresses and in JSON there is one.
        """
        own = (line for line in self.lines if not _OWN_FILE.fullmatch(line))
        headers = (text for header in self.headers for text in header)
        keys = (_OWN_VARIABLE.sub("", text) for header in self.proof for text in header)
        return any(http_acts(text) for text in (self.content_type, *headers, *keys, *own))


def view(model: Model) -> View:
    """Return the examples of all actions in the catalogue's order. Actions with a signed body are left
    out.
    """
    calls, acting = [], []
    for action in model.actions:
        if action.signed is not None or not (action.on_rest or model.find_dispatcher(action)):
            continue
        for example in action.examples:
            call = _call(model, action, example)
            if call.acts:
                acting.append((action, example))
            else:
                calls.append(call)
    why = "the format has no escape for a text that it takes for a variable, a file or another request"
    losses = [Loss(e.origin, f"request of {a.name}: {e.title}", "dropped", why) for a, e in acting]
    losses += [
        Loss(a.origin, f"requests of {a.name}", "dropped", "only the MCP server has it")
        for a in model.actions
        if not a.on_rest and model.find_dispatcher(a) is None
    ]
    losses += [
        Loss(a.origin, f"requests of {a.name}", "dropped", "a file cannot sign a body")
        for a in model.actions
        if a.signed is not None
    ]
    if model.certificate is not None:
        why = "each client has its own settings for it"
        losses.append(Loss(model.certificate.origin, "client certificate", "client", why))
    return View(
        {
            "title": model.api.title,
            "server": model.api.server.rstrip("/"),
            "asked": _describe_variables(model),
            "variables": [
                (name, f"{credential.find_prefix('test')}..." if not credential.pair else "...")
                for credential in model.credentials.values()
                for name in name_variables(model, credential)
            ],
            "servers": [(f"{name}_server", one.url.rstrip("/")) for name, one in model.servers.items()],
            "calls": calls,
        },
        tuple(losses),
    )


def _describe_variables(model: Model) -> str:
    """Describe the variables that a person must fill in first; empty if no call has a key."""
    said = []
    for credential in model.credentials.values():
        names = name_variables(model, credential)
        first = credential is model.credential
        of = "" if first else f" of {credential.name}"
        if credential.encoded:
            said.append(f"the user{of} behind @{names[0]} and the password behind @{names[1]}")
        elif credential.exchange is not None:
            url = credential.exchange.find_url(model.api.server)
            said.append(f"an access token{of} from {url} behind @{names[0]}")
        else:
            said.append(f"{'an access token' if credential.by_users else 'a key'}{of} behind @{names[0]}")
    return f"Put {', '.join(said)}; what" if said else "What"


def _prove(model: Model, security: tuple[tuple[str, ...], ...]) -> list[tuple[Credential, str]]:
    """Return the credentials of the first alternative, each with its value written as variables."""
    names = next((one for one in security if one), ())
    found = [model.credentials[name] for name in names]
    return [(c, c.wrap(" ".join(f"{{{{{v}}}}}" for v in name_variables(model, c)))) for c in found]


def _lines_of(body: bytes) -> tuple[str, ...]:
    return tuple(body.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n").split("\n"))


def _call(model: Model, action: Action, example: Example) -> ExampleRequest:
    dispatcher = None if action.on_rest else model.find_dispatcher(action)
    proof = _prove(model, action.security if dispatcher is None else model.shared_security)
    if dispatcher is not None:
        return ExampleRequest(
            f"{action.title}: {example.title}",
            example.status,
            dispatcher.method,
            str(dispatcher.path),
            _write_query(str(dispatcher.path), proof),
            _list_headers(proof),
            (),
            JSON,
            dispatcher.make_message(action, plain(example.input)),
            (),
        )
    given = dict(plain(example.input))
    for param in action.params:  # the URL needs every path argument, even if an example omits it
        if param.place == "path":
            given.setdefault(str(param.name), "missing")
        if param.file is not None and (file := parse_url(given.get(str(param.name)))) is not None:
            name = _NO_NAME.sub("_", name_of(file, param.wire)).lstrip(".") or "file"
            given[str(param.name)] = replace(file, data=f"< ./{name}".encode(), name=name).url
    parts = encode_call(action, given)
    accepted = accept_of(action)
    first = (("Accept", accepted),) if accepted != JSON else ()
    typed = parts.body is not None and medium_of_action(action).typed
    return ExampleRequest(
        f"{action.title}: {example.title}",
        example.status,
        action.method,
        parts.target,
        _write_query(parts.target, proof),
        _list_headers(proof),
        (*first, *((name, " ".join(value.split())) for name, value in parts.headers)),
        parts.body.content_type if parts.body is not None else "",
        read_json(parts.body.data).value if parts.body is not None and typed else None,
        _lines_of(parts.body.data) if parts.body is not None and not typed else (),
        f"{action.server}_server" if action.server is not None else "server",
    )


def _list_headers(proof: list[tuple[Credential, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers that carry keys."""
    return tuple((c.header, v if c.place == "header" else f"{c.wire}={v}") for c, v in proof if c.header)


def _write_query(target: str, proof: list[tuple[Credential, str]]) -> str:
    """Return the keys that are sent in the query, as variables, to stand behind the target."""
    written = ""
    for credential, value in proof:
        if credential.place == "query":
            written += f"{'&' if '?' in target + written else '?'}{quote(credential.wire, safe='')}={value}"
    return written


TARGET = Target("Requests (.http)", ("http/requests.http",), view)
