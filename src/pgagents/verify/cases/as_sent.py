"""Decide which values can be sent, and which calls are invalid as sent."""

from __future__ import annotations

import re
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.encoding.style import unsendable
from pgagents.model.argument import Param
from pgagents.verify.cases.readings import invalid, invalid_values
from pgagents.verify.check.setting import Setting
from pgagents.verify.values.schema_values import low, types_of
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import Endpoint


def takes_any_text(setting: Setting, param: Param) -> bool:
    """True if the schema allows every text. In a path, query or header every value is a text."""
    return set(types_of(setting.resolve_schema(param.schema))) <= {"string", "null"}


def takes_lists_only(setting: Setting, param: Param) -> bool:
    """True if the schema allows lists but no single values."""
    return set(types_of(setting.resolve_schema(param.schema))) - {"null"} == {"array"}


def is_sendable(endpoint: Endpoint, param: Param, value: Any) -> bool:
    """True if the value can be sent. A path value must not change the path, and a header value must be
    printable ASCII.
    """
    return not endpoint.on_rest or can_carry(param, value)


PLAIN_COOKIE = re.compile(r"[A-Za-z0-9._~-]+")
"""Cookie values that need no encoding, because not every server decodes them."""


def can_carry(param: Param, value: Any) -> bool:
    """True if the value can be sent over REST in the argument's place."""
    if param.as_text and unsendable(param, value):
        return False
    if not isinstance(value, str):
        return True
    if param.place == "path":
        return value not in ("", ".", "..") and "/" not in value and value.isprintable()
    if param.place == "cookie":
        return PLAIN_COOKIE.fullmatch(value) is not None
    return param.place != "header" or (
        value.isascii() and value.isprintable() and value == value.strip() and value != ""
    )


def is_invalid(setting: Setting, call: Call) -> bool:
    """True if the call is invalid as sent, with stand-ins for values that only a live server can give."""
    assert call.endpoint is not None
    values = stand_ins(setting, call)
    if call.endpoint.form is not None:  # leave out arguments that such a call cannot send
        taken = {str(p.name) for p in call.endpoint.params}
        return invalid_values(
            setting,
            call.endpoint,
            {k: v for k, v in values.items() if k in taken or call.endpoint.action.param(k) is None},
        )
    return invalid(setting, call.endpoint, request_of(call, values), values)


def stand_ins(setting: Setting, call: Call) -> dict[str, Any]:
    """Return the call's arguments with plausible values in place of live ids and expressions."""
    assert call.endpoint is not None
    found: dict[str, Any] = {}
    for name, value in call.input.items():
        param = call.endpoint.action.param(name)
        if name == "*":
            example = next((e.input for e in call.endpoint.action.examples if e.status < 300), {})
            found.update({k: v for k, v in example.items() if k not in call.input})
        elif isinstance(value, InstanceRef | UniqueValue | Signature | RelativeTime | Expression):
            found[name] = low(param.schema, setting.model.schemas) if param else "x"
        else:
            found[name] = value
    return found
