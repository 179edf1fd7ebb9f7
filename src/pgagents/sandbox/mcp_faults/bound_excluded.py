"""A number at its bound is refused, though the schema includes it."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, json_bytes

BREAKS = frozenset({"accepts_valid"})
ALSO: dict[str, str] = {"same_answer": "REST takes the same call"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse what stands at some argument's greatest value."""
    bounds = {p.schema["maximum"] for a in context.model.actions for p in a.params if "maximum" in p.schema}

    def answer(request: Request) -> Response | Silence:
        question = meddle_mcp.asked(request)
        given = (question.get("params") or {}).get("arguments") or {}
        if question.get("method") != "tools/call" or not any(_number(v) and v in bounds for v in given.values()):
            return handler(request)
        words = '{"error":{"code":"invalid_arguments","message":"out of range"}}'
        result = meddle_mcp.with_text({"isError": True, "resultType": "complete"}, words)
        return Response(
            200, (("Content-Type", "application/json"),), json_bytes({"jsonrpc": "2.0", "id": question["id"], "result": result})
        )

    return answer


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
