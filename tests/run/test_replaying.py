"""A recorded run is repeated by another plain sandbox, and by none that shows a run anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from inprocess import Inside, inside
from lengths import rarely
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.verify.plan.options import Options
from replaying import Recording, record
from verifying import ROOT, model

FOLDER = ROOT / "tests" / "catalogues"
CATALOGUES = sorted(file.stem for file in FOLDER.glob("*.yaml"))
SMALL = "chat"
"""Its sandbox sends events to several addresses at once."""
WITHOUT_TLS = "tickets"
"""It says how calls without TLS are answered."""


def _model_of(catalogue: str) -> Model:
    return model(FOLDER / f"{catalogue}.yaml")


@cache
def _recording_of(catalogue: str) -> Recording:
    return record(_model_of(catalogue), Options(allow_writes=True, exclusive=True))


@pytest.mark.parametrize("catalogue", rarely(CATALOGUES, SMALL, WITHOUT_TLS))
def test_plain_sandbox_repeats_a_run(catalogue: str) -> None:
    of, recording = _model_of(catalogue), _recording_of(catalogue)
    assert recording.report.findings == ()
    assert len(recording.steps) > 0.9 * recording.report.footer.requests  # calls at once are one step
    assert recording.is_repeated_by(inside(of))


def _edit(opened: Inside, edit: Callable[[int, Response], Response | None]) -> None:
    """Pass each answer, with the number of its request, through `edit`."""
    handler, count = opened.sandbox.handler, [0]

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        count[0] += 1
        assert isinstance(found, Response)
        return edit(count[0], found) or found

    opened.sandbox = replace(opened.sandbox, handler=answer)


LATE = 150
"""The number of the request from which on a sandbox differs."""


def _in_body(opened: Inside) -> None:
    _edit(opened, lambda n, found: replace(found, body=found.body + b" ") if n == LATE else None)


def _in_header(opened: Inside) -> None:
    _edit(opened, lambda n, found: found.with_header("X-Odd", "1") if n == LATE else None)


def _in_order_of_headers(opened: Inside) -> None:
    _edit(opened, lambda n, found: replace(found, headers=found.headers[::-1]) if n == LATE else None)


def _in_time(opened: Inside) -> None:
    """Only the clock shows it, between two answers."""
    handler, count = opened.sandbox.handler, [0]

    def answer(request: Request) -> Response | Silence:
        count[0] += 1
        opened.now[0] -= count[0] == LATE + 1
        found = handler(request)
        opened.now[0] += count[0] == LATE
        return found

    opened.sandbox = replace(opened.sandbox, handler=answer)


def _in_an_event(opened: Inside) -> None:
    compose = opened.sandbox.courier.compose
    opened.sandbox.courier.compose = lambda delivery: compose(delivery) + b" "


def _in_a_later_event(opened: Inside) -> None:
    opened.sandbox.courier.round = lambda: 0


def _without_tls(opened: Inside) -> None:
    front = opened.sandbox.front
    refuse = front.plaintext
    front.plaintext = lambda request: replace(refuse(request), status=403)


def _in_its_keys(opened: Inside) -> None:
    opened.sandbox = replace(opened.sandbox, tokens={**opened.sandbox.tokens, "second": "other"})


DIFFERENCES = [
    _in_body, _in_header, _in_order_of_headers, _in_time,
    _in_an_event, _in_a_later_event, _without_tls, _in_its_keys,
]  # fmt: skip


@pytest.mark.parametrize("differ", DIFFERENCES, ids=lambda differ: differ.__name__.strip("_"))
def test_any_difference_is_seen(differ: Callable[[Inside], None]) -> None:
    catalogue = WITHOUT_TLS if differ is _without_tls else SMALL
    opened = inside(_model_of(catalogue))
    differ(opened)
    assert not _recording_of(catalogue).is_repeated_by(opened)
