"""Suggested laws of a secret that a create tells, and of a total that a page never exceeds."""

from __future__ import annotations

from functools import cache
from typing import Any

from pgagents.catalogue.load import load_text
from pgagents.suggest.mine import mine
from pgagents.suggest.samples import Sample, Samples

HOOKS = """
pgagents: 1
api:
  {id: hooks, title: Hooks, version: 1.0.0, server: "https://hooks.example", contact: a@hooks.example,
   logo: "https://hooks.example/logo.svg", terms: "https://hooks.example/t", privacy: "https://hooks.example/p",
   for_people: Hooks., for_models: Hooks that are called.}
security: []
errors: {codes: {bad: {status: 400, meaning: Something is wrong with the call}}, framework: {invalid: bad}}
schemas:
  Hook:
    title: Hook
    description: A hook
    required: [id, secret, colour]
    properties:
      id: {type: string, description: Its id}
      secret: {type: [string, "null"], description: What signs its events}
      colour: {type: [string, "null"], description: Its colour}
actions:
  add:
    title: Add a hook
    description: Adds a hook.
    http: POST /hooks
    effect: write
    output: {200: {$ref: Hook, description: The hook}}
    errors: [bad]
  look:
    title: Look at a hook
    description: Looks at a hook.
    http: GET /hook
    effect: read
    output: {200: {$ref: Hook, description: The hook}}
    errors: [bad]
  find:
    title: Find hooks
    description: Finds hooks.
    http: GET /hooks
    effect: read
    input: {limit: {type: integer, minimum: 1, maximum: 9, description: How many}}
    output:
      200:
        description: Some
        required: [hooks, total, version]
        properties:
          hooks: {type: array, items: {$ref: Hook}, description: The hooks}
          total: {type: integer, description: How many there are}
          version: {type: integer, description: The version of the format}
    errors: [bad]
"""
SECRET = "response.secret != null"
TOTAL = "size(response.hooks) <= response.total"


@cache
def hooks() -> Any:
    return load_text(HOOKS, "hooks.yaml")


def note(samples: Samples, action: str, n: int, response: Any, **given: Any) -> None:
    values = {
        "input": given, "response": response, "status": 200, "surface": "rest", "now": 0.0,
        "before": None, "env": {}, "headers": {},
    }  # fmt: skip
    samples.by_action.setdefault(action, []).append(Sample(action, f"{action}@rest", n, values))


def find_laws(samples: Samples, action: str) -> list[str]:
    return [law.that for one in mine(hooks(), samples) for law in one.write() if law.action == action]


def make(n: int, secret: str | None) -> dict[str, Any]:
    return {"id": f"hook_{n}", "secret": secret, "colour": f"red {n}"}


def add(count: int = 12, *, silent: int = -1, told_later: bool = False) -> list[str]:
    samples = Samples.of(hooks())
    for n in range(count):
        note(samples, "add", n, make(n, None if n == silent else f"s3cr3t {n}"))
        note(samples, "look", n, make(n, f"s3cr3t {n}" if told_later else None))
    return find_laws(samples, "add")


def test_a_create_tells_the_secret() -> None:
    assert SECRET in add()


def test_one_create_without_a_secret_shows_that_it_is_not_always_told() -> None:
    assert SECRET not in add(silent=5)


def test_a_secret_that_every_read_tells_is_no_promise_of_the_create() -> None:
    assert SECRET not in add(told_later=True)


def test_few_creates_show_nothing() -> None:
    assert SECRET not in add(3)


def test_a_member_that_is_no_secret_is_not_proposed() -> None:
    assert "response.colour != null" not in add()


def find(pages: list[tuple[int, int]]) -> list[str]:
    samples = Samples.of(hooks())
    for n, (size, total) in enumerate(pages):
        page = [make(m, None) for m in range(size)]
        note(samples, "find", n, {"hooks": page, "total": total, "version": 9}, limit=max(1, size))
    return find_laws(samples, "find")


PAGES = [(2, 2), (3, 3), (2, 5), (1, 5), (3, 7), (4, 4)]


def test_a_page_has_no_more_items_than_there_are() -> None:
    assert TOTAL in find(PAGES)


def test_a_page_with_more_items_than_the_total_breaks_it() -> None:
    assert TOTAL not in find([*PAGES, (4, 3)])


def test_totals_that_no_page_reaches_show_nothing() -> None:
    assert TOTAL not in find([(1, 5), (2, 6), (3, 7), (1, 8)])


def test_a_number_that_is_no_total_is_not_proposed() -> None:
    assert "size(response.hooks) <= response.version" not in find(PAGES)
