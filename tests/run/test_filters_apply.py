"""A list heeds an argument that is named like a member of its items; legal habits of lists alarm nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report, Result
from pgagents.verify.run.run import contracts
from small_api import KNOWN, NOTES, Notes, answer, catalogue, verified, with_resource

LIST = "    http: GET /notes\n    effect: read\n"
ITEMS = "properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]"
FULL = (
    "properties: {id: {type: string}, text: {type: string}, kind: {anyOf: [{$ref: Kind}, {type: 'null'}]},"
    " locale: {type: string}, tags: {type: array, items: {type: string}},"
    " done: {type: boolean}, stars: {type: integer}, size: {type: integer},"
    " level: {type: string, enum: [low, high]}, only: {type: string, enum: [one]}}\n"
    "    required: [id, text]\n  Kind: {type: string, enum: [shopping, garden, travel]}"
)
ROWS = [
    {"id": "n1", "text": "Buy milk", "kind": "shopping", "tags": ["home"], "done": True, "stars": 2},
    {"id": "n2", "text": "Rake the leaves", "kind": "garden", "tags": [], "done": False, "stars": 5},
    {"id": "n3", "text": "Buy soil", "kind": None, "done": True, "stars": 3},
]
Habit = Callable[[dict[str, str], dict[str, Any]], bool]
"""Says whether a list with these arguments shows a row."""
Order = Callable[[dict[str, str], list[dict[str, Any]]], list[dict[str, Any]]]


def offer(arguments: str, further: str = "") -> Model:
    return catalogue(NOTES, (ITEMS, FULL), (LIST, f"{LIST}    input: {{{arguments}}}\n{further}"))


def find(of: Model, shows: Habit, *, refuses: bool = False, rows: list[Any] = ROWS) -> list[Result]:
    """Return what the check says of each argument of a server with a habit."""
    report = run(of, shows, refuses=refuses, rows=rows)
    return [result for result in report.results if result.contract.check == "filters_apply"]


def run(
    of: Model, shows: Habit, *, refuses: bool = False, rows: list[Any] = ROWS, order: Order | None = None
) -> Report:
    """Verify this check alone against a server with a habit."""

    def odd(server: Notes, request: Request) -> Response | None:
        del server
        if request.method != "GET" or request.path != "/notes":
            return None
        given: dict[str, str] = {}
        for name, value in parse_qsl(request.target.partition("?")[2]):
            given[name] = f"{given[name]},{value}" if name in given else value
        if refuses and given.get("kind", "garden") not in ("shopping", "garden", "travel"):
            return answer(422, {"detail": "kind"})
        if refuses and given.get("text", "Buy") not in ("Buy",):
            return answer(422, {"detail": "text"})
        notes = [row for row in rows if shows(given, row)]
        return answer(200, {"notes": order(given, notes) if order else notes})

    return verified(of, Notes(odd=odd), only=("filters_apply",))


def same(given: dict[str, str], row: dict[str, Any]) -> bool:
    return all(str(row.get(name)).lower() == value.lower() for name, value in given.items())


def contains(given: dict[str, str], row: dict[str, Any]) -> bool:
    return all(value.lower() in str(row.get(name)).lower() for name, value in given.items())


def everything(given: dict[str, str], row: dict[str, Any]) -> bool:
    del given, row
    return True


KIND = "kind: {anyOf: [{$ref: Kind}, {type: 'null'}]}"
TEXT = "text: {type: string, maxLength: 40}"
TAG = "tag: {type: string, minLength: 1}"
TAGS = "tags: {type: array, items: {type: string}}"
DONE = "done: {type: boolean}"
STARS = "stars: {type: integer, minimum: 1}"
MOST, LEAST = "max_stars: {type: integer}", "stars_gte: {type: integer}"
SORT = "sort_by: {type: string, enum: [rank, text, stars], default: stars}"
UP_DOWN = "sort: {type: array, items: {type: string, enum: ['id', 'id:asc', 'id:desc']}}"


@pytest.mark.parametrize("argument", [KIND, TEXT, TAG, TAGS, DONE, STARS, MOST, LEAST, SORT, UP_DOWN])
def test_argument_that_is_ignored_is_odd(argument: str) -> None:
    (result,) = find(offer(argument), everything)
    assert result.verdict is Verdict.ODD


def test_the_item_that_should_not_be_there_is_marked() -> None:
    (finding,) = run(offer(KIND), everything).findings
    assert finding.actual == "an item has the kind shopping"
    assert finding.member == "notes.0.kind"


def test_a_list_that_grew_since_it_was_read_is_ignored_all_the_same() -> None:
    """The whole list may be an earlier answer, from before the run made something."""
    rows = list(ROWS)

    def grows(given: dict[str, str], row: dict[str, Any]) -> bool:
        if given and len(rows) == len(ROWS):
            rows.append({"id": "n4", "text": "Mow", "kind": None})
        return bool(row)

    (result,) = find(offer(TEXT), grows, rows=rows)
    assert result.verdict is Verdict.ODD


@pytest.mark.parametrize("argument", [DONE, STARS])
def test_a_flag_that_adds_items_and_a_bound_keep_it(argument: str) -> None:
    def shows(given: dict[str, str], row: dict[str, Any]) -> bool:
        return given.get("done") != "false" or not row["done"]

    def bounds(given: dict[str, str], row: dict[str, Any]) -> bool:
        return bool(row["stars"] >= int(given.get("stars", 0)))

    (result,) = find(offer(argument), shows if argument is DONE else bounds)
    assert result.verdict is Verdict.KEPT


@pytest.mark.parametrize(
    ("habit", "found", "odd"),
    [
        (lambda given, row: given.get("done") != "true" or row["done"], "an item has the done true", True),
        (lambda given, row: "done" not in given or row["done"], "an item has the done true", False),
        (lambda given, row: "done" not in given or not row["done"], "an item has the done false", False),
    ],
)
def test_a_flag_of_which_one_value_is_taken_for_the_other(habit: Habit, found: str, odd: bool) -> None:
    """A music school of 2026-11-29 took false for no filter, and a depot the text "false" for true.

    Mastodon's `pinned=false` is not a filter either, so that is only odd.
    """
    (finding,) = run(offer(DONE), habit).findings
    assert finding.actual == found
    assert (finding.severity == "odd") is odd


KINDS = "kind: {type: array, items: {$ref: Kind}}"
TWO = [{**row, "kind": kind} for row, kind in zip(ROWS, ("garden", "travel", "garden"), strict=True)]


@pytest.mark.parametrize(
    ("habit", "verdict"),
    [
        (lambda asked, kind: kind in asked, Verdict.KEPT),
        (lambda asked, kind: kind == asked[0], Verdict.BROKEN),
        (lambda asked, kind: kind == asked[-1], Verdict.BROKEN),
        (lambda asked, kind: {*asked} == {kind}, Verdict.ODD),
        (lambda asked, kind: bool(asked and kind), Verdict.ODD),
    ],
)
def test_two_values_of_a_list_are_shown_both(
    habit: Callable[[list[str], str], bool], verdict: Verdict
) -> None:
    """A sports office of 2026-11-29 split `requested,confirmed`, and used the first alone.

    Where nothing has both, a server may have meant that.
    """

    def shows(given: dict[str, str], row: dict[str, Any]) -> bool:
        return "kind" not in given or habit(given["kind"].split(","), row["kind"])

    (result,) = find(offer(KINDS), shows, rows=TWO)
    assert result.verdict is verdict


def test_a_full_page_may_have_no_room_for_the_second_value() -> None:
    def order(given: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: row["kind"] if "kind" in given else row["id"])[:2]

    def shows(given: dict[str, str], row: dict[str, Any]) -> bool:
        return row["kind"] in given.get("kind", row["kind"]).split(",")

    report = run(offer(KINDS), shows, rows=TWO, order=order)
    assert [one.verdict for one in report.results if one.contract.check == "filters_apply"] == [Verdict.KEPT]


SIZES = [{"id": f"n{size}", "text": "Buy milk", "size": size} for size in (990, 4, 21900, 1275, 8450)]


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        (lambda row: str(row["size"]), Verdict.BROKEN),
        (lambda row: row["size"], Verdict.KEPT),
        (lambda row: -row["size"], Verdict.KEPT),
        (lambda row: (row["size"] > 10000, row["size"] % 7), Verdict.KEPT),
    ],
)
@pytest.mark.parametrize("most", [5, 4, 3])
def test_numbers_in_the_order_of_their_digits_are_not_sorted(
    key: Callable[[dict[str, Any]], Any], verdict: Verdict, most: int
) -> None:
    """A depot of 2026-11-29 made texts of all keys; three numbers may stand so by chance."""

    def order(given: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=key if given.get("sort") == "size" else lambda row: row["id"][::-1])

    argument = "sort: {type: string, enum: [id, size]}"
    report = run(offer(argument), everything, rows=SIZES[:most], order=order)
    (result,) = [one for one in report.results if one.contract.check == "filters_apply"]
    assert (result.verdict is verdict) if most > 3 else (result.verdict is not Verdict.BROKEN)


def test_the_least_level_of_a_log_keeps_it() -> None:
    levels = ["shopping", "garden", "travel"]

    def shows(given: dict[str, str], row: dict[str, Any]) -> bool:
        asked = given.get("kind")
        return asked is None or (row["kind"] in levels and levels.index(row["kind"]) >= levels.index(asked))

    (result,) = find(offer(KIND), shows)
    assert result.verdict is Verdict.KEPT


THREE = [*ROWS[:2], {**ROWS[2], "kind": "travel"}]


def at_least(asked: str, kind: str, kinds: tuple[str, ...] = ("shopping", "garden", "travel")) -> bool:
    return kinds.index(kind) >= kinds.index(asked)


@pytest.mark.parametrize(
    ("habit", "rows", "verdict"),
    [
        (lambda asked, kind: kind == asked or (asked, kind) == ("shopping", "garden"), THREE, Verdict.ODD),
        (lambda asked, kind: kind == asked or (asked, kind) == ("travel", "garden"), THREE, Verdict.ODD),
        (at_least, THREE, Verdict.KEPT),
        (lambda asked, kind: at_least(kind, asked), THREE, Verdict.KEPT),
        (lambda asked, kind: asked != "garden" and at_least(asked, kind), THREE, Verdict.KEPT),
        (at_least, THREE[:2], Verdict.KEPT),
    ],
    ids=["leaks", "leaks at the end", "level", "level turned round", "an empty one", "two alone"],
)
def test_one_value_of_an_enum_that_shows_those_of_another(
    habit: Callable[[str, str], bool], rows: list[Any], verdict: Verdict
) -> None:
    """A carsharing app of 2026-11-30 showed started bookings among the booked ones. A least level shows more
    for the value in the middle too.
    """
    (result,) = find(
        offer(KIND), lambda given, row: "kind" not in given or habit(given["kind"], row["kind"]), rows=rows
    )
    assert result.verdict is verdict


def test_the_list_that_shows_the_item_of_another_value_is_the_one_of_the_finding() -> None:
    def shows(given: dict[str, str], row: dict[str, Any]) -> bool:
        return given.get("kind", row["kind"]) in (row["kind"], "shopping" if row["kind"] == "garden" else "")

    (finding,) = run(offer(KIND), shows, rows=THREE).findings
    assert finding.actual == "an item has the kind garden"
    assert finding.exchanges[-1].request.target == "/notes?kind=shopping"


@pytest.mark.parametrize(
    ("argument", "bounds"),
    [
        (MOST, lambda given, row: row["stars"] <= int(given.get("max_stars", 9))),
        (MOST, lambda given, row: row["stars"] < int(given.get("max_stars", 9))),
        (LEAST, lambda given, row: row["stars"] >= int(given.get("stars_gte", 0))),
    ],
)
def test_a_bound_keeps_it_with_its_own_value_and_without(argument: str, bounds: Habit) -> None:
    (result,) = find(offer(argument), bounds)
    assert result.verdict is Verdict.KEPT


def test_a_bound_that_is_turned_round_is_odd() -> None:
    (finding,) = run(
        offer(MOST), lambda given, row: bool(row["stars"] >= int(given.get("max_stars", 0)))
    ).findings
    assert finding.actual == "an item has the stars 5"


@pytest.mark.parametrize(
    "order",
    [
        lambda given, rows: sorted(rows, key=lambda row: row[given.get("sort_by", "id")]),
        lambda given, rows: sorted(rows, key=lambda row: row[given.get("sort_by", "id")], reverse=True),
        lambda given, rows: sorted(rows, key=lambda row: row["id"], reverse="text" in given.values()),
    ],
    ids=["rising", "falling", "another order that nobody knows"],
)
def test_orders_that_differ_keep_it(order: Order) -> None:
    report = run(offer(SORT), everything, rows=[*ROWS, {"id": "n4", "text": "Cut", "stars": 9}], order=order)
    (result,) = [one for one in report.results if one.contract.check == "filters_apply"]
    assert result.verdict is Verdict.KEPT


@pytest.mark.parametrize(
    "texts",
    [
        ("Note 9", "Note 10", "Note 11"),
        ("a", "B", "c"),
        ("de Boer", "De Vries", "van Dam"),
        ("same", "same", "same"),
    ],
    ids=["numbers in texts", "letter case", "blanks", "ties"],
)
def test_items_that_have_one_order_by_both_show_nothing(texts: tuple[str, ...]) -> None:
    rows: list[Any] = [{"id": f"n{n}", "text": text, "stars": n} for n, text in enumerate(texts)]
    rows.insert(1, {"id": "n9", "text": texts[0]})
    (result,) = find(offer(SORT), everything, rows=rows)
    assert result.verdict is Verdict.UNTESTED
    assert result.excused


def test_texts_with_more_digits_than_python_reads_are_ignored_all_the_same() -> None:
    rows = [{"id": f"n{n}", "text": text, "stars": n} for n, text in enumerate(("b", "a" + "9" * 5_000, "c"))]
    (result,) = find(offer(SORT), everything, rows=rows)
    assert result.verdict is Verdict.ODD


@pytest.mark.parametrize("argument", [TAG, TAGS])
def test_a_list_of_texts_that_is_searched_keeps_it(argument: str) -> None:
    def shows(given: dict[str, str], row: dict[str, Any]) -> bool:
        return not given or given.get("tag", given.get("tags")) in row.get("tags", ())

    (result,) = find(offer(argument), shows)
    assert result.verdict is Verdict.KEPT


@pytest.mark.parametrize("argument", [KIND, TEXT, DONE, STARS])
@pytest.mark.parametrize("habit", [same, contains])
def test_lists_that_filter_in_one_way_or_another_keep_it(argument: str, habit: Habit) -> None:
    (result,) = find(offer(argument), habit)
    assert result.verdict is Verdict.KEPT


def test_a_text_that_is_refused_shows_nothing() -> None:
    (result,) = find(offer(TEXT), same, refuses=True)
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert "422" in result.reason


@pytest.mark.parametrize(
    ("argument", "rows"),
    [
        ("level: {type: string, enum: [low, high]}", [{"id": "n1", "text": "Fly", "level": "high"}]),
        ("only: {type: string, enum: [one]}", [{"id": "n1", "text": "Fly", "only": "one"}]),
        (KIND, []),
        (TEXT, []),
        (KIND, [{"id": "n9", "text": "Fly", "kind": None}]),
        (STARS, ROWS[:1]),
    ],
)
def test_a_list_without_a_fitting_item_shows_nothing(argument: str, rows: list[Any]) -> None:
    (result,) = find(offer(argument), everything, rows=rows)
    assert result.verdict is Verdict.UNTESTED
    assert "a server that holds such items shows it" in result.reason
    assert result.excused


@pytest.mark.parametrize(
    ("argument", "further"),
    [
        ("kind: {type: string, enum: [shopping, all]}", ""),
        ("kind: {type: string, enum: [shopping, garden], default: garden}", ""),
        ("locale: {type: string}", ""),
        ("size: {type: integer}", ""),
        ("fields: {type: string, enum: [id, text]}", ""),
        ("sort_by: {type: string, enum: [id, kind]}", ""),
        ("sort_by: {type: string, enum: ['id', '+id', 'id:asc']}", ""),
        ("max_text: {type: integer}", ""),
        ("_: {type: integer}", ""),
        ("max_stars: {type: string}", ""),
        ("kinds: {type: string, enum: [shopping, garden]}", ""),
        (
            "kind: {type: string, enum: [shopping, garden]}",
            "    laws: {of: {when: has(input.kind), that: 'response.notes.all(n, n.kind == input.kind)'}}\n",
        ),
    ],
    ids=[
        "a value of its own",
        "a default",
        "a view",
        "the size of a page",
        "no order",
        "ranks",
        "one order",
        "the length of a text",
        "a name without a word",
        "a text as a bound",
        "another name",
        "a law says more",
    ],
)
def test_other_arguments_are_not_taken_for_filters(argument: str, further: str) -> None:
    assert find(offer(argument, further), everything) == []


LINES = """  list_lines:
    title: List lines
    description: Lists the lines of a note.
    http: GET /notes/{note_id}/lines
    effect: read
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}}
    output: {200: {type: array, items: {$ref: Line}}}
    errors: [NOT_FOUND]
