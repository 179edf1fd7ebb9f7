"""Albums by JSON:API on Starlette and SQLite: `python -m evaluation.right.albums`.

It has a media type of its own, `page[number]` and `page[size]` with `meta.total`, and a link to the next
page. A minus sorts the other way, PATCH changes some attributes, and ids (SQLite's largest + 1) come again.
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evaluation.right.listening import serve_asgi

TYPE = "application/vnd.api+json"
STORE = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
STORE.execute("CREATE TABLE album (id INTEGER PRIMARY KEY, title TEXT, year INTEGER, tracks INTEGER)")
INSERT = "INSERT INTO album (title, year, tracks) VALUES (?, ?, ?)"
STORE.executemany(INSERT, [(f"Album {n}", 1970 + n * 7 % 50, n % 5 + 1) for n in range(12)])
DEFAULTS = {"year": None, "tracks": 1}


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    """Return an answer, without a body if there is none."""
    return Response(json.dumps(body), status, headers, TYPE) if body else Response(None, status, headers)


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the resource of a row."""
    attributes = dict(zip(("title", "year", "tracks"), row[1:], strict=True))
    return {"type": "albums", "id": str(row[0]), "attributes": attributes}


def find(request: Request) -> dict[str, Any]:
    """Return the album that the path names, or refuse the call."""
    id = request.path_params["id"]
    if re.fullmatch("[1-9][0-9]{0,17}", id):
        row = STORE.execute("SELECT id, title, year, tracks FROM album WHERE id = ?", (int(id),)).fetchone()
        if row:
            return describe(row)
    raise HTTPException(404, "there is no such album")


async def list_albums(request: Request) -> Response:
    """Answer one page of the albums."""
    number, size = read_number(request, "page[number]", 1, 10**6), read_number(request, "page[size]", 5, 50)
    sort = request.query_params.get("sort", "id")
    if sort not in ("id", "year", "-year", "title", "-title"):
        raise HTTPException(400, "sort is id, year, -year, title or -title")
    order = f"{sort.lstrip('-')} {'DESC' if sort[0] == '-' else 'ASC'}, id"
    select = f"SELECT id, title, year, tracks FROM album ORDER BY {order} LIMIT ? OFFSET ?"
    rows = STORE.execute(select, (size, (number - 1) * size)).fetchall()
    (total,) = STORE.execute("SELECT count(*) FROM album").fetchone()
    further = str(request.url.include_query_params(**{"page[number]": number + 1}))
    links = {"self": str(request.url), "next": further if number * size < total else None}
    return answer(200, {"data": [describe(row) for row in rows], "meta": {"total": total}, "links": links})


def read_number(request: Request, name: str, default: int, most: int) -> int:
    """Return a number of the query from 1 to `most`."""
    text = request.query_params.get(name, str(default))
    if not re.fullmatch("[1-9][0-9]{0,7}", text) or int(text) > most:
        raise HTTPException(400, f"{name} is a whole number from 1 to {most}")
    return int(text)


async def read_attributes(request: Request, id: str | None = None) -> dict[str, Any]:
    """Return the attributes that a body sends; `id` is the album's, if it is there already."""
    if request.headers.get("Content-Type") != TYPE:
        raise HTTPException(415, f"the body is to be {TYPE}, without parameters")
    try:
        sent = json.loads((await request.body()).decode("utf-8"))
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    data = sent.get("data") if isinstance(sent, dict) and sent.keys() == {"data"} else None
    if not isinstance(data, dict) or data.keys() != {"type", "attributes"} | ({"id"} if id else set()):
        raise HTTPException(422, "data has type and attributes, and id if the album is there already")
    if data["type"] != "albums" or data.get("id") != id:
        raise HTTPException(409, "type or id is another than that of the path")
    attributes = data["attributes"]
    if not isinstance(attributes, dict) or not attributes.keys() <= {"title", *DEFAULTS}:
        raise HTTPException(422, "attributes are title, year and tracks")
    if not id and "title" not in attributes:
        raise HTTPException(422, "title is needed")
    title = attributes.get("title", "x")
    if not isinstance(title, str) or not re.fullmatch(r"[^\ud800-\udfff]{1,60}", title, re.DOTALL):
        raise HTTPException(422, "title has 1 to 60 characters")
    for name, least, most in (("year", 1900, 2100), ("tracks", 1, 99)):
        value = attributes.get(name, least)
        if value is None and name == "year":
            continue
        if type(value) not in (int, float) or value not in range(least, most + 1):
            raise HTTPException(422, f"{name} is a whole number from {least} to {most}")
    return attributes


async def create_album(request: Request) -> Response:
    """Keep a new album."""
    new = {**DEFAULTS, **await read_attributes(request)}
    values = (new["title"], new["year"], new["tracks"])
    id = STORE.execute(INSERT, values).lastrowid
    return answer(201, {"data": describe((id, *values))}, {"Location": f"/albums/{id}"})


async def change_album(request: Request) -> Response:
    """Change the attributes that the body names."""
    id = find(request)["id"]
    for name, value in (await read_attributes(request, id)).items():
        STORE.execute(f"UPDATE album SET {name} = ? WHERE id = ?", (value, int(id)))
    return answer(200, {"data": find(request)})


async def remove_album(request: Request) -> Response:
    """Remove an album, whose number a new one may get."""
    STORE.execute("DELETE FROM album WHERE id = ?", (int(find(request)["id"]),))
    return answer(204)


async def refuse(_: Request, error: Any) -> Response:
    """Answer an error in the form of JSON:API."""
    body = {"errors": [{"status": str(error.status_code), "title": error.detail}]}
    return answer(error.status_code, body, dict(error.headers or {}))


async def all_albums(request: Request) -> Response:
    """Answer a call of the list."""
    return await (create_album if request.method == "POST" else list_albums)(request)


async def one_album(request: Request) -> Response:
    """Answer a call of an album."""
    if request.method in ("GET", "HEAD"):
        return answer(200, {"data": find(request)})
    return await (change_album if request.method == "PATCH" else remove_album)(request)


ROUTES = [
    Route("/albums", all_albums, methods=["GET", "POST"]),
    Route("/albums/{id}", one_album, methods=["GET", "PATCH", "DELETE"]),
]

if __name__ == "__main__":
    serve_asgi(Starlette(routes=ROUTES, exception_handlers={HTTPException: refuse}))
