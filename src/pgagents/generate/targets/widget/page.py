"""One static page: a form for a reading action, a call through the dispatcher, a map and a table of the
results.

It loads nothing else: styles and script are inside. Its Content-Security-Policy lists them by hash, and
allows calls only to the API's servers, the page's own host, and this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.writing import script_pattern, script_template
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher, Surface
from pgagents.generate.target import Note, Target, View

TIMEOUT_MS = 15_000
MAX_BYTES = 1_048_576
MAX_ROWS = 100
LOOPBACK = ("http://127.0.0.1:*", "http://localhost:*")
"""Origins of a sandbox on this machine. A page opened from disk may call them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One argument as a control of the form. `value` is its initial value."""

    name: str
    label: str
    hint: str
    kind: str
    required: bool
    value: Any
    options: tuple[str, ...]
    limits: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Sent:
    """The header with the key, for the script.

    `value` and `shown` are JavaScript templates of the real key and of the masked one. `lead` is a regular
    expression for a prefix that a person may paste before the key.
    """

    header: str
    value: str
    shown: str
    lead: str
    pair: bool

    @classmethod
    def of(cls, credential: Credential) -> _Sent:
        def write(secret: str) -> str:
            return f"{script_template(credential.lead)}{secret}{script_template(credential.tail)}"

        return cls(
            credential.wire,
            write("${btoa(token)}" if credential.encoded else "${token}"),
            write("${hidden(token)}"),
            script_pattern(credential.word) if credential.word else "",
            credential.encoded,
        )


def view(model: Model) -> View:
    """Return the values that the page shows, and the settings of its script."""
    surface = model.surfaces["widget"]
    page, action = surface.page, surface.actions[0]
    dispatcher = next(d for d in model.dispatchers if d.surface == page.dispatcher)
    first = next(iter(page.places.values()))
    fields = tuple(field for p in surface.params(action) if (field := _field(p, surface, action, first)))
    place = (page.lat, page.lng)
    credential = _choose(model)
    servers = list(
        dict.fromkeys(
            o for url in (model.api.server, *(s.url for s in model.api.other_servers)) if (o := _origin(url))
        )
    )
    return View(
        {
            "title": surface.title or action.title,
            "description": surface.description or action.description,
            "api": model.api.title,
            "version": model.api.version,
            "server": model.api.server,
            "where": [f for f in fields if f.name in place],
            "how": [f for f in fields if f.name not in place],
            "places": list(page.places),
            "many": page.many,
            "key": credential.description if credential else "",
            "issue_at": (credential.issue_at if credential else None) or "",
            "sent": _Sent.of(credential) if credential else None,
            "connect": " ".join(["'self'", *servers, *LOOPBACK]),
            "setting": _setting(model, surface, action, dispatcher, fields, servers),
        },
        falsehoods=tuple(_falsehoods(model, surface, credential)),
    )


def _choose(model: Model) -> Credential | None:
    """Return the credential for the page: the first one in a header that is enough alone."""
    alone = [model.credentials[one[0]] for one in model.shared_security if len(one) == 1]
    return next((c for c in alone if c.place == "header" and c.exchange is None), None)


def _falsehoods(model: Model, surface: Surface, credential: Credential | None) -> Iterator[Note]:
    """Yield the false statement of a page that cannot call, because no single header credential is enough."""
    if credential is None and model.credential is not None and () not in model.shared_security:
        shown = " with ".join(model.credentials[n].show() for n in next(iter(model.shared_security)))
        message = f"the page sends one key in a header, and calls need `{shown}`"
        yield Note(surface.origin, message, "take the surface `widget` out")


def _setting(
    model: Model,
    surface: Surface,
    action: Action,
    dispatcher: Dispatcher,
    fields: tuple[Field, ...],
    servers: list[str],
) -> dict[str, Any]:
    """Return the settings that the script reads: names and limits, but no code."""
    page, errors, headers = surface.page, model.errors, model.limits.headers
    return {
        "page": page.path,
        "server": str(model.api.server).rstrip("/"),
        "servers": servers,
        "call": {
            "method": dispatcher.method,
            "path": str(dispatcher.path),
            "selector": dispatcher.selector,
            "arguments": dispatcher.arguments,
            "action": str(action.name),
        },
        "fields": [
            {"name": f.name, "label": f.label, "kind": f.kind, "required": f.required, **f.limits}
            for f in fields
        ],
        "lat": page.lat,
        "lng": page.lng,
        "radius": page.radius_km,
        "items": page.items,
        "label": page.label,
        "one": page.one,
        "many": page.many,
        "columns": [
            {"title": c.title, "show": c.show, "as": c.as_, "per": c.per, "of": c.of} for c in page.columns
        ],
        "places": dict(page.places),
        "prefixes": sorted(credential.prefixes) if (credential := _choose(model)) else [],
        "errors": {
            "message": errors.message_at,
            "field": errors.field_at,
            "scope": errors.scope_at,
            "id": errors.request_id_at,
        },
        "headers": {"limit": headers.limit, "remaining": headers.remaining, "retry": headers.retry}
        if headers and headers.limit
        else {"retry": model.limit_reader.retry},
        "timeoutMs": TIMEOUT_MS,
        "maxBytes": MAX_BYTES,
        "maxRows": MAX_ROWS,
    }


def _field(param: Param, surface: Surface, action: Action, first: Mapping[str, Any]) -> Field | None:
    """Return a control for an argument, or None for lists and objects, which no single control can edit."""
    schema = param.schema
    options = tuple(str(o) for o in schema.get("enum", ()) if isinstance(o, str))
    kinds = {
        "number": "number",
        "integer": "integer",
        "boolean": "boolean",
        "string": "choice" if options else "text",
    }
    kind = kinds.get(str(schema.get("type")))
    if kind is None:
        return None
    words = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength")
    return Field(
        name=str(param.name),
        label=surface.page.labels.get(param.name, str(param.name)),
        hint=surface.param_text(action, param),
        kind=kind,
        required=param.required,
        value=first.get(param.name, schema.get("default", "")),
        options=options,
        limits={word: schema[word] for word in words if word in schema},
    )


def _origin(url: str) -> str | None:
    """Return a server's origin for the page's policy.

    None for a host name that the policy could misread.
    """
    parts = urlsplit(url)
    return (
        f"{parts.scheme}://{parts.netloc}"
        if re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?", parts.netloc)
        else None
    )


TARGET = Target("Page to try a search on", ("widget/index.html",), view, surface="widget")
