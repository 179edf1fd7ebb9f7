"""A pytest module of Schemathesis property tests, for the API's developers."""

from __future__ import annotations

from pathlib import PurePath

from pgagents.generate.target import Target, View
from pgagents.model.model import Model


def view(model: Model) -> View:
    """Return what the tests need beside the OpenAPI document: operations that only read, keys that may
    write, rate limits.
    """
    prefixes = [
        prefix
        for scheme in model.auth.schemes.values()
        for prefix, mode in scheme.prefixes.items()
        if mode == "test"
    ]
    limits, windows = (
        model.limits,
        sorted(name for name, bucket in model.buckets.items() if bucket.refill == "window"),
    )
    no_key = model.codes[model.errors.framework.no_key].status
    return View(
        {
            "title": model.api.title,
            "version": model.api.version,
            "file": PurePath(model.source.file).name,
            "reads": [a.operation_id for a in model.actions if a.effect == "read"],
            "test_prefixes": prefixes,
            "key_authentication": any(a.key for a in model.actions),
            "no_key_status": no_key if model.behaviour.auth_first is True else None,
            "paces": {
                str(a.operation_id): [
                    a.bucket,
                    model.buckets[a.bucket].requests,
                    model.buckets[a.bucket].per_s,
                ]
                for a in model.actions
                if a.bucket is not None and a.bucket in model.buckets
            },
            "told": [limits.headers.limit, limits.headers.remaining] if limits.headers else None,
            "windows": windows,
            "reset": [limits.headers.reset, limits.reset_unit == "epoch_seconds"] if limits.headers else None,
        }
    )


TARGET = Target("Property tests (pytest)", ("pgagents/test_contracts.py",), view)
