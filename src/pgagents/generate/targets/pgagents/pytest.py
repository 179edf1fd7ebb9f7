"""A pytest module of Schemathesis property tests, for the API's developers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath

from pgagents.generate.render import Laid
from pgagents.generate.target import Loss, Target, View
from pgagents.model.credential import Credential, list_parameters
from pgagents.model.error_reader import REFUSED, ErrorSign
from pgagents.model.identity import variable_of_scheme
from pgagents.model.limit_reader import LIMITED
from pgagents.model.model import Model

UNAVAILABLE = 503


def view(model: Model) -> View:
    """Return what the tests need beside the OpenAPI document: operations that only read, keys that may
    write, rate limits.
    """
    credential = model.credential
    prefixes = [p for p, mode in credential.prefixes.items() if mode == "test"] if credential else []
    optional = any(action.optional_key for action in model.actions)
    several = (
        len(model.credentials) > 1
        or optional
        or any(one.place != "header" or one.exchange for one in model.credentials.values())
    )
    limits, windows = (
        model.limits,
        sorted(name for name, bucket in model.buckets.items() if bucket.refill == "window"),
    )
    no_key, three = model.no_key, limits.headers is not None and limits.headers.limit is not None
    reader = model.limit_reader
    return View(
        {
            "title": model.api.title,
            "version": model.api.version,
            "file": PurePath(model.source.file).name,
            "reads": [a.operation_id for a in model.rest_actions if a.effect == "read"],
            "test_prefixes": prefixes,
            "key_authentication": any(a.key for a in model.rest_actions),
            "no_key_status": no_key.status
            if no_key and no_key.status >= REFUSED and model.behaviour.auth_first is True
            else None,
            "sign": _write_sign(model.error_reader.sign),
            "key": f"{_begin(credential.noun)}, sent {credential.how}"
            if credential
            else "not read: no call has a key",
            "with_token": _write_headers(credential, "TOKEN"),
            "with_key": _write_headers(credential, "key"),
            "encoded": any(one.encoded for one in model.credentials.values()),
            "several": several,
            "further": [
                (_name_variable(model, name), f"{_begin(one.noun)}, sent {one.how}", name)
                for name, one in list(model.credentials.items())[1:]
            ],
            "first": credential.name if credential else "",
            "ways": {str(a.operation_id): [list(way) for way in a.security] for a in model.actions},
            "exchanges": {
                name: [
                    one.exchange.find_path(model.api.server) or one.exchange.token_url,
                    list_parameters(one.exchange),
                    one.exchange.in_body,
                ]
                for name, one in model.credentials.items()
                if one.exchange is not None
            },
            "places": {
                name: [one.place, one.wire, one.lead, one.tail, one.encoded]
                for name, one in model.credentials.items()
            },
            "wrong": "wrong:wrong" if credential is not None and credential.encoded else "wrong",
            "paces": {
                str(a.operation_id): [
                    a.bucket,
                    model.buckets[a.bucket].requests,
                    model.buckets[a.bucket].per_s,
                ]
                for a in model.rest_actions
                if a.bucket is not None and a.bucket in model.buckets
            },
            "told": [limits.headers.limit, limits.headers.remaining] if three else None,
            "windows": windows,
            "put_off": sorted(reader.statuses) if reader.statuses != {LIMITED} else None,
            "put_off_words": Laid(", ".join(map(str, (*sorted(reader.statuses), UNAVAILABLE)))),
            "tells_limit": [reader.retry, limits.headers.remaining if three else None],
            "reset": [limits.headers.reset, limits.reset_unit == "epoch_seconds"] if three else None,
            "apart": any(a.server for a in model.rest_actions),
        },
        tuple(_list_losses(model)),
    )


def _list_losses(model: Model) -> Iterator[Loss]:
    """Yield what the tests leave out: they call one server, and present no certificate."""
    for action in model.rest_actions:
        if action.server is not None:
            why = "PGAGENTS_URL is the API's own server"
            yield Loss((*action.origin, "server"), f"tests of {action.name}", "dropped", why)
    if model.certificate is not None:
        why = "the tests present none; `pgagents verify --cert` does"
        yield Loss(model.certificate.origin, "client certificate", "dropped", why)


def _name_variable(model: Model, scheme: str) -> str:
    """Return the environment variable with a scheme's secret."""
    return variable_of_scheme(model, scheme, "PGAGENTS_TOKEN")


def _write_sign(sign: ErrorSign | None) -> Laid | None:
    """Return the sign of an error with a 2xx status as Python: path, comparison, value."""
    return Laid(repr((sign.path, sign.comparison, sign.value))) if sign is not None else None


def _begin(noun: str) -> str:
    return "a key" if noun == "API key" else noun


def _write_headers(credential: Credential | None, variable: str) -> Laid:
    """Return the headers of a call as Python, with a secret that stands in a variable."""
    if credential is None or credential.place != "header":
        return Laid("{}")
    secret = f"base64.b64encode({variable}.encode()).decode()" if credential.encoded else variable
    lead, tail = (
        json.dumps(text)[1:-1].replace("{", "{{").replace("}", "}}")
        for text in (credential.lead, credential.tail)
    )
    return Laid(f'{{{json.dumps(credential.header)}: f"{lead}{{{secret}}}{tail}"}} if {variable} else {{}}')


TARGET = Target("Property tests (pytest)", ("pgagents/test_contracts.py",), view)
