"""Values that are sent: wrong ones that tell most first, correct ones that hardly anybody thinks of."""

from __future__ import annotations

from collections import defaultdict

import pytest

from pgagents.verify.edges import unusual
from pgagents.verify.generate import negatives_of
from pgagents.verify.memory import setting_of
from pgagents.verify.values import matches, wrongs
from verifying import URL, model


def test_what_is_wrong_in_a_list_stands_behind_what_is_right():
    listed = {"type": "array", "maxItems": 3, "items": {"type": "string", "enum": ["a", "b"]}}
    found = [w for w in wrongs(listed, {}, required=False) if w.path]
    assert {w.path for w in found} == {(1,)}
    single = {**listed, "maxItems": 1}
    assert {w.path for w in wrongs(single, {}, required=False) if w.path} == {(0,)}


@pytest.mark.parametrize("keyword", ["pattern", "type"])
def test_arguments_of_one_schema_are_tried_with_one_value_after_the_other(keyword):
    known = setting_of(model(), URL)
    tried: dict[str, set[str]] = defaultdict(set)
    for door in known.doors:
        for negative in negatives_of(known, door):
            name, _, field = negative.detail.partition("/")
            param = door.action.param(field)
            if name == keyword and negative.tier == 1 and param is not None and param.refers_to and param.place != "header":
                tried[keyword].add(negative.says.removeprefix(f"{field} ").replace("'", "").replace("\\n", "")[:8])
    assert len(tried[keyword]) >= (4 if keyword == "pattern" else 2)


def test_every_value_that_is_one_letter_of_a_scheme_away_is_wrong():
    schema = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2048}
    texts = [w.value for w in wrongs(schema, {}, required=True) if w.keyword == "pattern" and w.tier == 1]
    assert texts == ["http://example.com/", "HTTPS://example.com/"]
    longer = next(w.value for w in wrongs(schema, {}, required=True) if w.keyword == "maxLength")
    assert matches({k: v for k, v in schema.items() if k != "maxLength"}, longer)


def test_an_unusual_call_is_what_the_schemas_allow():
    known = setting_of(model(), URL)
    door = known.door("dispatch_av_fleet", "rest")
    assert door is not None
    given = {"vehicles": [{"plate": "AV-1234"}], "lat": 1.0}
    assert unusual(known, door, given) == {"vehicles": [{"plate": "AV-1234"}, {"plate": "av-1234"}], "lat": 1.0}
    bill = known.door("get_fleet_billing", "rest")
    assert bill is not None
    found = unusual(known, bill, {"from": "2026-04-01T00:00:00Z", "to": "2026-05-01T00:00:00Z", "fleet_id": "f"})
    assert found == {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "fleet_id": "f"}
