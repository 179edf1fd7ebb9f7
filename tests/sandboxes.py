"""A sandbox in process for tests: calls by method and path, a clock that only tests move."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from loading import read_once
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.sandbox import open_sandbox

ROOT = Path(__file__).resolve().parents[1]
START = 1_776_528_000.0
"""2026-04-18T16:00:00Z"""
DISPATCH = "/api/v1/agents/openai/actions"
VAIL = "/api/v1/lots/search?lat=39.6403&lng=-106.3742&radius_km=1.5&limit=5"


@cache
def model(name: str) -> Model:
    """Park Graph's catalogue, or one of tests/catalogues."""
    return read_once(
        ROOT / ("catalogue/park_graph.yaml" if name == "park_graph" else f"tests/catalogues/{name}.yaml")
    )


class Caller:
    """A sandbox and the calls tests make of it. `passed_s` is what its clock reads beyond START."""

    def __init__(
        self,
        name: str = "park_graph",
        *,
        faults: Sequence[str] = (),
        variations: Sequence[str] = (),
        db: Path | None = None,
        seed: int | None = None,
        **more: Any,
    ) -> None:
        self.passed_s = 0.0
        self.logged: list[str] = []
        more.setdefault("sleep", self._late)
        self.sandbox = open_sandbox(
            model(name),
            start=START,
            time_source=lambda: self.passed_s,
            rng=random.Random(7),
            faults=faults,
            variations=variations,
            db=db,
            seed=seed,
            log=self.logged.append,
            **more,
        )
        self.tokens = dict(self.sandbox.tokens)

    def _late(self, seconds: float) -> None:
        self.passed_s += seconds

    def __call__(
        self, method: str, target: str, body: Any = None, *, key: str | None = "unlimited", **headers: str
    ) -> Response:
        """Call; `body` is JSON data or bytes; `key` a role; a header's underscores stand for hyphens.
        Status 0: no answer.
        """
        given = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if key is not None:
            given.append(("Authorization", f"Bearer {self.tokens[key]}"))
        raw = body if isinstance(body, bytes) else b"" if body is None else json_bytes(body)
        if raw and not any(name.lower() == "content-type" for name, _ in given):
            given.append(("Content-Type", "application/json"))
        answer = self.sandbox.handler(Request(method, target, tuple(given), raw))
        return answer if isinstance(answer, Response) else Response(0)

    def data(self, method: str, target: str, body: Any = None, *, status: int = 200, **rest: Any) -> Any:
        """The JSON of an answer that must have this status."""
        answer = self(method, target, body, **rest)
        assert answer.status == status, (answer.status, answer.body)
        return json.loads(answer.body)

    def error(
        self, method: str, target: str, body: Any = None, *, status: int, **rest: Any
    ) -> dict[str, Any]:
        """The `error` of a refusal that must have this status."""
        error: dict[str, Any] = self.data(method, target, body, status=status, **rest)["error"]
        return error

    def dispatch(self, action: str, parameters: Any = None, *, status: int = 200, **rest: Any) -> Any:
        """A call through Park Graph's dispatcher."""
        body = {"action": action} if parameters is None else {"action": action, "parameters": parameters}
        return self.data("POST", DISPATCH, body, status=status, **rest)

    def park(
        self, lot: str = "lot_lionshead", plate: str = "CO-7891", *, key: str = "unlimited", **more: Any
    ) -> dict[str, Any]:
        """A new session."""
        session: dict[str, Any] = self.data(
            "POST", "/api/v1/sessions", {"lot_id": lot, "plate": plate, **more}, status=201, key=key
        )["session"]
        return session

    def end(self, session: dict[str, Any], *, status: int = 200, key: str = "unlimited") -> Any:
        """End a session."""
        return self.data("POST", "/api/v1/sessions/end", named(session), status=status, key=key)

    def extend(self, session: dict[str, Any], hours: float, *, status: int = 200) -> Any:
        """Extend a session."""
        return self.data(
            "POST", "/api/v1/sessions/extend", {**named(session), "extend_hours": hours}, status=status
        )

    def available(self, lot: str) -> int:
        """Free spaces of a lot."""
        return int(self.data("GET", f"/api/v1/lots/{lot}/availability")["availability"]["available"])

    def wait(self, seconds: float) -> None:
        """Let time pass by the operator's clock."""
        self.data("POST", "/sandbox/v1/clock", {"advance_s": seconds}, key="operator")


def named(session: dict[str, Any]) -> dict[str, str]:
    """Return the arguments that name a session in end and extend."""
    return {"session_id": session["id"], "session_code": session["session_code"]}
