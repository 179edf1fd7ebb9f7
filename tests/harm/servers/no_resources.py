"""Items and buckets as an API has them whose document was imported and not edited."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import INVALID, NUMBER, TITLE, Call, Items, route


class Case(Items):
    """Items are numbered from 1; a bare DELETE of the buckets empties the server."""

    paths: ClassVar = {"item_id": NUMBER, "bucket_id": {"type": "string", "pattern": "^[a-z0-9]+$"}}
    likely: ClassVar = (999, 12_345)
    removable: ClassVar = frozenset({"items", "buckets"})

    def fill(self) -> None:
        super().fill()
        self.tables["buckets"] = {name: {"id": name, "size": 3} for name in ("default", "a", "0", "string")}

    def ids(self) -> Any:
        return iter(count(1))

    @route("PUT /items/{item_id}", body={"title": TITLE})
    def replace_item(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])["title"] = call.body["title"]
        return 200, {"item": self.find("items", call.path["item_id"])}

    @route("GET /buckets")
    def list_buckets(self, _call: Call) -> Any:
        return 200, {"buckets": list(self.tables["buckets"].values())}

    @route("DELETE /buckets")
    def delete_buckets(self, _call: Call) -> Any:
        self.tables["buckets"].clear()
        return 200, {"buckets": []}

    @route("PUT /buckets/{bucket_id}", body={"size": NUMBER})
    def put_bucket(self, call: Call) -> Any:
        id = call.path["bucket_id"]
        if call.body["size"] > 1_000:
            raise INVALID
        self.tables["buckets"][id] = {"id": id, "size": call.body["size"]}
        return 200, {"bucket": self.tables["buckets"][id]}

    @route("DELETE /buckets/{bucket_id}")
    def delete_bucket(self, call: Call) -> Any:
        self.find("buckets", call.path["bucket_id"])
        del self.tables["buckets"][call.path["bucket_id"]]
        return 204, None
