"""Errors as `application/problem+json` (RFC 9457), and the handlers that make them."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ..planting import planted

TYPES = "https://lending.example/problems/"

TITLES = {
    "malformed": (400, "The body cannot be read"),
    "key-missing": (401, "The key is missing"),
    "key-unknown": (401, "The key is unknown"),
    "not-allowed": (403, "The key does not allow this"),
    "no-such-path": (404, "There is no such path"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "The path has no such method"),
    "email-taken": (409, "The e-mail address is taken"),
    "title-in-use": (409, "The title has ready holds"),
    "already-held": (409, "The patron holds that title already"),
    "patron-limit": (409, "The patron has as many holds as allowed"),
    "no-copy-free": (409, "No copy is free"),
    "hold-ended": (409, "The hold has ended"),
    "gone": (410, "The title was removed"),
    "too-large": (413, "The body is too large"),
    "wrong-type": (415, "The body has another content type"),
    "invalid": (422, "The call is not valid"),
    "limit": (429, "Too many calls"),
    "broken": (500, "The server failed"),
}


class Problem(Exception):
    """A refused call."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.name, self.detail, self.errors = name, detail, errors
        self.headers = dict(headers or {})
        if TITLES[name][0] == 401:
            self.headers["WWW-Authenticate"] = 'ApiKey realm="lending"'

    def response(self) -> Response:
        """The answer that tells the client."""
        status, title = TITLES[self.name]
        body: dict[str, Any] = {
            "type": TYPES + self.name,
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        if self.errors is not None:
            body["errors"] = self.errors
        return JSONResponse(body, status, self.headers, media_type="application/problem+json")


def invalid(at: str, detail: str) -> Problem:
    """A fault at one place of the call."""
    return Problem("invalid", detail, errors=[{"at": at, "detail": detail}])


def _place(location: tuple[int | str, ...]) -> str:
    """Turn FastAPI's location of a fault into a JSON pointer, or into `query:NAME`."""
    where, *rest = location
    if where == "query":
        return f"query:{rest[0]}" if rest else "query:"
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)


def _allowed(request: Request) -> str:
    """The methods that the path has."""
    return ", ".join(
        method
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
        if method == "OPTIONS"
        or any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    )


def install_handlers(app: FastAPI) -> None:
    """Answer every refusal as a problem."""

    @app.exception_handler(Problem)
    def refuse(_request: Request, problem: Problem) -> Response:
        if problem.name == "key-unknown" and planted("key-refusal-is-plain"):
            return Response(problem.detail, 401, problem.headers, media_type="text/plain")
        response = problem.response()
        if response.status_code in (404, 409, 410) and planted("refusal-is-200"):
            response.status_code = 200
        return response

    @app.exception_handler(RequestValidationError)
    async def refuse_invalid(request: Request, error: RequestValidationError) -> Response:
        if planted("framework-error-body") and error.errors()[0]["loc"][0] == "query":
            return await request_validation_exception_handler(request, error)
        errors = [{"at": _place(fault["loc"]), "detail": fault["msg"]} for fault in error.errors()]
        return Problem(
            "invalid", f"{errors[0]['at'] or 'the body'}: {errors[0]['detail']}", errors=errors
        ).response()

    @app.exception_handler(HTTPException)
    def refuse_route(request: Request, error: HTTPException) -> Response:
        if error.status_code != 405:
            return Problem("no-such-path", f"{request.url.path} is not a path of this API").response()
        headers = {"Allow": _allowed(request)}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        return Problem("method-not-allowed", f"{request.method} is not there", headers=headers).response()
