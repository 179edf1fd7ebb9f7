"""What a read may not change of a list, and what goes on in it by itself."""

from __future__ import annotations

import pytest

from pgagents.verify.answers.effects import SAME
from pgagents.verify.answers.observation import ANSWER, VERSION


@pytest.mark.parametrize(
    "name",
    [
        "version", "_rev", "etag", "updated_at", "updatedAt", "last_modified", "meta.updated", "updateTime",
        "update_time", "resourceVersion", "metadata.resourceVersion", "lastModified", "lastModifiedDate",
        "lastUpdated", "edited_timestamp", "editedAt", "changed_on", "_seq_no", "seqNo",
    ],
)  # fmt: skip
def test_every_write_moves_a_version(name: str) -> None:
    assert VERSION.search(name)


@pytest.mark.parametrize(
    "name", ["conversion", "subsequence", "update", "updated_by", "edition", "time", "date"]
)
def test_other_members_stay_as_they_are(name: str) -> None:
    assert not VERSION.search(name)


@pytest.mark.parametrize("counted", ["items", "total"])
@pytest.mark.parametrize(("after", "is_told"), [(3, True), (2, False), (1, False)])
def test_a_list_that_grew_is_told_and_one_that_shrank_is_not(counted: str, after: int, is_told: bool) -> None:
    before = {("list_notes", ANSWER, "items"): 2, ("list_notes", ANSWER, counted): 2}
    later = {**before, ("list_notes", ANSWER, counted): after}
    assert bool(SAME.differ([before, later, later])) is is_told


def test_a_counter_beside_no_list_that_sank_is_told() -> None:
    place = ("get_lot", ANSWER, "free")
    assert SAME.differ([{place: 2}, {place: 1}, {place: 0}])
