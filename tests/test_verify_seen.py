"""What is asked of an answer's text before its body is searched: never no, where a member is called so."""

from __future__ import annotations

import json

import pytest

from pgagents.verify.call import Call
from pgagents.verify.seen import Seen
from pgagents.wire import Request, Response, Silence

NAMES = frozenset(("access_code", "schlüssel"))


def seen(answer: Response | Silence) -> Seen:
    return Seen(1, Call(None, {}, "explore", ""), {}, Request("GET", "/"), answer, seconds=0, sent_at=0, codes={}, code_at=None)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ('{"lots": [{"access_code": "k"}]}', True),
        ('{"lots": [{"schl\u00fcssel": "k"}]}', True),
        (json.dumps({"schl\u00fcssel": "k"}), True),
        (r'{"acces\u0073_code": "k"}', True),
        ('{"lots": [{"code": "k", "access": 1}]}', False),
        ("", False),
    ],
)
def test_a_name_is_never_overlooked(text: str, may: bool) -> None:
    assert seen(Response(200, (), text.encode())).may_tell(NAMES) is may


def test_no_answer_tells_nothing() -> None:
    assert not seen(Silence("timeout")).may_tell(NAMES)
