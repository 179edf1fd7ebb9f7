"""Django REST framework with its stock views: token authentication, pages, a reference that protects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import HERE, Api, Place, Server, read

KEY = "5b0e7d21c95b0e7d21c95b0e7d21c95b0e7d21c9"
SHELVES, BOOKS = 3, 9


def start(place: Place) -> Sequence[str]:
    return [place.bin("python"), str(HERE / "applications/shelf.py"), str(place.port), KEY]


def fill(api: Api) -> None:
    for number in range(SHELVES):
        api.call("POST", "/api/shelves/", {"name": f"Shelf {number}", "room": "hall"})
    for number in range(BOOKS):
        book = {"title": f"Book {number}", "pages": 100 + number, "shelf": 1 + number % SHELVES}
        api.call("POST", "/api/books/", {**book, "price": "12.50"})


def existing(api: Api) -> Mapping[str, Any]:
    shelves = {f"shelf {n}": f"/api/shelves/{n + 1}/" for n in range(SHELVES)}
    return read(api, {**shelves, **{f"book {n}": f"/api/books/{n + 1}/" for n in range(BOOKS)}})


def send_key(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Token {key}"}


def rows(api: Api) -> int:
    return sum(int(api.call("GET", f"/api/{kind}/")["count"]) for kind in ("shelves", "books"))


SERVER = Server(
    "shelf", "Django REST framework 3.18",
    ("django==5.2.19", "djangorestframework==3.18.3", "drf-spectacular==0.30.0", "waitress==3.0.2"), start,
    "/openapi.json", KEY, fill, existing, ready="/openapi.json", headers=send_key,
    auth=("--auth", "header:Authorization:Token"), peer_base="", operations=13, rows=rows,
)  # fmt: skip
