"""Record what goes through a handler as a HAR, as a browser would."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pgagents.base.http import Handler, Request, Response, Silence

SHORTEST = 8


class Recorder:
    """A handler in front of another one. `entries` are the exchanges as HAR 1.2 has them."""

    def __init__(
        self, handler: Handler, origin: str = "https://api.shop.example", *, binary: bool = False
    ) -> None:
        self.handler, self.origin, self.binary = handler, origin, binary
        self.entries: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Response | Silence:
        answer = self.handler(request)
        if isinstance(answer, Response):
            self.entries.append(self._entry(request, answer))
        return answer

    @property
    def secrets(self) -> list[str]:
        """The credentials that were sent."""
        headers = [header for one in self.entries for header in one["request"]["headers"]]
        sent = {h["value"].partition(" ")[2] for h in headers if h["name"] == "authorization"}
        return [value for value in sent if len(value) > SHORTEST]

    @property
    def har(self) -> dict[str, Any]:
        creator = {"name": "tests", "version": "1"}
        return {"log": {"version": "1.2", "creator": creator, "entries": self.entries}}

    def _entry(self, request: Request, answer: Response) -> dict[str, Any]:
        url = self.origin + request.target
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        asked: dict[str, Any] = {
            "method": request.method,
            "url": url,
            "httpVersion": "HTTP/2",
            "cookies": [],
            "headers": [{"name": n.lower(), "value": v} for n, v in request.headers],
            "queryString": [{"name": n, "value": v} for n, v in query],
            "headersSize": -1,
            "bodySize": len(request.body),
        }
        if request.body:
            text = request.body.decode("utf-8", "replace")
            asked["postData"] = {"mimeType": request.header("content-type") or "", "text": text}
        content: dict[str, Any] = {
            "size": len(answer.body), "mimeType": answer.header("content-type") or "x-unknown",
        }  # fmt: skip
        if answer.body and self.binary:
            content |= {"text": base64.b64encode(answer.body).decode(), "encoding": "base64"}
        elif answer.body:
            content["text"] = answer.body.decode("utf-8", "replace")
        return {
            "startedDateTime": "2026-11-22T10:00:00.000Z",
            "time": 1.0,
            "request": asked,
            "response": {
                "status": answer.status,
                "statusText": "",
                "httpVersion": "HTTP/2",
                "cookies": [],
                "headers": [{"name": n, "value": v} for n, v in answer.headers],
                "content": content,
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(answer.body),
            },
            "cache": {},
            "timings": {"send": 0, "wait": 1, "receive": 0},
        }
