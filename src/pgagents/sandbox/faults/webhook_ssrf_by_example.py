"""Of the inner network's addresses only the best-known ones are refused as a webhook's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"refuses_inner_target"})
ALSO: dict[str, str] = {}


_FIT = "https://hooks.example.com/fit"
_KNOWN = ("localhost", "127.0.0.1", "169.254.169.254", "::1")
_BEGINNINGS = ("10.", "192.168.", "172.16.")


def wrap(handler: Handler, context: Context) -> Handler:
    """Register other addresses that the domain refused, under that address all the same. Park Graph's members."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        result = inner(call)
        if not (isinstance(result, Refusal) and result.field == "url" and str(call.input.get("url")).startswith("https:")):
            return result
        host = urlsplit(call.input["url"]).hostname or ""
        if host in _KNOWN or host.startswith(_BEGINNINGS):
            return result
        made = inner(replace(call, input={**call.input, "url": _FIT}))
        if isinstance(made, Refusal):
            return result
        webhook = {**made["webhook"], "url": call.input["url"]}
        store.run("UPDATE webhook SET url = ? WHERE id = ?", webhook["url"], webhook["id"])
        return {"webhook": webhook}

    context.front.domain = act
    return handler
