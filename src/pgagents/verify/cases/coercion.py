"""Wrong values that frameworks convert to right ones by themselves."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.verify.cases.invalid import may_ignore_empty
from pgagents.verify.values.schema_values import accepts
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import got

_BOOLEANS = frozenset(("true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0"))
_NUMBER = re.compile(r"\s*(NaN|[+-]?\d+(\.\d+)?)\s*", re.I)


def is_coerced(model: Model, call: Call, field: str) -> bool:
    """True if frameworks make a wrong argument right by themselves: `"1"` and true are 1, and `"yes"` is true
    to Pydantic, a listed value may have the other case to ASP.NET, an empty text and null are a missing
    argument, and to most languages the `$` of a pattern is also before a last line break. Jackson makes 1 the
    text `"1"` and 1.5 the number 1.
    """
    name, *path = field.split(".")
    param = call.endpoint.action.param(name) if call.endpoint is not None else None
    if param is None or name not in call.input:
        return False
    if call.input[name] == "" and may_ignore_empty(param):
        return True
    if call.input[name] is None and not param.required:  # so to Jackson, Go and ASP.NET
        return True
    right = (_put(call.input[name], path, one) for one in _convert(got(call.input, field)))
    return any(accepts(param.schema, model.schemas, value) for value in right)


def _convert(value: Any) -> Iterator[Any]:
    """Yield what frameworks convert a value to."""
    if isinstance(value, bool | int | float):
        yield json.dumps(value)
    if isinstance(value, bool):
        yield int(value)
    elif isinstance(value, str):
        yield value.swapcase()
        yield value.removesuffix("\n")
        yield from [True] if value.lower() in _BOOLEANS else []
        number = float(value) if _NUMBER.fullmatch(value) else None
        yield from [] if number is None else [int(number)] if number.is_integer() else [number]
    elif value in (0, 1):
        yield bool(value)
    elif isinstance(value, float) and math.isfinite(value):
        yield int(value)


def _put(whole: Any, path: Sequence[str], value: Any) -> Any:
    """Return an argument with another value at a path."""
    if not path:
        return value
    if isinstance(whole, list):
        return [_put(one, path[1:], value) if str(n) == path[0] else one for n, one in enumerate(whole)]
    return (
        {**whole, path[0]: _put(whole.get(path[0]), path[1:], value)} if isinstance(whole, Mapping) else whole
    )
