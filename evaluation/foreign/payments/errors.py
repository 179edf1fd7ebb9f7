"""Errors and their JSON."""

from typing import Any

from flask import Flask, Response, jsonify
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from ..planting import planted

NO_SUCH_THING = 20404  # a number since the first version

CODES: dict[str | int, tuple[int, str]] = {
    "version_missing": (400, "invalid_request"),
    "version_unknown": (400, "invalid_request"),
    "body_malformed": (400, "invalid_request"),
    "param_unknown": (400, "invalid_request"),
    "param_missing": (400, "invalid_request"),
    "param_invalid": (400, "invalid_request"),
    "cursor_invalid": (400, "invalid_request"),
    "query_invalid": (400, "invalid_request"),
    "idempotency_key_invalid": (400, "idempotency"),
    "idempotency_mismatch": (400, "idempotency"),
    "key_missing": (401, "authentication"),
    "key_invalid": (401, "authentication"),
    "card_declined": (402, "card"),
    "forbidden": (403, "authentication"),
    NO_SUCH_THING: (404, "invalid_request"),
    "path_unknown": (404, "invalid_request"),
    "method_unknown": (405, "invalid_request"),
    "idempotency_in_progress": (409, "idempotency"),
    "already_refunded": (409, "state"),
    "too_many_refunds": (409, "state"),
    "refund_too_large": (409, "state"),
    "too_many_endpoints": (409, "state"),
    "tag_mismatch": (412, "state"),
    "body_too_large": (413, "invalid_request"),
    "content_type": (415, "invalid_request"),
    "rate_limited": (429, "limit"),
    "internal": (500, "api"),
}
BY_STATUS: dict[int | None, str] = {404: "path_unknown", 405: "method_unknown", 413: "body_too_large"}


class ApiError(Exception):
    """A refused call."""

    def __init__(
        self, code: str | int, message: str, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.headers = code, message, param, headers or {}

    @property
    def status(self) -> int:
        """The HTTP status of this code."""
        return CODES[self.code][0]

    def body(self) -> dict[str, Any]:
        """The JSON that tells the client."""
        type_ = CODES[self.code][1]
        code = self.code
        if code == NO_SUCH_THING and planted("missing-code-is-status"):
            code = self.status
        return {
            "error": {"type": type_, "code": code, "message": self.message, "param": self.param},
        }

    def response(self) -> Response:
        """The answer."""
        if self.code == NO_SUCH_THING and planted("missing-without-body"):
            return Response(status=self.status)
        if self.code == "param_invalid" and planted("invalid-param-is-html"):
            page = f"<!doctype html>\n<title>Error</title>\n<pre>{escape(self.message)}</pre>\n"
            return Response(page, self.status, content_type="text/html; charset=utf-8")
        response = jsonify(self.body())
        response.status_code = self.status
        response.headers.update(self.headers)
        return response


class Unavailable(Exception):
    """Something behind the API does not answer."""


def no_such(what: str, param: str | None = None) -> ApiError:
    """A thing that this account has not."""
    return ApiError(NO_SUCH_THING, f"there is no such {what}", param)


def install_error_handlers(app: Flask) -> None:
    """Make JSON of every error, also of Flask's own."""

    @app.errorhandler(ApiError)
    def api_error(error: ApiError) -> Response:
        return error.response()

    @app.errorhandler(Unavailable)
    def unavailable(_error: Unavailable) -> Response:
        return Response("Service Unavailable", 503)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = BY_STATUS.get(error.code)
        if code is None:
            app.logger.error("unexpected %s", error)
            return ApiError("internal", "something went wrong on our side").response()
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return ApiError(code, error.description or code, headers=headers).response()

    @app.errorhandler(Exception)
    def failure(error: Exception) -> Response:
        app.logger.exception("failed", exc_info=error)
        return ApiError("internal", "something went wrong on our side").response()
