"""A document from a URL is read whole within its bounds, whatever a server makes of it."""

from __future__ import annotations

import gzip
import zlib

import pytest

from calling import served
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Response
from pgagents.cli.inputs import files

DOCUMENT = b'{"openapi": "3.1.0"}'


def fetched(body: bytes, *codings: str) -> bytes:
    with served(
        lambda _: Response(200, tuple(("Content-Encoding", coding) for coding in codings), body)
    ) as url:
        return files.fetch(f"{url}/openapi.json")


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (DOCUMENT, ()),
        (DOCUMENT, ("identity",)),
        (gzip.compress(DOCUMENT), ("gzip",)),
        (zlib.compress(DOCUMENT), ("deflate",)),
    ],
    ids=["plain", "identity", "gzip", "deflate"],
)
def test_one_coding_is_taken_off(body: bytes, codings: tuple[str, ...]):
    assert fetched(body, *codings) == DOCUMENT


@pytest.mark.parametrize(
    "codings", [("gzip, gzip",), ("gzip", "gzip"), ("br",)], ids=["listed", "repeated", "unknown"]
)
def test_what_is_encoded_otherwise_is_refused(codings: tuple[str, ...]):
    with pytest.raises(PgagentsError, match="encoded"):
        fetched(gzip.compress(gzip.compress(b" " * 20_000_000)), *codings)


def test_a_body_that_grows_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1_000_000)
    with pytest.raises(PgagentsError, match="more than 1,000,000 bytes"):
        fetched(gzip.compress(b" " * 50_000_000), "gzip")
