"""A report shows as much of a credential as it may, and no more."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.language.schemas import Marks, argument_node, schema_node
from pgagents.catalogue.load import load_file
from pgagents.report.report import RecordedExchange
from pgagents.verify.run.masking import MASK
from pgagents.verify.run.redact import Redactor

ROOT = Path(__file__).parents[2]
KEY = "pk_test_3f9a8c7b6d5e4f3a2b1c"
BASIC = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()


def shown(authorization: str) -> str:
    redactor = Redactor({"main": KEY}, {"client_secret"})
    request = Request("GET", "/", (("Authorization", authorization),))
    return (
        redactor.exchange(RecordedExchange(1, request, Response(200), 0.1, "a test")).request.header(
            "authorization"
        )
        or ""
    )


def test_a_key_is_shown_by_its_role() -> None:
    assert shown(f"Bearer {KEY}") == "Bearer [key of main]"
    assert shown(KEY) == "[key of main]"


def test_a_made_up_key_is_shown_so_that_the_call_can_be_repeated() -> None:
    assert shown("Bearer pk_test_not_a_key") == "Bearer pk_test_not_a_key"


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {KEY[:-1]}x",
        f"Bearer {KEY.upper()[:4]}{KEY[4:]}",
        "Basic " + base64.b64encode(f"{KEY}:".encode()).decode(),
        f"Bearer {KEY[8:]}",
    ],
)
def test_a_near_miss_or_an_encoded_key_is_not_shown(value: str) -> None:
    assert shown(value) == MASK


def test_a_secret_member_is_masked_wherever_its_value_turns_up() -> None:
    redactor = Redactor({"main": KEY}, {"client_secret"})
    redactor.learn({"session": {"client_secret": "pi_1_secret_2"}})
    answer = Response(
        500, (("X-Trace", "pi_1_secret_2"),), b'{"client_secret":"other","trace":"saw pi_1_secret_2"}'
    )
    found = redactor.exchange(
        RecordedExchange(1, Request("GET", f"/?client_secret=pi_1_secret_2&k={KEY}"), answer, 0.1, "a test")
    )
    assert "pi_1_secret_2" not in str(found)
    assert KEY not in str(found)
    assert b'"other"' not in found.answer.body  # type: ignore[union-attr]  # it is a Response


def test_a_further_secret_is_masked_wherever_it_stands_and_a_word_is_none() -> None:
    redactor = Redactor({"main": KEY}, (), ('gate"way', "true"))
    answer = Response(200, (("X-Via", 'gate"way'),), b'{"via": "gate\\"way", "open": true}')
    shown = redactor.exchange(RecordedExchange(1, Request("GET", "/"), answer, 0.1, "a test")).answer
    assert shown == Response(200, (("X-Via", MASK),), b'{"via": "[redacted]", "open": true}')


def test_mark_of_the_run_is_no_secret_where_a_query_has_a_code() -> None:
    """Superset 6.1.0 reads `?code=` at `GET /database/oauth2/`: then each later URL had `[redacted]306`."""
    redactor = Redactor({"main": KEY}, ())
    called = Request("GET", "/oauth2?code=pgv-bc59f5da4c395c80-90009&code=Zq9-given-9qZ")
    redactor.learn_exchange(called, Response(200))
    later = Request("GET", "/chart/pgv-bc59f5da4c395c80-306?note=Zq9-given-9qZ")
    shown = redactor.exchange(RecordedExchange(1, later, Response(200), 0.1, "a test")).request
    assert shown.target == f"/chart/pgv-bc59f5da4c395c80-306?note={MASK}"


def test_a_masked_silence_still_says_whether_an_answer_had_begun() -> None:
    redactor = Redactor({"main": KEY}, ())
    answer = Silence("protocol", f"Bearer {KEY}", begun=True)
    shown = redactor.exchange(RecordedExchange(1, Request("GET", "/"), answer, 0.1, "a test")).answer
    assert shown == Silence("protocol", "Bearer [key of main]", begun=True)


def test_catalogue_says_which_members_are_private_and_no_document_shows_the_mark() -> None:
    of = load_file(ROOT / "catalogue" / "park_graph.yaml")
    assert of.private == {"plate", "session_code", "short_code", "vin", "gate_code"}
    assert of.secrets == {"payment_intent_id", "client_secret", "signing_secret", "key"}
    for action in of.actions:
        assert all("private" not in param.schema for param in action.params)
    documents = (p for p in (ROOT / "generated").rglob("*.json"))
    assert not [
        p for p in documents if re.search(r'"(private|secret)":\s*true', p.read_text(encoding="utf-8"))
    ]


def test_private_argument_is_known_by_its_name_on_the_wire_too() -> None:
    marks = Marks()
    argument_node(
        {"type": "string", "private": True, "in": "header", "wire": "X-Driver"},
        ("actions", "a", "input", "driver"),
        marks,
    )
    schema_node(
        {"type": "object", "properties": {"tags": {"type": "array", "private": True}}},
        ("schemas", "s"),
        marks,
    )
    assert marks.private == {"driver", "X-Driver", "tags"}
    redactor = Redactor({"main": KEY}, (), (), marks.private)
    answer = Response(
        200, (("x-driver", "Jane Doe"),), b'{"tags": ["one-two", {"deep": "three"}], "open": "Jane Doe"}'
    )
    shown = redactor.exchange(RecordedExchange(1, Request("GET", "/"), answer, 0.1, "a test")).answer
    assert shown == Response(
        200,
        (("x-driver", "[X-Driver 1]"),),
        b'{"tags":["[tags 1]",{"deep":"[tags 2]"}],"open":"[X-Driver 1]"}',
    )
