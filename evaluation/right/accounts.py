"""Accounts by JSON-RPC 2.0 over HTTP on Werkzeug: `python -m evaluation.right.accounts`.

Each method has a path. Every call is a POST that is answered 200, errors too, by the codes of JSON-RPC. Whole
numbers come as `1.0`, and the id of a call comes back as it was sent. A removed account is answered as one
that never was.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from werkzeug.wrappers import Request, Response

from evaluation.right.listening import serve_wsgi

ACCOUNTS: dict[str, dict[str, Any]] = {}
NUMBERS = count(1)
INVALID, ABSENT = -32602, -32001


class Fault(Exception):
    """A call that JSON-RPC answers with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message}


def create(name: str, limit: float = 100) -> Any:
    """Open an account."""
    id = f"acc-{next(NUMBERS)}"
    ACCOUNTS[id] = {"account_id": id, "name": name, "limit": float(limit), "balance": 0.0}
    return ACCOUNTS[id]


def list_all(first: float = 10, after: str | None = None) -> Any:
    """Answer some accounts, behind the one whose id is `after`."""
    ids = list(ACCOUNTS)
    if after is not None and after not in ids:
        raise Fault(INVALID, "after is the id of no account")
    start = ids.index(after) + 1 if after is not None else 0
    page = ids[start : start + int(first)]
    more = start + len(page) < len(ids)
    return {"accounts": [ACCOUNTS[id] for id in page], "next_after": page[-1] if more else None}


def get(account_id: str) -> Any:
    """Answer one account."""
    if account_id not in ACCOUNTS:
        raise Fault(ABSENT, "there is no such account")
    return ACCOUNTS[account_id]


def rename(account_id: str, name: str) -> Any:
    """Give an account another name."""
    get(account_id)["name"] = name
    return ACCOUNTS[account_id]


def remove(account_id: str) -> Any:
    """Close an account."""
    get(account_id)
    del ACCOUNTS[account_id]
    return {"removed": True}


CALLS = {"create": create, "list": list_all, "get": get, "rename": rename, "remove": remove}
PARAMETERS = {
    "create": ({"name"}, {"limit"}),
    "list": (set(), {"first", "after"}),
    "get": ({"account_id"}, set()),
    "rename": ({"account_id", "name"}, set()),
    "remove": ({"account_id"}, set()),
}


def check(method: str, params: Any) -> None:
    """Refuse parameters that the document does not have."""
    needed, further = PARAMETERS[method]
    if not isinstance(params, dict) or not needed <= params.keys() <= needed | further:
        raise Fault(INVALID, f"params are {', '.join(sorted(needed | further))}")
    for name, most in (("limit", 10_000), ("first", 50)):
        value = params.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or value not in range(1, most + 1):
            raise Fault(INVALID, f"{name} is a whole number from 1 to {most}")
    for name, most in (("name", 40), ("account_id", 20), ("after", 20)):
        text = params.get(name, "x")
        if not isinstance(text, str) or not 1 <= len(text) <= most:
            raise Fault(INVALID, f"{name} has 1 to {most} characters")


def call(request: Request, method: str) -> dict[str, Any]:
    """Return the answer of JSON-RPC to a call."""
    id = None
    try:
        try:
            sent = json.loads(request.get_data().decode("utf-8"))
        except (ValueError, RecursionError):
            raise Fault(-32700, "the body is not JSON") from None
        members = {"jsonrpc", "id", "params"}
        if not isinstance(sent, dict) or sent.keys() != members or sent["jsonrpc"] != "2.0":
            raise Fault(-32600, "a call has jsonrpc, id and params")
        if isinstance(sent["id"], bool) or not isinstance(sent["id"], int) or not 0 <= sent["id"] < 2**53:
            raise Fault(-32600, "id is a whole number")
        id = sent["id"]
        check(method, sent["params"])
        return {"jsonrpc": "2.0", "id": id, "result": CALLS[method](**sent["params"])}
    except Fault as fault:
        return {"jsonrpc": "2.0", "id": id, "error": fault.error}


@Request.application
def app(request: Request) -> Response:
    """Answer a call over HTTP."""
    method = request.path.removeprefix("/rpc/accounts.")
    status = 404 if f"/rpc/accounts.{method}" != request.path or method not in CALLS else 200
    if status == 200 and request.method != "POST":
        status = 405
    error = {"code": -32601, "message": "there is no such method"}
    answer = call(request, method) if status == 200 else {"jsonrpc": "2.0", "id": None, "error": error}
    headers = {"Allow": "POST"} if status == 405 else {}
    return Response(json.dumps(answer), status, headers, mimetype="application/json")


if __name__ == "__main__":
    serve_wsgi(app)
