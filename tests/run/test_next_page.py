"""The next page of a list is requested with a value that its argument takes, and with nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pgagents.catalogue.load import load_text
from pgagents.verify.lists import PageRequest, next_page
from pgagents.verify.setting import setting_of

SERVERS = Path(__file__).parents[1] / "harm/servers"
CURSOR = (
    'cursor: {type: string, pattern: "^[0-9]{1,6}$", description: Where the page begins; the first page '
    "without it}"
)


DECLARED = "pages: {items: response.items, next: response.next_cursor, argument: cursor}"
MEMBER = '[string, "null"]'
PAGES = "items: response.items, next: {next}, argument: {argument}"


def following(
    argument: str, next: str, given: dict[str, Any], body: dict[str, Any], member: str = ""
) -> PageRequest | None:
    """Return the call that follows an answer with three items, where the list takes this argument."""
    text = (SERVERS / "head.yaml").read_text(encoding="utf-8") + (SERVERS / "oldest_first.yaml").read_text(
        encoding="utf-8"
    )[len("schemas:\n") :]
    assert text.count(CURSOR) == text.count(DECLARED) == 1
    pages = PAGES.format(next=next, argument=argument.partition(":")[0])
    setting = setting_of(
        load_text(
            text.replace(CURSOR, f"{argument[:-1]}, description: Where}}")
            .replace(DECLARED, f"pages: {{{pages}}}")
            .replace(MEMBER, member or MEMBER),
            "list.yaml",
        )
    )
    endpoint = setting.endpoint("list_items", "rest")
    assert endpoint is not None
    exchange: Any = SimpleNamespace(
        body={"items": [{}, {}, {}], **body},
        input=given,
        response=None,
        request=SimpleNamespace(target="/items?x=1", path="/items"),
        call=SimpleNamespace(endpoint=endpoint),
    )
    return next_page(setting, endpoint, exchange)


TEXT = 'cursor: {type: string, pattern: "^[0-9]{1,6}$"}'
NUMBER = "page: {type: integer, minimum: 1, maximum: 3, default: 1}"
SKIP = "skip: {type: integer, minimum: 0, default: 0}"
TOLD = "response.next_cursor"
ADDED = "input.page + 1.0"
SKIPPED = "input.skip + size(response.items)"


@pytest.mark.parametrize(
    ("argument", "next", "given", "body", "expected"),
    [
        (TEXT, TOLD, {}, {"next_cursor": "12"}, {"cursor": "12"}),
        (TEXT, TOLD, {"cursor": "3"}, {"next_cursor": "12"}, {"cursor": "12"}),
        (TEXT, TOLD, {}, {"next_cursor": None}, None),
        (TEXT, TOLD, {}, {"next_cursor": ""}, None),
        (TEXT, TOLD, {}, {}, None),
        (NUMBER, ADDED, {"page": 1}, {}, {"page": 2}),
        (NUMBER, ADDED, {"page": 2}, {}, {"page": 3}),
        (NUMBER, ADDED, {"page": 2}, {"items": []}, None),
        (SKIP, SKIPPED, {"skip": 0}, {}, {"skip": 3}),
        (SKIP, SKIPPED, {"skip": 3}, {}, {"skip": 6}),
    ],
)
def test_next_page_is_requested_as_the_catalogue_says(
    argument: str, next: str, given: dict[str, Any], body: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    found = following(argument, next, given, body)
    assert (found.input if found is not None else None) == expected


def test_value_that_the_argument_does_not_take_is_a_problem_of_the_answer_that_says_it() -> None:
    told = following(TEXT, TOLD, {}, {"next_cursor": "twelve"})
    counted = following(NUMBER, ADDED, {"page": 3}, {})
    assert told is not None
    assert counted is not None
    assert (told.problem, told.is_followed) == ("`cursor` does not take 'twelve'", False)
    assert (counted.problem, counted.unfollowed) == ("", "`page` does not take '4'")


@pytest.mark.parametrize(
    ("url", "target", "problem", "unfollowed"),
    [
        ("?cursor=7", "/items?cursor=7", "", ""),
        ("/items?cursor=7&opaque=1", "/items?cursor=7&opaque=1", "", ""),
        ("{server}/items?cursor=7", "/items?cursor=7", "", ""),
        ("https://elsewhere.example/items?cursor=7", None, "another host", ""),
        ("//elsewhere.example/items?cursor=7", None, "another host", ""),
        ("{server}.elsewhere.example/items?cursor=7", None, "another host", ""),
        ("HTTPS://CASE.example:443/items?cursor=7", "/items?cursor=7", "", ""),
        ("http://case.example:443/items?cursor=7", None, "is http where the list is not", ""),
        ("http://[::1/items", None, "is not a URL", ""),
        ("/items/it-1/remove", None, "", "another path"),
    ],
)
def test_url_is_followed_on_the_same_host_and_path_only(
    url: str, target: str | None, problem: str, unfollowed: str
) -> None:
    server = "https://case.example"
    text = url.format(server=server)
    found = following(TEXT, TOLD, {}, {"next_cursor": text}, member="string, format: uri-reference")
    assert found is not None
    assert found.raw.target == target
    assert problem in found.problem
    assert unfollowed in found.unfollowed
    assert (bool(found.problem), bool(found.unfollowed)) == (bool(problem), bool(unfollowed))
