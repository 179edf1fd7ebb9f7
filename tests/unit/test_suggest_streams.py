"""Suggested laws of event streams: their end, what follows a number, their order, and names in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pgagents.catalogue.load import load_text
from pgagents.suggest.mine import mine
from pgagents.suggest.samples import Sample, Samples

KINDS = ("folder.created", "document.created", "document.updated")
END = 'response[-1].event == "end" && size(response.filter(e, e.event == "end")) == 1'
END_IF_ANY = f'size(response.filter(e, e.event == "end")) == 0 || ({END})'
KIND = 'response.all(e, e.event == "end" || e.data.kind == e.event)'
ROWS = 'response.filter(e, !(e.event == "end")).map(e, {"at": e.data.seq})'
ORDER = f'sorted_by({ROWS}, "at") && unique_by({ROWS}, "at")'
AFTER = 'response.all(e, e.event == "end" || e.data.seq > input.since)'
FROM = AFTER.replace(">", ">=")
RESUMED = 'response.all(e, e.event == "end" || e.data.seq > double(input.last_event_id))'
Stream = list[dict[str, Any]]


@cache
def documents() -> Any:
    path = Path(__file__).parents[1] / "catalogues" / "documents.yaml"
    return load_text(path.read_text(encoding="utf-8"), str(path))


def change(seq: int, kind: str = "", **other: Any) -> dict[str, Any]:
    kind = kind or KINDS[seq % 3]
    folder = kind.startswith("folder.")
    data = {
        "seq": seq, "kind": kind, "at": f"2026-11-21T09:{seq % 7:02d}:00.000Z", "folder": "plans",
        "document": None if folder else f"doc_{seq:020d}", "version": None if folder else 1,
    }  # fmt: skip
    return {"event": kind, "data": {**data, **other}, "id": str(seq)}


def stream(*numbers: int) -> Stream:
    return [*map(change, numbers), {"event": "end", "data": {"last": 9}}]


def laws(*several: tuple[Mapping[str, Any], Stream]) -> dict[str, str]:
    """Return the proposed laws of a stream, each with its condition."""
    samples = Samples.of(documents())
    for n, (given, response) in enumerate(several):
        values = {
            "input": {"workspace": "atlas", **given}, "response": response, "status": 200, "surface": "rest",
            "now": 1_767_225_600.0, "before": None, "env": {}, "headers": {},
        }  # fmt: skip
        samples.by_action.setdefault("follow_changes", []).append(
            Sample("follow_changes", "follow_changes@rest", n, values)
        )
    written = [law for one in mine(documents(), samples) for law in one.write()]
    return {law.that: law.when for law in written if law.action == "follow_changes"}


def since(number: int, last: int = 6) -> tuple[dict[str, Any], Stream]:
    return {"since": number}, stream(*range(number + 1, last))


USUAL: Sequence[tuple[dict[str, Any], Stream]] = [({}, stream(1, 2, 3, 4, 5)), since(2), since(4), since(9)]


def test_a_stream_ends_with_its_end() -> None:
    assert laws(*USUAL)[END] == ""


def test_a_stream_that_is_cut_off_weakens_the_law_of_the_end() -> None:
    found = laws(*USUAL, ({}, [change(1), change(2)]))
    assert END not in found
    assert found[END_IF_ANY] == ""


def test_an_event_behind_the_end_drops_the_law_of_the_end() -> None:
    found = laws(*USUAL, ({}, [*stream(1, 2), change(3)]))
    assert END not in found
    assert END_IF_ANY not in found


def test_an_event_that_is_last_by_accident_is_no_end() -> None:
    found = laws(*[({}, [change(1), change(2, "document.updated")]), ({}, [change(5, "document.updated")])])
    assert not any("document.updated" in law and "[-1]" in law for law in found)


def test_the_name_of_the_event_stands_in_its_data() -> None:
    assert laws(*USUAL)[KIND] == ""


def test_one_event_of_another_name_drops_it() -> None:
    assert KIND not in laws(*USUAL, ({}, [change(1, kind_shown="x") | {"event": "folder.updated"}]))


def test_one_name_shows_nothing() -> None:
    assert KIND not in laws(*[({}, [change(n, KINDS[0]) for n in range(1, size)]) for size in (3, 4, 5)])


def test_events_come_in_the_order_of_their_numbers() -> None:
    assert laws(({}, stream(*range(1, 10))), ({}, stream(2, 5, 6, 8)))[ORDER] == ""


def test_a_number_that_comes_twice_weakens_the_order() -> None:
    found = laws(({}, stream(*range(1, 10))), ({}, stream(2, 5, 5, 8)))
    assert ORDER not in found
    assert f'sorted_by({ROWS}, "at")' in found


def test_a_smaller_number_drops_the_order() -> None:
    found = laws(({}, stream(*range(1, 10))), ({}, stream(2, 8, 5)))
    assert not any("e.data.seq" in law and "sorted_by" in law for law in found)


def test_few_events_show_no_order() -> None:
    assert ORDER not in laws(({}, stream(1, 2)), ({}, stream(3, 4)))


def test_events_come_after_the_number_that_was_asked_for() -> None:
    assert laws(*USUAL)[AFTER] == "has(input.since)"


def test_the_event_of_the_number_itself_weakens_it() -> None:
    found = laws(*USUAL, ({"since": 3}, stream(3, 4, 5)))
    assert AFTER not in found
    assert found[FROM] == "has(input.since)"


def test_an_earlier_event_drops_it() -> None:
    found = laws(*USUAL, ({"since": 3}, stream(2, 3, 4, 5)))
    assert not any("input.since" in law for law in found)


def test_a_number_that_leaves_out_everything_shows_nothing() -> None:
    assert not any("input.since" in law for law in laws(({}, stream(1, 2, 3)), ({"since": 9}, stream())))


def test_events_that_another_workspace_has_are_not_left_out() -> None:
    other = ({"workspace": "other"}, stream(1, 2, 3))
    assert not any("input.since" in law for law in laws(other, ({"since": 3}, stream(4, 5))))


RESUMES: Sequence[tuple[dict[str, Any], Stream]] = [
    *USUAL, ({"last_event_id": "1"}, stream(2, 3, 4, 5)), ({"last_event_id": "3"}, stream(4, 5)),
    ({"last_event_id": "x"}, stream(1, 2, 3, 4, 5)),
]  # fmt: skip


def test_a_resumed_stream_goes_on_behind_an_id_if_nothing_else_says_where() -> None:
    when = laws(*RESUMES)[RESUMED]
    assert when.endswith('!has(input.since) && input.last_event_id.matches("^[0-9]{1,15}$")')


def test_calls_with_both_show_which_goes_before() -> None:
    """`since` goes before the id: the law of the id keeps its condition, that of `since` has none."""
    found = laws(*RESUMES, ({"since": 1, "last_event_id": "4"}, stream(2, 3, 4, 5)))
    assert "!has(input.since)" in found[RESUMED]
    assert found[AFTER] == "has(input.since)"
