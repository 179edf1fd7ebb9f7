"""Ranges of media types and statuses in two editions of a document: a narrower promise harms no reader, a
wider one may.
"""

from __future__ import annotations

from typing import Any

import pytest

from diff_oracle import hurt
from test_diff_openapi import found

Data = dict[str, Any]
Told = set[tuple[str, str]]
SHORT, LONG = ({"schema": {"type": "string", "maxLength": n}} for n in (4, 9))
JSON, CSV, TEXT, ANY = "application/json", "text/csv", "text/*", "*/*"
NARROWER = ("addition", "answer-media-narrower")
WIDER = ("may break", "answer-media-wider")
LONGER = ("breaking", "answer-wider")
SHORTER = ("addition", "answer-narrower")
FEWER = ("addition", "answer-status-narrower")


def answering(responses: Data) -> Data:
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {"/x": {"get": {"operationId": "x", "responses": responses}}},
    }


def told(old: Data, new: Data) -> Told:
    return {(c.severity, c.id) for c in found(old, new)}


MEDIA: list[tuple[Data, Data, Told]] = [
    ({ANY: SHORT}, {JSON: SHORT}, {NARROWER}),
    ({ANY: SHORT}, {JSON: SHORT, CSV: SHORT}, {NARROWER}),
    ({ANY: SHORT}, {TEXT: SHORT}, {NARROWER}),
    ({ANY: SHORT, JSON: SHORT}, {JSON: SHORT}, {NARROWER}),
    ({ANY: LONG}, {JSON: SHORT}, {NARROWER, SHORTER}),
    ({ANY: SHORT}, {JSON: LONG}, {NARROWER, LONGER}),
    ({ANY: SHORT, TEXT: LONG}, {CSV: LONG}, {NARROWER}),
    ({ANY: SHORT}, {ANY: SHORT, JSON: SHORT}, set()),
    ({ANY: SHORT}, {ANY: SHORT, JSON: LONG}, {LONGER}),
    ({JSON: SHORT}, {ANY: SHORT}, {WIDER}),
    ({JSON: SHORT}, {ANY: LONG}, {WIDER, LONGER}),
    ({TEXT: SHORT}, {ANY: SHORT}, {WIDER}),
    ({TEXT: SHORT}, {CSV: SHORT, ANY: LONG}, {WIDER, LONGER}),
    ({JSON: SHORT, ANY: SHORT}, {ANY: SHORT}, set()),
    ({JSON: SHORT}, {JSON: SHORT, ANY: SHORT}, {("addition", "answer-media-added")}),
    ({JSON: SHORT, TEXT: SHORT}, {JSON: SHORT}, {("breaking", "answer-media-removed")}),
    (
        {JSON: SHORT},
        {CSV: SHORT},
        {("breaking", "answer-media-removed"), ("addition", "answer-media-added")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "changes"), MEDIA)
def test_type_that_comes_must_have_been_promised(old: Data, new: Data, changes: Told) -> None:
    """The second judge agrees that no answer of a narrower promise comes unexpected."""
    before, after = (answering({"200": {"description": "x", "content": one}}) for one in (old, new))
    assert told(before, after) == changes
    if {severity for severity, _ in changes} <= {"addition"}:
        assert hurt(before, after) == ("", "")


def test_type_that_a_request_had_must_still_be_taken() -> None:
    """A new range of requests takes more, and one that is gone takes less."""
    any_, json = (
        {
            "openapi": "3.1.0",
            "info": {"title": "x", "version": "1"},
            "paths": {"/x": {"post": {"requestBody": {"content": {name: SHORT}}, "responses": {}}}},
        }
        for name in (ANY, JSON)
    )
    assert told(json, any_) == {("addition", "media-added")}
    assert "breaking" in {severity for severity, _ in told(any_, json)}


def body(media: Data) -> Data:
    return {"description": "x", "content": {JSON: media}}


STATUSES: list[tuple[Data, Data, Told]] = [
    ({"2XX": body(SHORT)}, {"200": body(SHORT)}, {FEWER}),
    ({"2XX": body(SHORT)}, {"200": body(SHORT), "201": body(SHORT)}, {FEWER}),
    ({"2XX": body(LONG)}, {"200": body(SHORT)}, {FEWER, SHORTER}),
    ({"2XX": body(SHORT)}, {"200": body(LONG)}, {FEWER, LONGER}),
    (
        {"2XX": body(SHORT), "default": body(LONG)},
        {"200": body(SHORT), "default": body(LONG)},
        {FEWER},
    ),
    ({"200": body(SHORT), "4XX": body(SHORT)}, {"200": body(SHORT), "404": body(SHORT)}, {FEWER}),
    (
        {"200": body(SHORT), "4XX": body(SHORT)},
        {"200": body(SHORT), "404": body(SHORT), "default": body(LONG)},
        {FEWER, LONGER, ("addition", "error-added")},
    ),
    ({"200": body(SHORT)}, {"2XX": body(SHORT)}, {("may break", "answer-added")}),
    ({"200": body(SHORT)}, {"201": body(SHORT)}, {("breaking", "answers-replaced")}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "changes"), STATUSES)
def test_status_that_comes_must_have_been_promised(old: Data, new: Data, changes: Told) -> None:
    before, after = answering(old), answering(new)
    assert told(before, after) == changes
    if {severity for severity, _ in changes} <= {"addition"}:
        assert hurt(before, after) == ("", "")


def test_receiver_may_not_answer_a_status_that_is_taken_no_more() -> None:
    """The receiver of a webhook answers, so fewer statuses break it."""
    old, new = (
        {
            "openapi": "3.1.0",
            "info": {"title": "x", "version": "1"},
            "webhooks": {"sold": {"post": {"responses": {status: {"description": "x"}}}}},
        }
        for status in ("2XX", "200")
    )
    assert told(old, new) == {("breaking", "answers-replaced")}
