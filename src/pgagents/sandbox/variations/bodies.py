"""Legal variations of how a server reads request bodies."""

from __future__ import annotations

from pgagents.http import Request
from pgagents.sandbox.injection.fault_registry import Context, variation


@variation().edit_requests
def json_besides_forms(context: Context, request: Request) -> Request:
    """Where a form is declared, a JSON object is accepted as well."""
    action = context.reader.action(request)
    kind = (request.header("content-type") or "").partition(";")[0]
    if action is None or kind != "application/json" or action.content_type == kind:
        return request
    return context.reader.with_arguments(request, context.reader.arguments(request))
