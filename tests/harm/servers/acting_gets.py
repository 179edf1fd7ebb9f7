"""A server whose GETs act, as those of Etherpad do: it counts every request, of any method, by its path."""

from __future__ import annotations

import csv
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pgagents.base.http import Request, Response

LABELS = Path(__file__).parents[2] / "data" / "reads" / "labels.tsv"
MADE_UP = LABELS.with_name("made_up.tsv")

VERBS = """
create add new insert make set put update edit change modify patch save store write append replace rename move
copy clone duplicate import restore revert rollback reset clear purge flush empty wipe truncate erase drop
destroy delete remove unlink kill stop start restart reboot shutdown run execute trigger rebuild reindex scan
sync refresh send post publish push email notify approve reject accept cancel close open enable disable
activate deactivate lock unlock ban mute subscribe unsubscribe register logout login pay charge refund
transfer order buy toggle mark archive upload
""".split()  # noqa: SIM905  # a table of words
"""Verbs that act; a document with one GET for each has nothing that a run may call."""

_PAD = {"name": "padID", "in": "query", "required": True, "schema": {"type": "string"}}
_TEXT = {"name": "text", "in": "query", "required": True, "schema": {"type": "string"}}
_ANSWER = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "integer"}, "data": {"type": ["object", "null"]}},
}


def pads() -> tuple[dict[str, Any], frozenset[str]]:
    """Etherpad's shape, 48 operations that GET and POST both call, with the paths of those that act.

    An existing pad can be named by anyone, as its parameters are required here.
    """
    with LABELS.open(encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["source"] == "own:etherpad"
        ]
    paths = {}
    for row in rows:
        id = row["operationId"].removesuffix("UsingGET")
        given = [_PAD] + [_TEXT] * (id in ("setText", "appendText"))
        paths[row["path"]] = {
            method: _operation(f"{id}Using{method.upper()}", row["summary"], given)
            for method in ("get", "post")
        }
    return _document(paths), frozenset(row["path"] for row in rows if row["label"] == "acts")


def verbs() -> tuple[dict[str, Any], frozenset[str]]:
    """One GET for each verb, beside one that reads."""
    paths: dict[str, Any] = {
        f"/{verb}Pad": {"get": _operation(f"{verb}Pad", f"{verb.capitalize()}s a pad", [_PAD])}
        for verb in VERBS
    }
    acting = frozenset(paths)
    paths["/getText"] = {"get": _operation("getText", "Returns the text of a pad", [_PAD])}
    return _document(paths), acting


def few() -> tuple[dict[str, Any], frozenset[str]]:
    """A document with three GETs, two of which act. One answers a redirect, so no action is made of it."""
    away = {"operationId": "leave", "responses": {"302": {"description": "The start page"}}}
    paths: dict[str, Any] = {
        "/state": {"get": _operation("getState", "Returns the state", [])},
        "/reboot": {
            "get": _operation("power", "Power", []),
            "post": _operation("rebootNow", "Reboots the device", []),
        },
        "/session/logout": {"get": away, "post": _operation("endSession", "Ends the session", [])},
    }
    return _document(paths), frozenset(("/reboot", "/session/logout"))


def told() -> tuple[dict[str, Any], frozenset[str]]:
    """GETs that act by short names, by the end of a path or by their descriptions, beside plain reads."""
    with MADE_UP.open(encoding="utf-8") as file:
        rows = [
            r for r in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if "{" not in r["path"]
        ]
    paths = {
        row["path"]: {
            "get": _operation(row["operationId"] or row["path"].strip("/"), row["summary"], [])
            | {"description": row["description"]}
        }
        for row in rows
    }
    return _document(paths), frozenset(row["path"] for row in rows if row["label"] == "acts")


def _operation(id: str, summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": _ANSWER}}}
    found = {"operationId": id, "parameters": parameters, "responses": {"200": answer}}
    return found | ({"summary": summary} if summary else {})


def _document(paths: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "Pads", "version": "1.2.14", "contact": {"email": "a@pads.example"}}
    return {"openapi": "3.0.2", "info": info, "servers": [{"url": "https://pads.example"}], "paths": paths}


class Pads:
    """Answers every path of a document, whatever the method, and remembers the requests."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths = frozenset(document["paths"])
        self.requests: list[tuple[str, str]] = []
        """Method and path of each request, the path as the most lenient server reads it."""
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        path = "/" + unquote(urlsplit(request.target).path).strip("/")
        with self._lock:
            self.requests.append((request.method, path))
        known = path in self.paths
        body = {"code": 0, "data": None} if known else {"code": 1, "message": "no such function"}
        head = (("Content-Type", "application/json"), ("Allow", "GET, POST"))
        return Response(200 if known else 404, head, json.dumps(body).encode())

    def count(self, paths: frozenset[str], *, besides: str = "") -> Counter[tuple[str, str]]:
        """Count the requests to these paths by method; those of the method `besides` are left out."""
        return Counter(one for one in self.requests if one[1] in paths and one[0] != besides)
