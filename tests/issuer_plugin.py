"""A plugin of pytest with an authorization server; a file of tests loads it by `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calling import served
from issuing import Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An authorization server on a loopback port, for as long as the test runs."""
    found = Issuer()
    with served(found) as url:
        found.url = url
        yield found
