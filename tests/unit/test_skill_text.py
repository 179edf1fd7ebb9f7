"""The Markdown of skills: words in code with their lines, written calls and requests, and bounds."""

from __future__ import annotations

import pytest

from pgagents.submit.skills.text import OPEN, read_call, read_page, read_request

TEXT = """# Desk

Call `list_titles`
with `q`, see [more](more.md).

1. Call `get_title`:
   - `title_id`: the id

   And more.
2. Stop.

| error | status |
|---|---|
| `gone` | 410 |

```json
{"a": 1}
```
"""


def test_parts_have_their_lines() -> None:
    page = read_page(TEXT, first=5)
    words = [(piece.text, piece.line) for passage in page.passages for piece in passage.pieces if piece.code]
    assert words == [("list_titles", 7), ("q", 8), ("get_title", 10), ("title_id", 11), ("gone", 18)]
    ((first, second),) = page.lists
    assert (first.number, second.number) == (1, 2)
    assert [item.passage.plain for item in first.items] == ["title_id: the id"]
    assert [(fence.language, fence.line) for fence in page.fences] == [("json", 21)]
    assert [(link.target, link.line) for link in page.links] == [("more.md", 8)]
    assert page.passages[1].heading == "Desk"


@pytest.mark.parametrize(
    ("text", "name", "arguments", "whole"),
    [
        ("list_titles()", "list_titles", {}, True),
        ('list_titles(q="a, b", page=2)', "list_titles", {"q": "a, b", "page": 2}, True),
        ("list_titles({q: 'emma', sort: <sort>})", "list_titles", {"q": "emma", "sort": OPEN}, True),
        ('list_titles {"subjects": ["a", "b"]}', "list_titles", {"subjects": ["a", "b"]}, True),
        ("get_title(id, ...)", "get_title", {}, False),
        ("get_title(title_id=$ID)", "get_title", {"title_id": OPEN}, True),
        ("f(a={'b': (1, 2)})", "f", {"a": OPEN}, True),
    ],
)
def test_call_in_code(text: str, name: str, arguments: dict[str, object], whole: bool) -> None:
    call = read_call(text, 1)
    assert call is not None
    assert (call.name, call.arguments, call.whole) == (name, arguments, whole)


@pytest.mark.parametrize("text", ["list_titles", "a b(c)", "f(", 'f("a)', "(a)", "$(cat file)"])
def test_other_code_is_no_call(text: str) -> None:
    assert read_call(text, 1) is None


@pytest.mark.parametrize(
    ("text", "request_", "host"),
    [
        ("GET /titles/{id}", "GET /titles/{id}", ""),
        ("POST /titles HTTP/1.1", "POST /titles", ""),
        ("curl https://api.example.com/v1/titles?q=a", "GET /v1/titles", "api.example.com"),
        ("$ curl -X DELETE 'https://api.example.com/v1/titles/1'", "DELETE /v1/titles/1", "api.example.com"),
        ("curl $BASE/titles -d '{\"a\": 1}'", "POST /titles", ""),
        ("curl ${BASE_URL}/titles | jq .", "GET /titles", ""),
    ],
)
def test_request_in_code(text: str, request_: str, host: str) -> None:
    request = read_request(text, 1)
    assert request is not None
    assert (f"{request.method} {request.path}", request.host) == (request_, host)


@pytest.mark.parametrize("text", ["GET", "GET titles", "git push /origin", "curl -s", "DELETE FROM titles"])
def test_other_lines_are_no_requests(text: str) -> None:
    assert read_request(text, 1) is None


@pytest.mark.parametrize("text", ["[" * 9_000, "> " * 9_000, "- " * 900 + "x", "`" * 9_001, "|a" * 900])
def test_deep_text_is_read_within_bounds(text: str) -> None:
    page = read_page(text)
    assert len(page.passages) < 2_000