surfaces: {rest"""
REFERS = "{type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}"
LINE = """  Line: {type: object, properties: {id: {type: integer}, note_id: {type: [string, 'null']}}}
actions:
"""


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (["own", "other"], Verdict.ODD),
        (["other"], Verdict.ODD),
        (["own", None], Verdict.KEPT),
        ([], Verdict.UNTESTED),
    ],
)
def test_a_list_below_a_parent_has_items_of_this_parent_alone(
    shown: list[str | None], verdict: Verdict
) -> None:
    def lines(server: Notes, request: Request) -> Response | None:
        parts = request.path.strip("/").split("/")
        if parts[2:] != ["lines"] or parts[1] not in server.notes:
            return None
        owners = [parts[1] if one == "own" else one for one in shown]
        return answer(200, [{"id": n, "note_id": owner} for n, owner in enumerate(owners)])

    model = with_resource(("surfaces: {rest", LINES), ("actions:\n", LINE))
    report = verified(model, Notes(before=lines), only=("filters_apply",))
    (result,) = [one for one in report.results if one.contract.check == "filters_apply"]
    assert result.verdict is verdict


def test_the_own_id_of_an_item_is_not_that_of_its_parent() -> None:
    """`/notes/{id}/lines` has items with ids of their own."""
    line = LINE.replace("id: {type: integer}, note_id: {type: [string, 'null']}", "id: {type: string}")
    model = with_resource(("surfaces: {rest", LINES.replace("note_id", "id")), ("actions:\n", line))
    assert not [c for c in contracts(model) if c.id.startswith("filters_apply/")]


@pytest.mark.parametrize(
    "alike", ["Note", "Brief", ""], ids=["a note below a note", "without text", "a line"]
)
def test_an_item_of_the_parents_kind_has_an_id_of_its_own(alike: str) -> None:
    """The followers below `/users/{user_id}` are users, and shown without all that a read shows."""
    lines = LINES if not alike else LINES.replace("Line}", f"{alike}}}")
    brief = "  Brief: {type: object, properties: {note_id: {type: string}}}\n"
    text = (NOTES + KNOWN).replace("surfaces: {rest", lines).replace("actions:\n", brief + LINE, 1)
    text = text.replace("{type: string, minLength: 1, maxLength: 40, required: true}", REFERS)
    text = text.replace("properties: {id: {type: string}, text", "properties: {note_id: {type: string}, text")
    text = text.replace("required: [id, text]", "required: [note_id, text]")
    text = text.replace("=resource.id", "=resource.note_id").replace(
        "  note:\n", "  note:\n    id: note_id\n"
    )
    found = [c.id for c in contracts(catalogue(text)) if c.id.startswith("filters_apply/")]
    assert found == ([] if alike else ["filters_apply/note_id/list_lines@rest"])


GRID = [
    {"id": f"n{n}", "text": "Buy", "kind": kind, "stars": stars}
    for n, (kind, stars) in enumerate([("shopping", 2), ("garden", 5), ("shopping", 5), ("travel", 3)])
]
BOTH = f"{KIND}, {STARS}"


def either(given: dict[str, str], row: dict[str, Any]) -> bool:
    return not given or any(str(row.get(name)).lower() == value.lower() for name, value in given.items())


def last(given: dict[str, str], row: dict[str, Any]) -> bool:
    return same(dict([*given.items()][-1:]), row)


def only_kind(given: dict[str, str], row: dict[str, Any]) -> bool:
    return same({"kind": given["kind"]} if "kind" in given else {}, row)


def find_together(shows: Habit, rows: list[Any] = GRID) -> Result:
    return next(r for r in find(offer(BOTH), shows, rows=rows) if "/kind+stars/" in r.contract.id)


def test_a_reference_is_asked_for_together_with_a_choice() -> None:
    rows = [{**row, "owner_id": f"o{n // 2}"} for n, row in enumerate(GRID)]
    owned = (ITEMS, FULL.replace("size: {type", "owner_id: {type: string}, size: {type"))
    arguments = f"{KIND}, owner_id: {{type: string, pattern: '^o[0-9]$'}}"
    of = catalogue(NOTES, owned, (LIST, f"{LIST}    input: {{{arguments}}}\n"))
    assert {r.contract.detail: r.verdict for r in find(of, last, rows=rows)}["kind+owner_id"] is Verdict.ODD
    assert {r.verdict for r in find(of, same, rows=rows)} == {Verdict.KEPT}


def test_a_uuid_that_nothing_has_is_asked_for() -> None:
    of = catalogue(
        NOTES,
        (ITEMS, FULL.replace("text: {type: string}", "text: {type: string, format: uuid}")),
        (LIST, f"{LIST}    input: {{text: {{type: string, format: uuid}}}}\n"),
    )
    rows = [{"id": "n1", "text": "0b0f7c1e-3a52-4c7e-9d55-0c6a1b2f7e01"}]
    assert [r.verdict for r in find(of, everything, rows=rows)] == [Verdict.ODD]
    assert [r.verdict for r in find(of, same, rows=rows)] == [Verdict.KEPT]


@pytest.mark.parametrize("habit", [either, last])
def test_two_filters_that_are_heeded_alone_and_not_together_are_odd(habit: Habit) -> None:
    assert find_together(habit).verdict is Verdict.ODD


def test_two_filters_together_are_kept_and_one_that_is_ignored_alone_is_told_once() -> None:
    assert find_together(same).verdict is Verdict.KEPT
    ignored = find_together(only_kind)
    assert ignored.verdict is Verdict.UNTESTED
    assert ignored.excused


def test_no_item_need_have_both_values() -> None:
    """A wholesaler in Fastify (2026-11-29) forgot the state where the order was given, too."""
    finding = next(f for f in run(offer(BOTH), either, rows=ROWS).findings if "+" in f.contract.id)
    assert {"kind", "stars"} <= dict(parse_qsl(finding.exchanges[-1].request.target.partition("?")[2])).keys()
    assert find_together(same, ROWS).verdict is Verdict.KEPT


def test_a_filter_of_which_a_law_speaks_is_asked_for_together_with_another_one() -> None:
    law = "    laws: {of: {when: has(input.kind), that: 'response.notes.all(n, n.kind == input.kind)'}}\n"
    found = {r.contract.detail: r.verdict for r in find(offer(BOTH, law), last, rows=GRID)}
    assert found == {"stars": Verdict.KEPT, "kind+stars": Verdict.ODD}
    kept = {r.contract.detail: r.verdict for r in find(offer(BOTH, law), same, rows=GRID)}
    assert kept == {"stars": Verdict.KEPT, "kind+stars": Verdict.KEPT}


def test_two_filters_in_which_no_two_items_differ_show_nothing() -> None:
    rows = [row for row in GRID if row["stars"] == 5]
    assert find_together(either, rows).verdict is Verdict.UNTESTED


def test_prices_are_sorted_as_numbers_also_where_ids_are_sorted_first() -> None:
    """A co-working space in Quart (2026-11-29) sorts by `id`, `-id`, seats and prices."""
    rows = [
        {"id": n, "text": "a", "stars": n % 3, "rank": 4 - n, "size": size}
        for n, size in enumerate((900, 1200, 80, 45))
    ]
    orders = "'id', '-id', 'stars', 'rank', 'size', '-size'"
    numbered = FULL.replace("id: {type: string}", "id: {type: integer}, rank: {type: integer}")
    of = catalogue(
        NOTES, (ITEMS, numbered), (LIST, f"{LIST}    input: {{sort: {{type: string, enum: [{orders}]}}}}\n")
    )

    def by(
        given: dict[str, str], rows: list[dict[str, Any]], key: Callable[[Any], Any]
    ) -> list[dict[str, Any]]:
        name = given.get("sort", "id")
        return sorted(rows, key=lambda row: key(row[name.lstrip("-")]), reverse=name.startswith("-"))

    for key, verdict in ((lambda value: value, Verdict.KEPT), (str, Verdict.BROKEN)):
        order: Order = lambda given, notes, key=key: by(given, notes, key)  # noqa: E731
        report = run(of, everything, rows=rows, order=order)
        found = [r.verdict for r in report.results if r.contract.check == "filters_apply"]
        assert found == [verdict]


def test_a_least_level_is_not_asked_for_together_with_another_filter() -> None:
    """A list of logs shows all from a level up."""
    level = "level: {type: string, enum: [low, high]}"
    details = [r.contract.detail for r in find(offer(f"{KIND}, {level}, {STARS}"), same, rows=GRID)]
    assert [detail for detail in details if "+" in detail] == ["kind+stars"]
