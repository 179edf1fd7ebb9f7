"""changedetection.io 0.60: pages that are watched, with tags and notifications; a key in `x-api-key`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server, read

WATCHED = ("prices", "imprint", "opening-hours")
WAIT_S = 30.0


def start(place: Place) -> Sequence[str]:
    (place.folder / "data").mkdir()
    words = ["-d", str(place.folder / "data"), "-h", "127.0.0.1", "-p", str(place.port)]
    return [place.bin("changedetection.io"), *words]


def read_key(place: Place) -> str:
    """Return the key that the server made at its first start."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        for path in sorted((place.folder / "data").glob("*.json")):
            if key := _find(path):
                return key
        time.sleep(0.2)
    raise RuntimeError("changedetection.io has made no key")


def _find(path: Path) -> str:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return ""  # it is being written
    return str(data.get("settings", {}).get("application", {}).get("api_access_token", ""))


def fill(api: Api) -> None:
    tag = api.call("POST", "/api/v1/tag", {"title": "suppliers"})["uuid"]
    for page in WATCHED:
        watch = {"url": f"https://{page}.example/", "title": page, "paused": True, "tags": [tag]}
        api.call("POST", "/api/v1/watch", watch)
    api.call("POST", "/api/v1/notifications", {"notification_urls": ["json://127.0.0.1:1/never"]})


def existing(api: Api) -> Mapping[str, Any]:
    tags = {
        f"tag {id}": f"/api/v1/tag/{id}" for id, one in api.call("GET", "/api/v1/tags").items() if _old(one)
    }
    watches = {
        f"watch {id}": f"/api/v1/watch/{id}"
        for id, one in api.call("GET", "/api/v1/watch").items()
        if _old(one)
    }
    return {"count": [len(tags), len(watches)], **read(api, {
        **tags, **watches, "notifications": "/api/v1/notifications",
    })}  # fmt: skip


def _old(one: Mapping[str, Any]) -> bool:
    return one.get("title") in (*WATCHED, "suppliers")


def surroundings(place: Place) -> Mapping[str, str]:
    return {"DISABLE_VERSION_CHECK": "true", "FETCH_WORKERS": "1", "TMPDIR": str(place.folder)}


def rows(api: Api) -> int:
    return sum(len(api.call("GET", f"/api/v1/{kind}")) for kind in ("tags", "watch"))


SERVER = Server(
    "changedetection", "changedetection.io 0.60", ("changedetection.io==0.60.10",), start,
    "lib/python3*/site-packages/changedetectionio/docs/api-spec.yaml", read_key, fill, existing,
    headers=lambda key: {"x-api-key": key},
    surroundings=surroundings,
    rows=rows, peer_base="/api/v1", operations=23, edited=("--max-requests", "3000"),
)  # fmt: skip
