"""Decide whether an answer fits its action's schema, or is an error with the status of a success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.http import Response
from pgagents.model.answers.error_code import Code
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange


def fits(setting: Setting, exchange: Exchange) -> bool:
    """Return True if the body satisfies the schema of the action's answer."""
    if exchange.output is None:
        return False
    if exchange.output.schema is None:
        return isinstance(exchange.told, Response) and _is_without_body(exchange, exchange.told)
    test = setting.output_test(exchange)
    problem = exchange.json.problem or exchange.size_problem or exchange.time_problem
    return test is not None and not problem and bool(test.is_valid(exchange.body))


def find_disguised_error(setting: Setting, exchange: Exchange) -> Code | None:
    """Return the documented error whose body came with the status of a success; None if none did.

    The body must fit the error's schema. It must also have a member that only errors have, and not fit the
    success. Or a member such as `code` must have a value that only the error's schema names.
    """
    endpoint, output, body = exchange.call.endpoint, exchange.output, exchange.body
    if endpoint is None or output is None or output.schema is None or not isinstance(body, Mapping):
        return None
    if not exchange.success or not body:
        return None
    success = _members(setting, output.schema)
    for code in (*endpoint.action.errors, *setting.model.always()):
        if not code.envelope or code.content_type != output.content_type:
            continue
        error = _members(setting, setting.model.schemas[code.envelope])
        only = not exchange.fits and any(name in body and name not in success for name in error)
        told = any(
            name in body and _is_of_error(body[name], error[name], success[name])
            for name in error.keys() & success.keys()
        )
        if (only or told) and setting.envelope(code.envelope).is_valid(body):
            return code
    return None


def say_disguised(exchange: Exchange, code: Code) -> str:
    """Return why an answer with the body of an error proves nothing."""
    return f"it was answered {exchange.status} with the body of the documented error {code.status}"


def _members(setting: Setting, schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the schemas of an object's members by name."""
    members = setting.resolve_schema(schema).get("properties", {})
    return {name: setting.resolve_schema(member) for name, member in members.items()}


def _is_of_error(value: Any, error: Mapping[str, Any], success: Mapping[str, Any]) -> bool:
    """True if a value is one of those that an error's member has, and none of a success's."""
    if not isinstance(value, str | int):
        return False
    own, others = _list_values(value, error), _list_values(value, success)
    return bool(others) and value in own and value not in others


def _list_values(value: Any, schema: Mapping[str, Any]) -> list[Any]:
    """Return the values of a member that a schema names. Examples count for numbers and flags alone: another
    text is only another message.
    """
    if "const" in schema:
        return [schema["const"]]
    examples = schema.get("examples", []) if isinstance(value, int) else []
    return [one for one in schema.get("enum", examples) if isinstance(one, bool) == isinstance(value, bool)]


def _is_without_body(exchange: Exchange, told: Response) -> bool:
    """True if an answer has no content. A dispatcher answers in JSON, so null or an empty object count as
    none.
    """
    endpoint = exchange.call.endpoint
    bare = endpoint is not None and not endpoint.on_rest and not exchange.json.problem
    return not told.body or (bare and exchange.body in (None, {}))
