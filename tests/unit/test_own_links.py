"""A link of an answer leads to a path below a base URL of the API, or elsewhere."""

from __future__ import annotations

import pytest

from pgagents.verify.answers.bodies import find_own_target

DECLARED = "https://api.example/v2"
STAGING = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("bases", "link", "target"),
    [
        ([DECLARED], "https://api.example/v2/orders/5?full=1", "/orders/5?full=1"),
        ([DECLARED], "https://API.example/v2", "/"),
        ([STAGING, DECLARED], "http://127.0.0.1:8000/orders/5", "/orders/5"),
        ([STAGING, DECLARED], "http://127.0.0.1:8000/v2/orders/5", "/orders/5"),
        ([STAGING, DECLARED], "http://127.0.0.1:8000/v20/orders", "/v20/orders"),
        ([f"{STAGING}/v2/eu", DECLARED], "http://127.0.0.1:8000/v2/eu/orders", "/orders"),
    ],
    ids=["declared", "root", "staging", "staging-under-declared-path", "longer-name", "longest"],
)
def test_a_link_to_the_api_leads_to_a_path_below_its_base(bases: list[str], link: str, target: str) -> None:
    assert find_own_target(bases, DECLARED, link) == target


def test_a_declared_server_says_nothing_of_a_host_whose_base_has_a_path() -> None:
    assert find_own_target([f"{STAGING}/v1"], "https://api.example", f"{STAGING}/orders") is None
    assert find_own_target([f"{STAGING}/old"], DECLARED, f"{STAGING}/v2/orders") is None


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example/v2/orders",
        "http://127.0.0.1:8000/v2/orders",
        "https://api.example/orders",
        "https://api.example/v20/orders",
        "ftp://api.example/v2/orders",
        "https://[api/v2",
    ],
    ids=["other-host", "host-not-under-test", "above-base", "longer-name", "scheme", "no-url"],
)
def test_a_link_that_leads_elsewhere_has_no_target(link: str) -> None:
    assert find_own_target([DECLARED], DECLARED, link) is None
