"""A FastAPI application with three bugs: a wrong status, a null, and a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import HERE, Api, Place, Server, read

ITEMS = 5


def start(place: Place) -> Sequence[str]:
    words = ["--app-dir", str(HERE / "applications"), "--host", "127.0.0.1", "--port", str(place.port)]
    return [place.bin("uvicorn"), "items:app", "--log-level", "warning", *words]


def fill(api: Api) -> None:
    for number in range(ITEMS):
        api.call("POST", "/items", {"name": f"Tool {number}", "price": 10 + number, "discount": number})


def existing(api: Api) -> Mapping[str, Any]:
    return read(api, {f"item {n}": f"/items/{n + 1}" for n in range(ITEMS)})


def rows(api: Api) -> int:
    total: int = api.call("GET", "/items?limit=1")["total"]
    return total


SERVER = Server(
    "items", "FastAPI, three bugs", ("fastapi==0.165.0", "uvicorn==0.54.0"), start,
    "/openapi.json", "test_key_1", fill, existing, ready="/openapi.json",
    peer_base="", operations=7, rows=rows,
)  # fmt: skip
