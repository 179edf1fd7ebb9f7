"""Sets how often Python's collector comes, for all tests."""

from __future__ import annotations

import gc

SELDOM = 20_000
"""After so many new objects the collector looks for those that only hold each other.

Nearly all that tests make lasts. Python's 700 cost tests that read many catalogues up to a sixth more time.
"""

gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
