"""A short catalogue over a document whose operations are at several hosts."""

from __future__ import annotations

from typing import Any

from overlaying import notes, over
from pgagents.importer.overlay.source import OverlaySource


def several() -> dict[str, Any]:
    """Return the notes, with the tags at one host of their own and the transcripts at another."""
    document = notes() | {"servers": [{"url": "https://a.example.com"}]}
    document["paths"]["/tags"]["servers"] = [{"url": "https://b.example.com/v2"}]
    document["paths"]["/transcripts"] = document["paths"].pop(list(document["paths"])[-1])
    document["paths"]["/transcripts"]["servers"] = [{"url": "https://c.example.com:443"}]
    return document


def remark(text: str) -> list[tuple[str, str, str]]:
    source = over(text, several()).source
    assert isinstance(source, OverlaySource)
    remarks = [each for each in source.list_remarks() if each.id == "overlay/several-hosts"]
    return [(str(each.span), each.message, each.help) for each in remarks]


def test_without_a_choice_all_hosts_are_read_and_listed() -> None:
    data = over("", several()).source.data
    assert (len(data["actions"]), data["api"]["servers"].keys()) == (8, {"b", "c"})
    hosts = "https://a.example.com (6), https://b.example.com (1), https://c.example.com (1)"
    assert remark("") == [
        (
            "pgagents.yaml:2:10",
            f"the document's operations are at several hosts: {hosts}",
            "`api: {server: https://a.example.com}` takes those of one host alone",
        )
    ]


def test_a_server_chooses_the_operations_of_one_host() -> None:
    for server, names, path in (
        ("https://b.example.com", ["list_tags"], "GET /v2/tags"),
        ("{url: https://C.example.com/}", ["transcribe"], "POST /transcripts"),
    ):
        data = over(f"api: {{server: {server}}}\n", several()).source.data
        assert list(data["actions"]) == names
        assert data["actions"][names[0]]["http"] == path
        assert "servers" not in data["api"]
        assert "server" not in data["actions"][names[0]]
    assert "list_tags" not in over("api: {server: https://a.example.com}\n", several()).source.data["actions"]
    found = remark("api: {server: https://a.example.com}\n")
    others = "GET /tags, POST /transcripts"
    assert found == [
        (
            "pgagents.yaml:3:7",
            f"`api.server` chooses https://a.example.com; left out, as they are at other hosts: {others}",
            "leave `api.server` out to take all hosts",
        )
    ]


def test_another_server_stands_for_the_first_one_and_servers_keep_all() -> None:
    for text in (
        "api: {server: https://mine.example.com}\n",
        "api: {server: https://a.example.com, servers: {b: {description: Tags}}}\n",
    ):
        data = over(text, several()).source.data
        assert len(data["actions"]) == 8
        assert data["actions"]["list_tags"]["server"] == "b"
        assert remark(text) == []
