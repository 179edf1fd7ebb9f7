"""What all tests have in common: how often Python's collector comes."""

from __future__ import annotations

import gc

SELDOM = 20_000
"""After so many new objects the collector looks for those that only hold each other; Python's 700 take a sixth
of the time of tests that read many catalogues, because nearly all that they make lasts."""

gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
