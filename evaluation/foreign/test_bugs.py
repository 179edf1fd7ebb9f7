"""Each planted bug shows on the wire, and not on the right server."""

from collections import Counter

import httpx
import pytest

from evaluation.foreign.bugs import read_bugs, write_table
from evaluation.foreign.library import probes as library
from evaluation.foreign.payments import probes as payments
from evaluation.foreign.serving import FOREIGN, serving, why_missing

pytestmark = pytest.mark.matrix

PROBES = {"library": library.PROBES, "payments": payments.PROBES}
CASES = [(api, bug) for api, probes in PROBES.items() for bug in probes]


HEADERS = {"library": library.HEADERS, "payments": payments.HEADERS}


def look(api: str, bug: str, *, planted: bool) -> object:
    with (
        serving(api, bug if planted else None) as url,
        httpx.Client(base_url=url, headers=HEADERS[api], timeout=600) as client,
    ):
        return PROBES[api][bug].look(client)


@pytest.mark.parametrize(("api", "bug"), CASES, ids=[f"{api}-{bug}" for api, bug in CASES])
def test_bug_shows(api: str, bug: str) -> None:
    if why := why_missing(api):
        pytest.skip(why)
    probe = PROBES[api][bug]
    assert look(api, bug, planted=False) == probe.right
    assert look(api, bug, planted=True) == probe.buggy


@pytest.mark.parametrize("api", list(PROBES))
def test_table_is_the_servers_list(api: str) -> None:
    if why := why_missing(api):
        pytest.skip(why)
    bugs = read_bugs(api)
    assert {bug.name for bug in bugs} == set(PROBES[api])
    first = [bug for bug in bugs if bug.batch == "first"]
    assert Counter(bug.level for bug in first) == {"easy": 5, "middling": 5, "subtle": 5}
    sizes = {"first": 15, "second": 10, "third": 10, "fourth": 8, "fifth": 8}
    assert Counter(bug.batch for bug in bugs) == sizes
    assert len({bug.thread for bug in bugs}) == sum(sizes.values())
    assert (FOREIGN / api / "BUGS.md").read_text(encoding="utf-8") == write_table(api)
