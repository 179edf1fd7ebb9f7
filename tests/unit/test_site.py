"""The site's configuration, and the link to the repository of whoever builds it."""

from __future__ import annotations

import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "zensical.toml").read_text(encoding="utf-8")
SITE = runpy.run_path(str(ROOT / "docs/make_site.py"))


def titles(menu: list[dict[str, Any]]) -> Iterator[str]:
    for entry in menu:
        for title, page in entry.items():
            yield title
            if isinstance(page, list):
                yield from titles(page)


def test_menu_is_plain_text_and_has_no_decisions() -> None:
    menu = list(titles(tomllib.loads(TEXT)["project"]["nav"]))
    assert [title for title in menu if "`" in title] == [], "a menu shows backquotes as they are"
    assert [title for title in menu if title[:4].isdigit()] == []


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://git.example/team/pgagents.git", "https://git.example/team/pgagents"),
        ("https://user:key@git.example:8443/team/pgagents/", "https://git.example:8443/team/pgagents"),
        ("git@git.example:team/pgagents.git", "https://git.example/team/pgagents"),
        ("ssh://git@git.example/team/sub/pgagents", "https://git.example/team/sub/pgagents"),
        ("/srv/git/pgagents.git", None),
        ("../pgagents", None),
        ("file:///srv/git/pgagents", None),
        ("https:///team", None),
    ],
)
def test_page_of_a_repository_follows_from_its_address(address: str, page: str | None) -> None:
    assert SITE["find_page"](address) == page


def test_configuration_names_no_repository_and_gets_that_of_the_builder() -> None:
    assert "repo_url" not in tomllib.loads(TEXT)["project"]
    assert SITE["add_link"](TEXT, None) == SITE["add_link"](TEXT, "../pgagents") == TEXT
    project = tomllib.loads(SITE["add_link"](TEXT, "git@git.example:team/fork.git"))["project"]
    assert project["repo_url"] == "https://git.example/team/fork"
    assert project["repo_name"] == "team/fork"
    assert project["nav"]
