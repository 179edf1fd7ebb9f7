"""Calls without a body whose media type promises one."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.encoding.medium import has_body
from pgagents.verify.cases.generation.random_calls import may_vary
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import makes
from pgagents.verify.wire.call import Call, Raw

MULTIPART = "multipart/form-data"
WHAT = "a multipart type without its boundary, and no body"


def list_typed_calls(setting: Setting) -> Iterator[Call]:
    """Yield a write without a body, but with a multipart type that lacks its boundary: one for each method.

    A parser may fail before it finds that there is no body. Only instances of this run are named. Empty
    unless the API is known from a document alone, because other runs have no room for it.
    """
    met: set[str] = set()
    for endpoint in setting.home_endpoints if setting.model.errors.inferred else ():
        action = endpoint.action
        if (
            endpoint.on_rest
            and endpoint.ordinary
            and endpoint.method not in met
            and action.effect == "write"
            and not has_body(action)
            and not makes(setting.model, action)
            and may_vary(setting, endpoint)
        ):
            met.add(endpoint.method)
            raw = Raw(headers=(("Content-Type", MULTIPART),))
            template = template_of(setting.model, action)
            yield ordinary(endpoint, template, "framework", WHAT, raw=raw, fresh=True)
