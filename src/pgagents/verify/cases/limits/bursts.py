"""Choose the calls that empty a bucket of calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgagents.model.model import Bucket
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, Endpoint

NAME = "rate_limit_enforcement"


@dataclass(frozen=True, slots=True)
class Burst:
    """An endpoint with a harmless call that empties a bucket: a read, or a write to an absent id."""

    bucket: Bucket
    endpoint: Endpoint
    call: Call

    def id(self, detail: str) -> str:
        """Return the id of the burst's contract with this detail."""
        return f"{NAME}/{detail}/{self.bucket.name}@{self.endpoint.surface}"


def list_bursts(setting: Setting) -> Iterator[Burst]:
    """Yield one burst for each bucket of an action, on each surface, without the buckets of end users.

    Buckets that no action names, such as conditional ones, are left out, because only the server decides
    which calls use them.
    """
    met: set[tuple[str, str]] = set()
    ordered = sorted(
        setting.endpoints, key=lambda d: (d.action.effect != "read", "{" in d.path, len(d.params))
    )
    for endpoint in ordered if setting.model.limits.headers is not None else ():
        bucket = setting.model.buckets.get(str(endpoint.action.bucket))
        if bucket is None or (bucket.name, endpoint.surface) in met or bucket.of == "end_user":
            continue
        call = _make_harmless_call(setting, endpoint)
        if call is not None:
            met.add((bucket.name, endpoint.surface))
            yield Burst(bucket, endpoint, call)


def find_other_bucket(setting: Setting, burst: Burst) -> Burst | None:
    """Return a burst on another bucket of the same key on REST. On other surfaces, an agents' bucket may
    cover both.
    """
    if burst.bucket.of != "key" or burst.endpoint.surface != REST:
        return None
    others = (b for b in list_bursts(setting) if b.bucket.of == "key" and b.bucket is not burst.bucket)
    return next((b for b in others if b.endpoint.surface == REST), None)


def _make_harmless_call(setting: Setting, endpoint: Endpoint) -> Call | None:
    """Return a call that may be repeated any number of times; None if each call would make something."""
    template = template_of(setting.model, endpoint.action)
    why = "one of a burst"
    if endpoint.action.effect == "read":
        return ordinary(endpoint, template, "valid", why, burst=True)
    for param in endpoint.params:
        resource = setting.model.resources.get(param.refers_to or "")
        if resource is not None and resource.absent is not None and param.required and template.makes is None:
            given = {**template.input, str(param.name): resource.find_absent_value(param)}
            return ordinary(endpoint, template, "absent", why, input=given, burst=True)
    return None
