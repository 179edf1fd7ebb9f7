"""Etherpad 1.8 from npm: pads and sessions, where GET writes and every refusal is a 200 with a code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from evaluation.zoo.zoo import Api, Place, Server

PACKAGE = "ep_etherpad-lite"
KEY = "5b0e7d21c95b0e7d21c95b0e7d21c95b0e7d21c95b0e7d21c95b0e7d21c9abcd"
PADS = ("minutes", "shopping", "letter", "test")


def start(place: Place) -> Sequence[str]:
    """Each start has a copy of the package as `src`, which is where Etherpad looks for itself."""
    modules = place.environment / "node_modules"
    shutil.copytree(modules / PACKAGE, place.folder / "src", symlinks=True)
    (place.folder / "node_modules").mkdir()
    for module in modules.iterdir():
        target = place.folder / "src" if module.name == PACKAGE else module
        (place.folder / "node_modules" / module.name).symlink_to(target)
    settings = {
        "title": "Etherpad", "ip": "127.0.0.1", "port": place.port, "dbType": "dirty",
        "dbSettings": {"filename": str(place.folder / "pads.db")}, "defaultPadText": "Welcome",
        "requireAuthentication": False, "loadTest": False, "loglevel": "WARN",
    }  # fmt: skip
    (place.folder / "settings.json").write_text(json.dumps(settings))
    (place.folder / "APIKEY.txt").write_text(KEY)
    (place.folder / "SESSIONKEY.txt").write_text(KEY)
    words = [f"--{name}={place.folder / file}" for name, file in FILES.items()]
    flat = [part for word in words for part in word.split("=", 1)]
    return ["node", str(place.folder / "src/node/server.js"), *flat]


FILES = {"settings": "settings.json", "apikey": "APIKEY.txt", "sessionkey": "SESSIONKEY.txt"}


def _call(api: Api, operation: str, **given: str) -> Any:
    return api.call("GET", f"/api/1/{operation}?{urlencode({'apikey': KEY, **given})}")


def _find_group(api: Api) -> str:
    """Return the group of the sessions. One that is gone is made anew, and has none."""
    group = _call(api, "createGroupIfNotExistsFor", groupMapper="before")
    return str(group["data"]["groupID"])


def fill(api: Api) -> None:
    for pad in PADS:
        _call(api, "createPad", padID=pad, text=f"{pad}: it was here before")
    author = _call(api, "createAuthor", name="ann")["data"]["authorID"]
    _call(api, "createSession", groupID=_find_group(api), authorID=author, validUntil="2082758400")


def existing(api: Api) -> Mapping[str, Any]:
    """Return the text of each pad, and the sessions of the group."""
    pads = {pad: _call(api, "getText", padID=pad)["data"] for pad in PADS}
    return {**pads, "sessions": _call(api, "listSessionsOfGroup", groupID=_find_group(api))["data"]}


def no_headers(_: str) -> Mapping[str, str]:
    return {}


def rows(api: Api) -> int:
    """Count pads and groups; nothing lists authors, or pads and sessions of all groups."""
    pads = api.call("GET", f"/api/1.2.1/listAllPads?apikey={KEY}")["data"]["padIDs"]
    return len(pads) + len(api.call("GET", f"/api/1.2.1/listAllGroups?apikey={KEY}")["data"]["groupIDs"])


SERVER = Server(
    "etherpad", "Etherpad 1.8 (npm)", (f"{PACKAGE}@1.8.14",), start, "/api/openapi.json", KEY, fill, existing,
    ready="/api/openapi.json", headers=no_headers, npm=True, operations=96, rows=rows,
)  # fmt: skip
