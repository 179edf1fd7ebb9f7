"""LoopBack's todo application 6.0 from npm: integer ids, filters as JSON in the query, no key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server, read

PACKAGE = "@loopback/example-todo"
TITLES = ("Buy flour", "Call the plumber", "a", "string")


def start(place: Place) -> Sequence[str]:
    (place.folder / "data").mkdir()
    (place.folder / "data/db.json").write_text('{"ids": {}, "models": {}}')
    return ["node", str(place.environment / "node_modules" / PACKAGE)]


def fill(api: Api) -> None:
    for title in TITLES:
        api.call("POST", "/todos", {"title": title, "desc": "It was here before", "isComplete": False})


def existing(api: Api) -> Mapping[str, Any]:
    return read(api, {title: f"/todos/{number}" for number, title in enumerate(TITLES, 1)})


def no_headers(_: str) -> Mapping[str, str]:
    return {}


def surroundings(place: Place) -> Mapping[str, str]:
    return {"HOST": "127.0.0.1", "PORT": str(place.port)}


def rows(api: Api) -> int:
    count: int = api.call("GET", "/todos/count")["count"]
    return count


SERVER = Server(
    "todo", "LoopBack todo 6.0 (npm)", (f"{PACKAGE}@6.0.0",), start, "/openapi.json", "", fill, existing,
    ready="/openapi.json", headers=no_headers, surroundings=surroundings, npm=True, operations=8, rows=rows,
)  # fmt: skip
