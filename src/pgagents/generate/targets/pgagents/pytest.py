"""A pytest module of Schemathesis property tests, for the API's developers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from pgagents.base.jsonschema.schema import resolve
from pgagents.base.writing import python_literal, python_quoted
from pgagents.catalogue.harmless.arguments import Harmless
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.answers import LIMITED, REFUSED, ErrorSign
from pgagents.catalogue.model.credential import Credential, list_parameters
from pgagents.catalogue.model.identity import variable_of_scheme
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import reads_id
from pgagents.generate.target import Loss, Target, View

UNAVAILABLE = 503
SAFE = ("GET", "HEAD", "OPTIONS")
NUMBERS = {"integer", "number"}
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def view(model: Model) -> View:
    """Return the tests' data that the OpenAPI document lacks: read-only operations, keys that may write,
    limits.
    """
    no_key, harmless = model.no_key, Harmless(model)
    return View(
        {
            "title": model.api.title,
            "version": model.api.version,
            "file": PurePath(model.source.file).name,
            "reads": [a.operation_id for a in model.rest_actions if a.only_reads and a.method in SAFE],
            "queries": [a.operation_id for a in model.rest_actions if a.only_reads and a.method not in SAFE],
            "writes": {
                str(a.operation_id): ids
                for a in model.rest_actions
                if (ids := _list_ids(harmless, a)) is not None
            },
            "withheld": {
                str(a.operation_id): held for a in model.rest_actions if (held := _list_withheld(harmless, a))
            },
            "acting_paths": sorted(
                {
                    "[^/]+".join(map(re.escape, _PLACEHOLDER.split(str(a.path))))
                    for a in model.rest_actions
                    if a.method in SAFE and not a.only_reads
                }
            ),
            "uploads": any(p.file is not None for a in model.rest_actions for p in a.params),
            "key_authentication": any(a.key for a in model.rest_actions),
            "no_key_status": no_key.status
            if no_key and no_key.status >= REFUSED and model.behaviour.auth_first is True
            else None,
            "sign": _write_sign(model.error_reader.sign),
            "apart": any(a.server for a in model.rest_actions),
            **_describe_credentials(model),
            **_describe_limits(model),
        },
        tuple(_list_losses(model)),
    )


def _list_ids(harmless: Harmless, action: Action) -> list[list[str]] | None:
    """Return the arguments of a write in which the tests put an id that nobody has: place, name, kind of id.

    None if the action reads, or if a call with such ids may still change what the tests have not made.
    `verify/run/gate.py` decides the same for a run of verify.
    """
    model = harmless.model
    if action.effect == "read" or action.doubt or harmless.say_action(action):
        return None
    made = [r for r in model.resources.values() if r.made_by is not None and r.made_by.action is action]
    own_ids = {id.rpartition(".")[2] for resource in made for id in resource.ids}
    named = [
        p
        for p in action.params
        if p.place == "path"
        or ((of := model.resources.get(p.refers_to or "")) is not None and of.made_by is not None)
        or (made and (str(p.name) in own_ids or p.wire in own_ids))
    ]
    last = next((p for p in reversed(action.params) if p.place == "path"), None)
    changed = [p for p in action.params if _names_changed(model, action, p)]
    if last is not None and last in changed:
        if action.method == "PUT" and not made:
            return None  # it may make what is not there
    elif not made or any(p.required for p in changed):
        return None
    kinds = [_find_kind(model, p) for p in named]
    if any(kind is None for kind in kinds):
        return None
    return [[p.place, p.wire, kind] for p, kind in zip(named, kinds, strict=True) if kind]


def _list_withheld(harmless: Harmless, action: Action) -> list[list[Any]]:
    """Return the arguments of which the tests send only some values: place, path, those as JSON, kind.

    Those of a path have an id that nobody has.
    """
    return [
        [one.place, list(one.wire), sorted(value.decode() for value in one.shown), one.kind == "reference"]
        for one in harmless.list_withheld(action)
        if one.place != "path"
    ]


def _names_changed(model: Model, action: Action, param: Param) -> bool:
    """True if an argument has the id of an instance that the action changes, as far as the catalogue says."""
    calls = [(r.undone_by.action, r.undone_by.input, r) for r in model.resources.values() if r.undone_by]
    calls += [(move.action, move.input, r) for r in model.resources.values() for move in r.moves]
    changes = [(resource, given) for called, given, resource in calls if called is action]
    makes = any(r.made_by is not None and r.made_by.action is action for r in model.resources.values())
    return (bool(param.refers_to) and (bool(changes) or not makes)) or any(
        reads_id(resource, given.get(str(param.name))) for resource, given in changes
    )


def _find_kind(model: Model, param: Param) -> str | None:
    """Return the kind of id that an argument takes; None if each of its values may be somebody's."""
    schema = resolve(param.schema, model.schemas)
    types = schema.get("type")
    types = {types} if isinstance(types, str) else set(types or ())
    if "enum" in schema or "const" in schema or types & {"boolean", "array", "object"}:
        return None
    if types & NUMBERS and "string" not in types:
        return "int32" if schema.get("format") == "int32" else "int64"
    return "uuid" if schema.get("format") == "uuid" else "text"


