"""What all tests have in common: how often Python's collector comes."""

from __future__ import annotations

import gc

SELDOM = 20_000
"""After so many new objects the collector looks for those that only hold each other.

Nearly all that tests make lasts. With Python's 700, tests that read many catalogues take a sixth longer.
"""

gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
