"""Decide which probes a run sends, in which order, within which budget, and which contracts it leaves out."""
