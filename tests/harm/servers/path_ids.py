"""A server whose ids lead to other paths: a proxy decodes and cleans the paths of writes once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count, cycle
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from harm.servers.base import MISSING, READS, Call, Id, Items, route
from pgagents.base.http import Request

ODD = (
    "..", ".", "%2e%2e", "../users/u-1", "%2e%2e%2fusers%2fu-1", "..\\users\\u-1", "..;/users/u-1",
    "it-00000;v=1", "it-00000?v=1", "it-00000#v", "it-00000/", "it-00000\x00", "it-00000%00", "it-00000\r\nx",
    " it-00000", "%69t-00000", "it-00000%3Fv", "a" * 10_000, "..%00", "\uff0e\uff0e", "x/../it-00000",
)  # fmt: skip


def _number(id: str, number: int) -> str:
    return f"{id}{number}"


class Case(Items):
    """Each new id is the next odd one. `DELETE /items` removes all items."""

    likely: ClassVar[tuple[Id, ...]] = ("it-00000", "it-11111")
    removable: ClassVar = frozenset[str]()

    def fill(self) -> None:
        super().fill()
        self.tables["users"] = {"u-1": {"id": "u-1"}}
        self._ids = self._odd_ids()

    def _odd_ids(self) -> Iterator[Id]:
        start = self.seed * 7 % len(ODD)
        return chain(ODD[start:], map(_number, cycle(ODD), count()))

    def _routed(self, request: Request) -> Any:
        if request.method in READS:
            return super()._routed(request)
        path, _, query = request.target.partition("?")
        return super()._routed(replace(request, target=clean(path) + (f"?{query}" if query else "")))

    @route("DELETE /items")
    def remove_all(self, _call: Call) -> Any:
        self.tables["items"].clear()
        return 204, None

    @route("DELETE /users/{item_id}")
    def remove_user(self, call: Call) -> Any:
        if self.tables["users"].pop(call.path["item_id"], None) is None:
            raise MISSING
        return 204, None


def clean(path: str) -> str:
    """Return a path as a lenient proxy hands it on."""
    text = re.sub(r"[?#\x00\r\n].*", "", unquote(unquote(path)).replace("\uff0e", "."), flags=re.S)
    kept: list[str] = []
    for part in re.sub(r";[^/]*", "", text.replace("\\", "/")).strip().split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part.strip() not in ("", "."):
            kept.append(part.strip())
    return "/" + "/".join(quote(part, safe="") for part in kept)