def _describe_credentials(model: Model) -> dict[str, Any]:
    """Return how the tests get and send the secret of each scheme."""
    credential, every = model.credential, model.credentials
    prefixes = [p for p, mode in credential.prefixes.items() if mode == "test"] if credential else []
    optional = any(action.optional_key for action in model.actions)
    elsewhere = any(one.place != "header" or one.exchange for one in every.values())
    return {
        "test_prefixes": prefixes,
        "key": f"{_begin(credential.noun)}, sent {credential.how}"
        if credential
        else "not read: no call has a key",
        "with_token": _write_headers(credential, "TOKEN"),
        "with_key": _write_headers(credential, "key"),
        "encoded": any(one.encoded for one in every.values()),
        "several": len(every) > 1 or optional or elsewhere,
        "further": [
            (_name_variable(model, name), f"{_begin(one.noun)}, sent {one.how}", name)
            for name, one in list(every.items())[1:]
        ],
        "first": credential.name if credential else "",
        "ways": {str(a.operation_id): [list(way) for way in a.security] for a in model.actions},
        "exchanges": {
            name: [
                one.exchange.find_path(model.api.server) or one.exchange.token_url,
                list_parameters(one.exchange),
                one.exchange.in_body,
            ]
            for name, one in every.items()
            if one.exchange is not None
        },
        "places": {
            name: [one.place, one.wire, one.lead, one.tail, one.encoded] for name, one in every.items()
        },
        "wrong": "wrong:wrong" if credential is not None and credential.encoded else "wrong",
    }


def _describe_limits(model: Model) -> dict[str, Any]:
    """Return the pace of each operation, and how an answer shows that the limit is reached."""
    limits, reader = model.limits, model.limit_reader
    headers = limits.headers if limits.headers is not None and limits.headers.limit is not None else None
    return {
        "paces": {
            str(a.operation_id): [a.bucket, bucket.requests, bucket.per_s]
            for a in model.rest_actions
            if (bucket := model.buckets.get(a.bucket or "")) is not None
        },
        "told": [headers.limit, headers.remaining] if headers else None,
        "windows": sorted(name for name, bucket in model.buckets.items() if bucket.refill == "window"),
        "put_off": sorted(reader.statuses) if reader.statuses != {LIMITED} else None,
        "put_off_words": ", ".join(map(str, (*sorted(reader.statuses), UNAVAILABLE))),
        "tells_limit": [reader.retry, headers.remaining if headers else None],
        "reset": [headers.reset, limits.reset_unit == "epoch_seconds"] if headers else None,
    }


def _list_losses(model: Model) -> Iterator[Loss]:
    """Yield the losses of the tests: they call one server only, and what an OpenAPI document has."""
    for action in model.rest_actions:
        if not action.in_openapi_31:
            why = f"openapi.yaml has no place for the method {action.method}; `pgagents verify` calls it"
            yield Loss(action.origin, f"tests of {action.name}", "dropped", why)
        if action.server is not None:
            why = "PGAGENTS_URL is the API's own server"
            yield Loss((*action.origin, "server"), f"tests of {action.name}", "dropped", why)


def _name_variable(model: Model, scheme: str) -> str:
    return variable_of_scheme(model, scheme, "PGAGENTS_TOKEN")


def _write_sign(sign: ErrorSign | None) -> str | None:
    """Return the sign of a 2xx error as Python code: path, comparison, value."""
    return python_literal((sign.path, sign.comparison, sign.value)) if sign is not None else None


def _begin(noun: str) -> str:
    return "a key" if noun == "API key" else noun


def _write_headers(credential: Credential | None, variable: str) -> str:
    """Return the headers of a call as Python code. The secret is read from a variable."""
    if credential is None or credential.place != "header":
        return "{}"
    secret = f"base64.b64encode({variable}.encode()).decode()" if credential.encoded else variable
    lead, tail = (
        python_quoted(text).replace("{", "{{").replace("}", "}}")
        for text in (credential.lead, credential.tail)
    )
    return f'{{"{python_quoted(credential.header)}": f"{lead}{{{secret}}}{tail}"}} if {variable} else {{}}'


TARGET = Target("Property tests (pytest)", ("pgagents/test_contracts.py",), view)
