"""kinto 26.5: buckets, collections and records of JSON; Swagger 2 with Basic."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server, read

INI = """[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.bucket_create_principals = system.Authenticated
kinto.includes = kinto.plugins.default_bucket
multiauth.policies = basicauth
kinto.userid_hmac_secret = 6c2e0f
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}
"""


def start(place: Place) -> Sequence[str]:
    (place.folder / "kinto.ini").write_text(INI.format(port=place.port))
    return [place.bin("kinto"), "start", "--ini", "kinto.ini", "--port", str(place.port)]


def fill(api: Api) -> None:
    for bucket in ("library", "archive"):
        api.call("PUT", f"/v1/buckets/{bucket}", {"data": {"owner": "ann"}})
        api.call("PUT", f"/v1/buckets/{bucket}/groups/readers", {"data": {"members": ["basicauth:ann"]}})
        for collection in ("books", "shelves"):
            api.call("PUT", f"/v1/buckets/{bucket}/collections/{collection}", {"data": {"sort": "title"}})
            for number in range(4):
                record = {"data": {"title": f"{collection} {number}", "pages": 100 + number}}
                path = f"/v1/buckets/{bucket}/collections/{collection}/records/{collection}-{number}"
                api.call("PUT", path, record)


def existing(api: Api) -> Mapping[str, Any]:
    paths = {}
    for bucket in ("library", "archive"):
        paths[bucket] = f"/v1/buckets/{bucket}"
        paths[f"{bucket}/readers"] = f"/v1/buckets/{bucket}/groups/readers"
        for collection in ("books", "shelves"):
            at = f"/v1/buckets/{bucket}/collections/{collection}"
            paths |= {at: at, f"{at}/records": f"{at}/records"}
    return read(api, paths)


def rows(api: Api) -> int:
    """Count buckets, their groups and collections, and the records of those."""
    buckets = _name_all(api, "/v1/buckets")
    below = [f"/v1/buckets/{bucket}/{kind}" for bucket in buckets for kind in ("groups", "collections")]
    things = {path: _name_all(api, path) for path in below}
    records = [f"{path}/{name}/records" for path, names in things.items() for name in names if "coll" in path]
    return len(buckets) + sum(map(len, things.values())) + sum(len(_name_all(api, at)) for at in records)


def _name_all(api: Api, path: str) -> list[str]:
    return [one["id"] for one in api.call("GET", path)["data"]]


SERVER = Server(
    "kinto", "kinto 26.5", ("kinto==26.5.0", "waitress==3.0.2"), start, "/v1/__api__",
    "test:5b0e7d21c9", fill, existing,
    ready="/v1/", headers=lambda key: {"Authorization": f"Basic {b64encode(key.encode()).decode()}"},
    peer_base="/v1", operations=36, rows=rows,
)  # fmt: skip
