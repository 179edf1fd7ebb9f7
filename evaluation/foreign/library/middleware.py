"""Headers that every answer has, those of the deprecated path, and the answer when all else fails."""

import logging
import re
from collections.abc import Callable
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem

DEPRECATED = re.compile(rb"/v1/reserves/([^/]+)")

logger = logging.getLogger(__name__)


class AnswerHeaders:
    """Gives every answer its id, and keeps it out of caches."""

    def __init__(self, app: ASGIApp, random_bits: Callable[[int], int]) -> None:
        self._app, self._random_bits = app, random_bits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and complete its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        old = DEPRECATED.fullmatch(scope["raw_path"]) if scope["method"] in ("GET", "HEAD") else None
        started = False

        async def complete(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = UUID(int=self._random_bits(128)).hex
                headers["Cache-Control"] = "no-store"
                if old:
                    headers["Deprecation"] = "@1767225600"
                    headers["Sunset"] = "Wed, 30 Jun 2027 23:59:59 GMT"
                    headers["Link"] = f'</v1/holds/{old[1].decode("latin-1")}>; rel="successor-version"'
            await send(message)

        if scope["path"].endswith("\n"):  # the `$` of a route's pattern would let it pass
            problem = Problem("no-such-path", "no path ends with a line feed")
            await problem.response()(scope, receive, complete)
            return
        try:
            await self._app(scope, receive, complete)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise
            await Problem("broken", "something went wrong on our side").response()(scope, receive, complete)
