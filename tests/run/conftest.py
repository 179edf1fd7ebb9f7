"""Fixtures that several files share. They import late, because every test of this folder reads this file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from issuing import Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An authorization server on a loopback port, for as long as the test runs."""
    from calling import served
    from issuing import Issuer

    found = Issuer()
    with served(found) as url:
        found.url = url
        yield found
