"""A wrong value that a call was accepted with is told at that call, and not at the list that shows it."""

from __future__ import annotations

from typing import Any

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Rank
from small_api import answer, verified

JSON = "application/json"
TEXT = {"type": "string"}
HOST = {"type": "string", "format": "hostname", "minLength": 1, "maxLength": 253}
SHOWN = {"type": "object", "required": ["id", "host"], "properties": {"id": TEXT, "host": HOST}}
SENT = {"type": "object", "required": ["host"], "properties": {"host": HOST}}


def told(status: int, schema: Any) -> dict[str, Any]:
    return {str(status): {"description": "So", "content": {JSON: {"schema": schema}}}}


def test_the_accepted_call_leads_the_finding() -> None:
    refused = {"400": {"description": "No"}, "415": {"description": "No"}}
    sent = {"required": True, "content": {JSON: {"schema": SENT}}}
    model = imported(openapi({"/hosts": {
        "get": {"operationId": "list_hosts", "summary": "Hosts",
                "responses": told(200, {"type": "array", "items": SHOWN})},
        "post": {"operationId": "make_host", "summary": "Make a host", "requestBody": sent,
                 "responses": told(201, SHOWN) | refused},
    }})).model  # fmt: skip
    hosts: list[dict[str, Any]] = []

    def server(request: Request) -> Response:
        if request.method == "GET":
            return answer(200, hosts)
        body = read_json(request.body).value
        host = body.get("host") if isinstance(body, dict) else None
        if request.path != "/hosts" or not isinstance(host, str) or not 1 <= len(host) <= 253:
            return answer(400, {})
        hosts.append({"id": f"h{len(hosts)}", "host": host})
        return answer(201, hosts[-1])

    report = verified(model, server, allow_writes=True, allow=("make_host",))
    (found,) = [f for f in report.findings if any("make_host" in id for id in (f.contract.id, *f.also))]
    assert found.contract.id == "invalid_input/format/host/make_host@rest"
    assert "response_schema/201/make_host@rest" in found.also
    assert found.rank is Rank.LAX
