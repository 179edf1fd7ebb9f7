"""The steps of a request between its route and its handler: key, role, size, content type, syntax."""

import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from ..planting import planted
from .desk import parse_id
from .keys import Caller
from .problems import Problem, invalid

MAX_BODY = 65_536
MAX_DIGITS = 400  # a longer number is out of every bound
SURROGATE = re.compile("[\ud800-\udfff]")


def _refuse_surrogates(value: object) -> None:
    if isinstance(value, str) and SURROGATE.search(value):
        raise ValueError("unpaired surrogate")
    if isinstance(value, list):
        for item in value:
            _refuse_surrogates(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, value in pairs:
        _refuse_surrogates(name)
        _refuse_surrogates(value)
    return dict(pairs)


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < MAX_DIGITS else float("inf")


def parse_json(body: bytes) -> Any:
    """Read strict JSON; `ValueError` for anything else."""
    text = body.decode("utf-8")
    value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    _refuse_surrogates(value)
    return value


class DeskRequest(Request):
    """A request whose body is bounded and strict JSON."""

    async def body(self) -> bytes:
        """The body; the rest of one that is too large is read and dropped, so that the answer is seen."""
        if not hasattr(self, "_bounded"):
            self._bounded, size = b"", 0
            chunks = []
            async for chunk in self.stream():
                size += len(chunk)
                if size <= MAX_BODY:
                    chunks.append(chunk)
            if size > MAX_BODY:
                raise Problem("too-large", f"a body has at most {MAX_BODY} bytes")
            self._bounded = b"".join(chunks)
        return self._bounded

    async def json(self) -> Any:
        """The body's value."""
        if not hasattr(self, "_value"):
            try:
                self._value = parse_json(await self.body())
            except RecursionError:
                raise invalid("", "the body is nested too deeply") from None
            except ValueError as error:
                raise Problem("malformed", f"the body is not JSON: {error}") from None
        return self._value

    def require_json(self) -> None:
        """Refuse another content type, and another charset than UTF-8."""
        header = self.headers.get("content-type", "")
        message = Message()
        message["content-type"] = header
        if not header or message.get_content_type() != "application/json":
            raise Problem("wrong-type", "the body must be application/json")
        if str(message.get_content_charset("utf-8")).lower() != "utf-8":
            raise Problem("wrong-type", "the charset must be utf-8")


class DeskRoute(APIRoute):
    """A route of staff and readers."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether a request is for this route."""
        if self.path.endswith("/holds") and planted("holds-path-unknown"):
            return Match.NONE, {}
        return super().matches(scope)

    def authorise(self, caller: Caller, method: str) -> None:
        """Refuse a role that may not do this."""
        reads = method in ("GET", "HEAD") or (planted("reader-cancels") and self.path.endswith("/cancel"))
        if planted("reader-kept-from-copies") and self.path.endswith("/copies"):
            reads = False
        allowed = {"staff"} | ({"reader"} if reads else set())
        if caller.role not in allowed:
            raise Problem("not-allowed", f"a key of the role {caller.role} may not do this")

    def _recognise(self, request: Request) -> Caller:
        """Who calls; refuses a key that is missing or unknown."""
        try:
            caller: Caller = request.app.state.keys.recognise(request.headers.get("x-api-key"))
        except Problem as problem:
            if not (self.path.endswith("/copies") and planted("copies-without-key")):
                raise
            title = request.app.state.desk.store.titles.get(parse_id(request.path_params["title_id"]) or 0)
            if title is None or problem.name == "limit":
                raise
            return Caller("reader", title.library)
        return caller

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check what comes before validation, then let FastAPI validate and call the handler."""
        handle = super().get_route_handler()
        declared = {name for part in self.dependant.query_params for name in _query_names(part)}

        async def checked(request: Request) -> Response:
            if request.method == "HEAD" and self.path.endswith("/{patron_id}") and planted("head-refused"):
                raise Problem("method-not-allowed", "HEAD is not there", headers={"Allow": "GET, OPTIONS"})
            request = DeskRequest(request.scope, request.receive)
            caller = self._recognise(request)
            self.authorise(caller, request.method)
            request.state.caller = caller
            if request.method == "GET" and self.path.endswith("/{patron_id}") and planted("patron-is-html"):
                return HTMLResponse("<!doctype html>\n<title>Lending Desk</title>\n")
            if self.body_field is not None:
                await request.body()
                request.require_json()
                await request.json()
            counts = Counter(name for name, _ in request.query_params.multi_items())
            for name in sorted(declared):
                if counts[name] > 1:
                    raise invalid(f"query:{name}", "the argument is repeated")
            return await handle(request)

        return checked


class OperatorRoute(DeskRoute):
    """A route of the operator alone."""

    def authorise(self, caller: Caller, method: str) -> None:  # noqa: ARG002
        """Refuse everybody else."""
        if caller.role != "operator":
            raise Problem("not-allowed", "only the operator may do this")


def _query_names(parameter: Any) -> list[str]:
    """The names behind a declared query parameter: one, or a model's members."""
    members = getattr(parameter.field_info.annotation, "model_fields", None)
    return list(members) if members else [parameter.alias]
